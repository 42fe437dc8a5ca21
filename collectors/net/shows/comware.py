"""What does `display stp` say? Trees and ports in blocks, as HPE Comware (5 and 7) and Huawei VRP write them.

Formats: HPE "Layer 2 - LAN Switching Command Reference" for the 7500 and the HSR6800 (`display stp`, `display stp brief`,
`display stp down-port`, `display stp region-configuration`), Huawei "Command Reference", `display stp`. Ports without a
link stand there too, as DOWN. `display stp abnormal-port` is a history in newer releases, and is no witness of the present.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from collectors.net.bridge_id import PortId
from collectors.net.shows.text import ROLES, STATES, bridge_of, lines_of, unknown
from collectors.net.tree import (
    CostMethod,
    ErrDisabled,
    Guard,
    Instance,
    Protocol,
    Region,
    Timers,
    Tree,
    TreePort,
    addresses_of,
)

__all__ = ["displayed", "downed", "listed_in_brief", "region"]

_TREE = re.compile(
    r" *-{3,}\[(?:(?P<common>CIST)|MSTI (?P<mst>[0-9]{1,4})|VLAN (?P<vlan>[0-9]{1,4})|(?P<lone>(?:STP|RSTP)))(?: Global Info)?\]"
    r"(?:\[Mode (?P<mode>STP|RSTP|MSTP|PVST|VBST)\])?-{3,}"
)
_PORT = re.compile(
    r" *-{3,}(?:\[(?:CIST|MSTI [0-9]+|VLAN [0-9]+)\])?\[Port ?(?P<number>[0-9]{1,5}) ?\((?P<name>[^()\s]+)\)\]\[(?P<state>[A-Z]+)\]-{3,}"
)
_BEGINS = re.compile(r" *-{2,}")
_SAYS = re.compile(r" *(?P<what>[A-Za-z][^:]{0,40}?) *: ?(?P<value>.*)")
_NUMBERS = re.compile(r" +TCN ?:.*| *(?:Port |Bridge )?Config-?| +Digest-Snooping.*")
_ROOT = re.compile(r"(?P<id>[0-9]{1,5}\.\S{12,17}?),? */? *(?P<cost>[0-9]{1,10})(?: *\(.{1,50}\))?")
_TIMES = re.compile(
    r"Hello (?P<hello>[0-9]{1,3})s,? MaxAge (?P<age>[0-9]{1,3})s,? (?:FwDly|FwdDelay|FwdDly) (?P<delay>[0-9]{1,3})s.*",
    re.IGNORECASE,
)
_COST = re.compile(r"Config ?= ?\S+?,? */? *Active ?= ?(?P<cost>[0-9]{1,10})")
_IS = re.compile(r"Config ?= ?[^,/]+?,? */? *Active ?= ?(?P<is>[A-Za-z/]+).*", re.IGNORECASE)
_DESIGNATED = re.compile(
    r"(?P<id>[0-9]{1,5}\.\S{12,17}?),? */? *(?P<priority>[0-9]{1,3})\.(?P<number>[0-9]{1,5})"
)
_PORT_ID = re.compile(r"(?P<priority>[0-9]{1,3})\.(?P<number>[0-9]{1,5})")
_SINCE = re.compile(
    r"(?P<days>[0-9]{1,6}) days? (?P<hours>[0-9]{1,2})h:(?P<minutes>[0-9]{1,2})m:(?P<seconds>[0-9]{1,2})s"
)
_ROLE = re.compile(
    r"(?:CIST |MSTI )?(?P<role>Root|Designated|Alternate|Backup|Master|Disabled) ?Port(?: ?\(.{1,20}\))?.*",
    re.IGNORECASE,
)
_MODES: Mapping[str, Protocol] = {
    "STP": "stp",
    "RSTP": "rstp",
    "MSTP": "mstp",
    "PVST": "rapid-pvst",
    "VBST": "rapid-pvst",
}
_OFF = re.compile(r" *Protocol [Ss]tatus *: ?(?:Disabled|disabled)")
_BRIEF = re.compile(
    r" *(?P<tree>[0-9]{1,4}) +(?P<name>[A-Za-z]\S*[0-9]) +(?P<role>ROOT|DESI|ALTE|BACK|MAST|DISA) +(?P<state>FORWARDING|DISCARDING|LEARNING)"
    r"(?: +\S+)*"
)
_BRIEF_COLUMNS = re.compile(r" *(?:MST ?ID|VLAN(?: ?ID)?) +Port +Role +STP State +Protection(?: +.*)?")
_DOWN = re.compile(r" *(?P<name>[A-Za-z]\S*[0-9]) +(?P<why>[A-Z].{1,40})")
_DOWN_COLUMNS = re.compile(r" *(?:Down )?Port +Reason")
_REGION = re.compile(r" *Region[ -]name *: ?(?P<name>\S{1,32}) *", re.IGNORECASE)
_REVISION = re.compile(r" *Revision level *: ?(?P<revision>[0-9]{1,5}) *", re.IGNORECASE)
_DIGEST = re.compile(r" *(?:Configuration )?digest *: ?(?:0x)?(?P<digest>[0-9a-fA-F]{32}) *", re.IGNORECASE)
_GUARDS: Mapping[str, Guard] = {"root": "root-guard", "loop": "loop-guard", "bpdu": "bpdu-guard"}


@dataclass(slots=True)
class _Block:
    """A tree or a port: what it says of itself, by the name without blanks and marks ('desgbridgeport')."""

    head: re.Match[str]
    says: dict[str, str] = field(default_factory=dict)


def displayed(text: str) -> Tree:
    """Read all trees. Raises Unanswered for a block that is not known, and for one that says too little."""
    lines = [line for line in lines_of(text) if line]
    if (
        lines
        and any(_OFF.fullmatch(line) for line in lines)
        and not any(_TREE.fullmatch(line) for line in lines)
    ):
        return Tree(is_on=False)
    trees: list[tuple[_Block, list[_Block]]] = []
    for line in lines:
        if head := _TREE.fullmatch(line):
            trees.append((_Block(head), []))
        elif head := _PORT.fullmatch(line):
            if not trees:
                raise unknown("a port stands in no tree", line)
            trees[-1][1].append(_Block(head))
        elif not trees or _BEGINS.match(line):
            raise unknown("this begins no tree and no port", line)
        elif said := _SAYS.fullmatch(line):
            tree, ports = trees[-1]
            block = ports[-1] if ports else tree
            block.says.setdefault(re.sub(r"[^a-z]", "", said["what"].lower()), said["value"].strip())
        elif not _NUMBERS.fullmatch(line):
            raise unknown("a line of a tree is not known", line)
    if not trees:
        raise unknown("the device shows no tree, and does not say that there is none", text)
    return _tree(trees)


def _tree(trees: list[tuple[_Block, list[_Block]]]) -> Tree:
    instances: dict[str, Instance] = {}
    for block, ports in trees:
        one = _instance(block, instances.get(""))
        if one.name in instances:
            raise unknown("a tree stands there twice", block.head[0])
        read = tuple(_port(port, one) for port in ports)
        if len({port.number for port in read}) != len(read) or len({port.name for port in read}) != len(read):
            raise unknown("a port stands there twice", block.head[0])
        if one.root_port and not any(port.number == one.root_port for port in read):
            raise unknown("the port that leads to the root stands in no block", block.head[0])
        instances[one.name] = replace(one, ports=read)
    mode = next((block.head["mode"] for block, _ in trees if block.head["mode"]), "")
    found = tuple(instances.values())
    return Tree(
        protocol=_MODES.get(mode, "unknown"),
        is_on=True,
        instances=found,
        cost_method=_method(trees),
        addresses=addresses_of(found),
    )


def _method(trees: list[tuple[_Block, list[_Block]]]) -> CostMethod:
    """The table that costs are taken from: 'Port cost(Dot1T)' or '(802.1T)' is the long one; a vendor's own is none of both."""
    words = {
        what
        for _, ports in trees
        for port in ports
        for what in port.says
        if what.startswith(("portcost", "portpathcost"))
    }
    return (
        "long"
        if words and all("t" in what.removeprefix("portcost").removeprefix("portpathcost") for what in words)
        else ""
    )


