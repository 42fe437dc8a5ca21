"""What does Open vSwitch's daemon show of a tree? The text of `ovs-appctl rstp/show` and `stp/show` (ovs-vswitchd(8)).

A line that is none of these is no reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from collectors.net.bridge_id import BridgeId, bridge_id_written
from collectors.net.host_bridges import unparsable
from collectors.net.tree import Timers

__all__ = ["Shown", "ShownPort", "shown_of"]

_BRIDGE = re.compile(r"---- (?P<name>\S+) ----")
_SAYS = re.compile(r"  (?P<what>stp-[a-z-]+|root-port|root-path-cost) +(?P<value>\S+)")
_PORT = re.compile(
    r"  (?P<name>\S+) +(?P<role>[A-Za-z]+) +(?P<state>[A-Za-z]+) +(?P<cost>[0-9]{1,10}) +"
    r"(?P<priority>[0-9]{1,3})\.(?P<number>[0-9]{1,4})"
)
_HEAD = re.compile(r"  Interface +Role +State +Cost +Pri\.Nbr *")
_RULE = re.compile(r"  -+( -+){4}")
_ROOT, _OWN, _PORTS = "Root ID:", "Bridge ID:", "ports"
_IS_ROOT = "  This bridge is the root"
_NEEDED = ("stp-priority", "stp-system-id", "stp-hello-time", "stp-max-age", "stp-fwd-delay")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPort:
    """role and state in the daemon's words."""

    name: str
    role: str
    state: str
    cost: int
    priority: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One bridge. root_port: a name, '' on the root. timers: of the root; own: of the bridge. ports: by name."""

    bridge: BridgeId
    root: BridgeId
    root_port: str
    root_cost: int
    timers: Timers
    own: Timers
    ports: Mapping[str, ShownPort]


def shown_of(text: str) -> dict[str, Shown]:
    """Read all bridges, by name. Raises Unanswered (`unparsable`) for a line that is not known, and for what is cut off."""
    found: dict[str, Shown] = {}
    # Each bridge ends with an empty line after its ports.
    if text and not text.endswith("\n\n"):
        raise unparsable("what Open vSwitch shows does not come to its end", text[-200:])
    name, lines = "", list[str]()
    for line in (*text.split("\n"), "---- end ----"):
        if head := _BRIDGE.fullmatch(line):
            if name in found:
                raise unparsable("Open vSwitch shows a bridge twice", line)
            if name:
                found[name] = _bridge(lines)
            elif lines and any(lines):
                raise unparsable("this is no bridge", lines[0])
            name, lines = head["name"], []
        else:
            lines.append(line)
    return found


def _bridge(lines: list[str]) -> Shown:
    said: dict[str, dict[str, str]] = {_ROOT: {}, _OWN: {}}
    ports: dict[str, ShownPort] = {}
    part, is_root, heads = "", False, 0
    for line in filter(None, lines):
        if line in said and part == ("" if line == _ROOT else _ROOT):
            part = line
        elif line == _IS_ROOT and part == _ROOT:
            is_root = True
        elif (told := _SAYS.fullmatch(line)) and part in said and told["what"] not in said[part]:
            said[part][told["what"]] = told["value"]
        elif part == _OWN and _HEAD.fullmatch(line):
            part, heads = _PORTS, 1
        elif part == _PORTS and heads == 1 and _RULE.fullmatch(line):
            heads = 2
        elif part == _PORTS and heads == 2 and (row := _PORT.fullmatch(line)) and row["name"] not in ports:
            ports[row["name"]] = _port(row)
        else:
            raise unparsable("Open vSwitch shows a line that is not known", line)
    if heads != 2:
        raise unparsable("Open vSwitch shows no table of ports", "\n".join(lines))
    root_port = said[_ROOT].get("root-port", "")
    if is_root == bool(root_port) or any(what not in part for part in said.values() for what in _NEEDED):
        raise unparsable("Open vSwitch shows half a tree", "\n".join(lines))
    return Shown(
        bridge=_identifier(said[_OWN]),
        root=_identifier(said[_ROOT]),
        root_port=root_port,
        root_cost=0 if is_root else _whole(said[_ROOT].get("root-path-cost", "")),
        timers=_timers(said[_ROOT]),
        own=_timers(said[_OWN]),
        ports=ports,
    )


def _port(row: re.Match[str]) -> ShownPort:
    return ShownPort(
        name=row["name"],
        role=row["role"],
        state=row["state"],
        cost=int(row["cost"]),
        priority=int(row["priority"]),
        number=int(row["number"]),
    )


def _identifier(said: Mapping[str, str]) -> BridgeId:
    written = f"{said['stp-priority']}/{said['stp-system-id']}"
    if (found := bridge_id_written(written)) is None:
        raise unparsable("this identifies no bridge", written)
    return found


def _timers(said: Mapping[str, str]) -> Timers:
    age, hello, delay = (_seconds(said[f"stp-{what}"]) for what in ("max-age", "hello-time", "fwd-delay"))
    return Timers(max_age=age, hello=hello, forward_delay=delay)


def _seconds(text: str) -> float:
    """'2s', or '2.500s'."""
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?s", text):
        raise unparsable("this is no time", text)
    return float(text[:-1])


def _whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise unparsable("this is no number", text)
    return int(text)
