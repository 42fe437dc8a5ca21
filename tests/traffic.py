"""What would a capture hold? Makes calls with their voice, packet by packet, as a case, a test or a benchmark wants them.

Nothing of it comes from the reader that is tested: frames and messages are put together here, by the RFCs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from tests.speech import Closed, Speech
from tests.wire import Frame, apart, dgram, pcap, pcapng

__all__ = ["Registering", "Spoken", "Talk", "Traffic"]

_NAMES = {0: "PCMU", 8: "PCMA", 9: "G722", 18: "G729", 13: "CN"}


class Spoken(Closed):
    """What one side says of its audio."""

    address: str = ""
    port: int = 0
    payloads: tuple[int, ...] = (0, 8, 101)
    direction: str = "sendrecv"
    ptime: int = 20
    crypto: bool = False
    rtpmap: dict[str, str] = Field(default_factory=dict)

    def text(self, address: str, port: int) -> str:
        names = {101: "telephone-event/8000"} | {int(number): name for number, name in self.rtpmap.items()}
        lines = [
            "v=0",
            f"o=- 1 1 IN {_family(address)} {address}",
            "s=-",
            f"c=IN {_family(address)} {address}",
            "t=0 0",
            f"m=audio {port} RTP/{'S' if self.crypto else ''}AVP {' '.join(map(str, self.payloads))}",
            *(f"a=rtpmap:{one} {names[one]}" for one in self.payloads if one in names),
            *(
                f"a=rtpmap:{one} {_NAMES[one]}/8000"
                for one in self.payloads
                if one in _NAMES and one not in names
            ),
            *([f"a=ptime:{self.ptime}"] if self.ptime else []),
            *(["a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:none"] if self.crypto else []),
            f"a={self.direction}",
        ]
        return "\r\n".join(lines) + "\r\n"


def _family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


class Talk(Closed):
    """One call. code: the final answer, 0 for none. ring, answer: seconds from the INVITE on, 0 ring for none; seconds: until the BYE, 0 for none.

    invites, answers: how often these are sent, by the timers of RFC 3261. challenge: 407 comes first. again: re-INVITEs at these seconds of
    the call, with their answer's code; fax: the first of them wants T.38. cancel: the caller gives up after so many seconds.
    """

    at: float = 0.0
    many: int = Field(default=1, description="as many of them, one each hundredth of a second")
    id: str = "a84b4c76e66710@pc33.musterbau.test"
    caller: str = "192.0.2.21:5060"
    callee: str = "192.0.2.10:5060"
    source: str = Field(
        default="", description="where the caller's packets come from, when an address is changed on the way"
    )
    users: tuple[str, str] = ("+4940123421", "22")
    code: int = 200
    reason: str = ""
    ring: float = 0.5
    answer: float = 2.0
    seconds: float = 12.0
    by: Literal["caller", "callee"] = "caller"
    ack: bool = True
    invites: int = 1
    answers: int = 1
    challenge: bool = False
    cancel: float = 0.0
    expires: int = 0
    again: tuple[tuple[float, int], ...] = ()
    fax: bool = False
    filler: int = Field(default=0, description="bytes of a header field that makes the INVITE large")
    most: int = Field(default=0, description="bytes of IP a fragment")
    broken: int = Field(default=0, description="by how many bytes Content-Length of the INVITE is wrong")
    says: Spoken = Spoken(port=40_000)
    hears: Spoken | None = Spoken(port=50_000)
    speech: tuple[Speech, ...] = ()

    def each(self) -> Iterator[Talk]:
        for number in range(self.many):
            changes = {"id": f"{number}-{self.id}", "at": self.at + number / 100} if number else {}
            yield self.model_copy(update=changes)

    def frames(self) -> Iterator[Frame]:
        src, dst = self.source or self.caller, self.callee
        offer = self.says.text(*apart(self._place(self.says, self.caller)))
        cseq, at = 1, self.at
        if self.challenge:
            yield from self._send(at, src, dst, self._request("INVITE", cseq, offer))
            yield from self._send(at + 0.01, dst, src, self._response(407, cseq, "INVITE"))
            yield from self._send(at + 0.02, src, dst, self._request("ACK", cseq))
            cseq, at = 2, at + 0.03
        wait, sent = 0.5, at
        for _ in range(self.invites):
            yield from self._send(sent, src, dst, self._request("INVITE", cseq, offer))
            sent, wait = sent + wait, wait * 2
        if self.code or self.cancel or self.ring:
            yield from self._send(at + 0.005, dst, src, self._response(100, cseq, "INVITE"))
        if self.ring:
            yield from self._send(at + self.ring, dst, src, self._response(180, cseq, "INVITE"))
        if self.cancel:
            yield from self._cancelled(at + self.cancel, src, dst, cseq)
        elif self.code >= 300:
            yield from self._send(at + self.answer, dst, src, self._response(self.code, cseq, "INVITE"))
            yield from self._send(at + self.answer + 0.01, src, dst, self._request("ACK", cseq))
        elif self.code:
            yield from self._talked(at + self.answer, src, dst, cseq)

    def _cancelled(self, at: float, src: str, dst: str, cseq: int) -> Iterator[Frame]:
        yield from self._send(at, src, dst, self._request("CANCEL", cseq))
        yield from self._send(at + 0.01, dst, src, self._response(200, cseq, "CANCEL"))
        yield from self._send(at + 0.02, dst, src, self._response(487, cseq, "INVITE"))
        yield from self._send(at + 0.03, src, dst, self._request("ACK", cseq))

    def _talked(self, begin: float, src: str, dst: str, cseq: int) -> Iterator[Frame]:
        ours, theirs = self._place(self.says, self.caller), self._place(self.hears or self.says, self.callee)
        answered = self.hears.text(*apart(theirs)) if self.hears else ""
        wait, sent = 0.5, begin
        for _ in range(self.answers):
            yield from self._send(sent, dst, src, self._response(self.code, cseq, "INVITE", answered))
            sent, wait = sent + wait, min(wait * 2, 4.0)
        if self.ack:
            yield from self._send(begin + 0.01, src, dst, self._request("ACK", cseq))
        yield from self._repeated(begin, src, dst, self.says.text(*apart(ours)), answered)
        for speech in self.speech:
            ends = (theirs, ours) if speech.to == "caller" else (ours, theirs)
            yield from speech.packets(begin + 0.02, speech.source or ends[0], speech.target or ends[1])
        if self.seconds:
            swapped = self.by == "callee"
            one, other = (dst, src) if swapped else (src, dst)
            bye = self._request("BYE", 90, swapped=swapped)
            yield from self._send(begin + self.seconds, one, other, bye)
            done = self._response(200, 90, "BYE", swapped=swapped)
            yield from self._send(begin + self.seconds + 0.01, other, one, done)

    def _repeated(self, begin: float, src: str, dst: str, offer: str, answered: str) -> Iterator[Frame]:
        for place, (at, code) in enumerate(self.again):
            text = (
                offer.replace("m=audio", "m=image").replace("RTP/AVP 0 8 101", "udptl t38")
                if self.fax
                else offer
            )
            cseq = 20 + place
            yield from self._send(begin + at, src, dst, self._request("INVITE", cseq, text))
            said = answered if code < 300 else ""
            yield from self._send(begin + at + 0.02, dst, src, self._response(code, cseq, "INVITE", said))
            yield from self._send(begin + at + 0.03, src, dst, self._request("ACK", cseq))

    @staticmethod
    def _place(spoken: Spoken, signalling: str) -> str:
        address = spoken.address or apart(signalling)[0]
        return f"[{address}]:{spoken.port}" if ":" in address else f"{address}:{spoken.port}"

    def _send(self, at: float, src: str, dst: str, text: str) -> Iterator[Frame]:
        number = round(at * 1000) & 0xFFFF
        for frame in dgram(src, dst, text.encode(), 24, most=self.most, number=number):
            yield at, frame

    def _heads(self, cseq: int, method: str, *, swapped: bool, is_answered: bool) -> list[str]:
        mine = f"<sip:{self.users[0]}@musterbau.test>;tag=a1"
        other = f"<sip:{self.users[1]}@musterbau.test>" + (";tag=b2" if is_answered else "")
        sender, target = (other, mine) if swapped else (mine, other)
        return [
            f"Via: SIP/2.0/UDP {self.caller};branch=z9hG4bK{cseq}{'s' if swapped else ''}",
            f"From: {sender}",
            f"To: {target}",
            f"Call-ID: {self.id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:x@{self.caller}>",
        ]

    def _request(self, method: str, cseq: int, body: str = "", *, swapped: bool = False) -> str:
        heads = self._heads(cseq, method, swapped=swapped, is_answered=method == "BYE" or cseq >= 20)
        filler = [f"X-Filler: {'x' * self.filler}"] if self.filler and method == "INVITE" else []
        wrong = self.broken if method == "INVITE" else 0
        return self._whole(
            [f"{method} sip:{self.users[1]}@musterbau.test SIP/2.0", *heads, *filler], body, wrong
        )

    def _response(self, code: int, cseq: int, method: str, body: str = "", *, swapped: bool = False) -> str:
        heads = self._heads(cseq, method, swapped=swapped, is_answered=code > 100)
        more = (
            [f"Session-Expires: {self.expires};refresher=uac"]
            if self.expires and code == 200 and body
            else []
        )
        phrase = (
            self.reason
            if code == self.code and self.reason
            else {200: "OK", 180: "Ringing", 100: "Trying"}.get(code, "No")
        )
        return self._whole([f"SIP/2.0 {code} {phrase}", *heads, *more], body)

    @staticmethod
    def _whole(lines: list[str], body: str, wrong: int = 0) -> str:
        kind = ["Content-Type: application/sdp"] if body else []
        return "\r\n".join([*lines, *kind, f"Content-Length: {len(body) + wrong}", "", body])


class Registering(Closed):
    """A telephone that registers. codes: the answers to its tries, one after the other; none: it is not answered."""

    at: float = 0.0
    client: str = "192.0.2.21:5060"
    server: str = "192.0.2.10:5060"
    user: str = "21"
    codes: tuple[int, ...] = (401, 200)
    tries: int = Field(default=1, description="how often the first is sent")

    def frames(self) -> Iterator[Frame]:
        wait, sent = 0.5, self.at
        for _ in range(self.tries):
            yield (
                sent,
                dgram(self.client, self.server, self._text("REGISTER sip:musterbau.test SIP/2.0", 1))[0],
            )
            sent, wait = sent + wait, min(2 * wait, 4)
        for place, code in enumerate(self.codes, 1):
            at = self.at + place * 0.05
            if place > 1:
                yield (
                    at,
                    dgram(self.client, self.server, self._text("REGISTER sip:musterbau.test SIP/2.0", place))[
                        0
                    ],
                )
            yield at + 0.02, dgram(self.server, self.client, self._text(f"SIP/2.0 {code} Said", place))[0]

    def _text(self, first: str, cseq: int) -> bytes:
        lines = [
            first,
            f"Via: SIP/2.0/UDP {self.client};branch=z9hG4bKr{cseq}",
            f"From: <sip:{self.user}@musterbau.test>;tag=r",
            f"To: <sip:{self.user}@musterbau.test>",
            "Call-ID: register-1",
            f"CSeq: {cseq} REGISTER",
            "Content-Length: 0",
        ]
        return "\r\n".join([*lines, "", ""]).encode()


class Reporting(Closed):
    """A telephone that publishes what it made of a call. text: the report's lines; hops: between how many places it is handed on."""

    at: float = 20.0
    text: str
    hops: int = 1
    kind: str = "application/vq-rtcpxr"

    def frames(self) -> Iterator[Frame]:
        body = "\r\n".join(self.text.strip().splitlines()) + "\r\n"
        for hop in range(self.hops):
            lines = [
                "PUBLISH sip:collector@musterbau.test SIP/2.0",
                f"Via: SIP/2.0/UDP 192.0.2.{21 + hop}:5060;branch=z9hG4bKp{hop}",
                "From: <sip:21@musterbau.test>;tag=p",
                "To: <sip:collector@musterbau.test>",
                "Call-ID: publish-1",
                "CSeq: 1 PUBLISH",
                "Event: vq-rtcpxr",
                f"Content-Type: {self.kind}",
                f"Content-Length: {len(body)}",
            ]
            text = "\r\n".join([*lines, "", body]).encode()
            yield (
                self.at + hop * 0.002,
                dgram(f"192.0.2.{21 + hop}:5060", f"192.0.2.{22 + hop}:5060", text)[0],
            )