def _instance(block: _Block, common: Instance | None) -> Instance:
    head, says = block.head, block.says
    name = f"vlan-{int(head['vlan'])}" if head["vlan"] else f"mst-{int(head['mst'])}" if head["mst"] else ""
    within = bool(head["mst"])
    bridge = bridge_of(_said(says, head[0], "cistbridge", "bridgeid", "mstibridgeid", "vlanbridge"))
    root = _ROOT.fullmatch(
        _said(
            says,
            head[0],
            *(
                ("mstiregrootirpc", "regrootidirpc")
                if within
                else ("cistrooterpc", "rootiderpc", "rooterpc", "rootidrpc")
            ),
        )
    )
    way = _PORT_ID.fullmatch(_said(says, head[0], "cistrootportid", "rootportid", "mstirootportid"))
    if bridge is None or root is None or way is None or (found := bridge_of(root["id"])) is None:
        raise unknown("a tree does not say who it is, who is its root, or which port leads there", head[0])
    return Instance(
        name=name,
        bridge=bridge,
        root=found,
        root_cost=int(root["cost"]),
        root_port=int(way["number"]),
        timers=_timers(says.get("activetimes", says.get("bridgetimes", "")))
        or (common.timers if common and within else None),
        own=_timers(says.get("configtimes", says.get("bridgetimes", ""))),
        # Comware counts only the notices that came, several for each change; VRP counts the changes as well.
        changes=int(count) if (count := says.get("numberoftc", "")).isdecimal() else None,
        change_from=says.get("lasttcoccurred", ""),
        since_change=_since(says.get("timesincelasttc", "")),
        vlans=(int(head["vlan"]),) if head["vlan"] else (),
    )


