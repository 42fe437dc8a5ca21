"""Which ports does a device have, what are they called everywhere, and are they up?

Terms of RFC 2863 (IF-MIB). `Ports` is what every other question of the area finds its ports in: by ifIndex, by the number
of a bridge port, by a name. What the agent does not say is None or '', never a zero or a 'no'.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from collectors import Oid, Snmp
from collectors.net.columns import (
    address_of,
    column,
    counted,
    numbers,
    single,
    texts,
    truth,
    unparsable,
)
from collectors.plain import plain

__all__ = ["AGGREGATES", "Duplex", "Port", "Ports", "is_aggregate", "read_names", "read_ports"]

Duplex = Literal["", "half", "full"]

_IF: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1)
_IFX: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
_STACK: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 2, 1)
_BASE_PORT: Oid = (1, 3, 6, 1, 2, 1, 17, 1, 4, 1)
_DOT3: Oid = (1, 3, 6, 1, 2, 1, 10, 7, 2, 1)
_AGGREGATION: Oid = (1, 2, 840, 10006, 300, 43, 1, 2, 1, 1)
_NAME: Oid = (1, 3, 6, 1, 2, 1, 1, 5, 0)
_UPTIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
_BRIDGE: Oid = (1, 3, 6, 1, 2, 1, 17, 1, 1, 0)
_CHASSIS_SORT: Oid = (1, 0, 8802, 1, 1, 2, 1, 3, 1, 0)
_CHASSIS: Oid = (1, 0, 8802, 1, 1, 2, 1, 3, 2, 0)

# ieee8023adLag, and the two that agents use for it beside other things (IANAifType-MIB).
AGGREGATES = frozenset({161})
_PERHAPS = frozenset({53, 54})
_NAMED_SO = re.compile(
    r"(port-?channel|eth-trunk|bridge-aggregation|bagg|bond|trunk|trk|lagg?|ae|po|team|aggregateport|ag)[ -]?[0-9/.]+",
    re.IGNORECASE,
)
_ETHERNET = frozenset({6, 62, 69, 117})
# other, propPointToPointSerial, loopback, propVirtual, propMultiplexor, tunnel, l2vlan, l3ipvlan, mplsTunnel, lag, bridge.
_MADE_UP = frozenset({1, 22, 24, 53, 54, 131, 135, 136, 150, 161, 209})
# 2^32 - 1 says 'more than fits' (RFC 2863, ifSpeed); beyond 10 Tbit/s nobody builds.
_MORE_THAN_FITS = 4_294_967_295
_FASTEST = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An interface.

    index: ifIndex. name: ifName, else ifDescr. type: IANAifType, 0 when not told. mtu: bytes. mbits: Mbit/s. mac:
    'aa:bb:…', '' for none that is its own. is_up: ifOperStatus (None: neither up nor down, as 'not present'); is_enabled:
    ifAdminStatus. bridge_port: its number in the bridge. aggregate: ifIndex of the aggregate that it belongs to, or
    shall; is_attached: whether it takes part there just now. duplex: '' when not told.
    """

    index: int
    name: str
    descr: str = ""
    alias: str = ""
    type: int = 0
    mtu: int | None = None
    mbits: int | None = None
    mac: str = ""
    is_up: bool | None = None
    is_enabled: bool | None = None
    bridge_port: int | None = None
    aggregate: int | None = None
    is_attached: bool | None = None
    duplex: Duplex = ""

    @property
    def is_ethernet(self) -> bool:
        """Surely a port of Ethernet."""
        return self.type in _ETHERNET

    @property
    def takes_cable(self) -> bool:
        """Perhaps a port: nothing says that it is made up (aggregate, VLAN, loopback, tunnel); some agents tell no type."""
        return self.type not in _MADE_UP


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All interfaces of one device, by ifIndex.

    name: sysName. uptime: seconds. bridge: dot1dBaseBridgeAddress; chassis: lldpLocChassisId where that is an address.
    """

    ports: tuple[Port, ...]
    name: str = ""
    uptime: float | None = None
    bridge: str = ""
    chassis: str = ""

    @property
    def by_index(self) -> dict[int, Port]:
        return {port.index: port for port in self.ports}

    @property
    def by_bridge_port(self) -> dict[int, Port]:
        """By the number that the bridge and its spanning tree give to a port."""
        return {port.bridge_port: port for port in reversed(self.ports) if port.bridge_port is not None}

    @property
    def macs(self) -> frozenset[str]:
        """All addresses that are this device's own."""
        return frozenset({self.bridge, self.chassis, *(port.mac for port in self.ports)} - {""})

    @property
    def tells_duplex(self) -> bool:
        """Whether it can be believed: an agent that says half of most of its ports does not know."""
        told = [port.duplex for port in self.ports if port.is_up and port.is_ethernet and port.duplex]
        return 2 * told.count("half") <= len(told)

    @property
    def aggregates(self) -> dict[int, tuple[Port, ...]]:
        """Each aggregate's members, by its ifIndex."""
        found: dict[int, list[Port]] = {}
        for port in self.ports:
            if port.aggregate is not None:
                found.setdefault(port.aggregate, []).append(port)
        return {index: tuple(members) for index, members in found.items()}


