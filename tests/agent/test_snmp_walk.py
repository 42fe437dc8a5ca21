"""Is any table walked whole, whatever the device can give at once and wherever it stumbles?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sessions.snmp import SnmpSession
from agent.sessions.snmp_engine import the_engine
from agent.sessions.snmp_walk import Pace
from agent.start import SnmpWay
from tests.agent.odd_snmp import GETBULK, OddSnmp, Request, octets, response
from tests.agent.over_snmp import TABLE
from tests.leave import leave_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def device() -> Iterator[OddSnmp]:
    with OddSnmp() as odd:
        yield odd


@given(
    st.lists(st.sets(st.integers(1, 400), max_size=120), min_size=1, max_size=3),
    st.integers(1, 70),
    st.none() | st.integers(1, 400),
    st.booleans(),
)
def test_any_tables_are_walked_whole(
    device: OddSnmp, columns: list[set[int]], most: int, weak: int | None, gentle: bool
) -> None:
    """weak: a row over which every GetBulk fails that comes to it."""
    device.table = {
        (*TABLE, number, row): octets("x") for number, rows in enumerate(columns, 1) for row in rows
    }
    device.most = most
    device.heard.clear()

    def stumbles(one: Request) -> bytes | None:
        said = device.usual(one)
        is_hit = weak is not None and said is not None and bytes((weak >> 7 | 0x80, weak & 0x7F)) in said
        return response(one.number, [], status=5, index=1) if is_hit and one.kind == GETBULK else said

    device.habit = stumbles

    async def walked() -> list[list[int]]:
        doors = leave_for("sw1", device.address, snmp=device.port).doors("sw1", "snmp")
        way = SnmpWay(community=device.community, gentle=False)
        session = SnmpSession(the_engine(), way, doors, lambda _: None)
        session._pace.bulk = not gentle
        found = [await session.walk((*TABLE, number)) for number in range(1, len(columns) + 1)]
        await session.close()
        return [[one.oid[-1] for one in rows] for rows in found]

    assert asyncio.run(walked()) == [sorted(rows) for rows in columns]
    # No more questions than one a row and one an end, besides those that were too much.
    assert len(device.heard) <= sum(len(rows) + 1 for rows in columns) + 12
    assert all(one.second <= 60 for one in device.heard if one.kind == GETBULK)


@given(st.lists(st.sampled_from(("smaller", "back", "full", "part", "begin")), max_size=60))
def test_a_pace_never_leaves_its_bounds(steps: list[str]) -> None:
    pace = Pace()
    for step in steps:
        match step:
            case "smaller" if pace.is_bulk:
                before = pace.repetitions
                pace.smaller()
                # What was too much once is not asked for again.
                assert pace.most < before or not pace.bulk
            case "back" if pace.is_bulk:
                pace.step_back()
                assert not pace.is_bulk
            case "full":
                pace.went_well(30 * pace.repetitions, pace.repetitions, pace.repetitions)
            case "part":
                before = pace.repetitions
                pace.went_well(30 * pace.repetitions, pace.repetitions, 0)
                # What lies beyond the table is no reason to ask for more.
                assert pace.repetitions == before
            case _:
                pace.last = 7
                pace.begin()
        assert 1 <= pace.repetitions <= max(pace.most, 1) <= 60