def _port(block: _Block, of: Instance) -> TreePort:
    head, says = block.head, block.says
    state = STATES.get(head["state"].lower())
    role = _ROLE.fullmatch(_said(says, head[0], "portrole"))
    cost = next(
        (
            _COST.fullmatch(value)
            for what, value in says.items()
            if what.startswith(("portcost", "portpathcost"))
        ),
        None,
    )
    designated = _DESIGNATED.fullmatch(_said(says, head[0], "desgbridgeport", "designatedbridgeport"))
    bridge = bridge_of(designated["id"]) if designated else None
    own = _PORT_ID.fullmatch(says.get("portid", ""))
    if state is None or role is None or cost is None or designated is None or bridge is None:
        raise unknown("a port does not say its role, cost, or designated bridge", head[0])
    priority = own["priority"] if own else says.get("portpriority", "")
    is_up = head["state"] != "DOWN"
    protection = _IS.fullmatch(says.get("protectiontype", ""))
    guards = protection["is"] if protection else says.get("protectiontype", "")
    return TreePort(
        name=head["name"],
        number=int(own["number"]) if own else int(head["number"]),
        priority=int(priority) if priority.isdecimal() else None,
        state=state,
        role=ROLES[role["role"].lower()] if is_up else "disabled",
        cost=int(cost["cost"]),
        designated_root=of.root if is_up else None,
        designated_bridge=bridge if is_up else None,
        designated_port=_port_id(designated) if is_up else None,
        is_up=is_up,
        is_running=says.get("portprotocol", "enabled").lower() == "enabled",
        is_edge=_is(says.get("portedged", ""), "enabled"),
        is_point_to_point=_is(says.get("pointtopoint", ""), "true"),
        guards=tuple(_guards(guards)),
    )


def _guards(said: str) -> Iterator[Guard]:
    for word in said.lower().split("/"):
        if guard := _GUARDS.get(word):
            yield guard


def _is(value: str, word: str) -> bool | None:
    found = _IS.fullmatch(value)
    return found["is"].lower() == word if found else None


def _port_id(found: re.Match[str]) -> PortId:
    return PortId(int(found["priority"]), int(found["number"]))


def _said(says: Mapping[str, str], head: str, *names: str) -> str:
    said = next((says[name] for name in names if name in says), None)
    if said is None:
        raise unknown(f"a block has no {names[0]}", head)
    return said


def _timers(text: str) -> Timers | None:
    found = _TIMES.fullmatch(text)
    if found is None:
        return None
    return Timers(
        max_age=float(found["age"]), hello=float(found["hello"]), forward_delay=float(found["delay"])
    )


def _since(text: str) -> float | None:
    found = _SINCE.match(text)
    if found is None:
        return None
    days, hours, minutes, seconds = map(int, found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def listed_in_brief(text: str) -> set[tuple[int, str]]:
    """Number of the tree and name of each port with a link, as `display stp brief` has them. Raises Unanswered."""
    found: set[tuple[int, str]] = set()
    for line in filter(None, lines_of(text)):
        if row := _BRIEF.fullmatch(line):
            found.add((int(row["tree"]), row["name"]))
        elif not _BRIEF_COLUMNS.fullmatch(line):
            raise unknown("a row of the table of ports is not known", line)
    return found


def downed(text: str) -> tuple[ErrDisabled, ...]:
    """The ports that the switch shut by itself (`display stp down-port`). Raises Unanswered for a row that is not known."""
    found: list[ErrDisabled] = []
    for line in filter(None, lines_of(text)):
        if _DOWN_COLUMNS.fullmatch(line):
            continue
        if (row := _DOWN.fullmatch(line)) is None:
            raise unknown("a row of ports that were shut is not known", line)
        found.append(ErrDisabled(port=row["name"], cause=row["why"]))
    return tuple(found)


def region(text: str) -> Region | None:
    """Name, revision and digest in force; None where they are not told."""
    said: dict[str, str] = {}
    for line in lines_of(text):
        for pattern in (_REGION, _REVISION, _DIGEST):
            if found := pattern.fullmatch(line):
                said |= {name: value for name, value in found.groupdict().items() if name not in said}
    if "name" not in said or "revision" not in said:
        return None
    return Region(name=said["name"], revision=int(said["revision"]), digest=said.get("digest", "").lower())