def is_aggregate(sort: int, name: str) -> bool:
    """Whether an interface of this type and name bundles others.

    >>> is_aggregate(161, "lag 1"), is_aggregate(53, "port-channel10"), is_aggregate(53, "Vlan10")
    (True, True, False)
    """
    return sort in AGGREGATES or (sort in _PERHAPS and _NAMED_SO.fullmatch(name) is not None)


async def read_names(host: Snmp) -> Ports:
    """Read what the interfaces are called, their addresses and whether they are up; the rest stays unsaid. Raises Unanswered."""
    names, descrs = await texts(host, _IFX, 1), await texts(host, _IF, 2)
    types, states = await numbers(host, _IF, 3), await numbers(host, _IF, 8)
    indexes = sorted({*descrs, *types, *states})
    if not indexes:
        raise unparsable("the agent lists no interfaces")
    aliases, macs = await texts(host, _IFX, 18), await column(host, _IF, 6)
    bridge_ports = await _bridge_ports(host)
    device = await single(host, _NAME, _UPTIME, _BRIDGE)
    uptime = device[_UPTIME].number if _UPTIME in device else None
    return Ports(
        name=plain(device[_NAME].text) if _NAME in device else "",
        uptime=uptime / 100 if uptime is not None else None,
        bridge=address_of(device[_BRIDGE].octets) if _BRIDGE in device else "",
        chassis=await _chassis(host),
        ports=tuple(
            Port(
                index=index,
                name=names.get(index) or descrs.get(index) or str(index),
                descr=descrs.get(index, ""),
                alias=aliases.get(index, ""),
                type=types.get(index, 0),
                mac=address_of(macs[index,].octets) if (index,) in macs else "",
                is_up=_is_up(states.get(index)),
                bridge_port=bridge_ports.get(index),
            )
            for index in indexes
        ),
    )


async def read_ports(host: Snmp) -> Ports:
    """Read all that an agent says of its interfaces. Raises Unanswered, also where it lists none."""
    named = await read_names(host)
    enabled, mtus = await numbers(host, _IF, 7), await numbers(host, _IF, 4)
    speeds, slow = await numbers(host, _IFX, 15), await numbers(host, _IF, 5)
    duplex, members = await numbers(host, _DOT3, 19), await _members(host, named)
    nobody: tuple[None, None] = (None, None)
    ports = (
        replace(
            port,
            mtu=counted(mtus.get(port.index)),
            mbits=_mbits(speeds.get(port.index), slow.get(port.index)),
            is_enabled=truth(enabled.get(port.index)),
            duplex=_duplex(duplex.get(port.index)),
            aggregate=members.get(port.index, nobody)[0],
            is_attached=members.get(port.index, nobody)[1],
        )
        for port in named.ports
    )
    return replace(named, ports=tuple(ports))


async def _chassis(host: Snmp) -> str:
    told = await single(host, _CHASSIS_SORT, _CHASSIS)
    is_address = _CHASSIS_SORT in told and told[_CHASSIS_SORT].number == 4
    return address_of(told[_CHASSIS].octets) if is_address and _CHASSIS in told else ""


def _is_up(state: int | None) -> bool | None:
    """lowerLayerDown(7) is down as well."""
    return False if state == 7 else truth(state)


def _duplex(value: int | None) -> Duplex:
    return "half" if value == 2 else "full" if value == 3 else ""


def _mbits(high: int | None, speed: int | None) -> int | None:
    """ifHighSpeed, and ifSpeed where the agent does not say it.

    >>> _mbits(10000, 4294967295), _mbits(0, 100000000), _mbits(None, 4294967295), _mbits(0, 0)
    (10000, 100, None, None)
    """
    if high and 0 < high <= _FASTEST:
        return high
    return speed // 1_000_000 or None if speed and 0 < speed < _MORE_THAN_FITS else None


async def _bridge_ports(host: Snmp) -> dict[int, int]:
    """By ifIndex, the lowest bridge port that belongs to it."""
    found = await numbers(host, _BASE_PORT, 2)
    return {index: number for number, index in sorted(found.items(), reverse=True)}


async def _members(host: Snmp, named: Ports) -> dict[int, tuple[int, bool | None]]:
    """By a member's ifIndex: its aggregate, and whether it takes part (IEEE 802.3ad, else ifStackTable of RFC 2863)."""
    bundles = {port.index for port in named.ports if is_aggregate(port.type, port.name)}
    cables = {port.index for port in named.ports if port.is_ethernet} - bundles
    selected, attached = await numbers(host, _AGGREGATION, 12), await numbers(host, _AGGREGATION, 13)
    found: dict[int, tuple[int, bool | None]] = {}
    for port in {*selected, *attached} & cables:
        now, meant = attached.get(port, 0), selected.get(port, 0)
        if bundle := next((one for one in (now, meant) if one in bundles), 0):
            found[port] = (bundle, now == bundle)
    if found or not bundles:
        return found
    above: dict[int, set[int]] = {}
    for index, one in (await column(host, _STACK, 3)).items():
        if len(index) == 2 and one.number == 1 and index[0] in bundles and index[1] in cables:
            above.setdefault(index[1], set()).add(index[0])
    # A port belongs to one aggregate: an agent that puts all of them over all ports tells nothing.
    return {port: (min(over), None) for port, over in above.items() if len(over) == 1}
