"""What leaves towards a DNS server, and what is made of everything that can come back."""

from __future__ import annotations

import asyncio
import struct
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from ipaddress import ip_address
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from agent.sessions.dns import DnsSession, open_dns
from agent.sessions.dns_packet import LARGEST_UDP
from collectors.exchange import Exchange, answer_of
from collectors.session import Kind, Phase, Record, Transport, Unanswered
from inventory.grant import Door, Grant, GrantRefusedError, Leave, Target
from tests.dnslab.hostile import framed, hostile, reply
from tests.dnslab.real import bind, free_port, nsd

pytestmark = pytest.mark.slow

ZONE = """$TTL 300
@ SOA NS1 hostmaster 2026112301 3600 900 604800 300
@ NS NS1
@ NS ns2.Elsewhere.example.
NS1 A 192.0.2.53
WWW A 192.0.2.80
big TXT "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}" "{0}"
""".format("x" * 250)


def session(door: Door, heard: list[Exchange] | None = None, **settings: float) -> DnsSession:
    exchanges = [] if heard is None else heard
    return DnsSession([door], exchanges.append, timeout=settings.get("timeout", 0.3), tries=2)


# --- real servers


@pytest.mark.lab
@pytest.mark.parametrize("server", [bind, nsd])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_real_server_answers(
    tmp_path: Path, server: Callable[..., AbstractContextManager[Door]], transport: Transport
) -> None:
    heard: list[Exchange] = []
    with server(tmp_path, "127.0.0.1", {"musterbau.test": ZONE}) as door:
        asked = session(door, heard, timeout=3.0)
        soa = await asked.ask("musterbau.test.", "SOA", transport=transport)
        ns = await asked.ask("MUSTERBAU.test.", "NS", transport=transport)
        gone = await asked.ask("nothing.musterbau.test.", "A", transport=transport)
    assert (soa.rcode, soa.server, soa.transport) == ("NOERROR", "127.0.0.1", transport)
    assert "AA" in soa.flags
    assert "RD" not in soa.flags
    text = "ns1.musterbau.test. hostmaster.musterbau.test. 2026112301 3600 900 604800 300"
    assert soa.answer == (Record("musterbau.test.", "SOA", 300, text),)
    assert {r.data for r in ns.answer} == {"ns1.musterbau.test.", "ns2.elsewhere.example."}
    assert {r.name for r in ns.answer} == {"musterbau.test."}
    assert (gone.rcode, gone.answer) == ("NXDOMAIN", ())
    assert [e.question[2:5] for e in heard] == [
        ("musterbau.test.", "SOA", transport),
        ("MUSTERBAU.test.", "NS", transport),
        ("nothing.musterbau.test.", "A", transport),
    ]
    assert answer_of(heard[0]) == soa
    assert dns.message.from_wire(heard[0].parts["wire"]).answer[0][0].to_text().endswith("604800 300")


@pytest.mark.lab
async def test_what_does_not_fit_into_1232_bytes_is_given_as_truncated(tmp_path: Path) -> None:
    with bind(tmp_path, "127.0.0.1", {"musterbau.test": ZONE}) as door:
        asked = session(door, timeout=3.0)
        short = await asked.ask("big.musterbau.test.", "TXT")
        whole = await asked.ask("big.musterbau.test.", "TXT", transport="tcp")
    assert "TC" in short.flags
    assert "TC" not in whole.flags
    assert len(whole.answer[0].data) > 2000


@pytest.mark.lab
async def test_recursion_is_asked_for_only_when_wanted(tmp_path: Path) -> None:
    options = "recursion yes; allow-recursion { any; }; empty-zones-enable yes;"
    heard: list[Exchange] = []
    with bind(tmp_path, "127.0.0.1", {"musterbau.test": ZONE}, options=options) as door:
        asked = session(door, heard, timeout=3.0)
        plain = await asked.ask("musterbau.test.", "SOA")
        wanted = await asked.ask("musterbau.test.", "SOA", recurse=True)
    assert {"RD", "RA"} & plain.flags == {"RA"}
    assert {"RD", "RA"} <= wanted.flags
    assert [e.question[-1] for e in heard] == ["norec", "rd"]


# --- servers that misbehave


async def test_the_question_is_one_plain_query_with_a_small_size() -> None:
    seen: list[bytes] = []
    async with hostile(lambda q: [(0, reply(q))], seen=seen) as door:
        answer = await session(door).ask("www.test.", "A")
    query = dns.message.from_wire(seen[0])
    assert (query.edns, query.payload, int(query.flags), len(query.question)) == (0, LARGEST_UDP, 0, 1)
    assert answer.answer == (Record("www.test.", "A", 60, "192.0.2.80"),)


