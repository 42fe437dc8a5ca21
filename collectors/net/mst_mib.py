"""Which trees does a region of MSTP have? IEEE8021-MSTP-MIB (802.1Q-2018, 17.7.6): the region, and every instance in it."""

from __future__ import annotations

from collections.abc import Mapping

from collectors import Oid, Snmp, Varbind, rows
from collectors.net.bridge_id import BridgeId
from collectors.net.bridge_octets import identifier_in, port_identifier_in
from collectors.net.path_cost import HIGHEST
from collectors.net.ports import Port
from collectors.net.tree import Instance, Region, Role, State, TreePort
from collectors.plain import plain

__all__ = ["read_mst"]

_MSTP: Oid = (1, 3, 111, 2, 802, 1, 1, 6, 1)
_STATES: Mapping[int, State] = {1: "disabled", 2: "listening", 3: "learning", 4: "forwarding", 5: "blocking"}
_ROLES: Mapping[int, Role] = {1: "root", 2: "alternate", 3: "designated", 4: "backup"}
Row = Mapping[int, Varbind]


async def read_mst(host: Snmp, ports: Mapping[int, Port]) -> tuple[Region | None, tuple[Instance, ...]]:
    """Read region and instances; (None, ()) where the agent does not know this MIB. Raises Unanswered.

    ports: by bridge port. Of a switch with several components, the first is read.
    """
    said = await host.walk(_MSTP)
    regions = rows(said, (*_MSTP, 7, 1))
    if not regions:
        return None, ()
    component = min(regions)[0]
    trees = {
        index[1]: row for index, row in rows(said, (*_MSTP, 2, 1)).items() if _is_of(index, component, 2)
    }
    told = {
        index[1:]: row for index, row in rows(said, (*_MSTP, 4, 1)).items() if _is_of(index, component, 3)
    }
    found = [
        _instance(
            number,
            row,
            {port: one for (instance, port), one in told.items() if instance == number},
            ports,
        )
        for number, row in sorted(trees.items())
        if 1 <= number <= 4094
    ]
    return _region(regions[min(regions)]), tuple(one for one in found if one is not None)


def _is_of(index: Oid, component: int, length: int) -> bool:
    return len(index) == length and index[0] == component


def _number(row: Row, column: int, most: int = 0xFFFFFFFF) -> int | None:
    value = row[column].number if column in row else None
    return value if value is not None and 0 <= value <= most else None


def _id(row: Row, column: int) -> BridgeId | None:
    found = identifier_in(row[column].octets if column in row else None).found
    return found if found is not None and found.is_station else None


def _region(row: Row) -> Region | None:
    revision = _number(row, 4, 0xFFFF)
    digest = row[5].octets if 5 in row else None
    if 3 not in row or revision is None:
        return None
    return Region(
        name=plain(row[3].text),
        revision=revision,
        digest=digest.hex() if digest is not None and len(digest) == 16 else "",
    )


def _instance(number: int, row: Row, told: Mapping[int, Row], ports: Mapping[int, Port]) -> Instance | None:
    root, bridge = _id(row, 7), _id(row, 3)
    if root is None or bridge is None:
        return None
    since = _number(row, 4)
    vlans = b"".join(
        (row[column].octets or b"").ljust(128, b"\0")[:128] if column in row else bytes(128)
        for column in range(11, 15)
    )
    return Instance(
        name=f"mst-{number}",
        bridge=bridge,
        root=root,
        root_cost=_number(row, 8, HIGHEST),
        root_port=0 if root == bridge else _number(row, 9),
        changes=_number(row, 5),
        since_change=since / 100 if since is not None else None,
        vlans=vlans_in(vlans),
        ports=tuple(_port(port, one, ports.get(port)) for port, one in sorted(told.items())),
    )


def vlans_in(bits: bytes) -> tuple[int, ...]:
    """The VLANs of a list of bits that begins with VLAN 0.

    >>> vlans_in(bytes.fromhex("0020"))
    (10,)
    """
    return tuple(vlan for vlan in range(1, min(4095, 8 * len(bits))) if bits[vlan // 8] & 0x80 >> vlan % 8)


def _port(number: int, row: Row, known: Port | None) -> TreePort:
    state, role = _number(row, 5), _number(row, 12)
    is_up = known.is_up if known else None
    return TreePort(
        name=known.name if known else "",
        number=number,
        index=known.index if known else 0,
        priority=_number(row, 6, 255),
        state=_STATES.get(state or 0, "unknown"),
        role="disabled" if is_up is False else _ROLES.get(role or 0, "unknown"),
        cost=_number(row, 7, HIGHEST) or None,
        designated_root=_id(row, 8),
        designated_cost=_number(row, 9, HIGHEST),
        designated_bridge=_id(row, 10),
        designated_port=port_identifier_in(row[11].octets if 11 in row else None),
        is_up=is_up,
        inconsistent="dispute" if _number(row, 13) == 1 else "",
    )
