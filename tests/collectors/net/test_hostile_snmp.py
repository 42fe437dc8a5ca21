"""Does a question survive an SNMP agent that says anything at all?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors import About, Smi, Snmp, Unanswered, Varbind
from collectors.catalogue import catalogue
from collectors.collector import Collector
from collectors.net.neighbours import NeighboursSeen, neighbours
from collectors.net.port_state import PortsSeen, ports
from collectors.net.topology import topology
from collectors.varbind import Oid
from tests.collectors.case import Filed, cases

pytestmark = pytest.mark.slow

QUESTIONS = sorted(
    (c for c in catalogue().collectors.values() if c.sessions == (Snmp,)), key=lambda c: c.name
)
ABOUT = About(
    id="sw1", name="sw1.musterbau.test", addresses=("192.0.2.1",), platform="", environment="network"
)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.sampled_from([0, 1, 2, 3, 6, 7, 161, 2**32 - 1])
OCTETS = st.binary(max_size=12) | st.sampled_from(
    [
        b"",
        b"\0" * 6,
        b"\xff" * 8,
        b"Gi1/0/1",
        b"\x1b[31m\n",
        b"<private>",
        bytes.fromhex("020000010001"),
        "\u202eGi".encode(),
    ]
)
NAMES = st.lists(st.integers(0, 2**32 - 1), max_size=6).map(tuple)
VALUES = st.one_of(
    st.builds(lambda n: (Smi.INTEGER, n), NUMBERS),
    st.builds(lambda n: (Smi.COUNTER32, n), NUMBERS),
    st.builds(lambda o: (Smi.OCTETS, o), OCTETS),
    st.builds(lambda o: (Smi.ADDRESS, o), OCTETS),
    st.builds(lambda o: (Smi.OID, o), NAMES),
    st.just((Smi.NULL, None)),
)


@dataclass(slots=True)
class Liar:
    """Answers like an agent of a case, of which some objects have other values, and others are added in every table."""

    said: tuple[Varbind, ...]
    data: st.DataObject
    looked: int = field(default=0)

    async def get(self, *oids: Oid, context: str = "") -> tuple[Varbind, ...]:
        known = {one.oid: one for one in self.said if not context}
        return tuple(
            self.data.draw(
                st.sampled_from([known.get(oid, Varbind(oid, Smi.NO_SUCH_OBJECT, None))]) | made(oid)
            )
            for oid in oids
        )

    async def walk(self, root: Oid, *, context: str = "", most: int = 20_000) -> tuple[Varbind, ...]:
        assert most > 0
        true = [one for one in self.said if one.oid[: len(root)] == root and not context]
        changed = [
            self.data.draw(st.just(one) | made(one.oid)) if self.data.draw(st.booleans()) else one
            for one in true
        ]
        added = self.data.draw(
            st.lists(NAMES.filter(bool).flatmap(lambda tail: made((*root, *tail))), max_size=2)
        )
        found = {one.oid: one for one in (*changed, *added)}
        return tuple(found[oid] for oid in sorted(found))

    async def pause(self, seconds: float) -> None:
        assert seconds > 0


def made(oid: Oid) -> st.SearchStrategy[Varbind]:
    return VALUES.map(lambda value: Varbind(oid, *value))


def agents(collector: Collector[object]) -> list[Filed]:
    return [filed for filed in cases() if filed.question == collector.name and filed.case.snmp]


@pytest.mark.parametrize("collector", QUESTIONS, ids=lambda collector: collector.name)
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_agent_is_unanswered_or_a_reading(collector: Collector[object], data: st.DataObject) -> None:
    filed = data.draw(st.sampled_from(agents(collector)))
    said = filed.case.snmp[0].says(filed.path.parent)
    try:
        reading = asyncio.run(collector((Liar(said, data),), ABOUT))
    except Unanswered:
        return
    assert collector.adapter.validate_json(collector.adapter.dump_json(reading)) == reading
    for finding in collector.judge(reading):
        assert finding.text("de").isprintable()
        assert finding.text("en").isprintable()


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_agents_together_are_compared(data: st.DataObject) -> None:
    filed = data.draw(st.sampled_from([f for f in cases() if f.question == topology.name]))
    states: dict[str, PortsSeen] = {}
    seen: dict[str, NeighboursSeen] = {}
    for name, talk in filed.case.hosts.items():
        if not talk.snmp:
            continue
        said = talk.snmp[0].says(filed.path.parent)
        try:
            seen[name] = asyncio.run(neighbours((Liar(said, data),), talk.contract()))
            states[name] = asyncio.run(ports((Liar(said, data),), talk.contract()))
        except Unanswered:
            continue
    for finding in topology.compare(states, seen, {}):
        assert finding.text("de").isprintable()
        assert finding.text("en").isprintable()
