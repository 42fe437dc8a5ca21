"""What does `show spanning-tree detail` add? Changes of the topology with the port they came from, and each link's best message.

As IOS, IOS-XE, NX-OS and EOS write it; formats as for `cisco_table`. A line that only adds and is not known is a remark;
a line by which a tree or a port begins must be understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from collectors.net.bridge_id import BridgeId, PortId, port_id_of_number
from collectors.net.shows.cisco_table import instance_named
from collectors.net.shows.text import ROLES, STATES, ago, bridge_of, lines_of, unknown
from collectors.net.tree import Dirt, Guard, Role, State

__all__ = ["Detail", "PortDetail", "detailed"]

_TREE = re.compile(
    r" *(?:(?:G[0-9]:)?(?:VLAN|VL)0*(?P<vlan>[0-9]{1,4})|MST0*(?P<mst>[0-9]{1,4})) is executing the .{1,60}"
    r"[Ss]panning [Tt]ree protocol"
)
_PORT = re.compile(
    r" *Port (?P<number>[0-9]{1,5}) \((?P<name>[^(),\s]+)(?:, [^()]{1,30})?\) of "
    r"(?:(?:G[0-9]:)?(?:VLAN|VL)0*(?P<vlan>[0-9]{1,4})|MST0*(?P<mst>[0-9]{1,4})) is "
    r"(?:(?P<role>root|designated|alternate|backup|master|boundary|disabled) )?(?P<state>[a-z]+)"
    r"(?: +\((?P<why>[^()]{1,80})\))?"
)
# Where these words stand, a tree or a port begins, whatever follows.
_BEGINS = re.compile(r" *(?:Port [0-9]+ \(|\S+ is executing )")
_CHANGES = re.compile(
    r" *Number of topology changes (?P<changes>[0-9]{1,12}) last change occurred (?P<ago>.{1,40}?)(?: ago)?"
)
_CHANGES_ALONE = re.compile(r" *Number of topology changes (?P<changes>[0-9]{1,12})")
_FROM = re.compile(r" *from (?P<port>[A-Za-z][\w./:-]*)")
_COST = re.compile(
    r" +Port path cost (?P<cost>[0-9]{1,10}), Port priority [0-9]{1,3}, Port Identifier .{1,12}"
)
_ROOT = re.compile(r" *Designated root has priority (?P<priority>[0-9]{1,5}), address (?P<mac>\S+)")
_BRIDGE = re.compile(r" *Designated bridge has priority (?P<priority>[0-9]{1,5}), address (?P<mac>\S+)")
_DESIGNATED = re.compile(
    r" *Designated port id is (?P<priority>[0-9]{1,3})\.(?P<number>[0-9]{1,5}), designated path cost "
    r"(?P<cost>[0-9]{1,10})(?: \(Ext\) [0-9]{1,10} \(Int\))?(?:, Topology change is set)?"
)
_TRANSITIONS = re.compile(r" *Number of transitions to forward(?:ing)? state: (?P<count>[0-9]{1,12})")
_GUARD = re.compile(
    r" *(?P<what>Bpdu guard|Bpdu filter|Root guard|Loop guard) is enabled(?: by default)?(?: on the port)?(?: internally)?",
    re.IGNORECASE,
)
_EDGE = re.compile(
    r" +The port is in the portfast (?:edge )?mode(?: by .{1,40})?|.*port type is edge.*", re.IGNORECASE
)
_LINK = re.compile(r" *Link type is (?P<type>point-to-point|shared)(?: by default)?(?:,.{1,60})?")
_GUARDS: Mapping[str, Guard] = {
    "bpdu guard": "bpdu-guard",
    "bpdu filter": "bpdu-filter",
    "root guard": "root-guard",
    "loop guard": "loop-guard",
}
# What is said elsewhere as well, or nobody judges.
_ELSEWHERE = re.compile(
    r" *(?:Bridge Identifier has priority|Configured hello time|Current root has priority|We are the root|"
    r"Root port is|Topology change flag|Times: |hello [0-9]|Timers: |BPDU: |Regional root|Designated regional root|"
    r"PVST Simulation is|The port type is|VPC|vPC|Root inconsistent|Rapid |Internal|Configured |"
    r"(?:Bpdu guard|Bpdu filter|Root guard|Loop guard) is disabled|.{1,40}rateLimiter|.{1,30}forward transitions).*"
)
_MOST_REMARKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PortDetail:
    """A port, as far as it is told. name: in full. role, state: 'unknown' where not told."""

    name: str
    number: int
    role: Role = "unknown"
    state: State = "unknown"
    why: str = ""
    cost: int | None = None
    designated_root: BridgeId | None = None
    designated_bridge: BridgeId | None = None
    designated_port: PortId | None = None
    designated_cost: int | None = None
    guards: tuple[Guard, ...] = ()
    is_edge: bool = False
    changes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One tree: how often it changed, seconds since the last time, and the name of the port that told it."""

    changes: int | None = None
    since_change: float | None = None
    change_from: str = ""
    ports: Mapping[int, PortDetail] = field(default_factory=dict)