async def test_packets_of_other_questions_are_counted_and_not_believed() -> None:
    def behave(question: bytes) -> list[tuple[float, bytes]]:
        wrong_id = bytes([question[0] ^ 255, question[1]]) + reply(question)[2:]
        other = reply(
            dns.message.make_query("evil.test.", "A", id=int.from_bytes(question[:2], "big")).to_wire()
        )
        return [(0, wrong_id), (0.01, b"x"), (0.02, other), (0.03, question), (0.05, reply(question))]

    heard: list[Exchange] = []
    async with hostile(behave) as door:
        answer = await session(door, heard).ask("www.test.", "A")
    assert answer.answer[0].data == "192.0.2.80"
    assert heard[0].facts["strays"] == 4


async def test_a_flood_of_strays_ends_the_question() -> None:
    async with hostile(lambda q: [(0, bytes([q[0] ^ 255]) + q[1:])] * 500) as door:
        with pytest.raises(Unanswered) as error:
            await session(door, timeout=2.0).ask("www.test.", "A")
    assert error.value.kind is Kind.UNPARSABLE


def looping(question: bytes) -> bytes:
    """An answer whose owner name points at itself."""
    head = question[:2] + bytes.fromhex("84000001000100000000")
    rest = question[12 : len(question) - 11]
    return (
        head
        + rest
        + struct.pack(">H", 0xC000 | (12 + len(rest)))
        + bytes.fromhex("000100010000003c0004c0000201")
    )


GARBAGE: dict[str, Callable[[bytes], bytes]] = {
    "garbage": lambda q: q[:2] + b"\xff" * 40,
    "header cut off": lambda q: q[:5],
    "name loop": looping,
    "answer cut off": lambda q: reply(q)[:-3],
    "bytes behind the end": lambda q: reply(q) + b"junk",
    "64 kB": lambda q: q[:2] + b"\x84\x00" + q[4:] + b"\x00" * 65000,
}


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("name", GARBAGE)
async def test_what_cannot_be_read_is_unparsable_and_kept(name: str, transport: Transport) -> None:
    make = GARBAGE[name]
    wrap = framed if transport == "tcp" else bytes
    heard: list[Exchange] = []
    async with hostile(lambda q: [(0, wrap(make(q)))]) as door:
        with pytest.raises(Unanswered) as error:
            await session(door, heard).ask("www.test.", "A", transport=transport)
    assert error.value.kind is Kind.UNPARSABLE
    assert heard[0].unanswered == (Kind.UNPARSABLE, Phase.ASK, error.value.detail)
    assert len(heard[0].parts["wire"]) >= 5


async def test_silence_is_timed_out_after_a_second_try() -> None:
    seen: list[bytes] = []
    heard: list[Exchange] = []
    async with hostile(lambda _: [], seen=seen) as door:
        began = time.monotonic()
        with pytest.raises(Unanswered) as error:
            await session(door, heard).ask("www.test.", "A")
    assert error.value.kind is Kind.TIMED_OUT
    assert time.monotonic() - began > 0.55
    # The third is the one without EDNS.
    assert [dns.message.from_wire(q).edns for q in seen] == [0, 0, -1]
    assert heard[0].facts["tries"] == 3
    assert error.value.detail == "no answer within 0.6 s"


async def test_a_lost_packet_is_asked_again() -> None:
    seen: list[bytes] = []
    async with hostile(lambda q: [(0, reply(q))] if len(seen) > 1 else [], seen=seen) as door:
        heard: list[Exchange] = []
        answer = await session(door, heard).ask("www.test.", "A")
    # The server was not slow, although the question took its time.
    assert heard[0].took > 0.25 + answer.took
    assert seen[0][:2] != seen[1][:2]


async def test_an_answer_to_the_first_try_still_counts_while_the_second_waits() -> None:
    async with hostile(lambda q: [(0.9, reply(q))]) as door:
        answer = await session(door, timeout=0.7).ask("www.test.", "A")
    # From the first try on: longer than it was waited for.
    assert answer.took > 0.7
    assert answer.edns


async def test_a_slow_answer_tells_its_time() -> None:
    async with hostile(lambda q: [(0.2, reply(q))]) as door:
        answer = await session(door, timeout=2.0).ask("www.test.", "A")
    assert answer.took > 0.1


@pytest.mark.parametrize("sent", [b"", b"\x01", framed(b"x" * 40)[:20]])
async def test_tcp_closed_in_the_middle_is_cut_off(sent: bytes) -> None:
    async with hostile(lambda _: [(0, sent)]) as door:
        with pytest.raises(Unanswered) as error:
            await session(door).ask("www.test.", "A", transport="tcp")
    assert error.value.kind is Kind.CUT_OFF


async def test_tcp_that_drips_meets_the_deadline() -> None:
    def drip(question: bytes) -> list[tuple[float, bytes]]:
        return [(0.05, bytes([b])) for b in framed(reply(question))]

    async with hostile(drip) as door:
        with pytest.raises(Unanswered) as error:
            await session(door).ask("www.test.", "A", transport="tcp")
    assert error.value.kind is Kind.TIMED_OUT


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_closed_port_is_refused(transport: Transport) -> None:
    heard: list[Exchange] = []
    door = Door(ip_address("127.0.0.1"), free_port("127.0.0.1"))
    with pytest.raises(Unanswered) as error:
        await session(door, heard).ask("www.test.", "A", transport=transport)
    assert error.value.kind is Kind.REFUSED
    assert heard[0].unanswered is not None


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_no_way_to_the_address_is_unreachable(transport: Transport) -> None:
    # A link-local address without an interface never has a way (RFC 4007).
    with pytest.raises(Unanswered) as error:
        await session(Door(ip_address("fe80::53"), 53)).ask("www.test.", "A", transport=transport)
    assert (error.value.kind, error.value.phase) == (Kind.UNREACHABLE, Phase.CONNECT)


