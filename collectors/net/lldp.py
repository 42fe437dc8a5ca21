"""Which neighbours does LLDP know? LLDP-MIB (IEEE 802.1AB-2005), and LLDP-V2-MIB (802.1AB-2009) where the first is empty.

lldpLocPortNum is the ifIndex with some vendors, the number of a bridge port with others, and something else with the
rest: which it is comes from comparing names, and from what is possible for all ports; it is never assumed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from collectors import Oid, Snmp, Varbind
from collectors.net.columns import address_in, address_of, column
from collectors.net.neighbour import Announced, Capability, Neighbour
from collectors.net.port_names import PortBook
from collectors.net.ports import Port, Ports
from collectors.plain import plain

__all__ = ["Heard", "capabilities_in", "ip_in", "ip_of", "read_lldp"]

_V1: Oid = (1, 0, 8802, 1, 1, 2, 1)
_V2: Oid = (1, 3, 111, 2, 802, 1, 1, 13, 1)
# RouterOS numbers its neighbours in one row, and tells the interface here (MIKROTIK-MIB, mtxrNeighborInterfaceID).
_MIKROTIK: Oid = (1, 3, 6, 1, 4, 1, 14988, 1, 1, 11, 1, 1)
# The columns of lldpRemTable from the chassis on; those of lldpV2RemTable are one higher.
_COLUMNS = (4, 5, 6, 7, 8, 9, 10, 11, 12)
_BITS: tuple[Capability, ...] = (
    "other",
    "repeater",
    "bridge",
    "access-point",
    "router",
    "phone",
    "docsis",
    "station",
)
# A set of bits that somebody recorded as text: '28 00 2 4'.
_AS_TEXT = re.compile(rb"([0-9A-Fa-f]{2})( [0-9A-Fa-f]{2})*( [0-9]{1,2})*")
_PORT_ADDRESS, _PORT_LOCAL = 3, 7
_CHASSIS_NETWORK = 5


@dataclass(frozen=True, slots=True)
class Heard:
    """The neighbours, and what the device announces of its own ports. numbered: RouterOS's numbers of those told here."""

    neighbours: tuple[Neighbour, ...] = ()
    announced: tuple[Announced, ...] = ()
    numbered: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Row:
    """number: lldpLocPortNum or ifIndex. columns: as in the first version."""

    number: int
    index: int
    mark: int
    columns: Mapping[int, Varbind]


async def read_lldp(host: Snmp, ports: Ports, book: PortBook) -> Heard:
    """Read both MIBs. Raises Unanswered."""
    local = await _local(host, _V1)
    found = _rows_of({number: await column(host, (*_V1, 4, 1, 1), number) for number in _COLUMNS})
    if found:
        addresses = await _addresses(host, (*_V1, 4, 2, 1), 3)
        at = _numbers(local, {row.number for row in found}, ports, book)
        interfaces = await _interfaces(host) if any(row.number == 0 for row in found) else {}
        neighbours = tuple(
            _neighbour(row, _port(row, at, interfaces, ports), addresses) for row in _newest(found)
        )
        numbered = frozenset(row.index for row in found if row.number == 0 and row.index in interfaces)
        return Heard(neighbours, _announced(local, at), numbered)
    found = _rows_of({n: await column(host, (*_V2, 4, 1, 1), n + 1) for n in _COLUMNS})
    if not found:
        return Heard((), _announced(local, _numbers(local, set(), ports, book)))
    addresses = await _addresses(host, (*_V2, 4, 2, 1), 3)
    known = ports.by_index
    return Heard(tuple(_neighbour(row, known.get(row.number), addresses) for row in _newest(found)))


async def _local(host: Snmp, base: Oid) -> dict[int, dict[int, Varbind]]:
    walked = [*(await column(host, (*base, 3, 7, 1), 2)).items()]
    found = {index[0]: {2: one} for index, one in walked if len(index) == 1}
    for number in (3, 4):
        for index, one in (await column(host, (*base, 3, 7, 1), number)).items():
            if len(index) == 1:
                found.setdefault(index[0], {})[number] = one
    return found


