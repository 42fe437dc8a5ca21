"""Which neighbours do CDP (CISCO-CDP-MIB) and MikroTik's discovery (MIKROTIK-MIB) know?

Both are carried on by switches that do not speak them: who is heard so may be one switch further.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from collectors import Oid, Snmp, Varbind
from collectors.net.columns import address_in, address_of, column, counted
from collectors.net.lldp import ip_of
from collectors.net.neighbour import Capability, Neighbour
from collectors.net.ports import Ports
from collectors.plain import plain

__all__ = ["read_cdp", "read_mikrotik"]

_CDP: Oid = (1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1)
_MIKROTIK: Oid = (1, 3, 6, 1, 4, 1, 14988, 1, 1, 11, 1, 1)
# The lowest octet of what CDP says a device can do.
_BITS: tuple[tuple[int, Capability], ...] = (
    (0x01, "router"),
    (0x02, "bridge"),
    (0x04, "bridge"),
    (0x08, "bridge"),
    (0x10, "station"),
    (0x40, "repeater"),
    (0x80, "phone"),
)
# 'sw1.musterbau.test(FDO1234A5B6)': NX-OS puts its serial number behind its name.
_SERIAL = re.compile(r"(?P<name>[^()]+)\([A-Za-z0-9]+\)")


async def read_cdp(host: Snmp, ports: Ports) -> tuple[Neighbour, ...]:
    """The cache of CDP; its index begins with the ifIndex. Raises Unanswered."""
    found: dict[Oid, dict[int, Varbind]] = {}
    for number in (4, 6, 7, 8, 9, 11, 12, 17):
        for index, one in (await column(host, _CDP, number)).items():
            if len(index) == 2:
                found.setdefault(index, {})[number] = one
    known = ports.by_index
    return tuple(
        _cdp(told, known[index[0]].name if index[0] in known else "", index[0])
        for index, told in sorted(found.items())
        if 6 in told
    )


def _cdp(told: Mapping[int, Varbind], port: str, index: int) -> Neighbour:
    text = {number: plain(one.text) if one.octets else "" for number, one in told.items()}
    chassis = address_in(text[6])
    serial = _SERIAL.fullmatch(text[6])
    ip = ip_of(told[4].octets or b"") if 4 in told else ""
    duplex = told[12].number if 12 in told else None
    return Neighbour(
        source="cdp",
        port=port,
        index=index if port else None,
        chassis=chassis,
        other_id="" if chassis else text[6],
        name=text.get(17, "") or ("" if chassis else serial["name"] if serial else text[6]),
        system=text.get(8, ""),
        far_port=text.get(7, ""),
        addresses=(ip,) if ip else (),
        capabilities=_capabilities(told.get(9)),
        duplex="half" if duplex == 2 else "full" if duplex == 3 else "",
        native=counted(told[11].number) if 11 in told else None,
    )


def _capabilities(said: Varbind | None) -> tuple[Capability, ...]:
    """Four octets, the highest first."""
    octets = said.octets if said is not None else None
    if octets is None or len(octets) != 4:
        return ()
    return tuple(dict.fromkeys(what for bit, what in _BITS if octets[3] & bit))


async def read_mikrotik(host: Snmp, ports: Ports, but: frozenset[int]) -> tuple[Neighbour, ...]:
    """What RouterOS found by its own protocol. but: the numbers of those that LLDP told already. Raises Unanswered."""
    interfaces = await column(host, _MIKROTIK, 8)
    if not interfaces:
        return ()
    macs, ips = await column(host, _MIKROTIK, 3), await column(host, _MIKROTIK, 2)
    names, platforms = await column(host, _MIKROTIK, 6), await column(host, _MIKROTIK, 5)
    known = ports.by_index
    found = []
    for index, one in sorted(interfaces.items()):
        port = known.get(one.number) if one.number is not None else None
        mac = address_of(macs[index].octets) if index in macs else ""
        name = plain(names[index].text) if index in names else ""
        if port is None or index[-1] in but or not (mac or name):
            continue
        ip = ip_of(ips[index].octets or b"") if index in ips else ""
        found.append(
            Neighbour(
                source="mikrotik",
                port=port.name,
                index=port.index,
                chassis=mac,
                name=name,
                system=plain(platforms[index].text) if index in platforms else "",
                addresses=(ip,) if ip else (),
            )
        )
    return tuple(found)
