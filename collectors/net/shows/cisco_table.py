"""What does `show spanning-tree` say? The table of ports of each tree, as IOS, IOS-XE, NX-OS and EOS write it.

Formats: Cisco "Catalyst 9300 Layer 2 Command Reference" and "Nexus 9000 Layer 2 Switching Configuration Guide"
(`show spanning-tree`), Cisco tech notes 24063 and 10596 (`*PVID_Inc`, `*ROOT_Inc`), Arista EOS User Manual, chapter
"Spanning Tree Protocol". A tree without ports, and a name that fills its column or a line of its own, are usual.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from collectors.net.bridge_id import BridgeId
from collectors.net.shows.text import ROLES, STATES, bridge_of, lines_of, unknown
from collectors.net.tree import Inconsistency, Instance, Timers, TreePort

__all__ = ["Listed", "instance_named", "listed"]

_HEAD = re.compile(r"(?:G[0-9]:)?(?:(?:VLAN|VL)0*(?P<vlan>[0-9]{1,4})|MST0*(?P<mst>[0-9]{1,4}))")
_PROTOCOL = re.compile(r" *Spanning tree enabled protocol (?P<protocol>ieee|rstp|mstp|rapid-pvst|ibm)")
_PRIORITY = re.compile(
    r" *(?P<of>Root|Bridge) ID +Priority +(?P<priority>[0-9]{1,5})(?: +\(priority [0-9]{1,5} sys-id-ext [0-9]{1,4}\))?"
)
_ADDRESS = re.compile(r" *Address +(?P<mac>[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})", re.IGNORECASE)
_COST = re.compile(r" *Cost +(?P<cost>[0-9]{1,10})(?: \(Ext\) (?P<within>[0-9]{1,10}) \(Int\))?")
_WAY = re.compile(r" *Port +(?P<number>[0-9]{1,5}) \((?P<name>[^()\s]+)(?:, vPC[a-z -]*)?\)")
_IS_ROOT = re.compile(r" *This bridge is the (?:regional )?root(?: of the spanning tree)?")
_TIMES = re.compile(
    r" *Hello Time +(?P<hello>[0-9]{1,2}(?:\.[0-9]+)?) +sec +Max Age +(?P<age>[0-9]{1,2}) +sec +"
    r"Forward Delay +(?P<delay>[0-9]{1,2}) +sec"
)
_AGING = re.compile(r" *Aging Time +[0-9]{1,7}(?: +sec)?")
_ASIDE = re.compile(r" *(?:Uplinkfast|Backbonefast) (?:enabled|disabled)")
_COLUMNS = re.compile(r"Interface +Role +(?:Sts|State) +Cost +Prio\.Nbr +(?:Type|Status)")
_RULE = re.compile(r"-{5,}(?: +-{2,}){4,5}")
_NAME = r"[A-Za-z][A-Za-z0-9-]*[0-9](?:[/.:][0-9]+)*"
_REST = (
    r"(?P<role>Root|Desg|Altn|Back|Mstr|Boun|Disb|root|designated|alternate|backup|master|disabled) +"
    r"(?:(?P<state>[A-Za-z]{3,})(?P<star>\*)? *(?<=[ *]))"
    r"(?P<cost>[0-9]{1,10}) +(?P<priority>[0-9]{1,3})\.(?P<number>[0-9]{1,5}) +(?P<type>\S.*)"
)
_ROW = re.compile(rf"(?P<name>{_NAME}) +{_REST}")
_LONE_NAME, _LONE_REST = re.compile(_NAME), re.compile(rf" +{_REST}")
_NONE = re.compile(
    r"No spanning[ -]tree instances? exists?\.?|Spanning[ -]tree (?:is|has been) (?:disabled|shut ?down)\.?|"
    r"No spanning[ -]tree (?:is )?enabled\.?",
    re.IGNORECASE,
)
# What stands behind the star, in the last column.
_REASONS: Mapping[str, Inconsistency] = {
    "ROOT": "root",
    "LOOP": "loop",
    "TYPE": "type",
    "PVID": "pvid",
    "PVST": "pvst",
    "BA": "bridge-assurance",
}
_WORD = re.compile(
    r"\((?:vPC|vPC peer-link)\)|P2p|Shr|Edge|Network|Trunk|Dispute|"
    r"(?:Peer|Boundary|Bound)(?: ?\((?:STP|RSTP|PVST)\))?|Pre-STD(?:-Rx|-Tx)?|\*(?P<why>[A-Z0-9_]{2,12})_Inc"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the tables say. is_on: False where the device says that no tree runs. protocol: in its words, by instance."""

    is_on: bool
    instances: tuple[Instance, ...] = ()
    protocols: Mapping[str, str]


@dataclass(slots=True)
class _Part:
    """One tree that is being read; root and own have identifier and timers, part by part."""

    instance: Instance
    where: str = "head"
    protocol: str = ""
    of: str = ""
    priority: int = 0
    is_root: bool = False
    way: str = ""
    name: str = ""


def instance_named(vlan: str | None, mst: str | None) -> str:
    """As the model names it.

    >>> instance_named("1", None), instance_named(None, "0"), instance_named(None, "2")
    ('vlan-1', '', 'mst-2')
    """
    if vlan:
        return f"vlan-{int(vlan)}"
    return f"mst-{int(mst)}" if mst and int(mst) else ""


