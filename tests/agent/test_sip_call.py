"""Is a test call always ended, sent only where it may go, and heard for what it is? Against a stand-in."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator, Sequence

import pytest

from agent.sessions.sip_call import CallerSession
from agent.start import SipWay
from collectors import Call, Unanswered
from collectors.exchange import Exchange, call_of
from collectors.replay import Replay
from collectors.voip.message import Request, write
from collectors.voip.trial_call import judge, trial_call
from inventory.grant import Target
from tests.agent.odd_sip import OddSip, Said, answer
from tests.leave import leave_over

pytestmark = pytest.mark.slow

T1 = 0.05
NUMBER = "600"


class Echo:
    """Sends every packet back, as a habit changes it. heard: what came."""

    def __init__(self, address: str) -> None:
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.bind((address, 0))
        self.line.settimeout(0.05)
        self.address, self.port = self.line.getsockname()
        self.heard: list[bytes] = []
        self.is_mute = False
        self.drops = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                data, client = self.line.recvfrom(4096)
            except OSError:
                continue
            self.heard.append(data)
            number = struct.unpack_from("!H", data, 2)[0]
            if not self.is_mute and not (self.drops and number % self.drops == 0):
                self.line.sendto(data, client)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(2)
        self.line.close()


@pytest.fixture
def odd() -> Iterator[OddSip]:
    with OddSip() as server:
        yield server


@pytest.fixture
def echo(odd: OddSip) -> Iterator[Echo]:
    made = Echo(odd.address)
    yield made
    made.close()


def sdp(address: str, port: int, *more: str) -> bytes:
    lines = ("v=0", f"o=- 1 1 IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0")
    return "\r\n".join((*lines, f"m=audio {port} RTP/AVP 0", *more, "")).encode()


class Phone:
    """Takes the call. body: its SDP; ring, extra: what comes before and with the answer to INVITE."""

    def __init__(
        self, body: bytes, *, ring: bool = True, code: int = 200, repeats: int = 0, bye: int = 200
    ) -> None:
        self.body, self.ring, self.code, self.repeats, self.bye = body, ring, code, repeats, bye
        self.contact = ("contact", "<sip:600@127.9.3.9>")
        self.invited: set[str] = set()

    def __call__(self, server: OddSip, asked: Request) -> Sequence[Said]:
        match asked.method:
            case "INVITE" if asked.via[0].branch in self.invited:
                # Said again before the answer came.
                return ()
            case "INVITE":
                self.invited.add(asked.via[0].branch)
                ringing = [(0.0, write(answer(asked, 180, "Ringing")))] if self.ring else []
                final = write(answer(asked, self.code, "Final", self.contact, body=self.body))
                again = [(0.05 * (n + 1), final) for n in range(self.repeats)]
                return [*ringing, *([(0.01, final)] if self.code else []), *again]
            case "BYE":
                return ((0.0, write(answer(asked, self.bye))),) if self.bye else ()
            case "CANCEL":
                invite = server.heard[0]
                return (
                    (0.0, write(answer(asked, 200))),
                    (0.01, write(answer(invite, 487, "Request Terminated"))),
                )
            case _:
                return ()


class Calls:
    def __init__(self, odd: OddSip, media: tuple[int, int], *, ring: float = 2.0) -> None:
        self.records: list[Exchange] = []
        ports = {"sip": odd.port, "rtp": media[0], "rtp-last": media[1]}
        leave = leave_over({"pbx": Target(addresses=(odd.address,), ports=ports)})
        way = SipWay(domain="musterbau.test", user="test", secret="right", numbers=(NUMBER,))
        self.session = CallerSession(
            leave.doors("pbx", "sip"), leave.doors("pbx", "rtp"), way, self.records.append, t1=T1, ring=ring
        )

    async def call(self, seconds: float = 0.6) -> Call:
        return await self.session.call(NUMBER, seconds=seconds)

    async def tags(self) -> list[str]:
        """What is found, but for what a busy machine makes of any server."""
        found = judge(await trial_call.ask(Replay(self.records)))
        busy = {"voip.test-call-resent", "voip.test-call-jitter", "voip.test-call-slow"}
        return [one.tag.name for one in found if one.tag.name not in busy]


async def test_sound_goes_and_comes(odd: OddSip, echo: Echo) -> None:
    odd.habit = Phone(sdp(echo.address, echo.port))
    calls = Calls(odd, (echo.port, echo.port))
    call = await calls.call()
    assert call.sound is not None
    assert (call.sound.held_back, call.sound.toward) == ("", f"{echo.address}:{echo.port}")
    assert 15 <= call.sound.sent <= 35
    (heard,) = call.sound.heard
    assert heard.source == call.sound.toward
    assert (heard.lost, heard.payload) == (0, 0)
    assert heard.packets >= call.sound.sent - 3
    assert odd.methods() == ["INVITE", "ACK", "BYE"]
    assert all(packet[0] == 0x80 and len(packet) == 172 for packet in echo.heard)
    assert call_of(calls.records[0]) == call
    assert await calls.tags() == []


async def test_lost_packets_are_counted(odd: OddSip, echo: Echo) -> None:
    echo.drops = 10
    odd.habit = Phone(sdp(echo.address, echo.port))
    calls = Calls(odd, (echo.port, echo.port))
    call = await calls.call(1.2)
    assert call.sound is not None
    (heard,) = call.sound.heard
    assert 4 <= heard.lost <= 7
    assert heard.runs == heard.lost
    assert "voip.test-call-loss-severe" in await calls.tags()


async def test_silence_is_heard_as_silence(odd: OddSip, echo: Echo) -> None:
    echo.is_mute = True
    odd.habit = Phone(sdp(echo.address, echo.port))
    calls = Calls(odd, (echo.port, echo.port))
    await calls.call(0.7)
    assert await calls.tags() == ["voip.test-call-not-heard"]


async def test_nothing_is_sent_to_a_place_that_was_not_granted(odd: OddSip) -> None:
    stranger = Echo("127.9.3.8")
    try:
        odd.habit = Phone(sdp(stranger.address, stranger.port))
        # Neither another address nor another port of the right one.
        calls = Calls(odd, (stranger.port, stranger.port))
        call = await calls.call(0.2)
        assert call.sound is not None
        assert (call.sound.held_back, call.sound.sent) == ("not-granted", 0)
        odd.habit = Phone(sdp(odd.address, 9))
        assert (await calls.call(0.2)).sound is not None
        assert stranger.heard == []
        assert odd.methods() == ["INVITE", "ACK", "BYE"] * 2
        assert await calls.tags() == ["voip.test-call-not-granted"]
    finally:
        stranger.close()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"v=1\r\n", "unreadable"),
        (b"", "unreadable"),
        (sdp("127.9.3.9", 0), "no-audio"),
        (sdp("127.9.3.9", 4000).replace(b"RTP/AVP 0", b"RTP/SAVP 0"), "secured"),
        (sdp("127.9.3.9", 4000).replace(b"AVP 0", b"AVP 18"), "no-codec"),
        (sdp("127.9.3.9", 4000, "a=inactive"), "on-hold"),
        (sdp("0.0.0.0", 4000), "on-hold"),  # noqa: S104 - what a server says.
        (sdp("a.host.test", 4000), "not-granted"),
    ],
)
async def test_an_answer_that_takes_no_sound_ends_well(odd: OddSip, body: bytes, why: str) -> None:
    odd.habit = Phone(body)
    call = await Calls(odd, (4000, 4000)).call(0.1)
    assert call.sound is not None
    assert (call.sound.held_back, call.sound.sent) == (why, 0)
    assert odd.methods() == ["INVITE", "ACK", "BYE"]


async def test_only_numbers_of_the_contract_are_called(odd: OddSip) -> None:
    calls = Calls(odd, (4000, 4000))
    with pytest.raises(ValueError, match="names no number"):
        await calls.session.call("0190")
    assert odd.heard == []


async def test_what_rings_too_long_is_taken_back(odd: OddSip) -> None:
    odd.habit = Phone(b"", code=0)
    calls = Calls(odd, (4000, 4000), ring=0.3)
    call = await calls.call()
    assert call.sound is None
    assert await asyncio.to_thread(odd.wait, lambda: odd.methods() == ["INVITE", "CANCEL", "ACK"])
    invite, cancel, ack = odd.heard
    assert invite.via[0].branch == cancel.via[0].branch == ack.via[0].branch
    assert await calls.tags() == ["voip.test-call-unanswered"]


async def test_who_answers_while_it_is_taken_back_is_hung_up_on(odd: OddSip) -> None:
    class Late(Phone):
        def __call__(self, server: OddSip, asked: Request) -> Sequence[Said]:
            if asked.method == "CANCEL":
                final = answer(server.heard[0], 200, "OK", self.contact, body=self.body)
                return ((0.0, write(answer(asked, 200))), (0.01, write(final)))
            return super().__call__(server, asked)

    odd.habit = Late(b"", code=0)
    await Calls(odd, (4000, 4000), ring=0.2).call()
    assert odd.methods() == ["INVITE", "CANCEL", "ACK", "BYE"]


@pytest.mark.parametrize(("code", "tag"), [(486, "busy"), (503, "capacity"), (302, "moved"), (488, "codec")])
async def test_a_refusal_is_acknowledged(odd: OddSip, code: int, tag: str) -> None:
    odd.habit = Phone(b"", code=code)
    calls = Calls(odd, (4000, 4000))
    await calls.call()
    assert await asyncio.to_thread(odd.wait, lambda: odd.methods() == ["INVITE", "ACK"])
    assert odd.heard[1].via[0].branch == odd.heard[0].via[0].branch
    assert await calls.tags() == [f"voip.test-call-{tag}"]


async def test_an_answer_that_comes_again_is_acknowledged_again(odd: OddSip) -> None:
    odd.habit = Phone(b"", repeats=3)
    calls = Calls(odd, (4000, 4000))
    await calls.call(0.4)
    assert odd.methods().count("ACK") == 4
    assert "voip.test-call-ack-lost" in await calls.tags()


async def test_a_second_phone_that_answers_is_hung_up_on(odd: OddSip) -> None:
    class Forking(Phone):
        def __call__(self, server: OddSip, asked: Request) -> Sequence[Said]:
            said = super().__call__(server, asked)
            if asked.method != "INVITE" or not said:
                return said
            return [*said, (0.1, said[-1][1].replace(b";tag=odd", b";tag=second"))]

    odd.habit = Forking(b"")
    await Calls(odd, (4000, 4000)).call(0.4)
    ended = {one.target.tag for one in odd.heard if one.method == "BYE"}
    assert ended == {"odd", "second"}


async def test_a_call_is_ended_when_the_asking_is_stopped(odd: OddSip) -> None:
    odd.habit = Phone(b"")
    asking = asyncio.create_task(Calls(odd, (4000, 4000)).call(5.0))
    assert await asyncio.to_thread(odd.wait, lambda: "ACK" in odd.methods())
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await asyncio.to_thread(odd.wait, lambda: "BYE" in odd.methods())


async def test_a_call_that_rings_is_taken_back_when_the_asking_is_stopped(odd: OddSip) -> None:
    odd.habit = Phone(b"", code=0)
    asking = asyncio.create_task(Calls(odd, (4000, 4000)).call(5.0))
    assert await asyncio.to_thread(odd.wait, lambda: "INVITE" in odd.methods())
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await asyncio.to_thread(odd.wait, lambda: "CANCEL" in odd.methods())


async def test_who_hangs_up_first_is_answered(odd: OddSip) -> None:
    class Brief(Phone):
        def __call__(self, server: OddSip, asked: Request) -> Sequence[Said]:
            said = super().__call__(server, asked)
            if asked.method != "ACK":
                return said
            invite = server.heard[0]
            fields = invite.headers.without("cseq", "via", "from", "to")
            bye = Request(
                method="BYE",
                uri="sip:test@127.0.0.1",
                headers=fields.with_first(
                    ("via", "SIP/2.0/UDP 127.9.3.9;branch=z9hG4bKbye"),
                    ("from", f"{invite.headers.first('to')};tag=odd"),
                    ("to", invite.headers.first("from") or ""),
                    ("cseq", "1 BYE"),
                    ("reason", "Q.850;cause=47"),
                ),
            )
            return ((0.2, write(bye)),)

    odd.habit = Brief(b"")
    calls = Calls(odd, (4000, 4000))
    call = await calls.call(3.0)
    assert call.sound is not None
    assert call.sound.seconds < 1
    assert await asyncio.to_thread(odd.wait, lambda: [one.code for one in odd.answered] == [200])
    assert odd.methods() == ["INVITE", "ACK"]
    assert "voip.test-call-cut" in await calls.tags()


async def test_the_way_of_a_call_is_written_and_never_taken(odd: OddSip) -> None:
    class Elsewhere(Phone):
        def __call__(self, server: OddSip, asked: Request) -> Sequence[Said]:
            if asked.method != "INVITE":
                return super().__call__(server, asked)
            route = (("record-route", "<sip:127.9.3.7;lr>"), ("record-route", "<sip:127.9.3.8;lr>"))
            contact = ("contact", "<sip:600@127.9.3.8:5999>")
            return ((0.0, write(answer(asked, 200, "OK", *route, contact, body=self.body))),)

    with OddSip(address="127.9.3.8") as other:
        odd.habit = Elsewhere(b"")
        calls = Calls(odd, (4000, 4000))
        await calls.call(0.1)
        assert other.heard == []
    (ack,) = (one for one in odd.heard if one.method == "ACK")
    assert ack.uri == "sip:600@127.9.3.8:5999"
    assert ack.headers.every("route") == ("<sip:127.9.3.8;lr>", "<sip:127.9.3.7;lr>")
    reading = await trial_call.ask(Replay(calls.records))
    assert reading.places == ("127.9.3.7", "127.9.3.8")


async def test_a_bye_without_an_answer_ends_all_the_same(odd: OddSip) -> None:
    odd.habit = Phone(b"", bye=0)
    calls = Calls(odd, (4000, 4000))
    call = await calls.call(0.1)
    assert call.sound is not None
    assert [one.method for one in odd.heard].count("BYE") > 3
    assert "voip.test-call-bye-lost" in await calls.tags()


async def test_nobody_there_is_silence(odd: OddSip) -> None:
    odd.habit = lambda *_: ()
    with pytest.raises(Unanswered):
        await Calls(odd, (4000, 4000)).call()