class Traffic(Closed):
    """A whole capture. speech: streams without a call, from and to the places that they name. cut: bytes off its end; snap: bytes kept of a packet."""

    call: tuple[Talk, ...] = ()
    register_: tuple[Registering, ...] = Field(default=(), alias="register")
    speech: tuple[Speech, ...] = ()
    tells: tuple[Reporting, ...] = ()
    other: int = Field(default=0, description="packets that are neither SIP nor RTP")
    cut: int = 0
    snap: int = 0
    link: int = 1
    form: Literal["pcap", "pcapng"] = "pcap"
    raw: str = Field(default="", description="these bytes instead, in hexadecimal")
    twice: bool = False

    def frames(self) -> list[Frame]:
        found = [frame for call in self.call for one in call.each() for frame in one.frames()]
        found += [frame for one in self.register_ for frame in one.frames()]
        found += [frame for one in self.tells for frame in one.frames()]
        for one in self.speech:
            found += one.packets(0.0, one.source, one.target)
        found += [
            (0.1 * at, dgram("192.0.2.21:4711", "192.0.2.53:53", b"\x12\x34\x01\x00" * 6)[0])
            for at in range(self.other)
        ]
        if self.twice:
            found = [(at + late, frame) for at, frame in found for late in (0.0, 0.0001)]
        return sorted(found, key=lambda frame: frame[0])

    def content(self) -> bytes:
        if self.raw:
            return bytes.fromhex(self.raw)
        whole = (
            pcapng(self.frames(), link=self.link)
            if self.form == "pcapng"
            else pcap(self.frames(), link=self.link, snap=self.snap)
        )
        return whole[: len(whole) - self.cut]