async def test_ipv6_is_asked_too() -> None:
    with pytest.raises(Unanswered) as error:
        await session(Door(ip_address("::1"), free_port("127.0.0.1"))).ask("www.test.", "A")
    assert error.value.kind in {Kind.REFUSED, Kind.UNREACHABLE}


# --- walls


async def test_only_the_grants_addresses_are_asked() -> None:
    with pytest.raises(GrantRefusedError):
        await session(Door(ip_address("127.0.0.1"), 53)).ask("www.test.", "A", server="127.0.0.9")


@pytest.mark.parametrize(
    ("name", "rtype"), [("a..b", "A"), ("x" * 64, "A"), ("test.", "AXFR"), ("test.", "NOPE")]
)
async def test_what_is_no_question_is_not_sent(name: str, rtype: str) -> None:
    seen: list[bytes] = []
    async with hostile(lambda q: [(0, reply(q))], seen=seen) as door:
        with pytest.raises(ValueError, match=r"cannot be asked|not one question"):
            await session(door).ask(name, rtype)
    assert seen == []


async def test_a_closed_session_asks_nothing() -> None:
    asked = session(Door(ip_address("127.0.0.1"), 53))
    await asked.close()
    with pytest.raises(Unanswered) as error:
        await asked.ask("www.test.", "A")
    assert error.value.kind is Kind.STOPPED


async def test_a_cancelled_question_is_recorded_as_stopped() -> None:
    heard: list[Exchange] = []
    async with hostile(lambda _: []) as door:
        task = asyncio.create_task(session(door, heard, timeout=5.0).ask("www.test.", "A"))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert heard[0].unanswered is not None
    assert heard[0].unanswered[0] is Kind.STOPPED


async def test_no_second_has_more_questions_than_the_contract_allows() -> None:
    came: list[float] = []

    def counted(q: bytes) -> list[tuple[float, bytes]]:
        came.append(time.monotonic())
        return [(0, reply(q))]

    async with hostile(counted) as door:
        asked = DnsSession([door], lambda _: None, rate=10)
        await asyncio.gather(*(asked.ask(f"www{number}.test.", "A") for number in range(25)))
    assert len(came) == 25
    assert max(sum(at <= other < at + 1 for other in came) for at in came) <= 10


async def test_no_leave_opens_nothing() -> None:
    grant = Grant(
        id="g" * 16, run="r", ticket="t", customer="c", agent="a", contract="0", revision=1,
        deeds=("dns.answers",), not_before=0, expires=1,
        targets={"ns1": Target(addresses=("192.0.2.53", "2001:db8::53"), ports={"dns": 5353})},
    )  # fmt: skip
    opened = await open_dns(Leave(grant), "ns1", lambda _: None, rate=50)
    assert opened.addresses == ("192.0.2.53", "2001:db8::53")
    with pytest.raises(GrantRefusedError):
        await open_dns(Leave(grant), "ns2", lambda _: None, rate=50)


# --- behind the wall

BEHIND_THE_WALL = """
import sys
from agent.wall import raise_wall
blocked = []
wall = raise_wall()
import asyncio
from ipaddress import ip_address
from agent.sessions.dns import DnsSession
from inventory.grant import Door

async def main(port):
    door = Door(ip_address("127.0.0.1"), port)
    wall.seal(frozenset({("127.0.0.1", port)}), lambda *what: blocked.append(what))
    asked = DnsSession([door], lambda _: None)
    udp = await asked.ask("www.test.", "A")
    tcp = await asked.ask("www.test.", "A", transport="tcp")
    print(udp.answer[0].data, tcp.answer[0].data, blocked)
    try:
        await DnsSession([Door(ip_address("127.0.0.1"), port + 1)], lambda _: None).ask("www.test.", "A")
    except PermissionError as error:
        print(type(error).__name__, len(blocked))

asyncio.run(main(int(sys.argv[1])))
"""


async def test_the_wall_lets_its_questions_out_and_no_others() -> None:
    def behave(question: bytes) -> list[tuple[float, bytes]]:
        # The first bytes tell the transports apart: over TCP the test's server wants the length.
        return [(0, reply(question))] if len(seen) == 1 else [(0, framed(reply(question)))]

    seen: list[bytes] = []
    async with hostile(behave, seen=seen) as door:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", BEHIND_THE_WALL, str(door.port), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert out.decode().splitlines() == ["192.0.2.80 192.0.2.80 []", "WallError 1"]
