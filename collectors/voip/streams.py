"""Which streams of RTP are there, and whose are they? By the addresses in SDP, else by how the packets look."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from collectors.voip import sdp
from collectors.voip.frames import Unit
from collectors.voip.rtcp import Block, Metrics, Report, reports_of
from collectors.voip.rtp import Header, Stream

__all__ = ["FarEnd", "Found", "Streams", "place", "spelt_address"]

_MOST_STREAMS = 60_000
_MOST_UNPROVEN = 20_000
# So many packets, most of them in order, make a stream where no SDP speaks of one.
_PROOF = 8
_MOST_ENDS = 200_000
Key = tuple[bytes, int, bytes, int, int]
Side = Literal["caller", "callee"]


@dataclass(slots=True)
class FarEnd:
    """What was said of a stream by RTCP. round_trip: ms from the capture's place to the receiver and back."""

    reports: int = 0
    last: Block | None = None
    worst: float = 0.0
    round_trip: float | None = None
    metrics: Metrics | None = None


@dataclass(slots=True)
class _End:
    """A place where media shall arrive: of which call, at whose ear, with which payload types."""

    call: int
    side: Side
    formats: dict[int, sdp.Format]


@dataclass(slots=True)
class Found:
    """A stream with the call it belongs to (-1 for none); to: whose ear it goes to."""

    stream: Stream
    call: int = -1
    to: Literal["", "caller", "callee"] = ""
    far: FarEnd = field(default_factory=FarEnd)
    announced: frozenset[int] = frozenset()


@dataclass(slots=True)
class Streams:
    """The streams as they grow. left_out: packets of streams beyond what is kept."""

    left_out: int = 0
    rtcp: int = 0
    _ends: dict[tuple[bytes, int], _End] = field(default_factory=dict)
    _found: dict[Key, Found] = field(default_factory=dict)
    _unproven: int = 0
    _by_ssrc: dict[int, list[Found]] = field(default_factory=dict)
    _sent: dict[tuple[int, int], int] = field(default_factory=dict)

    def announce(self, call: int, side: Side, media: sdp.Media) -> None:
        """Remember where one side wants its media, from now on."""
        packed = _packed(media.address)
        if packed is None or len(self._ends) > _MOST_ENDS:
            return
        formats = {one.number: one for one in media.formats}
        known = self._ends.get((packed, media.port))
        if known is not None and known.call == call and known.side == side:
            known.formats.update(formats)
        else:
            self._ends[packed, media.port] = _End(call, side, formats)

    def take(self, time: int, unit: Unit, header: Header) -> None:
        """Count one packet of RTP."""
        key = (unit.src, unit.sport, unit.dst, unit.dport, header[4])
        found = self._found.get(key)
        if found is None:
            found = self._begin(key, unit)
            if found is None:
                self.left_out += 1
                return
        found.stream.take(time, header, unit.payload, unit.tos)

    def _begin(self, key: Key, unit: Unit) -> Found | None:
        if len(self._found) >= _MOST_STREAMS:
            return None
        ear, mouth = self._ends.get((unit.dst, unit.dport)), self._ends.get((unit.src, unit.sport))
        if ear is not None and mouth is not None and ear.call != mouth.call:
            # A place that was used before: the later call is the one that this belongs to.
            ear, mouth = (ear, None) if ear.call > mouth.call else (None, mouth)
        formats: dict[int, sdp.Format] = dict(mouth.formats) if mouth else {}
        formats.update(ear.formats if ear else {})
        stream = Stream(
            spelt_address(unit.src),
            unit.sport,
            spelt_address(unit.dst),
            unit.dport,
            key[4],
            unit.tos,
            formats,
            len(self._found),
        )
        found = self._found[key] = Found(stream)
        if ear is not None:
            found.call, found.to = ear.call, ear.side
            found.announced = frozenset(ear.formats)
        elif mouth is not None:
            found.call, found.to = mouth.call, "callee" if mouth.side == "caller" else "caller"
        else:
            self._unproven += 1
            if self._unproven > _MOST_UNPROVEN:
                self._forget_unproven()
        self._by_ssrc.setdefault(key[4], []).append(found)
        return found

    def _forget_unproven(self) -> None:
        """What only looked like RTP is not kept for ever."""
        self._found = {
            key: one for key, one in self._found.items() if one.call >= 0 or _is_proven(one.stream)
        }
        self._by_ssrc = {}
        for key, one in self._found.items():
            self._by_ssrc.setdefault(key[4], []).append(one)
        self._unproven = 0

    def report(self, time: int, unit: Unit) -> None:
        """Take what telephones say of each other."""
        for said in reports_of(unit.payload):
            self.rtcp += 1
            if said.sent is not None:
                if len(self._sent) > 50_000:
                    self._sent.clear()
                self._sent[said.ssrc, said.sent] = time
            self._told(time, unit, said)

    def _told(self, time: int, unit: Unit, said: Report) -> None:
        receiver = spelt_address(unit.src)
        for block in said.blocks:
            for found in self._of(block.ssrc, receiver):
                far = found.far
                far.reports, far.last = far.reports + 1, block
                far.worst = max(far.worst, block.fraction)
                began = self._sent.get((block.ssrc, block.last)) if block.last else None
                if began is not None:
                    far.round_trip = max((time - began) / 1e6 - block.delay * 1000, 0.0)
        for metrics in said.metrics:
            for found in self._of(metrics.ssrc, receiver):
                found.far.reports += 1
                found.far.metrics = metrics

    def _of(self, ssrc: int, receiver: str) -> list[Found]:
        """The streams that a receiver speaks of: those to it; where addresses are changed on the way, all of that SSRC."""
        known = self._by_ssrc.get(ssrc, [])
        exact = [one for one in known if one.stream.dst == receiver]
        return exact or (known if len(known) == 1 else [])

    def finish(self) -> Iterator[Found]:
        """Give the streams, in the order they began; what only looked like one is left out."""
        for found in self._found.values():
            if found.call >= 0 or _is_proven(found.stream):
                found.stream.settle()
                yield found


def _is_proven(stream: Stream) -> bool:
    """Many packets, numbered nearly without gaps, of a few payload types: chance does not make that."""
    is_long = stream.received >= _PROOF and len(stream.counts) <= 4
    return is_long and stream.restarts * 8 <= stream.received and stream.missing <= stream.received


def _packed(address: str) -> bytes | None:
    try:
        return ipaddress.ip_address(address).packed
    except ValueError:
        return None


def spelt_address(packed: bytes) -> str:
    """An address as people write it."""
    if len(packed) == 4:
        return f"{packed[0]}.{packed[1]}.{packed[2]}.{packed[3]}"
    return str(ipaddress.ip_address(packed))


def place(packed: bytes, port: int) -> str:
    """Address and port as one text."""
    address = spelt_address(packed)
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