async def _interfaces(host: Snmp) -> dict[int, int]:
    found = await column(host, _MIKROTIK, 8)
    return {index[0]: n for index, one in found.items() if len(index) == 1 and (n := one.number)}


def _rows_of(columns: Mapping[int, Mapping[Oid, Varbind]]) -> list[_Row]:
    """Index: time mark, local port, (the second version: destination,) number; RouterOS: the number alone."""
    found: dict[Oid, dict[int, Varbind]] = {}
    for number, walked in columns.items():
        for index, one in walked.items():
            found.setdefault(index, {})[number] = one
    made = []
    for index, told in found.items():
        match index:
            case (mark, number, *_, row) if len(index) > 2:
                made.append(_Row(number, row, mark, told))
            case (row,):
                made.append(_Row(0, row, 0, told))
            case _:
                pass
    return made


def _newest(found: Iterable[_Row]) -> list[_Row]:
    """One row for each neighbour on a port: an agent that keeps the old one shows both."""
    newest: dict[tuple[object, ...], _Row] = {}
    for row in sorted(found, key=lambda row: (row.mark, row.index)):
        told = [row.columns[n].value if n in row.columns else None for n in (4, 5, 6, 7)]
        who = (row.number, *told) if any(told) else (row.number, row.index)
        # RouterOS: all rows have the port 0, and the interface by the row's number.
        newest[(*who, row.index) if row.number == 0 else who] = row
    return sorted(newest.values(), key=lambda row: (row.number, row.index))


def _port(row: _Row, at: Mapping[int, Port], interfaces: Mapping[int, int], ports: Ports) -> Port | None:
    if row.number == 0 and row.index in interfaces:
        return ports.by_index.get(interfaces[row.index])
    return at.get(row.number)


def _numbers(
    local: Mapping[int, Mapping[int, Varbind]], heard: set[int], ports: Ports, book: PortBook
) -> dict[int, Port]:
    """By lldpLocPortNum, the port: as it is named, else by the one way of counting that fits all."""
    named = {n: port for n, told in local.items() if (port := _by_name(told, book)) is not None}
    unnamed = ({*local, *heard} - {0}) - named.keys()
    ids = {n: int(text) for n, told in local.items() if (text := _number_in(told))}
    tables = (ports.by_index, ports.by_bridge_port)
    counted: list[dict[int, Port]] = [
        *({n: t[n] for n in (*named, *unnamed) if n in t} for t in tables),
        *({n: t[i] for n, i in ids.items() if i in t} for t in tables),
    ]
    ways = [{n: cable for n, port in way.items() if (cable := book.cable(port))} for way in counted]
    fitting = [way for way in ways if all(way.get(n, port).index == port.index for n, port in named.items())]
    # All ports that it announces must be there by that way; where none is so, at least all that heard somebody.
    for wanted in (unnamed, unnamed & heard):
        possible = [way for way in fitting if wanted <= way.keys()]
        if possible:
            break
    for n in unnamed:
        meant = {way[n].index: way[n] for way in possible if n in way}
        if len(meant) == 1:
            named[n] = next(iter(meant.values()))
    return named


def _number_in(told: Mapping[int, Varbind]) -> str:
    """The number that a port calls itself by, where it is nothing but a number."""
    is_local = 2 in told and told[2].number == _PORT_LOCAL
    text = plain(told[3].text) if is_local and 3 in told else ""
    return text if text.isascii() and text.isdecimal() and len(text) <= 10 else ""


def _by_name(told: Mapping[int, Varbind], book: PortBook) -> Port | None:
    sort = told[2].number if 2 in told else None
    octets = told[3].octets if 3 in told else None
    text = plain(told[3].text) if 3 in told else ""
    descr = plain(told[4].text) if 4 in told else ""
    if sort == _PORT_ADDRESS:
        return book.at(address_of(octets)) or book.named(descr)
    # A number alone means a number, not the port that somebody called '3'.
    found = book.named("" if _number_in(told) else text, descr)
    return book.cable(found) if found is not None else None


