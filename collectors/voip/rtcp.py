"""What do the telephones themselves say of a stream? Reports of RTCP (RFC 3550, section 6) and its extension (RFC 3611)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Block", "Metrics", "Report", "is_rtcp", "reports_of"]

_VOIP_METRICS = 7
_MOST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What a receiver says of one sender's stream.

    fraction: lost since the report before, per cent; lost: all in all; highest: the last sequence number, extended (0: nothing
    came, which is not the same as nothing lost); jitter: in units of the stream's clock; last, delay: LSR, and DLSR in seconds.
    """

    ssrc: int
    fraction: float
    lost: int
    highest: int
    jitter: int
    last: int
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The VoIP metrics block of RFC 3611 (section 4.7). loss, discard: per cent; round_trip, end_delay: ms, 0 for unknown.

    r, mos_listening, mos: None where the telephone does not say; gap: the Gmin by which it tells bursts, normally 16.
    """

    ssrc: int
    loss: float
    discard: float
    burst_density: float
    gap_density: float
    round_trip: int
    end_delay: int
    r: int | None
    mos_listening: float | None
    mos: float | None
    gap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One packet of a compound. sent: NTP time of a sender's report, its middle 32 bits; None in others. ended: a BYE."""

    ssrc: int
    sent: int | None = None
    blocks: tuple[Block, ...] = ()
    metrics: tuple[Metrics, ...] = ()
    ended: bool = False


def is_rtcp(data: bytes) -> bool:
    """Say whether a datagram is RTCP and no RTP: by its type, which RFC 5761 keeps apart.

    >>> is_rtcp(bytes.fromhex("80c8000600000001")), is_rtcp(bytes.fromhex("8000000100000000"))
    (True, False)
    """
    return len(data) >= 8 and data[0] >> 6 == 2 and 192 <= data[1] <= 223


def reports_of(data: bytes) -> Iterator[Report]:
    """Read a compound packet; what is cut or odd in it ends the reading, and nothing is raised."""
    at = 0
    while at + 8 <= len(data) and data[at] >> 6 == 2:
        count, kind = data[at] & 31, data[at + 1]
        end = at + 4 + (data[at + 2] << 8 | data[at + 3]) * 4
        if end > len(data):
            return
        body = data[at + 4 : end]
        ssrc = int.from_bytes(body[:4], "big")
        match kind:
            case 200 if len(body) >= 24:
                sent = int.from_bytes(body[6:10], "big")
                yield Report(ssrc=ssrc, sent=sent, blocks=tuple(_blocks(body[24:], count)))
            case 201:
                yield Report(ssrc=ssrc, blocks=tuple(_blocks(body[4:], count)))
            case 203:
                yield Report(ssrc=ssrc, ended=True)
            case 207:
                yield Report(ssrc=ssrc, metrics=tuple(_metrics(body[4:])))
            case _:
                pass
        at = end


def _blocks(body: bytes, count: int) -> Iterator[Block]:
    for number in range(min(count, len(body) // 24)):
        ssrc, lost, highest, jitter, last, delay = struct.unpack_from(">IIIIII", body, number * 24)
        # The upper octet is a fraction of 256, the rest a number with a sign.
        total = (lost & 0xFFFFFF) - ((lost & 0x800000) << 1)
        yield Block(
            ssrc=ssrc,
            fraction=(lost >> 24) * 100 / 256,
            lost=total,
            highest=highest,
            jitter=jitter,
            last=last,
            delay=delay / 65_536,
        )


def _metrics(body: bytes) -> Iterator[Metrics]:
    at = 0
    for _ in range(_MOST):
        if at + 4 > len(body):
            return
        kind, length = body[at], (body[at + 2] << 8 | body[at + 3]) * 4
        block = body[at + 4 : at + 4 + length]
        if kind == _VOIP_METRICS and len(block) >= 32:
            yield _voip(block)
        at += 4 + length


def _voip(block: bytes) -> Metrics:
    ssrc, loss, discard, burst, gap = struct.unpack_from(">IBBBB", block)
    round_trip, end_delay = struct.unpack_from(">HH", block, 12)
    least, r, _, listening, conversation = block[19:24]
    return Metrics(
        ssrc=ssrc,
        loss=loss * 100 / 256,
        discard=discard * 100 / 256,
        burst_density=burst * 100 / 256,
        gap_density=gap * 100 / 256,
        round_trip=round_trip,
        end_delay=end_delay,
        r=r if r <= 100 else None,
        mos_listening=_mos(listening),
        mos=_mos(conversation),
        gap=least,
    )


def _mos(value: int) -> float | None:
    """Ten times the MOS; 127 says that there is none."""
    return value / 10 if 10 <= value <= 50 else None
