"""Does a conversation over SIP stay in its bounds, whatever the server says? Against a stand-in that behaves badly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence

import pytest

from agent.sessions.sip import SipSession
from agent.start import SipWay
from collectors import Kind, Phase, Talk, Unanswered
from collectors.exchange import Exchange, talk_of
from collectors.replay import Replay
from collectors.voip.message import Request, write
from collectors.voip.options import options
from collectors.voip.register import register
from collectors.voip.trace import final_of, lines, tries
from tests.agent.odd_sip import Habit, OddSip, Said, answer, changed, ok
from tests.leave import leave_for

pytestmark = pytest.mark.slow

# A part of what a real conversation takes: a transaction lasts 1.28 s.
T1 = 0.02
WAY = SipWay(domain="musterbau.test", user="test", secret="right")
CHALLENGE = ("www-authenticate", 'Digest realm="musterbau.test", nonce="n", qop="auth", algorithm=SHA-256')


@pytest.fixture
def odd() -> Iterator[OddSip]:
    with OddSip() as server:
        yield server


class Asked:
    def __init__(self, server: OddSip, way: SipWay = WAY) -> None:
        self.records: list[Exchange] = []
        doors = leave_for("pbx", server.address, sip=server.port).doors("pbx", "sip")
        self.session = SipSession(doors, way, self.records.append, t1=T1)

    async def unmet(self) -> Unanswered:
        with pytest.raises(Unanswered) as caught:
            await self.session.options()
        return caught.value


def codes(talk: Talk, method: str = "OPTIONS") -> list[int]:
    return [answer.code for one in tries(talk, method) if (answer := final_of(one)) is not None]


async def test_an_answer_is_recorded_and_can_be_judged_again(odd: OddSip) -> None:
    asked = Asked(odd)
    talk = await asked.session.options()
    assert codes(talk) == [200]
    assert [line.ours for line in lines(talk)][-1:] == [False]
    assert talk_of(asked.records[0]) == talk
    reading = await options.ask(Replay(asked.records))
    assert (
        reading.code,
        [one for one in options.judge(reading) if one.tag.name != "voip.options-resent"],
    ) == (200, [])


async def test_nobody_is_asked_for_as_long_as_the_standard_says(odd: OddSip) -> None:
    odd.habit = lambda *_: ()
    began = time.monotonic()
    reason = await Asked(odd).unmet()
    assert (reason.kind, reason.phase) == (Kind.TIMED_OUT, Phase.CONNECT)
    assert 64 * T1 * 0.9 < time.monotonic() - began < 64 * T1 + 1
    # 0, T1, 3 T1, 7 T1, … and the interval grows to T2, which lies beyond (RFC 3261, section 17.1.2.2).
    assert 4 <= len(odd.heard) <= 8
    assert len({one.via[0].branch for one in odd.heard}) == 1


async def test_what_is_silent_is_tried_once(odd: OddSip) -> None:
    odd.habit = lambda *_: ()
    asked = Asked(odd)
    await asked.unmet()
    heard = len(odd.heard)
    with pytest.raises(Unanswered):
        await asked.session.register()
    assert len(odd.heard) == heard


async def test_a_closed_port_is_refused_at_once() -> None:
    with OddSip() as gone:
        pass
    reason = await Asked(gone).unmet()
    assert (reason.kind, reason.phase) == (Kind.REFUSED, Phase.CONNECT)


async def test_a_lost_request_is_said_again(odd: OddSip) -> None:
    odd.habit = lambda server, asked: ok(server, asked) if len(server.heard) > 2 else ()
    talk = await Asked(odd).session.options()
    assert len(tries(talk, "OPTIONS")[0].sent) >= 3


GARBAGE: dict[str, bytes] = {
    "text": b"hello there",
    "half": b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP",
    "http": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "binary": bytes(range(256)),
    "lines": b"SIP/2.0 200 OK\nCSeq: 1 OPTIONS\n\n",
    "long": b"SIP/2.0 200 OK\r\nContent-Length: 99999\r\n\r\n",
}


@pytest.mark.parametrize("what", GARBAGE)
async def test_garbage_is_no_answer_and_is_told(odd: OddSip, what: str) -> None:
    odd.habit = lambda *_: ((0.0, GARBAGE[what]),)
    reason = await Asked(odd).unmet()
    assert (reason.kind, reason.phase) == (Kind.UNPARSABLE, Phase.CONNECT)
    assert "no SIP" in reason.detail


@pytest.mark.parametrize("what", GARBAGE)
async def test_garbage_beside_an_answer_is_counted(odd: OddSip, what: str) -> None:
    odd.habit = lambda server, asked: ((0.0, GARBAGE[what]), *ok(server, asked))
    talk = await Asked(odd).session.options()
    assert codes(talk) == [200]
    assert talk.strays >= 1


WRONG = {
    "branch": ("via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKother"),
    "method": ("cseq", "1 INVITE"),
    "number": ("cseq", "7 OPTIONS"),
    "cseq": ("cseq", "one"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_an_answer_to_something_else_is_none(odd: OddSip, what: str) -> None:
    odd.habit = lambda _, asked: ((0.0, write(changed(answer(asked, 200), *WRONG[what]))),)
    asked = Asked(odd)
    talk = await asked.session.options()
    assert codes(talk) == []
    assert talk.strays >= 5


async def test_answers_from_elsewhere_do_not_exist(odd: OddSip) -> None:
    def elsewhere(server: OddSip, asked: Request) -> Sequence[Said]:
        server.from_elsewhere(write(answer(asked, 200)))
        return ()

    odd.habit = elsewhere
    assert (await Asked(odd).unmet()).kind is Kind.TIMED_OUT


async def test_endless_provisional_answers_end(odd: OddSip) -> None:
    def trying(_: OddSip, asked: Request) -> Sequence[Said]:
        return [(n * 0.005, write(answer(asked, 100))) for n in range(1000)]

    odd.habit = trying
    asked = Asked(odd)
    began = time.monotonic()
    talk = await asked.session.options()
    assert time.monotonic() - began < 64 * T1 + 1
    assert codes(talk) == []
    assert len(talk.messages) <= 200
    assert [finding.tag.name for finding in options.judge(await options.ask(Replay(asked.records)))] == [
        "voip.options-unfinished"
    ]


async def test_a_flood_ends_the_asking(odd: OddSip) -> None:
    odd.habit = lambda *_: [(0.0, b"x" * 1000)] * 500
    reason = await Asked(odd).unmet()
    assert reason.kind is Kind.UNPARSABLE


async def test_the_largest_datagram_is_read_or_refused(odd: OddSip) -> None:
    odd.habit = lambda _, asked: ((0.0, write(answer(asked, 200, "OK", ("x-pad", "y" * 60_000)))),)
    assert codes(await Asked(odd).session.options()) == [200]


async def test_a_redirect_is_told_and_not_followed(odd: OddSip) -> None:
    with OddSip(address="127.9.3.8") as other:
        contact = f"<sip:musterbau.test@{other.address}:{other.port}>"
        odd.habit = lambda _, asked: ((0.0, write(answer(asked, 302, "Moved", ("contact", contact)))),)
        asked = Asked(odd)
        await asked.session.options()
        found = options.judge(await options.ask(Replay(asked.records)))
        (finding,) = (one for one in found if one.tag.name != "voip.options-resent")
        assert (finding.tag.name, finding.facts["places"]) == ("voip.options-moved", "127.9.3.8")
        assert other.heard == []


async def test_an_endless_challenge_ends_after_two_answers(odd: OddSip) -> None:
    odd.habit = lambda _, asked: ((0.0, write(answer(asked, 401, "Unauthorized", CHALLENGE))),)
    talk = await Asked(odd).session.register()
    assert codes(talk, "REGISTER") == [401, 401]


async def test_a_nonce_that_is_always_stale_ends_after_three(odd: OddSip) -> None:
    stale = (CHALLENGE[0], CHALLENGE[1] + ", stale=true")
    odd.habit = lambda _, asked: ((0.0, write(answer(asked, 401, "Unauthorized", stale))),)
    talk = await Asked(odd).session.register()
    assert codes(talk, "REGISTER") == [401, 401, 401]


def registrar(*bound: str, unbind: int = 200, more: Habit | None = None) -> Habit:
    """One that challenges once, and then says who is bound."""

    def habit(server: OddSip, asked: Request) -> Sequence[Said]:
        if asked.method != "REGISTER":
            return ()
        if asked.headers.first("authorization") is None:
            return ((0.0, write(answer(asked, 401, "Unauthorized", CHALLENGE))),)
        contact = asked.headers.first("contact")
        if contact is None:
            return ((0.0, write(answer(asked, 200, "OK", *(("contact", one) for one in bound)))),)
        if contact.endswith(";expires=0"):
            return ((0.0, write(answer(asked, unbind))),)
        return (
            more(server, asked) if more else ((0.0, write(answer(asked, 200, "OK", ("contact", contact)))),)
        )

    return habit


def contacts(server: OddSip) -> list[str | None]:
    """What each REGISTER wanted, without what was challenged, and each once however often it was said."""
    said = {one.via[0].branch: one for one in server.heard if one.headers.first("authorization") is not None}
    return [(one.headers.first("contact") or "").rpartition(";")[2] or None for one in said.values()]


async def test_what_was_bound_is_taken_back(odd: OddSip) -> None:
    odd.habit = registrar()
    asked = Asked(odd)
    await asked.session.register()
    assert contacts(odd) == [None, "expires=60", "expires=0"]
    answers = [one.headers.first("authorization") or "" for one in odd.heard][1:]
    assert [f"nc=0000000{number}" in answers[number - 1] for number in (1, 2, 3)] == [True] * 3
    # Neither the password nor what it could be tried on is kept.
    kept = b"".join(part for record in asked.records for part in record.parts.values())
    assert b"right" not in kept
    assert b'response="-"' in kept


async def test_bindings_of_others_are_never_touched(odd: OddSip) -> None:
    odd.habit = registrar("<sip:test@192.0.2.77:5060>;expires=900")
    asked = Asked(odd)
    talk = await asked.session.register()
    assert contacts(odd) == [None]
    assert not any(b"*" in one.wire.split(b"Contact:")[-1][:4] for one in talk.messages if one.ours)


async def test_a_longer_interval_is_taken_when_it_must_be(odd: OddSip) -> None:
    def brief(_: OddSip, asked: Request) -> Sequence[Said]:
        contact = asked.headers.first("contact") or ""
        if contact.endswith("=60"):
            return ((0.0, write(answer(asked, 423, "Interval Too Brief", ("min-expires", "300")))),)
        return ((0.0, write(answer(asked, 200, "OK", ("contact", contact)))),)

    odd.habit = registrar(more=brief)
    await Asked(odd).session.register()
    assert contacts(odd) == [None, "expires=60", "expires=300", "expires=0"]


async def test_an_interval_of_hours_is_not_taken(odd: OddSip) -> None:
    odd.habit = registrar(
        more=lambda _, asked: ((0.0, write(answer(asked, 423, "x", ("min-expires", "86400")))),)
    )
    await Asked(odd).session.register()
    assert contacts(odd) == [None, "expires=60"]


async def test_a_binding_is_taken_back_when_the_asking_is_stopped(odd: OddSip) -> None:
    odd.habit = registrar(more=lambda *_: ())
    asking = asyncio.create_task(Asked(odd).session.register())
    assert await asyncio.to_thread(odd.wait, lambda: "expires=60" in contacts(odd))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await asyncio.to_thread(odd.wait, lambda: contacts(odd)[-1] == "expires=0")


async def test_without_a_password_nobody_registers(odd: OddSip) -> None:
    odd.habit = registrar()
    asked = Asked(odd, SipWay(domain="musterbau.test", user="test", unusable="the credential is no file"))
    with pytest.raises(Unanswered) as caught:
        await asked.session.register()
    assert (caught.value.kind, caught.value.phase) == (Kind.CREDENTIALS_REJECTED, Phase.CONNECT)
    assert odd.heard == []
    odd.habit = ok
    assert codes(await asked.session.options()) == [200]


async def test_requests_of_the_server_are_answered_and_bounded(odd: OddSip) -> None:
    def asks_back(server: OddSip, asked: Request) -> Sequence[Said]:
        back = Request(method="OPTIONS", uri="sip:test@192.0.2.1", headers=asked.headers)
        return ((0.0, write(back)), *((0.01, wire) for _, wire in ok(server, asked)))

    odd.habit = asks_back
    assert codes(await Asked(odd).session.options()) == [200]
    assert await asyncio.to_thread(odd.wait, lambda: {one.code for one in odd.answered} == {200})
    odd.habit = lambda _, asked: (
        [(0.0, write(Request(method="NOTIFY", uri="sip:a", headers=asked.headers)))] * 200
    )
    reason = await Asked(odd).unmet()
    assert reason.kind is Kind.UNPARSABLE


TCP = SipWay(domain="musterbau.test", transport="tcp", user="test", secret="right")


async def test_a_stream_is_spoken_to_in_whole_messages() -> None:
    def in_pieces(_: OddSip, asked: Request) -> Sequence[Said]:
        wire = write(answer(asked, 200, "OK"))
        return [(0.001, b"\r\n\r\n"), *((0.001, wire[at : at + 40]) for at in range(0, len(wire), 40))]

    with OddSip(in_pieces, transport="tcp") as odd:
        assert codes(await Asked(odd, TCP).session.options()) == [200]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"", Kind.CUT_OFF),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Kind.UNPARSABLE),
        (b"SIP/2.0 200 OK\r\nl: 99999999\r\n\r\n", Kind.UNPARSABLE),
    ],
)
async def test_a_stream_of_something_else_is_told(said: bytes, kind: Kind) -> None:
    with OddSip(lambda *_: ((0.0, said),), transport="tcp") as odd:
        reason = await Asked(odd, TCP).unmet()
        assert (reason.kind, reason.phase) == (kind, Phase.GREET)


async def test_a_registration_is_judged_from_its_record(odd: OddSip) -> None:
    odd.habit = registrar(unbind=500)
    asked = Asked(odd)
    await asked.session.register()
    from tests.collectors.case import _ABOUT, DEFAULT_ABOUT  # noqa: PLC0415

    about = _ABOUT.validate_python(DEFAULT_ABOUT)
    found = register.judge(await register.ask(Replay(asked.records), about))
    assert [finding.tag.name for finding in found] == ["voip.register-stays"]
