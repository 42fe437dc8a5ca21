"""How is sound sent and heard in a test call? RTP and RTCP (RFC 3550) for seconds, to doors of the grant alone.

Nothing may be bound here: a socket has its port from the first thing that it sends, an empty line to the SIP port, which
servers pass over (RFC 5626, section 4.4.1). What comes is counted whoever sends it, as sound from another place than
the one that was named is a finding; sent is only to where the other end's SDP points, and only if that is a door.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import secrets
import socket
import struct
import time
from dataclasses import dataclass, field

from agent.sessions.dns_line import new_socket
from agent.sessions.sip_request import place
from collectors.telephony import Heard, Reported, Sound
from collectors.voip import sdp
from collectors.voip.rtcp import Block, is_rtcp, reports_of
from collectors.voip.rtp import Stream, header_of
from collectors.voip.unreadable import Unreadable
from inventory.grant import Door

__all__ = ["SoundLine"]

# 20 ms of 8000 samples a second, one byte each (RFC 3551, section 4.5.14).
_PACKET, _EVERY = 160, 0.02
# When we report within a call; the last time as it ends.
_REPORT_AT = 1.5
_MOST_STREAMS = 16
_CODECS = {"PCMU": 0, "PCMA": 8}
# Seconds from 1900 to 1970 (RFC 3550, section 4).
_NTP = 2_208_988_800
_HERTZ, _LOUD = 400, 4000


def _mu_law(sample: int) -> int:
    """G.711: sign, exponent and mantissa of a 14 bit number, all bits turned around."""
    value = min(abs(sample), 32_635) + 132
    exponent = value.bit_length() - 8
    return ~((0x80 if sample < 0 else 0) | exponent << 4 | value >> exponent + 3 & 15) & 0xFF


def _a_law(sample: int) -> int:
    """G.711: the same of a 13 bit number, every other bit turned around."""
    value = min(sample if sample >= 0 else -sample - 1, 32_767)
    exponent = max(value.bit_length() - 8, 0)
    mantissa = value >> (exponent + 3 if exponent else 4) & 15
    return ((0x80 if sample >= 0 else 0) | exponent << 4 | mantissa) ^ 0x55


def _tone(encoding: str) -> bytes:
    """One packet of a tone that begins and ends with whole waves: softly, so that nobody takes it for silence."""
    samples = (round(_LOUD * math.sin(2 * math.pi * _HERTZ * n / 8000)) for n in range(_PACKET))
    return bytes(map(_mu_law if encoding == "PCMU" else _a_law, samples))


@dataclass(slots=True)
class _Told:
    """The sender's report that came last: its time as they write it, and when it came by our watch."""

    sent: int = 0
    at: float = 0.0


