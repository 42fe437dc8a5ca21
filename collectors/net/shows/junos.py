"""What do `show spanning-tree bridge` and `show spanning-tree interface` say? Junos: one knows the trees, the other their ports.

Formats: Juniper "CLI Explorer" and the EX Series command summaries of these two commands (RSTP, MSTP and VSTP). A port
without a link stands in the table as 'BLK DIS', and is none that is held back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from collectors.net.bridge_id import BridgeId, port_id_of_number
from collectors.net.shows.text import ago, bridge_of, lines_of, unknown
from collectors.net.tree import (
    Inconsistency,
    Instance,
    Protocol,
    Region,
    Role,
    State,
    Timers,
    Tree,
    TreePort,
    addresses_of,
)

__all__ = ["bridged", "region"]

_BRIDGE = re.compile(
    r" *STP bridge parameters(?: for (?:CIST|(?:MSTI|instance) (?P<mst>[0-9]{1,4})|VLAN (?P<vlan>[0-9]{1,4})))?:?"
)
_SAYS = re.compile(r" *(?P<what>[A-Za-z][A-Za-z -]{1,40}?) *: ?(?P<value>.*)")
_LOCAL = re.compile(r" *Local parameters *")
_OFF = re.compile(r"Spanning-tree is not enabled.*", re.IGNORECASE)
_PORTS = re.compile(
    r" *Spanning tree interface parameters for (?:(?:instance|MSTI) (?P<mst>[0-9]{1,4})|VLAN (?P<vlan>[0-9]{1,4})|CIST)"
)
_COLUMNS = re.compile(
    r" *Interface +Port ID +Designated +Designated +Port +State +Role| +port ID +bridge ID +Cost"
)
_ROUTING = re.compile(r" *[Rr]outing[- ][Ii]nstance(?: name)?[: ].*")
_ROW = re.compile(
    r" *(?P<name>[a-z]{2,5}[0-9/:-]*[0-9])(?:\.[0-9]+)? +(?P<priority>[0-9]{1,3}):(?P<number>[0-9]{1,5}) +"
    r"(?P<far_priority>[0-9]{1,3}):(?P<far_number>[0-9]{1,5}) +(?P<bridge>[0-9]{1,5}\.[0-9a-f]{12}) +(?P<cost>[0-9]{1,10}) +"
    r"(?P<state>FWD|BLK|LRN|LST|LIS|DIS) +(?P<role>ROOT|DESG|ALT|BKUP|MSTR|DIS)(?: *\((?P<why>[A-Za-z-]{3,20})\))?"
)
_STATES: Mapping[str, State] = {
    "FWD": "forwarding", "BLK": "blocking", "LRN": "learning", "LST": "listening", "LIS": "listening", "DIS": "disabled",
}  # fmt: skip
_ROLES: Mapping[str, Role] = {
    "ROOT": "root", "DESG": "designated", "ALT": "alternate", "BKUP": "backup", "MSTR": "master", "DIS": "disabled",
}  # fmt: skip
_REASONS: Mapping[str, Inconsistency] = {"bpdu": "bpdu-guard", "root": "root", "loop": "loop"}
_PROTOCOLS: Mapping[str, Protocol] = {"STP": "stp", "RSTP": "rstp", "MSTP": "mstp", "VSTP": "rapid-pvst"}
_REGION = re.compile(r" *Region name *: ?(?P<name>\S{1,32})")
_REVISION = re.compile(r" *Revision *: ?(?P<revision>[0-9]{1,5})")
_DIGEST = re.compile(r" *Configuration digest *: ?(?:0x)?(?P<digest>[0-9a-fA-F]{32})")


@dataclass(slots=True)
class _Told:
    """What one tree says of itself. vlans: the one that it is of."""

    name: str
    vlans: tuple[int, ...] = ()
    says: dict[str, str] = field(default_factory=dict)


def bridged(bridge: str, interface: str) -> Tree:
    """Read both answers. Raises Unanswered where one is not known, or where they do not speak of the same trees."""
    lines = [line for line in lines_of(bridge) if line]
    if len(lines) == 1 and _OFF.fullmatch(lines[0].strip()):
        return Tree(is_on=False)
    told, protocol = _trees(lines)
    ports = _ports(interface)
    if ports.keys() != {one.name for one in told}:
        raise unknown(
            "trees and ports speak of different trees",
            " ".join(sorted(ports.keys() ^ {one.name for one in told})),
        )
    instances = tuple(_instance(one, ports[one.name]) for one in told)
    return Tree(protocol=protocol, is_on=True, instances=instances, addresses=addresses_of(instances))


def _trees(lines: list[str]) -> tuple[list[_Told], Protocol]:
    found: list[_Told] = []
    protocol = ""
    for line in lines:
        if head := _BRIDGE.fullmatch(line):
            found.append(
                _Told(_named(head["mst"], head["vlan"]), (int(head["vlan"]),) if head["vlan"] else ())
            )
        elif not found:
            raise unknown("this begins no tree", line)
        elif said := _SAYS.fullmatch(line):
            key = said["what"].lower().replace(" ", "-")
            if key == "enabled-protocol":
                protocol = protocol or said["value"].strip()
            else:
                found[-1].says.setdefault(key, said["value"].strip())
        elif not _LOCAL.fullmatch(line):
            raise unknown("a line of a tree is not known", line)
    # Before the trees of a region, or of VLANs, stands a head that names only their protocol.
    trees = [
        one
        for one in found
        if "bridge-id" in one.says or "root-id" in one.says or "msti-regional-root" in one.says
    ]
    if not trees or trees[-1] is not found[-1] or len({one.name for one in trees}) != len(trees):
        raise unknown(
            "the trees do not come to their end, or one stands there twice", lines[-1] if lines else ""
        )
    return trees, _PROTOCOLS.get(protocol, "unknown")


def _named(mst: str | None, vlan: str | None) -> str:
    if vlan:
        return f"vlan-{int(vlan)}"
    return f"mst-{int(mst)}" if mst and int(mst) else ""


def _instance(told: _Told, ports: tuple[TreePort, ...]) -> Instance:
    says = told.says
    root = _identifier(says.get("msti-regional-root") or says.get("root-id", ""), told.name)
    bridge = _identifier(says.get("bridge-id", ""), told.name)
    way, cost = (
        says.get("root-port", "").partition(".")[0],
        says.get("root-cost", "" if says.get("root-port") else "0"),
    )
    port = next((one for one in ports if one.name == way), None)
    if (way and port is None) or (not way and root != bridge) or not cost.isdecimal():
        raise unknown(
            f"tree {told.name or 0} does not say which port leads to the root, and at what cost", str(says)
        )
    count, timers = says.get("number-of-topology-changes", ""), _timers(says)
    if timers is None:
        raise unknown(f"tree {told.name or 0} has no timers", str(says))
    return Instance(
        name=told.name,
        bridge=bridge,
        root=root,
        root_cost=int(cost),
        root_port=port.number if port else 0,
        timers=timers,
        changes=int(count) if count.isdecimal() else None,
        since_change=ago(says.get("time-since-last-topology-change", "")),
        vlans=told.vlans,
        ports=tuple(replace(one, designated_root=root) if one.role != "disabled" else one for one in ports),
    )


def _identifier(text: str, tree: str) -> BridgeId:
    if (found := bridge_of(text)) is None:
        raise unknown(f"tree {tree or 0} names no bridge", text)
    return found


def _timers(says: Mapping[str, str]) -> Timers | None:
    values = [ago(says.get(name, "")) for name in ("maximum-age", "hello-time", "forward-delay")]
    match values:
        case [float(age), float(hello), float(delay)]:
            return Timers(max_age=age, hello=hello, forward_delay=delay)
        case _:
            return None


def _ports(text: str) -> dict[str, tuple[TreePort, ...]]:
    found: dict[str, tuple[TreePort, ...]] = {}
    tree: str | None = None
    for line in filter(None, lines_of(text)):
        if head := _PORTS.fullmatch(line):
            tree = _named(head["mst"], head["vlan"])
            if tree in found:
                raise unknown("a tree stands there twice", line)
            found[tree] = ()
        elif (row := _ROW.fullmatch(line)) and tree is not None:
            port = _port(row)
            if any(port.number == one.number or port.name == one.name for one in found[tree]):
                raise unknown("a port stands there twice", line)
            found[tree] = (*found[tree], port)
        elif not (_COLUMNS.fullmatch(line) or _ROUTING.fullmatch(line)):
            raise unknown("a row of the table of ports is not known", line)
    return found


def _port(row: re.Match[str]) -> TreePort:
    role, why = _ROLES[row["role"]], (row["why"] or "").lower().partition("-")[0]
    has_part = role != "disabled"
    return TreePort(
        name=row["name"],
        number=int(row["number"]),
        priority=int(row["priority"]),
        state=_STATES[row["state"]] if has_part or row["why"] else "disabled",
        role=role,
        cost=int(row["cost"]),
        designated_bridge=bridge_of(row["bridge"]) if has_part else None,
        designated_port=port_id_of_number((int(row["far_priority"]) << 8) + int(row["far_number"]) & 0xFFFF)
        if has_part
        else None,
        # One that takes no part may be without a link, or may have been shut out.
        is_up=True if has_part else None,
        is_running=True,
        inconsistent=_REASONS.get(why, "other") if row["why"] else "",
    )


def region(text: str) -> Region | None:
    """Name, revision and digest (`show spanning-tree mstp configuration`); None where they are not told."""
    said: dict[str, str] = {}
    for line in lines_of(text):
        for pattern in (_REGION, _REVISION, _DIGEST):
            if found := pattern.fullmatch(line):
                said |= found.groupdict()
    if "name" not in said or "revision" not in said:
        return None
    return Region(name=said["name"], revision=int(said["revision"]), digest=said.get("digest", "").lower())