def _announced(local: Mapping[int, Mapping[int, Varbind]], at: Mapping[int, Port]) -> tuple[Announced, ...]:
    return tuple(
        Announced(id=said, port=at[n].name)
        for n, told in sorted(local.items())
        if n in at and 3 in told and (said := _id_of(told.get(2), told[3]))
    )


def _id_of(sort: Varbind | None, said: Varbind) -> str:
    """An identifier as it is shown: an address for subtype 3, else the text."""
    is_address = sort is not None and sort.number == _PORT_ADDRESS
    return (address_of(said.octets) if is_address else "") or _text(said)


def _text(said: Varbind | None) -> str:
    if said is None or said.octets is None:
        return ""
    text = plain(said.text)
    return text if text and "\\x" not in text else address_of(said.octets)


def _neighbour(row: _Row, port: Port | None, addresses: Mapping[Oid, tuple[str, ...]]) -> Neighbour:
    told = row.columns
    sort = told[4].number if 4 in told else None
    octets = told[5].octets if 5 in told else None
    chassis, other = "", ""
    if sort == _CHASSIS_NETWORK and octets is not None:
        other = ip_of(octets[1:])
    elif sort == 4:
        chassis = address_of(octets)
    else:
        other = _text(told.get(5))
        chassis = address_in(other)
    far = _id_of(told.get(6), told[7]) if 7 in told else ""
    return Neighbour(
        source="lldp",
        port=port.name if port else "",
        index=port.index if port else None,
        chassis=chassis,
        other_id="" if chassis else other,
        name=_text(told.get(9)),
        system=_text(told.get(10)),
        far_port=far,
        far_descr=_text(told.get(8)),
        addresses=addresses.get((row.mark, row.number, row.index), ()),
        capabilities=capabilities_in(told.get(12)) or capabilities_in(told.get(11)),
    )


def capabilities_in(said: Varbind | None) -> tuple[Capability, ...]:
    """The set bits of LldpSystemCapabilitiesMap: bit 0 is the highest of the first octet.

    >>> from collectors import Smi
    >>> capabilities_in(Varbind((1,), Smi.OCTETS, bytes([0x28, 0]))), capabilities_in(Varbind((1,), Smi.OCTETS, b"20 00 2"))
    (('bridge', 'router'), ('bridge',))
    """
    octets = said.octets if said is not None else None
    if not octets:
        return ()
    as_text = _AS_TEXT.fullmatch(octets)
    first = int(as_text[1], 16) if as_text else octets[0]
    return tuple(what for bit, what in enumerate(_BITS) if first & 0x80 >> bit)


async def _addresses(host: Snmp, entry: Oid, number: int) -> dict[Oid, tuple[str, ...]]:
    """Management addresses of a neighbour, by time mark, local port and number: they are a part of the index."""
    found: dict[Oid, list[str]] = {}
    for index in await column(host, entry, number):
        for head in (3, 4):
            tail = index[head:]
            # Subtype (1: IPv4, 2: IPv6), length, octets.
            if len(tail) > 2 and tail[0] in {1, 2} and tail[1] == len(tail) - 2 and max(tail) < 256:
                if ip := ip_of(bytes(tail[2:])):
                    found.setdefault((*index[:2], index[head - 1]), []).append(ip)
                break
    return {index: tuple(sorted(ips)) for index, ips in found.items()}


def ip_of(octets: bytes) -> str:
    """An address of one host; '' for all others.

    >>> ip_of(bytes([10, 1, 2, 241])), ip_of(bytes(4)), ip_of(bytes(5))
    ('10.1.2.241', '', '')
    """
    if len(octets) not in {4, 16}:
        return ""
    return _one_host(IPv4Address(octets) if len(octets) == 4 else IPv6Address(octets))


def ip_in(text: str) -> str:
    """The address that a text is, as `ip_of` gives it."""
    try:
        return _one_host(ip_address(text.strip()))
    except ValueError:
        return ""


def _one_host(ip: IPv4Address | IPv6Address) -> str:
    return "" if ip.is_unspecified or ip.is_loopback or ip.is_multicast or ip.is_link_local else str(ip)
