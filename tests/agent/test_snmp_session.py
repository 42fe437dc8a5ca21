"""Is an SNMP agent asked without harm, and is no answer ever less than it seems? Against a stand-in with bad habits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from agent.start import SnmpWay
from collectors import Kind, Oid, Phase, Smi, Varbind
from collectors.exchange import varbinds_of
from collectors.replay import Replay
from tests.agent.odd_snmp import GET, GETBULK, GETNEXT, OddSnmp, Request, Value, octets, response
from tests.agent.over_snmp import AFTER, ONE, TABLE, WAIT, Asked, agent, closed, numbered

pytestmark = pytest.mark.slow

__all__ = ["agent", "closed"]


async def test_objects_come_in_the_order_of_the_question_and_what_is_missing_says_so(agent: OddSnmp) -> None:
    asked = Asked(agent)
    missing = (*TABLE, 7, 7)
    found = await asked.session.get((*TABLE, 3), missing, (*TABLE, 2))
    assert [one.text for one in found] == ["row 3", "", "row 2"]
    assert found[1] == Varbind(missing, Smi.NO_SUCH_OBJECT, None)
    (record,) = asked.records
    assert varbinds_of(record) == found
    assert await Replay([record]).get((*TABLE, 3), missing, (*TABLE, 2)) == found


async def test_a_get_never_asks_for_more_than_ten_objects(agent: OddSnmp) -> None:
    names = [(*TABLE, number) for number in range(1, 36)]
    found = await Asked(agent).session.get(*names)
    assert [one.oid for one in found] == names
    assert [len(one.oids) for one in agent.heard] == [10, 10, 10, 5]


async def test_a_walk_gives_everything_below_and_nothing_beyond(agent: OddSnmp) -> None:
    asked = Asked(agent)
    found = await asked.session.walk(TABLE)
    assert [one.text for one in found] == [f"row {number}" for number in range(1, 101)]
    assert {one.kind for one in agent.heard} == {GETBULK}
    assert agent.heard[0].second <= 25
    assert max(one.second for one in agent.heard) <= 60
    assert await Replay(asked.records).walk(TABLE) == found


async def test_a_walk_where_nothing_is_gives_nothing(agent: OddSnmp) -> None:
    assert await Asked(agent).session.walk((1, 3, 6, 1, 2, 1)) == ()
    assert await Asked(agent).session.walk((2, 1)) == ()


async def test_only_questions_are_ever_sent(agent: OddSnmp) -> None:
    agent.most = 3
    asked = Asked(agent)
    await asked.session.walk(TABLE)
    await asked.session.get(*((*TABLE, number) for number in range(1, 20)))
    assert {one.kind for one in agent.heard} == {GET, GETBULK}


async def test_one_question_is_on_its_way_at_a_time(agent: OddSnmp) -> None:
    asked = Asked(agent)
    busy = []

    def slowly(asked: Request) -> bytes | None:
        busy.append(asked.kind)
        time.sleep(0.02)
        return agent.usual(asked)

    agent.habit = slowly
    await asyncio.gather(*(asked.session.get((*TABLE, number)) for number in (1, 2, 3)))
    # A second try would mean that a question had to wait for another one's answer.
    assert len(busy) == 3


async def test_a_fragile_device_is_asked_gently(agent: OddSnmp) -> None:
    way = SnmpWay(community=agent.community, gentle=True)
    asked, began = Asked(agent, way=way), time.monotonic()
    await asked.session.get(*((*TABLE, number) for number in range(1, 10)))
    assert [len(one.oids) for one in agent.heard] == [4, 4, 1]
    agent.table = numbered(10)
    await asked.session.walk(TABLE)
    assert {one.kind for one in agent.heard} == {GET, GETNEXT}
    assert time.monotonic() - began > 10 * 0.05


async def test_vlans_are_asked_by_the_community_of_each(agent: OddSnmp) -> None:
    agent.contexts = {"10": {ONE: octets("in ten")}}
    asked = Asked(agent)
    (found,) = await asked.session.get(ONE, context="vlan-10")
    assert found.text == "in ten"
    await asked.session.get(ONE)
    # Whoever asks again and again for what a device does not know is shut out by it.
    for _ in range(3):
        reason = await asked.unmet(context="vlan-99")
    assert (reason.kind, reason.phase) == (Kind.TIMED_OUT, Phase.ASK)
    assert len([one for one in agent.heard if one.community.endswith("@99")]) == 3
    assert [record.question[1] for record in asked.records] == ["vlan-10", "", *["vlan-99"] * 3]


# --- Too much for the device.


async def test_an_answer_too_big_leads_to_smaller_questions(agent: OddSnmp) -> None:
    agent.most = 4
    asked = Asked(agent)
    assert len(await asked.session.walk(TABLE)) == 100
    assert len(await asked.session.get(*((*TABLE, number) for number in range(1, 11)))) == 10


async def test_a_device_that_can_give_no_object_at_all_is_no_empty_answer(agent: OddSnmp) -> None:
    agent.most = 0
    assert (await Asked(agent).unmet(walk=True)).kind is Kind.CUT_OFF
    assert (await Asked(agent).unmet()).kind is Kind.CUT_OFF


async def test_where_getbulk_fails_single_steps_are_taken_and_then_it_is_tried_again(agent: OddSnmp) -> None:
    def fails_at_thirty(asked: Request) -> bytes | None:
        if asked.kind == GETBULK and asked.oids[0] < (*TABLE, 30) <= (
            *TABLE,
            asked.oids[0][-1] + asked.second,
        ):
            return response(asked.number, [], status=5, index=1)
        return agent.usual(asked)

    agent.habit = fails_at_thirty
    assert len(await Asked(agent).session.walk(TABLE)) == 100
    kinds = [one.kind for one in agent.heard]
    assert GETNEXT in kinds
    assert kinds[-1] == GETBULK


async def test_a_device_without_getbulk_is_walked_step_by_step(agent: OddSnmp) -> None:
    agent.habit = lambda one: (
        response(one.number, [], status=5, index=1) if one.kind == GETBULK else agent.usual(one)
    )
    assert len(await Asked(agent).session.walk(TABLE)) == 100
    assert [one.kind for one in agent.heard].count(GETBULK) == 3


async def test_an_error_that_stays_is_the_reason(agent: OddSnmp) -> None:
    agent.habit = lambda one: response(one.number, [], status=5, index=1)
    for walk in (True, False):
        reason = await Asked(agent).unmet(walk=walk)
        assert (reason.kind, reason.phase) == (Kind.UNPARSABLE, Phase.ASK)
        assert "error-status 5" in reason.detail


async def test_an_agent_behind_a_proxy_for_version_1_names_what_is_missing(agent: OddSnmp) -> None:
    def version_1(one: Request) -> bytes | None:
        if one.kind == GET and (*TABLE, 200) in one.oids:
            rows = [(name, (5, b"")) for name in one.oids]
            return response(one.number, rows, status=2, index=one.oids.index((*TABLE, 200)) + 1)
        if one.kind != GET and one.oids[0] >= (*TABLE, 100):
            return response(one.number, [(one.oids[0], (5, b""))], status=2, index=1)
        return agent.usual(one)

    agent.habit = version_1
    del agent.table[AFTER]
    asked = Asked(agent)
    found = await asked.session.get((*TABLE, 1), (*TABLE, 200), (*TABLE, 3))
    assert [one.smi for one in found] == [Smi.OCTETS, Smi.NO_SUCH_INSTANCE, Smi.OCTETS]
    assert len(await asked.session.walk(TABLE)) == 100


async def test_an_account_that_may_read_nothing_is_told_from_one_that_may_not_read_this(
    agent: OddSnmp,
) -> None:
    asked = Asked(agent)
    agent.habit = lambda one: response(one.number, [], status=16)
    reason = await asked.unmet()
    assert (reason.kind, reason.phase) == (Kind.REFUSED, Phase.LOGIN)
    asked, agent.habit = Asked(agent), None
    await asked.session.get(ONE)
    agent.habit = lambda one: response(one.number, [], status=16)
    reason = await asked.unmet()
    assert (reason.kind, reason.phase) == (Kind.REFUSED, Phase.ASK)


# --- Walks without an end.


async def test_an_endless_table_is_cut(agent: OddSnmp) -> None:
    agent.habit = lambda one: response(
        one.number,
        [
            ((*TABLE, (one.oids[0][-1] if len(one.oids[0]) > len(TABLE) else 0) + n), octets(""))
            for n in (1, 2)
        ],
    )
    reason = await Asked(agent).unmet(walk=True, most=500)
    assert (reason.kind, reason.detail) == (Kind.CUT_OFF, "more than 500 objects")


@pytest.mark.parametrize("rows", [(7, 7), (7, 8, 7), (9, 8), (5, 6, 6)])
async def test_names_that_do_not_increase_end_a_walk(agent: OddSnmp, rows: tuple[int, ...]) -> None:
    agent.habit = lambda one: response(one.number, [((*TABLE, row), octets("")) for row in rows])
    asked = Asked(agent)
    reason = await asked.unmet(walk=True)
    assert reason.kind is Kind.UNPARSABLE
    assert "do not increase" in reason.detail
    assert len(agent.heard) < 3
    # What it said is kept, whole.
    assert asked.records[0].parts["wire"].startswith(b"\x30")


@pytest.mark.parametrize("rows", [[], [((*TABLE, 1), (5, b""))], [((*TABLE, 1), (0x80, b""))]])
async def test_an_answer_that_leads_nowhere_ends_a_walk(
    agent: OddSnmp, rows: list[tuple[Oid, Value]]
) -> None:
    agent.habit = lambda one: response(one.number, rows)
    assert (await Asked(agent).unmet(walk=True)).kind is Kind.UNPARSABLE


async def test_silence_in_the_middle_gives_nothing_half(agent: OddSnmp) -> None:
    agent.habit = lambda one: None if one.oids[0] > (*TABLE, 40) else agent.usual(one)
    asked = Asked(agent)
    began = time.monotonic()
    reason = await asked.unmet(walk=True)
    assert (reason.kind, reason.phase) == (Kind.TIMED_OUT, Phase.ASK)
    assert 3 * WAIT <= time.monotonic() - began < 6 * WAIT
    assert asked.records[0].parts == {}


async def test_a_lost_packet_is_asked_for_again(agent: OddSnmp) -> None:
    agent.habit = lambda one: None if len(agent.heard) % 2 else agent.usual(one)
    assert len(await Asked(agent).session.walk(TABLE)) == 100


async def test_a_late_answer_is_still_the_answer(agent: OddSnmp) -> None:
    late: list[bytes] = []

    def second_time(one: Request) -> Sequence[bytes]:
        late.append(agent.wrap(agent.usual(one) or b""))
        return [] if len(late) == 1 else late[:1]

    agent.habit = second_time
    (found,) = await Asked(agent).session.get((*TABLE, 1))
    assert found.text == "row 1"
