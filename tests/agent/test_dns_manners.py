"""How many packets does a server see, and when? What is known is not asked again, and who is silent is left alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import dns.message
import dns.rdataclass
import dns.rdatatype
import pytest

from agent.sessions.dns import DnsSession
from collectors.exchange import Exchange
from collectors.replay import Replay
from collectors.session import Answer, Edns, Kind, Unanswered
from inventory.grant import Door
from tests.dnslab.hostile import hostile, reply
from tests.dnslab.real import bind, nsd

ZONE = (
    "$TTL 300\n@ SOA ns1 hostmaster 7 3600 900 604800 300\n@ NS ns1\nns1 A 127.0.0.1\n"
    "www A 192.0.2.80\nmail A 192.0.2.25\n"
)


def session(door: Door, heard: list[Exchange] | None = None) -> DnsSession:
    return DnsSession([door], ([] if heard is None else heard).append, timeout=0.3, tries=2)


async def came(asked: DnsSession, name: str) -> Answer | Kind:
    try:
        return await asked.ask(name, "A")
    except Unanswered as reason:
        return reason.kind


async def test_what_is_known_is_not_asked_again_and_recorded_for_whoever_asks() -> None:
    seen: list[bytes] = []
    heard: list[Exchange] = []
    async with hostile(lambda q: [(0, reply(q))], seen=seen) as door:
        asked = session(door, heard)
        both = await asked.together(*(asked.ask("www.test.", "A") for _ in range(3)))
        await asked.ask("www.test.", "A", recurse=True)
    assert len(set(both)) == 1
    assert len(seen) == 2
    assert [e.question[-1] for e in heard] == ["norec", "norec", "norec", "rd"]


async def test_a_silent_server_is_left_alone_after_two_questions() -> None:
    seen: list[bytes] = []
    async with hostile(lambda _: [], seen=seen) as door:
        asked = session(door)
        told = await asked.together(*(came(asked, f"www{number}.test.") for number in range(30)))
    assert set(told) == {Kind.TIMED_OUT}
    # Two tries and one without EDNS; then one try of another question.
    assert len(seen) == 4


async def test_a_server_that_answers_is_asked_many_questions_at_once() -> None:
    waiting: set[bytes] = set()
    most = 0

    def behave(question: bytes) -> list[tuple[float, bytes]]:
        nonlocal most
        waiting.add(question)
        most = max(most, len(waiting))
        asyncio.get_running_loop().call_later(0.1, waiting.discard, question)
        return [(0.1, reply(question))]

    async with hostile(behave) as door:
        asked = DnsSession([door], lambda _: None)
        await asked.together(*(asked.ask(f"www{number}.test.", "A") for number in range(20)))
    # The first question goes alone, then all the others.
    assert most == 19


async def test_silence_about_some_questions_is_not_silence_about_all() -> None:
    def behave(question: bytes) -> list[tuple[float, bytes]]:
        return [(0, reply(question))] if dns.message.from_wire(question).question[0].rdtype == 1 else []

    async with hostile(behave) as door:
        asked = session(door)
        assert await came(asked, "www.test.") is not Kind.TIMED_OUT
        for name in ("a.test.", "b.test.", "c.test."):
            with pytest.raises(Unanswered):
                await asked.ask(name, "AAAA")
        assert isinstance(await came(asked, "www2.test."), Answer)


async def test_one_question_that_fails_ends_the_others_that_wait() -> None:
    async with hostile(lambda _: []) as door:
        heard: list[Exchange] = []
        asked = DnsSession([door], heard.append, timeout=5)
        waiting = asyncio.create_task(asked.together(asked.ask("a.test.", "A"), asked.ask("b.test.", "A")))
        await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert [e.unanswered[0] for e in heard if e.unanswered] == [Kind.STOPPED, Kind.STOPPED]


async def test_edns_is_sent_exactly_as_it_is_wanted() -> None:
    seen: list[bytes] = []
    heard: list[Exchange] = []
    async with hostile(lambda _: [], seen=seen) as door:
        asked = session(door, heard)
        with pytest.raises(Unanswered):
            await asked.ask("www.test.", "A", edns=Edns(version=1, options=(65001,), flags=0x40, size=512))
    # Nobody asks without EDNS whether it is minded.
    assert [dns.message.from_wire(raw).edns for raw in seen] == [1, 1]
    query = dns.message.from_wire(seen[0])
    assert (query.payload, query.ednsflags & 0xFFFF, [int(o.otype) for o in query.options]) == (
        512,
        0x40,
        [65001],
    )
    assert heard[0].question[-1] == "norec+edns1:64:512:65001"


@pytest.mark.lab
async def test_a_real_server_says_what_it_makes_of_edns_and_of_capitals(tmp_path: Path) -> None:
    with bind(tmp_path, "127.0.0.1", {"a.test": ZONE}) as door:
        asked = DnsSession([door], lambda _: None)
        newer = await asked.ask("a.test.", "SOA", edns=Edns(version=1))
        named = await asked.ask("A.tEsT.", "SOA", edns=Edns(options=(65001,), flags=0x40, size=1000))
        version = await asked.ask("version.bind.", "TXT", chaos=True)
    assert newer.rcode == "BADVERS"
    assert (newer.opt and newer.opt.version, newer.edns) == (0, True)
    assert named.opt is not None
    assert (named.opt.options, named.opt.flags, named.repeats) == ((), 0, "A.tEsT.")
    assert 50 < named.size < 200
    assert version.answer[0].type == "TXT"


@pytest.mark.lab
@pytest.mark.parametrize("is_open", [True, False])
async def test_whether_a_zone_would_be_handed_over_is_learned_without_it(
    tmp_path: Path, *, is_open: bool
) -> None:
    heard: list[Exchange] = []
    allowed = "any" if is_open else "none"
    with bind(
        tmp_path, "127.0.0.1", {"a.test": ZONE}, options=f"recursion no; allow-transfer {{ {allowed}; }};"
    ) as door:
        asked = DnsSession([door], heard.append)
        current = await asked.ask("a.test.", "IXFR=7", transport="tcp")
        older = await asked.ask("a.test.", "IXFR=6", transport="tcp")
    assert (current.rcode, len(current.answer)) == (("NOERROR", 1) if is_open else ("REFUSED", 0))
    # Also of a server that hands the whole zone over no more is kept than shows it.
    assert (len(older.answer), b"mail" in heard[1].parts["wire"]) == ((2, True) if is_open else (0, False))
    again = Replay(heard, addresses=("127.0.0.1",))
    assert await again.ask("a.test.", "IXFR=7", transport="tcp") == current


@pytest.mark.lab
async def test_what_a_server_says_that_hands_nothing_over(tmp_path: Path) -> None:
    with nsd(tmp_path, "127.0.0.1", {"a.test": ZONE}) as door:
        asked = DnsSession([door], lambda _: None)
        answer = await asked.ask("a.test.", "IXFR=7", transport="tcp")
    assert answer.rcode == "REFUSED"


@pytest.mark.parametrize("rtype", ["AXFR", "IXFR", "IXFR=x", "IXFR=4294967296", "IXFR=-1", "MAILB"])
async def test_no_zone_can_be_fetched(rtype: str) -> None:
    async with hostile(lambda _: []) as door:
        with pytest.raises(ValueError, match=r"cannot be asked|not transferred"):
            await session(door).ask("a.test.", rtype, transport="tcp")
