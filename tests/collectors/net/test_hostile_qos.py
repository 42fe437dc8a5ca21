"""Does a question about queues survive a router that answers anything at all? Over SNMP and on its command line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import About, Cli, Finding, Kind, Oid, Shown, Smi, Snmp, Unanswered, Uplink, Varbind
from collectors.collector import Collector
from collectors.net.class_based_qos import class_based_qos
from collectors.net.policy_maps import policy_maps
from collectors.session import Secured
from collectors.varbind import read_lines
from tests.collectors.case import cases

ABOUT = About(
    id="gw1",
    name="gw1.musterbau.test",
    addresses=("192.0.2.1",),
    platform="cisco-ios",
    environment="network",
    uplinks=(Uplink(port="GigabitEthernet0/0/0", mbits=2, calls=5),),
)
LINES = [
    line
    for filed in cases()
    if filed.question == "net.class-based-qos"
    for agent in filed.case.snmp
    for line in read_lines(agent.snmprec)
]
TEXTS = [
    show.text
    for filed in cases()
    if filed.question == "net.policy-maps"
    for show in filed.case.show
    if show.text
]
VALUES = st.one_of(
    st.tuples(st.sampled_from([Smi.INTEGER, Smi.GAUGE32, Smi.COUNTER64]), st.integers(-(2**63), 2**64)),
    st.tuples(st.just(Smi.OCTETS), st.binary(max_size=8)),
    st.tuples(st.just(Smi.OID), st.lists(st.integers(0, 300), max_size=4).map(tuple)),
    st.just((Smi.NULL, None)),
)


@dataclass(frozen=True)
class Agent:
    """An SNMP agent that says these things."""

    said: tuple[Varbind, ...]

    async def get(self, *oids: Oid, context: str = "") -> tuple[Varbind, ...]:
        known = {one.oid: one for one in self.said}
        assert not context
        return tuple(known.get(oid, Varbind(oid, Smi.NO_SUCH_INSTANCE, None)) for oid in oids)

    async def walk(self, root: Oid, *, context: str = "", most: int = 20_000) -> tuple[Varbind, ...]:
        assert not context
        return tuple(one for one in self.said if one.oid[: len(root)] == root and len(one.oid) > len(root))[
            :most
        ]

    async def pause(self, seconds: float) -> None:
        assert seconds > 0


@dataclass(frozen=True)
class Terminal:
    """A device that shows one and the same text for every command."""

    text: str

    async def show(self, command: str, *, deadline: float = 30.0) -> Shown:
        assert deadline > 0
        return Shown(command=command, text=self.text, began=datetime.now(UTC), took=0.1)

    async def secured(self) -> Secured:
        raise Unanswered(Kind.NOT_THERE, "nobody asks here")

    async def pause(self, seconds: float) -> None:
        assert seconds > 0


def findings(question: Collector[Any], host: Snmp | Cli) -> Iterator[Finding]:
    try:
        reading = asyncio.run(question((host,), ABOUT))
    except Unanswered:
        return
    again = question.adapter.validate_json(question.adapter.dump_json(reading))
    yield from question.judge(again)


@given(st.data())
def test_damaged_answers_of_an_agent_are_unanswered_or_judged(data: st.DataObject) -> None:
    said = list(data.draw(st.sampled_from(_agents())))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(said) - 1))
        smi, value = data.draw(VALUES)
        said[at] = replace(said[at], smi=smi, value=value)
    dropped = data.draw(st.sets(st.integers(0, len(said) - 1), max_size=3))
    left = tuple(one for at, one in enumerate(said) if at not in dropped)
    for finding in findings(class_based_qos, Agent(left)):
        assert finding.text("de").isprintable()
        assert finding.text("en").isprintable()


def _agents() -> list[tuple[Varbind, ...]]:
    filed = [one for one in cases() if one.question == "net.class-based-qos"]
    return [read_lines(agent.snmprec) for one in filed for agent in one.case.snmp]


@given(st.data())
def test_damaged_text_of_a_router_is_unanswered_or_judged(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    cut, gone = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 40))
    piece = data.draw(
        st.sampled_from(["", "\n", " ", "\0", "9" * 40, "-1", "Class-map: X (match-any)\n", "\u0660", "ef"])
    )
    damaged = text[:cut] + piece + text[cut + gone :]
    for finding in findings(policy_maps, Terminal(damaged)):
        assert finding.text("de").isprintable()
        assert finding.text("en").isprintable()


@pytest.mark.parametrize("parent", [0, 1, 1802])
def test_objects_that_lie_within_themselves_come_to_an_end(parent: int) -> None:
    """Every object has the same parent, or its own class as one."""
    entry = (1, 3, 6, 1, 4, 1, 9, 9, 166, 1, 5, 1, 1, 4)
    said = tuple(
        replace(one, value=parent) if one.oid[: len(entry)] == entry else one for one in _agents()[0]
    )
    assert isinstance(list(findings(class_based_qos, Agent(said))), list)
