"""What if an agent is ended while it has something to tell? It is told afterwards, as far as it goes, and only once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.job import Broken, Job, Result, Seen
from agent.link.duty import deliver
from agent.link.line import Batch, Leased, LineDownError, NotAnyMoreError
from agent.link.messages import LONGEST_WORD, MessageError, event_from, event_word, pack, unpack
from agent.link.spool import Spool, left_over
from agent.order import Event
from collectors.exchange import Exchange

JOB = Job(id="h/linux.load", host="h", collector="linux.load")


def told(n: int, raw: bytes = b"") -> Event:
    parts = {"stdout": raw, "stderr": b""}
    exchange = Exchange(
        session="shell", question=("uptime",), began=datetime.now(UTC), took=0.1, facts={}, parts=parts
    )
    result = Result(job=JOB, outcome=Seen({"n": n}), began=datetime.now(UTC), took=0.2)
    return Event(what="result", result=result, exchanges=(exchange, exchange))


@dataclass
class Brittle:
    """A line over which every other message, or its answer, is lost; it keeps what counted, as the controller does."""

    counted: list[str] = field(default_factory=list)
    bundles: list[bytes] = field(default_factory=list)
    ended: list[tuple[int, bool]] = field(default_factory=list)
    wanted: bool = True
    _tries: int = 0

    async def lease(self, errand: str = "") -> Leased | None:
        raise LineDownError(errand)

    async def renew(self, errand: str, attempt: int) -> bool:
        raise LineDownError(f"{errand}.{attempt}")

    async def tell(self, errand: str, attempt: int, batch: Batch) -> int:
        self._lose(before=True, what=f"{errand}.{attempt}")
        if batch.first == len(self.counted) + 1:
            self.counted += batch.words
            self.bundles.append(batch.bundle)
        self._lose(before=False, what=f"{errand}.{attempt}")
        return len(self.counted)

    async def end(self, errand: str, attempt: int, last: int, *, whole: bool) -> int:
        self._lose(before=True, what=f"{errand}.{attempt}")
        if (last, whole) not in self.ended:
            self.ended.append((last, whole))
        self._lose(before=False, what=f"{errand}.{attempt}")
        return last

    def _lose(self, *, before: bool, what: str) -> None:
        if not self.wanted:
            raise NotAnyMoreError(what)
        self._tries += 1
        if self._tries % 5 == (1 if before else 3):
            raise LineDownError(what)


async def test_over_a_brittle_line_everything_is_told_once_and_the_disk_is_empty_then(tmp_path: Path) -> None:
    spool = Spool.begin(tmp_path, "a" * 32, 1)
    for n in range(3):
        spool.take(told(n, bytes([n]) * 10))
        spool.write()
    spool.close(whole=True)
    line = Brittle()
    assert await deliver(spool, line, again=0.001)
    assert [unpacked(word)["result"]["outcome"]["reading"]["n"] for word in line.counted] == [0, 1, 2]
    assert line.bundles == [bytes([n]) * 20 for n in range(3)]
    assert line.ended == [(3, True)]
    assert left_over(tmp_path) == ()


def unpacked(word: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(word)
    return loaded


async def test_what_a_process_that_was_killed_had_written_is_told_and_told_as_not_whole(
    tmp_path: Path,
) -> None:
    killed = Spool.begin(tmp_path, "a" * 32, 2)
    killed.take(told(0))
    killed.write()
    killed.take(told(1))
    # It was ended before the second was on the disk.
    (found,) = left_over(tmp_path)
    line = Brittle()
    assert await deliver(found, line, again=0.001)
    assert len(line.counted) == 1
    assert line.ended == [(1, False)]


async def test_what_was_told_before_the_process_was_killed_is_not_told_again(tmp_path: Path) -> None:
    killed = Spool.begin(tmp_path, "a" * 32, 1)
    killed.take(told(0))
    killed.write()
    (batch,) = killed.batches()
    killed.taken(batch)
    (found,) = left_over(tmp_path)
    line = Brittle(counted=list(batch.words))
    assert await deliver(found, line, again=0.001)
    assert line.counted == list(batch.words)
    assert line.ended == [(1, False)]


async def test_what_nobody_wants_any_more_is_thrown_away(tmp_path: Path) -> None:
    spool = Spool.begin(tmp_path, "a" * 32, 1)
    spool.take(told(0))
    spool.close(whole=True)
    assert not await deliver(spool, Brittle(wanted=False), again=0.001)
    assert left_over(tmp_path) == ()


def test_an_event_comes_back_as_it_was_told() -> None:
    event = told(7, b"\x00raw")
    word, raw = event_word(event)
    assert raw == [b"\x00raw", b"", b"\x00raw", b""]
    back = event_from(word, b"".join(raw))
    assert back.result is not None
    assert event.result is not None
    assert back.result.outcome == event.result.outcome
    assert back.exchanges == event.exchanges
    with pytest.raises(MessageError, match="more bytes"):
        event_from(word, b"".join(raw)[:-1])


def test_a_reading_that_is_too_long_is_no_answer() -> None:
    huge = Result(job=JOB, outcome=Seen({"x": "y" * LONGEST_WORD}), began=datetime.now(UTC), took=0.2)
    word, _ = event_word(Event(what="result", result=huge))
    back = event_from(word, b"")
    assert back.result is not None
    assert isinstance(back.result.outcome, Broken)


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_message_comes_back_as_it_was_sent(size: int) -> None:
    assert unpack(pack({"x": "ü" * size}))["x"] == "ü" * size


def test_a_folder_of_another_name_is_no_spool(tmp_path: Path) -> None:
    for name in ("../x", "a b", ""):
        with pytest.raises(OSError, match="no name"):
            Spool.begin(tmp_path / "spool", name, 1)
    (tmp_path / "lost+found.d").mkdir()
    assert left_over(tmp_path) == ()
