"""Whom did the agent send something to? Reads a capture, as the second witness beside the counters."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

from tests.escape.places import CELLS

__all__ = ["strangers"]

# Linux "cooked" capture, version 2: what `tcpdump -i any` writes.
_COOKED = 276
_HEAD = struct.Struct("!HHIHBB8s")
_OUTGOING = 4
_LOOPBACK = 1
# ICMP and ICMPv6, "unreachable": what the kernel says by itself to a machine whose answer came late.
_TOO_LATE = {(1, 3), (58, 1)}
ANY = -1


def strangers(file: Path, cable: int) -> Counter[str]:
    """Count what left the agent for somebody who is not permitted: by address, or 'arp', or the number of a protocol.

    cable: the number of the interface on which the permitted machines are.
    """
    found: Counter[str] = Counter()
    for protocol, interface, packet in _outgoing(file.read_bytes()):
        where, port = _destination(protocol, packet)
        if interface != cable or not port or not _is_permitted(where, port):
            found[where] += 1
    return found


def _outgoing(raw: bytes) -> Iterator[tuple[int, int, bytes]]:
    magic, *_, kind = struct.unpack_from("=IHHiIII", raw)
    if magic != 0xA1B2C3D4 or kind != _COOKED:
        raise ValueError(f"this capture has link type {kind}, not the one that is read here")
    at = 24
    while at < len(raw):
        (length,) = struct.unpack_from("=I", raw, at + 8)
        protocol, _, interface, _, direction, _, _ = _HEAD.unpack_from(raw, at + 16)
        if direction == _OUTGOING and interface != _LOOPBACK:
            yield protocol, interface, raw[at + 16 + _HEAD.size : at + 16 + length]
        at += 16 + length


def _destination(protocol: int, packet: bytes) -> tuple[str, int]:
    match protocol:
        case 0x0800:
            head, address, over = (packet[0] & 15) * 4, packet[16:20], packet[9]
        case 0x86DD:
            head, address, over = 40, packet[24:40], packet[6]
        case 0x0806:
            return "arp", 0
        case _:
            return f"{protocol:#06x}", 0
    port = int.from_bytes(packet[head + 2 : head + 4], "big") if over in {6, 17} else 0
    if (over, packet[head]) in _TOO_LATE:
        port = ANY
    return str(ip_address(address)), port


def _is_permitted(where: str, port: int) -> bool:
    address = ip_address(where)
    return any(
        port in {*cell.ports, ANY} and any(address in ip_network(net, strict=False) for net in cell.nets)
        for cell in CELLS
    )