@dataclass(slots=True)
class _Reading:
    trees: dict[str, Detail] = field(default_factory=dict)
    tree: str | None = None
    port: PortDetail | None = None
    remarks: list[Dirt] = field(default_factory=list)


def detailed(text: str) -> tuple[Mapping[str, Detail], tuple[Dirt, ...]]:
    """Read all trees by name, and what was not understood. Raises Unanswered where a tree or a port is not."""
    reading = _Reading()
    for line in _unfolded(filter(None, lines_of(text))):
        if found := _TREE.fullmatch(line):
            _end_port(reading)
            name = instance_named(found["vlan"], found["mst"])
            if name in reading.trees:
                raise unknown("a tree stands there twice", line)
            reading.tree, reading.trees[name] = name, Detail()
        elif found := _PORT.fullmatch(line):
            _begin_port(reading, found, line)
        elif reading.tree is None or _BEGINS.match(line):
            raise unknown("this begins no tree and no port", line)
        elif not (_of_tree(reading, line) if reading.port is None else _of_port(reading, line)):
            _remark(reading, line)
    _end_port(reading)
    return reading.trees, tuple(reading.remarks)


def _unfolded(lines: Iterable[str]) -> Iterator[str]:
    """A line by which a port begins is put together again where the terminal was too narrow for why it is held back."""
    before = ""
    for line in lines:
        if before and not _BEGINS.match(line) and _PORT.fullmatch(before + line):
            yield before + line
            before = ""
            continue
        if before:
            yield before
        before = line if _BEGINS.match(line) and not (_PORT.fullmatch(line) or _TREE.fullmatch(line)) else ""
        if not before:
            yield line
    if before:
        yield before


def _begin_port(reading: _Reading, found: re.Match[str], line: str) -> None:
    _end_port(reading)
    number, state = int(found["number"]), STATES.get(found["state"])
    if reading.tree != instance_named(found["vlan"], found["mst"]) or state is None:
        raise unknown("a port of another tree, or of a state that is not known", line)
    if number in reading.trees[reading.tree].ports:
        raise unknown("a port stands there twice", line)
    reading.port = PortDetail(
        name=found["name"],
        number=number,
        role=ROLES.get(found["role"] or "", "unknown"),
        state=state,
        why=found["why"] or "",
    )


def _end_port(reading: _Reading) -> None:
    if reading.port is not None and reading.tree is not None:
        tree = reading.trees[reading.tree]
        reading.trees[reading.tree] = replace(tree, ports={**tree.ports, reading.port.number: reading.port})
    reading.port = None


def _of_tree(reading: _Reading, line: str) -> bool:
    name = reading.tree or ""
    tree = reading.trees[name]
    if found := _CHANGES.fullmatch(line):
        since = ago(found["ago"])
        # 'never' is no time.
        if since is None and found["ago"] != "never":
            return False
        tree = replace(tree, changes=int(found["changes"]), since_change=since)
    elif found := _CHANGES_ALONE.fullmatch(line):
        tree = replace(tree, changes=int(found["changes"]))
    elif found := _FROM.fullmatch(line):
        tree = replace(tree, change_from=found["port"])
    else:
        return bool(_ELSEWHERE.fullmatch(line))
    reading.trees[name] = tree
    return True


def _of_port(reading: _Reading, line: str) -> bool:
    port = reading.port
    if port is None:
        return False
    if found := _COST.fullmatch(line):
        port = replace(port, cost=int(found["cost"]))
    elif found := _ROOT.fullmatch(line):
        port = replace(port, designated_root=_identifier(found, line))
    elif found := _BRIDGE.fullmatch(line):
        port = replace(port, designated_bridge=_identifier(found, line))
    elif found := _DESIGNATED.fullmatch(line):
        # Four bits of priority and twelve of the number; what NX-OS numbers beyond reaches into the priority.
        both = (int(found["priority"]) << 8) + int(found["number"])
        port = replace(
            port, designated_port=port_id_of_number(both & 0xFFFF), designated_cost=int(found["cost"])
        )
    elif found := _TRANSITIONS.fullmatch(line):
        port = replace(port, changes=int(found["count"]))
    elif found := _GUARD.fullmatch(line):
        port = replace(port, guards=(*port.guards, _GUARDS[found["what"].lower()]))
    elif _EDGE.fullmatch(line):
        port = replace(port, is_edge=True)
    else:
        return bool(_LINK.fullmatch(line) or _ELSEWHERE.fullmatch(line))
    reading.port = port
    return True


def _remark(reading: _Reading, line: str) -> None:
    if len(reading.remarks) < _MOST_REMARKS:
        reading.remarks.append(
            Dirt(kind="row", what="show spanning-tree detail", why=f"not understood: {line.strip()[:120]}")
        )


def _identifier(found: re.Match[str], line: str) -> BridgeId:
    identifier = bridge_of(f"{found['priority']}.{found['mac']}")
    if identifier is None:
        raise unknown("this identifies no bridge", line)
    return identifier
