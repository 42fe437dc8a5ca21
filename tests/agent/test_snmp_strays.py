"""What is made of silence, of packets that answer nothing, of odd values, and of reports? Against the stand-in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from agent.start import SnmpUser, SnmpWay
from collectors import Kind, Oid, Phase, Smi, Unanswered, Varbind
from collectors.exchange import Exchange, varbinds_of
from tests.agent.odd_snmp import OddSnmp, Request, Value, ber, integer, octets, oid, response
from tests.agent.over_snmp import AFTER, ONE, TABLE, WAIT, Asked, agent, closed, opened

pytestmark = pytest.mark.slow

__all__ = ["agent", "closed"]

# --- Nobody there, and others who speak.


async def test_a_silent_host_is_asked_once(agent: OddSnmp) -> None:
    agent.habit = lambda _: None
    asked = Asked(agent)
    for _ in range(3):
        reason = await asked.unmet()
    assert (reason.kind, reason.phase) == (Kind.TIMED_OUT, Phase.CONNECT)
    assert len(agent.heard) == 3
    assert len(asked.records) == 3


async def test_a_wrong_community_is_silence(agent: OddSnmp) -> None:
    reason = await Asked(agent, way=SnmpWay(community="another")).unmet()
    assert (reason.kind, reason.phase) == (Kind.TIMED_OUT, Phase.CONNECT)


async def test_a_closed_port_is_told_at_once() -> None:
    with OddSnmp() as gone:
        port = gone.port
    session = opened("127.0.0.1", port=port, way=SnmpWay(community="any"), records=[])
    began = time.monotonic()
    with pytest.raises(Unanswered) as caught:
        await session.get(ONE)
    assert (caught.value.kind, caught.value.phase) == (Kind.REFUSED, Phase.CONNECT)
    assert time.monotonic() - began < 2


async def test_of_several_addresses_the_one_that_answers_is_asked(agent: OddSnmp) -> None:
    records: list[Exchange] = []
    way = SnmpWay(community=agent.community)
    session = opened("127.9.9.9", agent.address, port=agent.port, way=way, records=records)
    assert len(await session.walk(TABLE)) == 100
    assert len(records) == 1


async def test_an_agent_has_an_address_of_ip_version_6_as_well() -> None:
    with OddSnmp(address="::1", table={ONE: octets("six")}) as agent:
        (found,) = await Asked(agent).session.get(ONE)
    assert found.text == "six"


async def test_what_comes_from_another_address_is_never_heard() -> None:
    with OddSnmp(table={ONE: octets("from elsewhere")}, elsewhere="127.0.0.2") as agent:
        reason = await Asked(agent).unmet()
        assert len(agent.heard) == 3
    assert (reason.kind, reason.phase) == (Kind.TIMED_OUT, Phase.CONNECT)


def other_number(agent: OddSnmp, one: Request) -> list[bytes]:
    return [agent.wrap(response(one.number + 1, [(ONE, octets("not asked"))]))]


def other_community(agent: OddSnmp, one: Request) -> list[bytes]:
    return [agent.wrap(response(one.number, [(ONE, octets("not asked"))]), "another")]


def version_1(_: OddSnmp, one: Request) -> list[bytes]:
    return [ber(0x30, integer(0) + ber(4, b"odd-community") + response(one.number, [(ONE, octets("x"))]))]


def truncated(agent: OddSnmp, one: Request) -> list[bytes]:
    return [agent.wrap(response(one.number, [(ONE, octets("x" * 200))]))[:-20]]


def a_request(agent: OddSnmp, one: Request) -> list[bytes]:
    return [agent.wrap(b"\xa0" + response(one.number, [(ONE, octets("x"))])[1:])]


def no_ber(_: OddSnmp, __: Request) -> list[bytes]:
    return [b"HTTP/1.1 400 Bad Request", b"", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80" * 3000]


SPOILT = (other_number, other_community, version_1, truncated, a_request, no_ber)


@pytest.mark.parametrize("spoil", SPOILT)
async def test_what_does_not_answer_the_question_is_no_answer(
    agent: OddSnmp, spoil: Callable[[OddSnmp, Request], list[bytes]]
) -> None:
    agent.habit = lambda one: spoil(agent, one)
    asked = Asked(agent)
    reason = await asked.unmet()
    assert (reason.kind, reason.phase) == (Kind.UNPARSABLE, Phase.CONNECT)
    sent = {whole for one in agent.heard for whole in spoil(agent, one)}
    # What came is kept, without the community that stands in it.
    community = agent.community.encode()
    assert asked.records[0].parts["wire"] in {
        whole.replace(community, b"*" * len(community)) for whole in sent
    }


@pytest.mark.parametrize("spoil", SPOILT)
async def test_what_does_not_answer_the_question_does_not_hide_the_answer(
    agent: OddSnmp, spoil: Callable[[OddSnmp, Request], list[bytes]]
) -> None:
    agent.habit = lambda one: [*spoil(agent, one), agent.wrap(agent.usual(one) or b"")]
    (found,) = await Asked(agent).session.get((*TABLE, 1))
    assert found.text == "row 1"


async def test_a_flood_ends_the_question(agent: OddSnmp) -> None:
    agent.habit = lambda one: [agent.wrap(response(one.number + 1, []))] * 200
    began = time.monotonic()
    assert (await Asked(agent).unmet()).kind is Kind.UNPARSABLE
    assert time.monotonic() - began < 3 * WAIT + 1


async def test_answers_in_another_order_are_put_right_and_other_objects_are_none(agent: OddSnmp) -> None:
    names = [(*TABLE, number) for number in (1, 2, 3)]
    agent.habit = lambda one: response(one.number, [(name, agent.table[name]) for name in reversed(one.oids)])
    found = await Asked(agent).session.get(*names)
    assert [one.text for one in found] == ["row 1", "row 2", "row 3"]
    for wrong in (names[:2], [*names, AFTER], [names[0]] * 3, []):
        agent.habit = lambda one, wrong=wrong: response(one.number, [(name, octets("")) for name in wrong])
        asked = Asked(agent)
        with pytest.raises(Unanswered) as caught:
            await asked.session.get(*names)
        assert caught.value.kind is Kind.UNPARSABLE
        assert "wire" in asked.records[0].parts


@pytest.mark.parametrize(
    ("said", "smi", "value"),
    [
        ((0x02, b"\xff"), Smi.INTEGER, -1),
        ((0x46, b"\x00\xff\xff\xff\xff\xff\xff\xff\xff"), Smi.COUNTER64, 2**64 - 1),
        ((0x44, b"\x9f\x78\x04\x42\xf6\x00\x00"), Smi.OPAQUE, b"\x9f\x78\x04\x42\xf6\x00\x00"),
        ((0x40, b"\x0a\x01\x02\x03"), Smi.ADDRESS, b"\x0a\x01\x02\x03"),
        ((0x06, b"\x2b\x06\x01\x88\x37"), Smi.OID, (1, 3, 6, 1, 1079)),
        ((0x06, b"\x00\x00"), Smi.OID, (0, 0, 0)),
        ((0x04, bytes(range(256))), Smi.OCTETS, bytes(range(256))),
        ((0x43, b"\x00\xff\xff\xff\xff"), Smi.TIMETICKS, 2**32 - 1),
        ((0x81, b""), Smi.NO_SUCH_INSTANCE, None),
        ((0x05, b""), Smi.NULL, None),
    ],
)
async def test_every_type_comes_as_it_was_sent(
    agent: OddSnmp, said: Value, smi: Smi, value: int | bytes | Oid | None
) -> None:
    agent.table = {ONE: said}
    asked = Asked(agent)
    (found,) = await asked.session.get(ONE)
    assert found == Varbind(ONE, smi, value)
    assert varbinds_of(asked.records[0]) == (found,)


async def test_a_question_that_is_given_up_is_recorded(agent: OddSnmp) -> None:
    agent.habit = lambda _: None
    asked = Asked(agent)
    waiting = asyncio.create_task(asked.session.walk(TABLE))
    await asyncio.sleep(WAIT / 2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    (record,) = asked.records
    assert record.unanswered is not None
    assert record.unanswered[0] is Kind.STOPPED
    await asked.session.close()
    assert (await asked.unmet()).kind is Kind.STOPPED


# --- Version 3: reports.

USM = (1, 3, 6, 1, 6, 3, 15, 1, 1)
USER = SnmpUser(
    name="reader",
    authentication="sha256",
    privacy="aes128",
    authentication_phrase="not for anybody",
    privacy_phrase="nor is this one",
)


@pytest.mark.parametrize(
    ("reports", "kind", "phase", "words"),
    [
        (
            [(*USM, 4, 0), (*USM, 3, 0)],
            Kind.CREDENTIALS_REJECTED,
            Phase.LOGIN,
            "does not know the user 'reader'",
        ),
        ([(*USM, 4, 0), (*USM, 5, 0)], Kind.CREDENTIALS_REJECTED, Phase.LOGIN, "digest than sha256"),
        ([(*USM, 4, 0), (*USM, 6, 0)], Kind.CREDENTIALS_REJECTED, Phase.LOGIN, "cipher than aes128"),
        ([(*USM, 4, 0), (*USM, 1, 0)], Kind.CREDENTIALS_REJECTED, Phase.LOGIN, "authentication and privacy"),
        ([(*USM, 4, 0)], Kind.REFUSED, Phase.GREET, "engine ID that it gave itself"),
        ([(*USM, 4, 0), (*USM, 2, 0)], Kind.REFUSED, Phase.GREET, "time that it gave itself"),
        ([(*USM, 4, 0), (1, 3, 6, 1, 6, 3, 12, 1, 5, 0)], Kind.NOT_THERE, Phase.ASK, "no context"),
        (
            [(*USM, 4, 0), (1, 3, 6, 1, 2, 1, 1, 1, 0)],
            Kind.UNPARSABLE,
            Phase.LOGIN,
            "reports 1.3.6.1.2.1.1.1.0",
        ),
    ],
)
async def test_a_report_is_told_by_its_counter(
    reports: list[Oid], kind: Kind, phase: Phase, words: str
) -> None:
    with OddSnmp(reports=reports) as agent:
        asked = Asked(agent, way=SnmpWay(user=USER))
        reason = await asked.unmet()
        again = await asked.unmet()
    assert (reason.kind, reason.phase) == (again.kind, again.phase) == (kind, phase)
    assert words in reason.detail
    assert "not for anybody" not in repr(asked.records)


@pytest.mark.parametrize("engine_id", [b"", b"x", b"x" * 33, bytes(60)])
async def test_what_is_no_engine_id_is_no_defect_of_ours(engine_id: bytes) -> None:
    with OddSnmp(reports=[(*USM, 4, 0)], engine_id=engine_id) as agent:
        reason = await Asked(agent, way=SnmpWay(user=USER)).unmet()
    assert reason.kind in {Kind.UNPARSABLE, Kind.REFUSED}
    assert reason.phase is not Phase.ASK


async def test_a_value_that_cannot_be_read_does_not_end_the_asking(agent: OddSnmp) -> None:
    agent.table[ONE] = (0x45, b"an address of ISO")
    asked = Asked(agent)
    reason = await asked.unmet()
    assert (reason.kind, reason.phase) == (Kind.UNPARSABLE, Phase.ASK)
    assert "unknown type" in reason.detail
    assert asked.records[0].parts["wire"] == ber(0x30, oid(ONE) + ber(*agent.table[ONE]))
    assert agent.community not in repr(asked.records)
    assert (await asked.session.get((*TABLE, 1)))[0].text == "row 1"
