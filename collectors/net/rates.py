"""How much does a line carry, and what passes a policer? The arithmetic of queues, with its sources.

Rates are bit/s, sizes bytes, times seconds, unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "CODECS",
    "ETHERNET",
    "WIRE",
    "Codec",
    "Colour",
    "burst_guide",
    "call_rate",
    "delta",
    "serialization",
    "shaper_burst",
    "single_bucket",
    "srtcm",
    "trtcm",
]

Colour = Literal["green", "yellow", "red"]
Codec = Literal["g711", "g722", "g729"]
Packets = Iterable[tuple[float, int]]

# What a codec makes of speech (ITU-T G.711, G.722 at 64 kbit/s, G.729), in bit/s.
CODECS: dict[Codec, int] = {"g711": 64_000, "g722": 64_000, "g729": 8_000}
# IPv4, UDP and RTP, without options (RFC 791, 768, 3550).
_HEADERS = 20 + 8 + 12
# What Ethernet adds: header and check sum; on the wire also preamble and gap (IEEE 802.3).
ETHERNET = 18
WIRE = 38


def delta(before: int, after: int, bits: Literal[32, 64]) -> int:
    """How far a counter went (RFC 2578, section 7.1.6): it may have begun again at 0 once.

    It says something only where the device was not restarted and still counts the same thing.

    >>> delta(4_294_967_290, 10, 32), delta(5, 12, 64)
    (16, 7)
    """
    return (after - before) % (1 << bits)


def call_rate(codec: Codec, packet_ms: int = 20, *, overhead: int = 0) -> float:
    """What one call needs in one direction; overhead: bytes that the layers below IP add to a packet.

    >>> call_rate("g711"), call_rate("g711", overhead=ETHERNET), call_rate("g729", overhead=WIRE)
    (80000.0, 87200.0, 39200.0)
    """
    payload = CODECS[codec] * packet_ms / 1000 / 8
    return (payload + _HEADERS + overhead) * 8 * 1000 / packet_ms


def serialization(rate: float, size: int = 1500) -> float:
    """Seconds that a packet of so many bytes keeps a line busy.

    >>> serialization(64_000)
    0.1875
    """
    return size * 8 / rate


def shaper_burst(rate: float, interval: float) -> float:
    """Bits that a shaper sends in one interval: Bc = CIR x Tc.

    >>> shaper_burst(10_000_000, 0.010)
    100000.0
    """
    return rate * interval


def burst_guide(rate: float) -> tuple[float, float]:
    """Normal and extended burst of a policer in bytes, as Cisco recommends for TCP: rate/8 x 1.5 s, and twice that.

    >>> burst_guide(8_000_000)
    (1500000.0, 3000000.0)
    """
    normal = rate / 8 * 1.5
    return normal, 2 * normal


@dataclass(slots=True)
class _Bucket:
    """Tokens are bytes; it is full at first. fill: bytes a second."""

    fill: float
    size: float
    tokens: float
    at: float = 0.0

    def refill(self, now: float) -> float:
        """Fill it up to now; what does not fit runs over."""
        wanted = self.tokens + (now - self.at) * self.fill
        self.at, self.tokens = now, min(self.size, wanted)
        return max(0.0, wanted - self.size)

    def holds(self, size: int) -> bool:
        # Sums of fractions of a second miss a whole number by a hair.
        return self.tokens + 1e-6 >= size


def single_bucket(packets: Packets, *, cir: float, bc: float) -> list[bool]:
    """Which packets (seconds, bytes) conform to one bucket of bc bytes that is filled with cir bytes a second.

    >>> single_bucket([(0, 1000), (0.1, 1000), (1.4, 1000)], cir=1000, bc=1500)
    [True, False, True]
    """
    bucket = _Bucket(cir, bc, bc)
    return [_takes(bucket, now, size) for now, size in packets]


def _takes(bucket: _Bucket, now: float, size: int) -> bool:
    bucket.refill(now)
    if not bucket.holds(size):
        return False
    bucket.tokens -= size
    return True


def srtcm(packets: Packets, *, cir: float, cbs: float, ebs: float) -> list[Colour]:
    """Colours by one rate and two bursts (RFC 2697), colour-blind; cir in bytes a second, bursts in bytes."""
    found: list[Colour] = []
    committed, excess = _Bucket(cir, cbs, cbs), _Bucket(0, ebs, ebs)
    for now, size in packets:
        over = committed.refill(now)
        excess.tokens = min(ebs, excess.tokens + over)
        if committed.holds(size):
            committed.tokens -= size
            found.append("green")
        elif excess.holds(size):
            excess.tokens -= size
            found.append("yellow")
        else:
            found.append("red")
    return found


def trtcm(packets: Packets, *, pir: float, pbs: float, cir: float, cbs: float) -> list[Colour]:
    """Colours by two rates (RFC 2698), colour-blind; rates in bytes a second, bursts in bytes."""
    found: list[Colour] = []
    peak, committed = _Bucket(pir, pbs, pbs), _Bucket(cir, cbs, cbs)
    for now, size in packets:
        peak.refill(now)
        committed.refill(now)
        if not peak.holds(size):
            found.append("red")
        elif not committed.holds(size):
            peak.tokens -= size
            found.append("yellow")
        else:
            peak.tokens -= size
            committed.tokens -= size
            found.append("green")
    return found
