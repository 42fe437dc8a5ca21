"""Does a question survive a host that answers anything at all?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors import About, Finding, Kind, Ran, Server, Shell, Unanswered
from collectors.catalogue import catalogue
from collectors.collector import Collector
from collectors.exchange import readable
from tests.collectors.case import Filed, cases

pytestmark = pytest.mark.slow

QUESTIONS = sorted((c for c in catalogue().collectors.values() if Shell in c.sessions), key=lambda c: c.name)
ABOUT = About(
    id="web1",
    name="web1.musterbau.test",
    addresses=("192.0.2.10",),
    platform="linux",
    environment="server",
    resolvers=(Server(id="dns1", name="dns1.musterbau.test", addresses=("10.77.1.53", "fd77::53")),),
    gateways=("10.77.1.1", "fd77::1"),
)
WORDS = st.sampled_from(
    [
        "0",
        "-1",
        "1" * 400,
        "nan",
        "inf",
        "/",
        "\t",
        "\n",
        "ro",
        ":",
        "=",
        "Id=a.service\nActiveState=failed\n",
    ]
)
TEXT = st.one_of(st.binary(max_size=200), st.lists(WORDS, max_size=12).map(lambda w: " ".join(w).encode()))


@dataclass(frozen=True, slots=True)
class Babbler:
    """A host that gives one and the same answer to every question."""

    stdout: bytes
    stderr: bytes
    code: int

    async def run(self, *argv: str, deadline: float = 20.0) -> Ran:
        assert deadline > 0
        out, err = readable(self.stdout), readable(self.stderr)
        began = datetime(2026, 1, 1, tzinfo=UTC)
        return Ran(argv=argv, stdout=out, stderr=err, code=self.code, began=began, took=0.1)

    async def read(self, path: str) -> str:
        if self.code:
            raise Unanswered(Kind.UNPARSABLE, path)
        return readable(self.stdout)

    async def fetch(self, path: str) -> bytes:
        if self.code:
            raise Unanswered(Kind.UNPARSABLE, path)
        return self.stdout

    async def pause(self, seconds: float) -> None:
        """Time passes for nobody here."""


def findings_of(collector: Collector[Any], host: Babbler) -> Iterator[Finding]:
    try:
        reading = asyncio.run(collector((host,), ABOUT))
    except Unanswered:
        return
    yield from collector.judge(reading)


@pytest.mark.parametrize("collector", QUESTIONS, ids=lambda collector: collector.name)
@given(stdout=TEXT, stderr=TEXT, code=st.sampled_from([0, 0, 1, 2, 126, 127, 255]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_answer_is_unanswered_or_a_reading(
    collector: Collector[Any], stdout: bytes, stderr: bytes, code: int
) -> None:
    for finding in findings_of(collector, Babbler(stdout, stderr, code)):
        assert finding.text("de").isprintable()
        assert finding.text("en").isprintable()


@pytest.mark.parametrize("collector", QUESTIONS, ids=lambda collector: collector.name)
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_answer_is_unanswered_or_a_reading(collector: Collector[Any], data: st.DataObject) -> None:
    """A real answer, cut or with a piece put in, given to every question of the collector."""
    filed = data.draw(st.sampled_from([f for f in cases() if f.question == collector.name and _answers(f)]))
    text = data.draw(st.sampled_from(_answers(filed)))
    place = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.one_of(st.none(), st.binary(max_size=8)))
    damaged = text[:place] if piece is None else text[:place] + piece + text[place:]
    for finding in findings_of(collector, Babbler(damaged, b"", 0)):
        assert finding.text("en").isprintable()


def _answers(filed: Filed) -> list[bytes]:
    ran = [run.exchange().parts["stdout"] for run in filed.case.run]
    return [*ran, *(text.encode() for text in filed.case.read.values())]
