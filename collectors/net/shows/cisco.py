"""How is one tree made of what Cisco's and Arista's switches show in several answers? Nothing is asked here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from collectors.net.shows.cisco_detail import Detail, PortDetail
from collectors.net.shows.cisco_table import Listed
from collectors.net.shows.text import unknown
from collectors.net.tree import Inconsistency, Instance, Protocol, TreePort

__all__ = ["differs", "is_moving", "joined", "protocol_of", "with_reasons"]

_BY_WORD: Mapping[str, Protocol] = {"ieee": "stp", "ibm": "stp", "rstp": "rstp", "mstp": "mstp"}
_PER_VLAN: Mapping[str, Protocol] = {"ieee": "pvst", "rstp": "rapid-pvst", "rapid-pvst": "rapid-pvst"}


def differs(table: Listed, detail: Mapping[str, Detail]) -> str:
    """In which tree the two answers speak of other ports, '' where they speak of the same."""
    ports = {one.name: {port.number for port in one.ports} for one in table.instances}
    told = {name: set(one.ports) for name, one in detail.items()}
    return next((name or "0" for name in {**ports, **told} if ports.get(name) != told.get(name)), "")


def joined(instance: Instance, detail: Detail | None, *, has_long_names: bool) -> Instance:
    """A tree of the table with what the detail adds. has_long_names: ports are known by them (NX-OS, EOS)."""
    if detail is None:
        return instance
    ports = tuple(_port(port, detail.ports[port.number], has_long_names) for port in instance.ports)
    names = {one.name: one.number for one in detail.ports.values()}
    came = next((port.name for port in ports if port.number == names.get(detail.change_from)), "")
    return replace(
        instance,
        ports=ports,
        changes=detail.changes,
        since_change=detail.since_change,
        change_from=came or detail.change_from,
    )


def is_moving(instance: Instance, detail: Detail | None) -> bool:
    """Whether a port changed its state or role from the one answer to the other."""
    if detail is None:
        return False
    pairs = [(port, detail.ports[port.number]) for port in instance.ports]
    return any(
        then.state not in {"unknown", port.state} or then.role not in {"unknown", port.role}
        for port, then in pairs
    )


def _port(port: TreePort, told: PortDetail, has_long_names: bool) -> TreePort:  # noqa: FBT001 - of one caller.
    return replace(
        port,
        name=told.name if has_long_names else port.name,
        designated_root=told.designated_root,
        designated_cost=told.designated_cost,
        designated_bridge=told.designated_bridge,
        designated_port=told.designated_port,
        guards=told.guards,
        is_edge=port.is_edge or told.is_edge,
        changes=told.changes,
    )


def with_reasons(
    instances: tuple[Instance, ...], reasons: Mapping[tuple[str, str], Inconsistency]
) -> tuple[Instance, ...]:
    """With what the list of inconsistent ports says; a port that it names alone is an answer that does not fit."""
    by_name = {one.name: one for one in instances}
    for (name, port), why in reasons.items():
        tree = by_name.get(name)
        number = next((one.number for one in tree.ports if _is(one.name, port)), None) if tree else None
        if tree is None or number is None:
            raise unknown("an inconsistent port stands in no tree", f"{name} {port}")
        ports = tuple(replace(one, inconsistent=why) if one.number == number else one for one in tree.ports)
        by_name[name] = replace(tree, ports=ports)
    return tuple(by_name.values())


def _is(one: str, other: str) -> bool:
    """Whether two names are of one port, of which one may be cut to the letters that matter.

    >>> _is("Gi0/1", "GigabitEthernet0/1"), _is("Eth1/1", "Ethernet1/1"), _is("Po1", "Port-channel11"), _is("Te1/1", "Gi1/1")
    (True, True, False, False)
    """
    (kind, place), (other_kind, other_place) = _apart(one), _apart(other)
    short, long = sorted((kind, other_kind), key=len)
    return place == other_place and (long.startswith(short) or not short)


def _apart(name: str) -> tuple[str, str]:
    digits = next((at for at, sign in enumerate(name) if sign.isdigit()), len(name))
    return name[:digits].lower(), name[digits:]


def protocol_of(table: Listed) -> Protocol:
    """What the trees say that they are."""
    per_vlan = any(one.name.startswith("vlan-") for one in table.instances)
    words = set(table.protocols.values())
    kinds = {(_PER_VLAN if per_vlan else _BY_WORD).get(word, "unknown") for word in words}
    return kinds.pop() if len(kinds) == 1 else "unknown"