@dataclass(slots=True)
class SoundLine:
    """The sound of one call. media: doors to which it may go; sip: the door that the call itself goes through."""

    media: frozenset[tuple[str, int]]
    sip: Door
    here: str
    ssrc: int = field(default_factory=lambda: secrets.randbits(32) or 1)
    toward: tuple[str, int] | None = None
    held_back: str = ""
    codec: str = ""
    _sockets: list[socket.socket] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _streams: dict[tuple[str, int, int], Stream] = field(default_factory=dict)
    reports: list[Reported] = field(default_factory=list)
    _told: dict[int, _Told] = field(default_factory=dict)
    _control: tuple[str, int] | None = None
    _sent: int = 0
    _first: int = field(default_factory=lambda: secrets.randbits(15))
    _stamp: int = field(default_factory=lambda: secrets.randbits(31))
    strangers: int = 0
    _began: float = 0.0
    _answered: int = 0
    _seconds: float = 0.0

    def open(self) -> None:
        """Have a port for RTP and one for RTCP. Raises OSError."""
        for _ in range(2):
            line = new_socket(self.sip, socket.SOCK_DGRAM)
            self._sockets.append(line)
            line.sendto(b"\r\n\r\n", (str(self.sip.address), self.sip.port))

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for line in self._sockets:
            line.close()

    @property
    def _ports(self) -> tuple[int, int]:
        rtp, rtcp = (int(line.getsockname()[1]) for line in self._sockets)
        return rtp, rtcp

    def offer(self) -> bytes:
        """Our SDP: G.711 both ways, and keys as RFC 4733 has them."""
        rtp, rtcp = self._ports
        kind = "IP6" if ":" in self.here else "IP4"
        return "\r\n".join(
            (
                "v=0",
                f"o=- {secrets.randbelow(10**9)} 1 IN {kind} {self.here}",
                "s=-",
                f"c=IN {kind} {self.here}",
                "t=0 0",
                f"m=audio {rtp} RTP/AVP 0 8 101",
                "a=rtpmap:0 PCMU/8000",
                "a=rtpmap:8 PCMA/8000",
                "a=rtpmap:101 telephone-event/8000",
                "a=fmtp:101 0-15",
                "a=ptime:20",
                f"a=rtcp:{rtcp}",
                "a=sendrecv",
                "",
            )
        ).encode()

    def aim(self, body: bytes) -> None:
        """Take the other end's SDP: where it wants the sound, and whether that may be."""
        try:
            audio = sdp.read(body).audio
        except Unreadable:
            self.held_back = "unreadable"
            return
        if audio is None:
            self.held_back = "no-audio"
            return
        if audio.address:
            self.toward = (audio.address, audio.port)
        known = [one for one in audio.formats if one.encoding in _CODECS]
        if audio.secured:
            self.held_back = "secured"
        elif not known:
            self.held_back = "no-codec"
        elif audio.direction in {"sendonly", "inactive"} or audio.address in {"0.0.0.0", "::", ""}:  # noqa: S104 - read.
            self.held_back = "on-hold"
        elif self.toward not in self.media:
            self.held_back = "not-granted"
        if known:
            self.codec = known[0].encoding
        told = (audio.value("rtcp") or "").split(" ")[0]
        port = int(told) if told.isascii() and told.isdigit() and len(told) < 6 else audio.port + 1
        if self.toward is not None and (self.toward[0], port) in self.media:
            self._control = (self.toward[0], port)

    def begin(self) -> None:
        """Send and hear from now on."""
        self._began, self._answered = time.monotonic(), time.time_ns()
        self._tasks = [asyncio.create_task(self._hear(line)) for line in self._sockets]
        if not self.held_back:
            self._tasks += [asyncio.create_task(self._send()), asyncio.create_task(self._report())]

    def end(self) -> Sound:
        """Be silent, and say what was heard."""
        self._seconds = time.monotonic() - self._began
        if not self.held_back:
            self._tell(bye=True)
        for task in self._tasks:
            task.cancel()
        return Sound(
            local=place((self.here, self._ports[0])),
            toward=place(self.toward) if self.toward and _is_address(self.toward[0]) else "",
            held_back=self.held_back,
            codec=self.codec,
            sent=self._sent,
            seconds=round(self._seconds, 3),
            heard=tuple(self._heard(key, stream) for key, stream in self._streams.items()),
            reports=tuple(self.reports),
            strangers=self.strangers,
        )

    async def _send(self) -> None:
        tone, start = _tone(self.codec), asyncio.get_running_loop().time()
        while True:
            self._sound(tone)
            late = start + self._sent * _EVERY - asyncio.get_running_loop().time()
            await asyncio.sleep(max(late, 0))

    def _sound(self, tone: bytes) -> None:
        # A packet that the kernel has no room for is lost, as others are.
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            self._sockets[0].sendto(self.packet(tone), self.toward or ("", 0))

    def packet(self, tone: bytes) -> bytes:
        """The next packet of our stream (section 5.1)."""
        number = self._sent
        first = 0x80 if number == 0 else 0
        head = struct.pack(
            "!BBHII",
            0x80,
            first | _CODECS[self.codec],
            self._first + number & 0xFFFF,
            self._stamp + number * _PACKET & 0xFFFFFFFF,
            self.ssrc,
        )
        self._sent += 1
        return head + tone

    async def _report(self) -> None:
        await asyncio.sleep(_REPORT_AT)
        self._tell()

    def _tell(self, *, bye: bool = False) -> None:
        """Say what we sent and heard (section 6.4.1), with a name as section 6.5 demands."""
        if self._control is None:
            return
        with contextlib.suppress(OSError):
            self._sockets[1].sendto(self.report(bye=bye), self._control)

    def report(self, *, bye: bool = False) -> bytes:
        """What we sent and heard so far, as a compound packet."""
        now = time.time() + _NTP
        blocks = [self._block(key[2], stream) for key, stream in self._streams.items()][:1]
        stamp = self._stamp + self._sent * _PACKET & 0xFFFFFFFF
        length = 6 + 6 * len(blocks)
        head = struct.pack("!BBHI", 0x80 | len(blocks), 200, length, self.ssrc)
        clock = struct.pack("!II", int(now) & 0xFFFFFFFF, int(now % 1 * 2**32))
        counts = struct.pack("!III", stamp, self._sent, self._sent * _PACKET & 0xFFFFFFFF)
        name = struct.pack("!BBHI", 0x81, 202, 3, self.ssrc) + b"\x01\x05test-\x00"[:8].ljust(8, b"\0")
        gone = struct.pack("!BBHI", 0x81, 203, 1, self.ssrc) if bye else b""
        return head + clock + counts + b"".join(blocks) + name + gone

    def highest(self, ssrc: int) -> int:
        """The last sequence number of a stream that was heard, 0 for none."""
        return next((stream._end & 0xFFFF for key, stream in self._streams.items() if key[2] == ssrc), 0)  # noqa: SLF001

    def _block(self, ssrc: int, stream: Stream) -> bytes:
        expected, lost = stream.expected, min(max(stream.lost, 0), 0x7FFFFF)
        fraction = min(lost * 256 // expected, 255) if expected else 0
        told = self._told.get(ssrc, _Told())
        delay = int((time.monotonic() - told.at) * 65_536) if told.sent else 0
        jitter = int(stream.jitter * (stream.clock or 8000) / 1000)
        highest = stream._end & 0xFFFFFFFF  # noqa: SLF001
        return struct.pack(
            "!IIIIII", ssrc, fraction << 24 | lost, highest, jitter, told.sent, delay & 0xFFFFFFFF
        )

    async def _hear(self, line: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                data, source = await loop.sock_recvfrom(line, 4096)
            except OSError:
                # A port that nobody listens at any more; what is heard is what came before.
                await asyncio.sleep(_EVERY)
                continue
            self.take(data, str(source[0]), int(source[1]))
            # Reading from a full socket never yields to the loop, and so neither to the sender.
            await asyncio.sleep(0)

    def take(self, data: bytes, host: str, port: int) -> None:
        """Count what came, and from where."""
        if is_rtcp(data):
            self._take_reports(data)
            return
        header = header_of(data)
        if header is None:
            self.strangers += 1
            return
        key = (host, port, header[4])
        if key not in self._streams:
            if len(self._streams) >= _MOST_STREAMS:
                self.strangers += 1
                return
            self._streams[key] = Stream(src=host, sport=port, dst=self.here, dport=0, ssrc=header[4], tos=0)
        self._streams[key].take(time.time_ns(), header, data, 0)

    def _take_reports(self, data: bytes) -> None:
        now = time.time() + _NTP
        for report in reports_of(data):
            if report.sent:
                self._told[report.ssrc] = _Told(report.sent, time.monotonic())
            for block in report.blocks:
                if block.ssrc == self.ssrc and len(self.reports) < _MOST_STREAMS:
                    self.reports.append(_reported(block, int(now * 65_536) & 0xFFFFFFFF))

    def _heard(self, key: tuple[str, int, int], stream: Stream) -> Heard:
        stream.settle()
        return Heard(
            source=place((key[0], key[1])),
            ssrc=key[2],
            payload=stream.main_payload,
            packets=stream.received,
            lost=max(stream.lost, 0),
            runs=stream.runs,
            late=stream.late,
            copies=stream.copies,
            jitter=round(stream.jitter, 3),
            worst=round(stream.jitter_max, 3),
            first=round((stream.first - self._answered) / 1e9, 3),
            last=round((stream.last - self._answered) / 1e9, 3),
        )


def _reported(block: Block, now: int) -> Reported:
    """Round trip as section 6.4.1 counts it: A - LSR - DLSR, in 1/65536 s."""
    trip = None
    if block.last:
        passed = now - block.last - int(block.delay * 65_536) & 0xFFFFFFFF
        # More than a minute is a clock that was set, or nonsense.
        trip = passed / 65.536 if passed < 60 * 65_536 else None
    return Reported(
        fraction=block.fraction / 100,
        lost=block.lost,
        jitter=block.jitter / 8,
        highest=block.highest,
        round_trip=None if trip is None else round(trip, 2),
    )


def _is_address(text: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            socket.inet_pton(family, text)
            return True
    return False
