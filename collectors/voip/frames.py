"""Who sent what to whom? From a captured frame to the datagram or segment inside it.

Link layers: Ethernet with VLAN tags (802.1Q, 802.1ad), Linux cooked 1 and 2, raw IP, BSD loopback, PPP. A frame that was cut, or is of
something else, is None and is counted by whoever asks; nothing here raises.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from collectors.voip.fragments import Fragments
from collectors.voip.recording import Packet

__all__ = ["LINKS", "TCP", "UDP", "Unit", "unit_of"]

TCP, UDP = 6, 17
_IP4, _IP6 = 0x0800, 0x86DD
_TAGS = frozenset({0x8100, 0x88A8, 0x9100})
_PPPOE = 0x8864
# IPv6 extension headers with a length of their own (RFC 8200): hop-by-hop, routing, destination, mobility; AH counts apart.
_EXTENSIONS = frozenset({0, 43, 60, 135})
_FRAGMENT, _AUTH = 44, 51
_PORTS = Struct(">HH").unpack_from
_SHORT = Struct(">H").unpack_from

# Link types that are read, by number (tcpdump.org/linktypes.html).
LINKS = {
    0: "BSD loopback",
    1: "Ethernet",
    12: "raw IP",
    14: "raw IP",
    101: "raw IP",
    108: "OpenBSD loopback",
    113: "Linux cooked",
    228: "raw IPv4",
    229: "raw IPv6",
    276: "Linux cooked 2",
}


class Unit(NamedTuple):
    """One UDP datagram or TCP segment. src, dst: packed addresses; tos: the whole octet; lost: bytes that were not captured.

    sequence: of TCP, else 0; flags: of TCP. is_fragmented: it came in several IP packets.
    """

    protocol: int
    src: bytes
    sport: int
    dst: bytes
    dport: int
    tos: int
    payload: bytes
    lost: int
    sequence: int = 0
    flags: int = 0
    is_fragmented: bool = False


def unit_of(packet: Packet, fragments: Fragments) -> Unit | None:
    """What a frame carries; None for what is neither UDP nor TCP, is cut in its headers, or waits for more fragments."""
    data = packet.data
    link = packet.link
    at = 14
    if link == 1:
        if len(data) < 34:
            return None
        kind = data[12] << 8 | data[13]
        while kind in _TAGS and len(data) >= at + 4:
            kind = data[at + 2] << 8 | data[at + 3]
            at += 4
        if kind == _PPPOE and len(data) >= at + 8:
            kind = {0x21: _IP4, 0x57: _IP6}.get(_SHORT(data, at + 6)[0], 0)
            at += 8
    else:
        found = _start(link, data)
        if found is None:
            return None
        at, kind = found
    if kind == _IP4:
        return _version4(data, at, packet, fragments)
    if kind == _IP6:
        return _version6(data, at, packet, fragments)
    return None


def _start(link: int, data: bytes) -> tuple[int, int] | None:
    """Where the network layer of a frame begins, and which it is."""
    if len(data) < 20:
        return None
    match link:
        case 113:
            at, kind = 16, _SHORT(data, 14)[0]
            if kind in _TAGS:
                at, kind = 20, _SHORT(data, 18)[0]
            return at, kind
        case 276:
            at, kind = 20, _SHORT(data, 0)[0]
            if kind in _TAGS and len(data) >= 24:
                at, kind = 24, _SHORT(data, 22)[0]
            return at, kind
        case 12 | 14 | 101 | 228 | 229:
            return 0, {4: _IP4, 6: _IP6}.get(data[0] >> 4, 0)
        case 0 | 108:
            # The family is of the host's own byte order, and its number for IPv6 of the system's own choice.
            return 4, {4: _IP4, 6: _IP6}.get(data[4] >> 4, 0)
        case _:
            return None


def _version4(data: bytes, at: int, packet: Packet, fragments: Fragments) -> Unit | None:
    if len(data) < at + 20:
        return None
    first = data[at]
    head = (first & 15) * 4
    if first >> 4 != 4 or head < 20 or len(data) < at + head:
        return None
    protocol = data[at + 9]
    if protocol not in {UDP, TCP}:
        return None
    total = data[at + 2] << 8 | data[at + 3]
    if total < head:
        # What the network card cuts into segments itself has no length yet.
        total = max(packet.size - at, head) if total == 0 else head
    src, dst = data[at + 12 : at + 16], data[at + 16 : at + 20]
    place = (data[at + 6] << 8 | data[at + 7]) & 0x3FFF
    body = data[at + head : at + total]
    missing = max(total - head - len(body), 0)
    if not place:
        return _transport(protocol, src, dst, data[at + 1], body, missing)
    key = (src, dst, protocol, data[at + 4 : at + 6])
    whole = fragments.add(key, (place & 0x1FFF) * 8, body, is_last=not place & 0x2000, is_cut=missing > 0)
    if whole is None:
        return None
    unit = _transport(protocol, src, dst, data[at + 1], whole, 0)
    return unit and unit._replace(is_fragmented=True)


def _version6(data: bytes, at: int, packet: Packet, fragments: Fragments) -> Unit | None:
    if len(data) < at + 40 or data[at] >> 4 != 6:
        return None
    tos = (data[at] & 15) << 4 | data[at + 1] >> 4
    length = data[at + 4] << 8 | data[at + 5]
    src, dst = data[at + 8 : at + 24], data[at + 24 : at + 40]
    protocol, start = data[at + 6], at + 40
    end = start + (length or max(packet.size - start, 0))
    part: tuple[int, bool, bytes] | None = None
    for _ in range(16):
        if protocol not in _EXTENSIONS and protocol not in {_FRAGMENT, _AUTH}:
            break
        if len(data) < start + 8 or start + 8 > end:
            return None
        kind, protocol = protocol, data[start]
        if kind == _FRAGMENT:
            place = data[start + 2] << 8 | data[start + 3]
            part = (place & 0xFFF8, not place & 1, data[start + 4 : start + 8])
            start += 8
            break
        start += (data[start + 1] + 2) * 4 if kind == _AUTH else (data[start + 1] + 1) * 8
    body = data[start:end]
    missing = max(end - start - len(body), 0)
    if part is not None and (part[0] or not part[1]):
        whole = fragments.add(
            (src, dst, protocol, part[2]), part[0], body, is_last=part[1], is_cut=missing > 0
        )
        if whole is None or protocol not in {UDP, TCP}:
            return None
        unit = _transport(protocol, src, dst, tos, whole, 0)
        return unit and unit._replace(is_fragmented=True)
    return _transport(protocol, src, dst, tos, body, missing) if protocol in {UDP, TCP} else None


def _transport(  # noqa: PLR0913, PLR0917 - what one packet says.
    protocol: int, src: bytes, dst: bytes, tos: int, body: bytes, missing: int
) -> Unit | None:
    if protocol == UDP:
        if len(body) < 8:
            return None
        sport, dport = _PORTS(body)
        length = body[4] << 8 | body[5]
        # A length of nothing is that of a datagram that is larger than the field can say.
        payload = body[8:length] if length >= 8 else body[8:]
        return Unit(UDP, src, sport, dst, dport, tos, payload, missing)
    if len(body) < 20:
        return None
    sport, dport = _PORTS(body)
    start = (body[12] >> 4) * 4
    if start < 20 or start > len(body):
        return None
    sequence = int.from_bytes(body[4:8], "big")
    return Unit(TCP, src, sport, dst, dport, tos, body[start:], missing, sequence, body[13])
