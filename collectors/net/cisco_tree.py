"""What do Cisco's switches say beyond the standard? CISCO-STP-EXTENSIONS-MIB, CISCO-ERR-DISABLE-MIB, CISCO-VTP-MIB.

Rows of the tables of inconsistent ports exist only while a port is inconsistent. `stpx` is 1.3.6.1.4.1.9.9.82.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collectors import Oid, Snmp, Varbind, rows
from collectors.net.ports import Ports
from collectors.net.tree import CostMethod, ErrDisabled, Guard, Inconsistency, Protocol, Region, Role
from collectors.plain import plain

__all__ = ["NOBODY", "Cisco", "is_cisco", "is_nxos", "read_cisco", "vlans_of"]

_STPX: Oid = (1, 3, 6, 1, 4, 1, 9, 9, 82, 1)
_ERR_DISABLED: Oid = (1, 3, 6, 1, 4, 1, 9, 9, 548, 1, 3, 1, 1)
_VTP_STATE: Oid = (1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 3, 1, 1, 2)
_QBRIDGE_VLANS: Oid = (1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 2, 1, 3)
_PROTOCOLS: Mapping[int, Protocol] = {1: "pvst", 4: "mstp", 5: "rapid-pvst"}
_ROLES: Mapping[int, Role] = {
    1: "disabled",
    2: "root",
    3: "designated",
    4: "alternate",
    5: "backup",
    7: "master",
}
# CErrDisableFeatureID, in the words of the command line.
_CAUSES = {
    1: "udld",
    2: "bpduguard",
    3: "channel-misconfig",
    4: "pagp-flap",
    5: "dtp-flap",
    6: "link-flap",
    7: "l2ptguard",
    8: "dot1x",
    9: "psecure-violation",
    10: "gbic-invalid",
    11: "dhcp-rate-limit",
    12: "unicast-flood",
    13: "vmps",
    14: "storm-control",
    15: "inline-power",
    16: "arp-inspection",
    17: "loopback",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cisco:
    """roles, inconsistent: by instance and bridge port. guards: by bridge port, those that are set on the port itself."""

    protocol: Protocol
    cost_method: CostMethod
    region: Region | None
    roles: Mapping[tuple[int, int], Role]
    inconsistent: Mapping[tuple[int, int], Inconsistency]
    guards: Mapping[int, tuple[Guard, ...]]
    err_disabled: tuple[ErrDisabled, ...]


NOBODY = Cisco(
    protocol="unknown", cost_method="", region=None, roles={}, inconsistent={}, guards={}, err_disabled=()
)


def is_cisco(model: Oid) -> bool:
    """Whether sysObjectID is of IOS, IOS XE or NX-OS; the small-business line (9.6.1) has other software.

    >>> is_cisco((1, 3, 6, 1, 4, 1, 9, 1, 1745)), is_cisco((1, 3, 6, 1, 4, 1, 9, 6, 1, 94))
    (True, False)
    """
    return model[:8] == (1, 3, 6, 1, 4, 1, 9, 1) or is_nxos(model)


def is_nxos(model: Oid) -> bool:
    """NX-OS knows no contexts a VLAN unless somebody configures them: asking is a failed log-in to it."""
    return model[:9] == (1, 3, 6, 1, 4, 1, 9, 12, 3)


async def read_cisco(host: Snmp, ports: Ports) -> Cisco:
    """Read the extensions. Raises Unanswered."""
    said = await host.walk(_STPX)
    scalar = {one.oid[len(_STPX) : -1]: one for one in said if one.oid[-1] == 0}
    kind = _number(scalar.get((6, 1)))
    method = _number(scalar.get((6, 7)))
    names = {port.index: port.name for port in ports.ports}
    shut = rows(await host.walk(_ERR_DISABLED), _ERR_DISABLED)
    return Cisco(
        protocol=_PROTOCOLS.get(kind, "unknown") if kind is not None else "unknown",
        cost_method="short" if method == 1 else "long" if method == 2 else "",
        region=_region(scalar) if kind == 4 else None,
        roles={
            (index[0], index[1]): role
            for index, row in _table(said, 12, 2).items()
            if (role := _ROLES.get(_number(row.get(3)) or 0)) is not None
        },
        inconsistent=_inconsistent(said),
        guards=_guards(said, scalar),
        err_disabled=tuple(
            ErrDisabled(
                port=names.get(index[0], str(index[0])),
                cause=_CAUSES.get(cause, f"cause {cause}"),
                vlan=index[1],
            )
            for index, row in sorted(shut.items())
            if len(index) == 2 and (cause := _number(row.get(2))) is not None
        ),
    )


async def vlans_of(host: Snmp) -> tuple[int, ...]:
    """The VLANs that are in use, by VTP, else by Q-BRIDGE-MIB; never 1002 to 1005, which carry no Ethernet."""
    found = {
        one.oid[-1]
        for one in await host.walk(_VTP_STATE)
        if len(one.oid) == len(_VTP_STATE) + 2 and one.number == 1
    } or {one.oid[-1] for one in await host.walk(_QBRIDGE_VLANS)}
    return tuple(sorted(vlan for vlan in found if 1 <= vlan <= 4094 and vlan not in range(1002, 1006)))


def _table(said: tuple[Varbind, ...], *below: int) -> dict[Oid, dict[int, Varbind]]:
    found = rows(said, (*_STPX, *below, 1))
    return {index: row for index, row in found.items() if len(index) == 2}


def _number(one: Varbind | None) -> int | None:
    return one.number if one is not None else None


def _inconsistent(said: tuple[Varbind, ...]) -> dict[tuple[int, int], Inconsistency]:
    found: dict[tuple[int, int], Inconsistency] = {}
    for below, why in (((5, 2), "root"), ((8, 2), "loop")):
        for index, row in _table(said, *below).items():
            if _number(row.get(3)) == 1:
                found[index[0], index[1]] = "root" if why == "root" else "loop"
    for index, row in _table(said, 3, 1).items():
        bits = (row[3].octets or b"")[:1] if 3 in row else b""
        if bits and bits[0] & 0xC0:
            found[index[0], index[1]] = "type" if bits[0] & 0x80 else "pvid"
    return found


def _guards(said: tuple[Varbind, ...], scalar: Mapping[Oid, Varbind]) -> dict[int, tuple[Guard, ...]]:
    """What is set on a port; where it says 'default', what is set for all holds on ports with portfast."""
    found: dict[int, set[Guard]] = {}
    everywhere: dict[int, bool] = {4: _number(scalar.get((9, 1))) == 1, 5: False}
    for index, row in rows(said, (*_STPX, 9, 3, 1)).items():
        for column, guard in _EDGE_GUARDS:
            mode, is_fast = _number(row.get(column)), _number(row.get(2)) == 1
            if len(index) == 1 and (mode == 1 or (mode == 3 and is_fast and everywhere[column])):
                found.setdefault(index[0], set()).add(guard)
    for below, guard in _PORT_GUARDS:
        for index, row in rows(said, (*_STPX, *below, 1)).items():
            if len(index) == 1 and _number(row.get(2)) == 1:
                found.setdefault(index[0], set()).add(guard)
    return {port: tuple(sorted(guards)) for port, guards in found.items()}


_EDGE_GUARDS: tuple[tuple[int, Guard], ...] = ((4, "bpdu-guard"), (5, "bpdu-filter"))
_PORT_GUARDS: tuple[tuple[Oid, Guard], ...] = (((5, 1), "root-guard"), ((8, 1), "loop-guard"))


def _region(scalar: Mapping[Oid, Varbind]) -> Region | None:
    name, revision, digest = (scalar.get(arcs) for arcs in ((11, 2), (14, 3), (14, 9)))
    number = _number(revision)
    if name is None or number is None:
        return None
    octets = digest.octets if digest is not None else None
    return Region(
        name=plain(name.text),
        revision=number,
        digest=octets.hex() if octets is not None and len(octets) == 16 else "",
    )
