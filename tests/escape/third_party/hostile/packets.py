"""Packets as bytes: what somebody sends who builds them by hand."""

from __future__ import annotations

import socket
import struct

from tests.escape.places import AGENT

__all__ = ["ethernet", "ipv4", "ipv6", "lsrr", "segments", "udp"]


def udp(port: int, what: bytes) -> bytes:
    return struct.pack("!HHHH", 40_000, port, 8 + len(what), 0) + what


def ipv4(to: str, what: bytes) -> bytes:
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(what), 1, 0, 64, socket.IPPROTO_UDP, 0,
        socket.inet_aton(AGENT.address), socket.inet_aton(to),
    )  # fmt: skip
    return head[:10] + struct.pack("!H", _sum(head)) + head[12:] + what


def _sum(head: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(head) // 2}H", head))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv6(to: str, what: bytes) -> bytes:
    addresses = (socket.inet_pton(socket.AF_INET6, name) for name in (AGENT.address6, to))
    return struct.pack("!IHBB16s16s", 0x60000000, len(what), socket.IPPROTO_UDP, 64, *addresses) + what


def ethernet(kind: int, what: bytes) -> bytes:
    return b"\xff" * 6 + bytes.fromhex(AGENT.mac.replace(":", "")) + struct.pack("!H", kind) + what


def lsrr(over: str, to: str) -> bytes:
    """IPv4's loose source route: first there, then here."""
    return b"\x01\x83\x0b\x04" + socket.inet_aton(over) + socket.inet_aton(to)


def segments(over: str) -> bytes:
    """An IPv6 segment routing header (RFC 8754): another address first, then the one that is asked for."""
    return struct.pack(
        "!BBBBBBH16s16s", 0, 4, 4, 1, 1, 0, 0, bytes(16), socket.inet_pton(socket.AF_INET6, over)
    )
