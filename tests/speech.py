"""How does voice look on the wire, with all that can go wrong with it? Streams of RTP, packet by packet."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tests.wire import Frame, apart, dgram, rtp

__all__ = ["Closed", "Speech"]


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Speech(Closed):
    """Voice to one ear. lose: these packets, by number; lose_every: each so many; wait: by up to so many ms, by chance; late: these come 30 ms
    behind; twice: these come again. keys: key presses at these seconds, of which `unended` lack their end. noise: seconds of silence with comfort
    noise. switch: from this packet on another payload type. resume: from this packet on another sequence, of the same or another SSRC.
    """

    to: Literal["caller", "callee"]
    seconds: float = 10.0
    after: float = 0.0
    payload: int = 0
    ms: int = 20
    dscp: int = 46
    ssrc: int = 0
    first: int = 1000
    stamp: int = 160
    size: int = 160
    clock: int = 8000
    source: str = ""
    target: str = ""
    lose: tuple[int, ...] = ()
    lose_every: int = 0
    lose_from: int = 0
    wait: float = 0.0
    late: tuple[int, ...] = ()
    twice: tuple[int, ...] = ()
    keys: tuple[float, ...] = ()
    key_payload: int = 101
    unended: int = 0
    noise: tuple[tuple[float, float], ...] = ()
    switch: tuple[int, int] | None = None
    resume: int = 0
    resume_ssrc: int = 0
    seed: int = 1
    report: tuple[float, int, int] | None = Field(
        default=None,
        description="an RTCP receiver's report at the end: per cent of the last, packets lost, highest number",
    )
    round_trip: float = 0.0

    def packets(self, begin: float, src: str, dst: str) -> Iterator[Frame]:
        chance = random.Random(self.seed)  # noqa: S311 - the same each time.
        step = self.clock * self.ms // 1000
        ssrc, shift = self.ssrc or 0x11223344, 0
        sequence = self.first
        begin += self.after
        pressed = {round(at * 1000 / self.ms): place for place, at in enumerate(self.keys)}
        number, count = 0, int(self.seconds * 1000 / self.ms)
        while number < count:
            at, stamp = begin + number * self.ms / 1000, self.stamp + number * step
            if self.resume and number == self.resume:
                shift, ssrc = 20_000, self.resume_ssrc or ssrc
            if number in pressed:
                for part in range(9):
                    end = 0x80 if part > 5 and pressed[number] >= self.unended else 0
                    event = bytes([5, end | 10]) + struct.pack(">H", min(part + 1, 6) * step)
                    one = rtp(self.key_payload, part == 0, sequence + shift, stamp, ssrc, event)
                    yield at + part * self.ms / 1000, self._frame(src, dst, one)
                    sequence += 1
                number += 9
                continue
            quiet = next((span for span in self.noise if span[0] <= number * self.ms / 1000 < span[1]), None)
            if quiet is not None:
                yield at, self._frame(src, dst, rtp(13, 0, sequence + shift, stamp, ssrc, b"\x40"))
                sequence += 1
                number = max(int(quiet[1] * 1000 / self.ms), number + 1)
                continue
            payload = self.switch[1] if self.switch and number >= self.switch[0] else self.payload
            came = at + chance.random() * self.wait / 1000 + (0.03 if number in self.late else 0.0)
            is_lost = number in self.lose or (
                self.lose_every and number >= self.lose_from and number % self.lose_every == 0
            )
            if not is_lost:
                one = self._frame(
                    src, dst, rtp(payload, number == 0, sequence + shift, stamp, ssrc, bytes(self.size))
                )
                yield came, one
                if number in self.twice:
                    yield came + 0.0005, one
            sequence += 1
            number += 1
        yield from self._reported(begin + self.seconds, src, dst, ssrc)

    def _frame(self, src: str, dst: str, one: bytes) -> bytes:
        return dgram(src, dst, one, self.dscp)[0]

    def _reported(self, at: float, src: str, dst: str, ssrc: int) -> Iterator[Frame]:
        if self.report is None:
            return
        fraction, lost, highest = self.report
        (a, ap), (b, bp) = apart(src), apart(dst)
        sender, receiver = f"{a}:{ap + 1}", f"{b}:{bp + 1}"
        if self.round_trip:
            said = struct.pack(">BBHIIIIII", 0x80, 200, 6, ssrc, 0x0001_AAAA, 0xBBBB_0000, 0, 0, 0)
            yield at, dgram(sender, receiver, said)[0]
        last = 0xAAAA_BBBB if self.round_trip else 0
        block = struct.pack(
            ">IIIIII",
            ssrc,
            round(fraction * 256 / 100) << 24 | lost & 0xFFFFFF,
            highest,
            80,
            last,
            65_536 if last else 0,
        )
        head = struct.pack(">BBHI", 0x81, 201, 7, 0x99)
        yield at + 1 + self.round_trip / 1000, dgram(receiver, sender, head + block)[0]
