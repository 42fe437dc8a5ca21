"""Is nothing lost of what was heard, also when the store cannot be written for a while?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.job import Job, Refused, Result, Seen
from agent.order import Event
from agent.refusal import Hold
from collectors.exchange import Exchange
from controller.chronicle import Chronicle
from controller.ledger import What, touches, verify
from controller.store.exchanges import evidence
from controller.store.jobs import results
from controller.store.runs import Run, RunState, create_run
from controller.store.store import Store, open_store
from controller.work import Work
from inventory.clause import Clause
from inventory.decide import Reason

NOW = datetime.now(UTC)
JOBS = tuple(Job(id=f"h/linux.{name}", host="h", collector=f"linux.{name}") for name in ("disk", "load"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "home")
    run = Run(
        id="r1",
        ticket="7",
        desk="builtin",
        customer="k",
        contract="c" * 64,
        revision=1,
        asked_by="anna",
        state=RunState.RUNNING,
        began=NOW,
    )
    create_run(opened, run, JOBS)
    yield opened
    opened.close()


def answered(job: Job) -> Event:
    exchange = Exchange(
        session="shell",
        question=("run", "df"),
        began=NOW,
        took=0.1,
        facts={"code": 0},
        parts={"stdout": b"x"},
    )
    result = Result(job=job, outcome=Seen({}), began=NOW, took=0.1)
    return Event(what="result", host="h", result=result, exchanges=(exchange,))


CLAUSE = Clause.model_validate({"id": "§1", "text": "t", "hosts": ["h"], "diagnose": ["linux"]})


def chronicle(store: Store, *, allowed: bool = False) -> Chronicle:
    jobs = dict.fromkeys(JOBS, CLAUSE) if allowed else {}
    work = Work(jobs=jobs, refused=(), decisions=(), abouts={})
    return Chronicle(store, "r1", work, "anna", lambda _: None)


async def test_what_could_not_be_written_is_written_later(store: Store) -> None:
    in_the_way = store.home / "evidence"
    in_the_way.write_text("a file where the evidence shall go")
    async with chronicle(store) as written:
        hear = written.listener("g", "a")
        hear(answered(JOBS[0]))
        assert written._writing is not None
        await asyncio.wait({written._writing}, timeout=30)
        assert isinstance(written._writing.exception(), OSError)
        assert results(store, "r1") == ()
        hear(answered(JOBS[1]))
        in_the_way.unlink()
    assert [result.job for result in results(store, "r1")] == list(JOBS)
    assert [item.id for item in evidence(store, "r1")] == ["e1", "e2"]
    assert [touch.about for touch in touches(store, "r1")] == ["linux.disk", "linux.load"]
    assert verify(store).holds


async def test_what_can_never_be_written_is_not_passed_over(store: Store) -> None:
    (store.home / "evidence").write_text("a file where the evidence shall go")
    with pytest.raises(OSError, match="evidence"):
        async with chronicle(store) as written:
            written.listener("g", "a")(answered(JOBS[0]))


def decided(clause: str) -> Event:
    return Event(what="decided", job=JOBS[0].id, host="h", detail=clause)


def refused(reason: str) -> Event:
    outcome = Refused(reason, (), "agent", "why")
    return Event(what="result", result=Result(job=JOBS[0], outcome=outcome, began=NOW, took=0.0))


@pytest.mark.parametrize(
    ("event", "alarm"),
    [
        (decided("§1"), False),
        (decided("§2"), True),
        (refused(Reason.NO_CLAUSE), True),
        (refused(Reason.ABOVE_CEILING), True),
        (refused(Hold.SWITCH), False),
        (refused("grant-spent"), False),
    ],
    ids=["agrees", "another clause", "refuses", "above its ceiling", "told to stop", "spent"],
)
async def test_that_agent_and_controller_decide_differently_is_an_alarm(
    event: Event, alarm: bool, store: Store
) -> None:
    async with chronicle(store, allowed=True) as written:
        written.listener("g", "a")(event)
    entries = [touch.what for touch in touches(store, "r1")]
    assert entries
    assert (What.DECISIONS_DIFFER in entries) is alarm
    assert written.alarms == int(alarm)


async def test_what_the_agent_allows_stands_in_the_ledger_once_a_host_and_area(store: Store) -> None:
    async with chronicle(store, allowed=True) as written:
        hear = written.listener("g", "here-1")
        for job in JOBS:
            hear(Event(what="decided", job=job.id, host="h", detail="§1"))
    (touch,) = touches(store, "r1")
    assert (touch.what, touch.who, touch.host, touch.clause) == ("decided-allowed", "here-1", "h", "§1")


async def test_which_walls_stood_is_seen_and_what_they_held_is_not_shown_to_anybody(store: Store) -> None:
    async with chronicle(store) as written:
        hear = written.listener("g", "here-1")
        hear(Event(what="walls", detail="python, seccomp, landlock 7, no capabilities"))
        hear(Event(what="blocked", detail="the first wall: connect, <script> to 192.0.2.1"))
    assert [(touch.what, touch.about) for touch in touches(store, "r1")] == [
        ("walls-stand", "python, seccomp, landlock 7, no capabilities"),
        ("wall-held", ""),
    ]
