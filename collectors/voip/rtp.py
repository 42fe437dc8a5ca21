"""What became of the packets of one stream? Loss, jitter, order and gaps, packet by packet (RFC 3550, RFC 4733, RFC 3389).

Loss and jitter are counted as Wireshark's `rtp,streams` does it, so that two people who look at one capture see one
figure: jitter by RFC 3550 in the codec's own clock, between packets as they arrived; a telephone's events have no clock;
comfort noise, and the first packet of a talkspurt, are left out of mean and maximum. Unlike there a sequence that began
anew (RFC 3550 A.1) is no loss, and one that went around twice is none either.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from collectors.voip.sdp import STATIC, Format

__all__ = ["MOST_INTERVALS", "Header", "Interval", "Stream", "header_of"]

MOST_INTERVALS = 120
_FIRST_WIDTH = 1_000_000_000
_MOST_MISSING = 4_096
# RFC 3550 A.1: so much further on, or back, and it may be another sequence.
_DROPOUT, _MISORDER = 3_000, 100
_NOISE = frozenset({13, 19})
# So many packets tell the clock of a payload type that no SDP named.
_TO_GUESS = 48
_CLOCKS = (8_000, 16_000, 24_000, 32_000, 44_100, 48_000, 90_000)
_DYNAMIC = 96

Header = tuple[int, int, int, int, int, int]


def header_of(data: bytes) -> Header | None:
    """Payload type, marker, sequence, timestamp, SSRC and where the payload begins; None where it is no RTP.

    >>> header_of(bytes.fromhex("8080000100000002000000ff") + bytes(160))
    (0, 1, 1, 2, 255, 12)
    """
    if len(data) < 12 or data[0] >> 6 != 2:
        return None
    start = 12 + (data[0] & 15) * 4
    if data[0] & 16:
        if len(data) < start + 4:
            return None
        start += 4 + (data[start + 2] << 8 | data[start + 3]) * 4
    if start > len(data):
        return None
    second = data[1]
    return (
        second & 127,
        second >> 7,
        data[2] << 8 | data[3],
        int.from_bytes(data[4:8], "big"),
        int.from_bytes(data[8:12], "big"),
        start,
    )


@dataclass(frozen=True, slots=True)
class Interval:
    """A span of a stream. at: seconds since its first packet; jitter: the largest in it, in ms."""

    at: float
    received: int
    lost: int
    jitter: float


@dataclass(slots=True)
class Stream:
    """One SSRC from one place to another, as it is counted. Times are ns since 1970.

    received: every packet, also a second copy; lost: expected minus received, as Wireshark counts to the last packet that
    came (below zero where copies came). missing: numbers that never came. runs: how many gaps they make. late, copies: packets that came
    behind their time, or twice. formats: what SDP says of its payload types, when it is known.
    """

    src: str
    sport: int
    dst: str
    dport: int
    ssrc: int
    tos: int
    formats: dict[int, Format] = field(default_factory=dict)
    number: int = 0
    received: int = 0
    first: int = 0
    last: int = 0
    payload: int = -1
    payloads: dict[int, int] = field(default_factory=dict)
    marks: dict[int, int] = field(default_factory=dict)
    jitter: float = 0.0
    jitter_mean: float = 0.0
    jitter_max: float = 0.0
    gap_max: float = 0.0
    missing: int = 0
    runs: int = 0
    late: int = 0
    copies: int = 0
    restarts: int = 0
    events: int = 0
    unended: int = 0
    noise: int = 0
    size: int = 0
    clock: int = 0
    step: int = 0
    is_clock_guessed: bool = False
    _begun: bool = False
    _base: int = 0
    _top: int = 0
    _end: int = 0
    _ahead: int = 1
    _rates: dict[int, int] = field(default_factory=dict)
    _before: int = 0
    _bad: int = -1
    _stamp: int = 0
    _at: float = 0.0
    _come: int = 0
    _clocked: int = 0
    _is_anew: bool = False
    _since: int = 0
    _votes: int = 0
    _event: int = -1
    _event_ended: bool = True
    _holes: dict[int, int] = field(default_factory=dict)
    _width: int = _FIRST_WIDTH
    _received: list[int] = field(default_factory=list)
    _lost: list[int] = field(default_factory=list)
    _jitter: list[float] = field(default_factory=list)
    _held: list[tuple[int, int, int]] | None = None

    @property
    def lost(self) -> int:
        return self._before + self._end - self._base + 1 - self.received if self._begun else 0

    @property
    def expected(self) -> int:
        return self.lost + self.received

    @property
    def seconds(self) -> float:
        return (self.last - self.first) / 1e9

    @property
    def intervals(self) -> tuple[Interval, ...]:
        return tuple(
            Interval(round(number * self._width / 1e9, 3), received, lost, round(jitter, 3))
            for number, (received, lost, jitter) in enumerate(
                zip(self._received, self._lost, self._jitter, strict=True)
            )
        )

    def take(self, time: int, header: Header, data: bytes, tos: int) -> None:
        """Count one packet."""
        payload, marker, sequence, stamp, _, start = header
        if not self._begun:
            self._begin(time, sequence, stamp, payload)
        self.received += 1
        self.last = time
        self.size += len(data) - start
        if tos != self.tos or self.marks:
            self._mark(tos)
        index = self._index(time)
        self._received[index] += 1
        if self.received > 1:
            step = sequence - (self._top & 0xFFFF) & 0xFFFF
            self._ahead = step if step < _DROPOUT else 0
            if step == 1:
                self._top = self._end = self._top + 1
            else:
                self._out_of_step(step, sequence, stamp, index)
        self._time(time, payload, marker, stamp, index)
        if payload != self.payload:
            self._change(payload)
        if payload in _NOISE:
            self.noise += 1
        elif len(data) - start == 4 and self._is_event(payload):
            self._count_event(stamp, data, start)

    def _begin(self, time: int, sequence: int, stamp: int, payload: int) -> None:
        self._begun = True
        self.first = self.last = time
        self._base = self._top = self._end = sequence
        self._stamp, self.payload = stamp, payload
        self._received, self._lost, self._jitter = [0], [0], [0.0]
        if self._rate(payload) == 0 and payload >= _DYNAMIC and not self._is_event(payload):
            self._held = []

    def _index(self, time: int) -> int:
        """Which interval a moment belongs to; intervals are doubled rather than become too many."""
        index = (time - self.first) // self._width
        have = len(self._received)
        if 0 <= index < have:
            return index
        index = max(index, 0)
        while index >= MOST_INTERVALS:
            self._halve()
            index = max(time - self.first, 0) // self._width
        have = len(self._received)
        if index >= have:
            more = index + 1 - have
            self._received += [0] * more
            self._lost += [0] * more
            self._jitter += [0.0] * more
        return index

    def _halve(self) -> None:
        for counts in (self._received, self._lost):
            counts[:] = [sum(counts[at : at + 2]) for at in range(0, len(counts), 2)]
        self._jitter[:] = [max(self._jitter[at : at + 2]) for at in range(0, len(self._jitter), 2)]
        self._holes = {sequence: index // 2 for sequence, index in self._holes.items()}
        self._width *= 2

    def _out_of_step(self, step: int, sequence: int, stamp: int, index: int) -> None:
        """A packet that is not the next one: a gap, a late one, a copy, or a sequence begun anew."""
        if step == 0:
            self.copies += 1
            self._end = self._top
        elif step < _DROPOUT or (step < 0x8000 and self._fits(step, stamp)):
            self._gap(step - 1, index)
            self._top = self._end = self._top + step
        elif step > 0x10000 - _MISORDER:
            self._behind(self._top - (0x10000 - step))
        elif sequence == self._bad:
            # The second in a row of another sequence: it began anew, and the one before belonged to it.
            self._before += self._end - self._base + 1
            self._base, self._top, self._end = sequence - 1, sequence, sequence
            self._holes.clear()
            self.restarts += 1
            self._bad, self._is_anew = -1, True
        else:
            self._bad = sequence + 1 & 0xFFFF

    def _fits(self, step: int, stamp: int) -> bool:
        """Whether time went on as far as the numbers did, so that it was a long gap and no new beginning."""
        passed = stamp - self._stamp & 0xFFFFFFFF
        return self.step > 0 and abs(passed - step * self.step) <= step * self.step / 8

    def _gap(self, count: int, index: int) -> None:
        self.missing += count
        self.runs += 1
        self._lost[index] += count
        first = self._top + 1
        for sequence in range(max(first, first + count - _MOST_MISSING), first + count):
            self._holes[sequence] = index
        while len(self._holes) > _MOST_MISSING:
            del self._holes[next(iter(self._holes))]

    def _behind(self, sequence: int) -> None:
        self._end = sequence
        index = self._holes.pop(sequence, None)
        if index is None:
            if sequence >= self._base:
                self.copies += 1
            else:
                self.late += 1
            return
        self.late += 1
        self.missing -= 1
        self._lost[index] -= 1
        around = (sequence - 1 in self._holes) + (sequence + 1 in self._holes)
        self.runs += around - 1

    def _rate(self, payload: int) -> int:
        """The RTP clock of a payload type; 0 where it has none, or none is known."""
        told = self.formats.get(payload)
        if told is not None:
            return 0 if told.encoding == "TELEPHONE-EVENT" else told.clock
        if payload in STATIC:
            return STATIC[payload][1]
        return self.clock if self.is_clock_guessed and payload == self.payload else 0

    def _time(self, time: int, payload: int, marker: int, stamp: int, index: int) -> None:
        """Jitter as RFC 3550 6.4.1 and A.8 have it."""
        if self._held is not None:
            self._held.append((time, stamp, marker))
            if len(self._held) >= _TO_GUESS:
                self._guess()
            return
        now = (time - self.first) / 1e6
        if self.received == 1:
            self.clock = self._rate(payload)
            return
        self._spread(now, payload, marker, stamp, index, self.received - 1)

    def _spread(  # noqa: PLR0913, PLR0917 - what one packet adds.
        self, now: float, payload: int, marker: int, stamp: int, index: int, before: int
    ) -> None:
        passed = stamp - self._stamp & 0xFFFFFFFF
        if passed >= 0x80000000:
            passed -= 0x100000000
        come = self._come + passed
        if come < 0 and not self._is_anew:
            # Older than the first that came: there is nothing before that it could be compared with.
            return
        rate = self._rates.get(payload)
        if rate is None:
            rate = self._rates[payload] = self._rate(payload)
        gap = now - self._at
        self._come, self._stamp, self._at = come, stamp, now
        if self._is_anew:
            self._come, self._clocked, self._is_anew = 0, 0, False
            return
        if rate:
            self.clock = rate
            self.jitter += (abs(gap - (come - self._clocked) * 1000 / rate) - self.jitter) / 16
            self._clocked = come
        if not marker and payload not in _NOISE and self.payload not in _NOISE:
            self.gap_max = max(self.gap_max, gap)
            if rate:
                self.jitter_max = max(self.jitter_max, self.jitter)
                self.jitter_mean += (self.jitter - self.jitter_mean) / before
                self._jitter[index] = max(self._jitter[index], self.jitter)
        if passed > 0 and self._ahead and not passed % self._ahead:
            self._vote(passed // self._ahead)

    def _vote(self, passed: int) -> None:
        """Which step between timestamps is the usual one: the majority's, without keeping any."""
        if passed == self.step:
            self._votes += 1
        elif self._votes:
            self._votes -= 1
        else:
            self.step, self._votes = passed, 1

    def _guess(self) -> None:
        """Take the clock that fits best to how fast the timestamps ran, then count what was held back."""
        held, self._held = self._held or [], None
        passed = (held[-1][1] - held[0][1] & 0xFFFFFFFF) if held else 0
        took = (held[-1][0] - held[0][0]) / 1e9 if held else 0.0
        if took > 0 and 0 < passed < 0x80000000:
            speed = passed / took
            best = min(_CLOCKS, key=lambda clock: abs(clock - speed) / clock)
            if abs(best - speed) / best < 0.15:
                self.clock, self.is_clock_guessed = best, True
                self._rates.clear()
        for before, (time, stamp, marker) in enumerate(held):
            now = (time - self.first) / 1e6
            if before == 0:
                self._at, self._stamp = now, stamp
            else:
                self._spread(now, self.payload, marker, stamp, self._index(time), before)

    def _mark(self, tos: int) -> None:
        if not self.marks:
            self.marks[self.tos >> 2] = self.received - 1
        self.marks[tos >> 2] = self.marks.get(tos >> 2, 0) + 1

    def _change(self, payload: int) -> None:
        so_far = self.received - 1 - self._since
        self.payloads[self.payload] = self.payloads.get(self.payload, 0) + so_far
        self.payload, self._since = payload, self.received - 1

    def _is_event(self, payload: int) -> bool:
        told = self.formats.get(payload)
        if told is not None:
            return told.encoding == "TELEPHONE-EVENT"
        return payload >= _DYNAMIC and payload != self.main_payload

    def _count_event(self, stamp: int, data: bytes, start: int) -> None:
        """Count keys, never keep which: they are PINs and card numbers."""
        if stamp != self._event:
            self.events += 1
            self.unended += not self._event_ended
            self._event, self._event_ended = stamp, False
        if data[start + 1] & 0x80:
            self._event_ended = True

    @property
    def main_payload(self) -> int:
        """The payload type of most packets, comfort noise and events left aside while there is another."""
        counts = self.counts
        speech = {pt: n for pt, n in counts.items() if pt not in _NOISE and not self._named_event(pt)}
        return max(speech or counts, key=lambda pt: counts[pt], default=self.payload)

    def _named_event(self, payload: int) -> bool:
        told = self.formats.get(payload)
        return told is not None and told.encoding in {"TELEPHONE-EVENT", "CN"}

    @property
    def counts(self) -> dict[int, int]:
        """Packets by payload type."""
        counts = dict(self.payloads)
        counts[self.payload] = counts.get(self.payload, 0) + self.received - self._since
        return counts

    @property
    def dscp(self) -> dict[int, int]:
        """Packets by the mark in their IP header."""
        return dict(self.marks) if self.marks else {self.tos >> 2: self.received}

    def settle(self) -> Stream:
        """Count what is still held back, at the end of the capture."""
        if self._held is not None:
            self._guess()
        self.unended += not self._event_ended
        self._event_ended = True
        return self
