"""Is a server that knows no EDNS asked as it can be asked, and told from one that is silent?"""

from __future__ import annotations

from collections.abc import Callable

import dns.message
import dns.rcode
import pytest

from agent.sessions.dns import DnsSession
from collectors.exchange import Exchange
from inventory.grant import Door
from tests.dnslab.hostile import hostile, reply


def session(door: Door, heard: list[Exchange] | None = None) -> DnsSession:
    return DnsSession([door], ([] if heard is None else heard).append, timeout=0.3, tries=2)


def complaining(rcode: dns.rcode.Rcode) -> Callable[[bytes], list[tuple[float, bytes]]]:
    def behave(question: bytes) -> list[tuple[float, bytes]]:
        if dns.message.from_wire(question).edns < 0:
            return [(0, reply(question))]
        if rcode == dns.rcode.BADVERS:
            message = dns.message.make_response(dns.message.from_wire(question))
            message.set_rcode(rcode)
            return [(0, message.to_wire())]
        # An old server gives back nothing but the header.
        return [(0, question[:2] + bytes([0x80, rcode]) + bytes(8))]

    return behave


@pytest.mark.parametrize("rcode", [dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS])
async def test_a_server_that_minds_edns_is_asked_without_it(rcode: dns.rcode.Rcode) -> None:
    seen: list[bytes] = []
    async with hostile(complaining(rcode), seen=seen) as door:
        asked = session(door)
        answers = [await asked.ask(name, "A") for name in ("www.test.", "www2.test.")]
    assert {(a.rcode, a.edns, a.answer[0].data) for a in answers} == {("NOERROR", False, "192.0.2.80")}
    # What was learned is kept.
    assert [dns.message.from_wire(q).edns for q in seen] == [0, -1, -1]


async def test_a_complaint_that_has_another_reason_stands() -> None:
    heard: list[Exchange] = []

    def refuse(question: bytes) -> list[tuple[float, bytes]]:
        return [(0, reply(question, lambda m: m.set_rcode(dns.rcode.FORMERR)))]

    async with hostile(refuse) as door:
        answer = await session(door, heard).ask("www.test.", "A")
    assert (answer.rcode, answer.edns) == ("FORMERR", True)
    assert dns.message.from_wire(heard[0].parts["wire"]).edns == 0


@pytest.mark.slow
@pytest.mark.parametrize("loses", [0, 2])
async def test_silence_on_edns_is_told_from_lost_packets(loses: int) -> None:
    seen: list[bytes] = []

    def behave(question: bytes) -> list[tuple[float, bytes]]:
        has_edns = dns.message.from_wire(question).edns >= 0
        lost = len(seen) <= loses if loses else has_edns
        return [] if lost else [(0, reply(question))]

    async with hostile(behave, seen=seen) as door:
        # Time enough for a busy machine to answer the second try.
        asked = DnsSession([door], lambda _: None, timeout=1.0, tries=2)
        answer = await asked.ask("www.test.", "A")
        again = await asked.ask("www2.test.", "A")
    assert (answer.edns, again.edns) == (bool(loses), bool(loses))
    assert [dns.message.from_wire(q).edns for q in seen[:4]] == [0, 0, -1, 0]
    assert len(seen) == 5