def listed(text: str) -> Listed:
    """Read all trees. Raises Unanswered (`unparsable`) for a line that is not known."""
    lines = [line for line in lines_of(text) if line]
    if len(lines) == 1 and _NONE.fullmatch(lines[0].strip()):
        return Listed(is_on=False, protocols={})
    parts: list[_Part] = []
    for line in lines:
        if head := _HEAD.fullmatch(line):
            _end(parts, line)
            vlans = (int(head["vlan"]),) if head["vlan"] else ()
            name = instance_named(head["vlan"], head["mst"])
            if name in {part.instance.name for part in parts}:
                raise unknown("a tree stands there twice", line)
            parts.append(_Part(Instance(name=name, vlans=vlans)))
        elif not parts:
            raise unknown("this begins no tree", line)
        else:
            _take(parts[-1], line)
    _end(parts, text[-100:])
    if not parts:
        raise unknown("the device shows no tree, and does not say that there is none", text)
    return Listed(
        is_on=True,
        instances=tuple(part.instance for part in parts),
        protocols={part.instance.name: part.protocol for part in parts},
    )


def _end(parts: list[_Part], line: str) -> None:
    """A tree is whole once its table has a head, and it knows the root and the way there."""
    if not parts:
        return
    one = parts[-1]
    instance = one.instance
    is_whole = one.where == "rows" and not one.name and one.protocol
    if not is_whole or instance.bridge is None or instance.root is None or instance.own is None:
        raise unknown(f"tree {instance.name or 0} does not come to its end", line)
    if one.is_root == bool(instance.root_port):
        raise unknown(f"tree {instance.name or 0} does not say who leads to the root", line)


def _take(one: _Part, line: str) -> None:
    """One line of a tree. Raises Unanswered when it is none."""
    if one.where == "rows":
        _take_row(one, line)
    elif one.where == "columns" and _RULE.fullmatch(line):
        one.where = "rows"
    elif _COLUMNS.fullmatch(line) and one.where == "head":
        one.where = "columns"
    elif (found := _PROTOCOL.fullmatch(line)) and not one.protocol:
        one.protocol = found["protocol"]
    elif one.where == "head" and _take_root(one, line):
        pass
    elif not (_AGING.fullmatch(line) or _ASIDE.fullmatch(line)):
        raise unknown("a line of a tree is not known", line)


def _take_root(one: _Part, line: str) -> bool:
    """What the head says of the root and of the bridge itself; False when it is something else."""
    instance, is_own = one.instance, one.of == "Bridge"
    if found := _PRIORITY.fullmatch(line):
        one.of, one.priority = found["of"], int(found["priority"])
    elif (found := _ADDRESS.fullmatch(line)) and one.of:
        identifier = _identifier(one.priority, found["mac"], line)
        one.instance = replace(instance, bridge=identifier) if is_own else replace(instance, root=identifier)
    elif (found := _TIMES.fullmatch(line)) and one.of:
        timers = _timers(found)
        one.instance = replace(instance, own=timers) if is_own else replace(instance, timers=timers)
    elif _IS_ROOT.fullmatch(line) and one.of == "Root":
        one.is_root = True
        one.instance = replace(instance, root_cost=0, root_port=0)
    elif (found := _COST.fullmatch(line)) and one.of == "Root":
        one.instance = replace(instance, root_cost=int(found["cost"]))
    elif (found := _WAY.fullmatch(line)) and one.of == "Root":
        one.way = found["name"]
        one.instance = replace(instance, root_port=int(found["number"]))
    else:
        return False
    return True


def _take_row(one: _Part, line: str) -> None:
    if one.name:
        row = _LONE_REST.fullmatch(line)
        name, one.name = one.name, ""
    elif _LONE_NAME.fullmatch(line):
        one.name = line
        return
    else:
        row = _ROW.fullmatch(line)
        name = row["name"] if row else ""
    if row is None:
        raise unknown("a row of the table of ports is not known", line)
    port = _port(name, row, line)
    if one.instance.port(port.number) or one.instance.named(name):
        raise unknown("a port stands there twice", line)
    one.instance = replace(one.instance, ports=(*one.instance.ports, port))


def _port(name: str, row: re.Match[str], line: str) -> TreePort:
    state = STATES.get(row["state"].lower())
    words = list(_words(row["type"], line))
    if state is None or (bool(row["star"]) != (state == "broken")):
        raise unknown("a port has a state that is not known", line)
    reasons = [_REASONS.get(word["why"], "other") for word in words if word["why"]]
    said = {word[0].partition(" ")[0] for word in words}
    if "Dispute" in said:
        reasons.append("dispute")
    if not said & {"P2p", "Shr"}:
        raise unknown("a port is neither point-to-point nor shared", line)
    return TreePort(
        name=name,
        number=int(row["number"]),
        priority=int(row["priority"]),
        state=state,
        role=ROLES[row["role"].lower()],
        cost=int(row["cost"]),
        # Only ports with a link stand in the table; of one that is switched off it is not said.
        is_up=None if state == "disabled" else True,
        is_running=True,
        is_edge="Edge" in said,
        is_point_to_point="P2p" in said,
        inconsistent=reasons[0] if reasons else "other" if state == "broken" else "",
    )


def _words(text: str, line: str) -> Iterator[re.Match[str]]:
    """The words of the last column. Raises Unanswered for one that is not known."""
    place = 0
    while place < len(text):
        word = _WORD.match(text, place)
        if word is None or (word.end() < len(text) and text[word.end()] != " "):
            raise unknown("a port is of a type that is not known", line)
        yield word
        place = word.end()
        while place < len(text) and text[place] == " ":
            place += 1


def _identifier(priority: int, mac: str, line: str) -> BridgeId:
    found = bridge_of(f"{priority}.{mac}")
    if found is None:
        raise unknown("this identifies no bridge", line)
    return found


def _timers(found: re.Match[str]) -> Timers:
    return Timers(
        max_age=float(found["age"]), hello=float(found["hello"]), forward_delay=float(found["delay"])
    )
