"""How do packets and captures look as bytes? Ethernet, IP, UDP, RTP, pcap and pcapng, put together by the RFCs."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable

__all__ = ["Frame", "apart", "dgram", "pcap", "pcapng", "rtp"]

# Seconds since 1970, and the frame.
Frame = tuple[float, bytes]
_BEGAN = 1_700_000_000


def _packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def apart(place: str) -> tuple[str, int]:
    address, _, port = place.rpartition(":")
    return address.strip("[]"), int(port)


def dgram(
    src: str, dst: str, payload: bytes, dscp: int = 0, *, most: int = 0, number: int = 1
) -> list[bytes]:
    """Ethernet frames with one UDP datagram between 'address:port' places; in fragments where `most` bytes of IP are said."""
    (source, sport), (target, dport) = apart(src), apart(dst)
    body = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
    if ":" in source:
        head = (
            struct.pack(">IHBB", 6 << 28 | dscp << 22, len(body), 17, 64) + _packed(source) + _packed(target)
        )
        return [bytes(12) + b"\x86\xdd" + head + body]
    parts = [body[at : at + most] for at in range(0, len(body), most)] if most else [body]
    frames = []
    for place, part in enumerate(parts):
        bits = (place * most // 8) | (0x2000 if place < len(parts) - 1 else 0)
        head = struct.pack(">BBHHHBBH", 0x45, dscp << 2, 20 + len(part), number, bits, 64, 17, 0)
        frames.append(bytes(12) + b"\x08\x00" + head + _packed(source) + _packed(target) + part)
    return frames


def rtp(  # noqa: PLR0917 - the fields of its header, in their order.
    payload: int, marker: int, sequence: int, stamp: int, ssrc: int, body: bytes
) -> bytes:
    head = struct.pack(">BBHII", 0x80, marker << 7 | payload, sequence & 0xFFFF, stamp & 0xFFFFFFFF, ssrc)
    return head + body


def pcap(
    frames: Iterable[Frame], *, order: str = "<", nano: bool = False, link: int = 1, snap: int = 0
) -> bytes:
    """A file of libpcap."""
    unit, magic = (10**9, 0xA1B23C4D) if nano else (10**6, 0xA1B2C3D4)
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262_144, link)]
    for at, frame in frames:
        kept = frame[:snap] if snap else frame
        ticks = round(at * unit)
        parts += (
            struct.pack(order + "IIII", _BEGAN + ticks // unit, ticks % unit, len(kept), len(frame)),
            kept,
        )
    return b"".join(parts)


def pcapng(frames: Iterable[Frame], *, order: str = "<", link: int = 1, nano: bool = False) -> bytes:
    """A file of Wireshark, with one interface."""

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        size = struct.pack(order + "I", len(body) + 12)
        return struct.pack(order + "I", kind) + size + body + size

    option = struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0) if nano else b""
    parts = [
        block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)),
        block(1, struct.pack(order + "HHI", link, 0, 262_144) + option),
    ]
    for at, frame in frames:
        ticks = _BEGAN * (10**9 if nano else 10**6) + round(at * (10**9 if nano else 10**6))
        head = struct.pack(order + "IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
        parts.append(block(6, head + frame))
    return b"".join(parts)
