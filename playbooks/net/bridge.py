"""How is a Linux bridge set up? What the changes of its spanning tree look at: settings, and nothing that the tree moves."""

from __future__ import annotations

import json
from dataclasses import dataclass

from collectors import Kind, Shell, Unanswered
from playbooks.operation import Command
from playbooks.playbook import UnfitError

__all__ = ["Bridge", "Nothing", "bridges", "one_bridge", "setting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """No parameter: what is right stands in the contract, or follows from the standard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """Times in hundredths of a second, as the kernel has them. ports: how many it has."""

    name: str
    has_tree: bool
    priority: int
    hello_time: int
    max_age: int
    forward_delay: int
    ports: int


async def bridges(host: Shell) -> tuple[Bridge, ...]:
    """The bridges of a host, by name. Raises Unanswered."""
    rows = await _links(host, "type", "bridge")
    return tuple(sorted([await _bridge(host, row) for row in rows], key=lambda one: one.name))


async def _bridge(host: Shell, row: dict[str, object]) -> Bridge:
    info = row.get("linkinfo")
    data = info.get("info_data") if isinstance(info, dict) else None
    name = row.get("ifname")
    if not isinstance(data, dict) or not isinstance(name, str):
        raise Unanswered(Kind.UNPARSABLE, "ip does not tell how a bridge is set up")
    members = await _links(host, "master", name)
    try:
        return Bridge(
            name=name,
            has_tree=int(data["stp_state"]) > 0,
            priority=int(data["priority"]),
            hello_time=int(data["hello_time"]),
            max_age=int(data["max_age"]),
            forward_delay=int(data["forward_delay"]),
            ports=len(members),
        )
    except (KeyError, TypeError, ValueError):
        raise Unanswered(Kind.UNPARSABLE, f"ip does not tell how the bridge {name} is set up") from None


async def _links(host: Shell, *which: str) -> list[dict[str, object]]:
    ran = await host.run("ip", "-j", "-d", "link", "show", *which)
    try:
        rows = json.loads(ran.stdout or "[]")
    except ValueError:
        rows = None
    if ran.code or not isinstance(rows, list):
        raise Unanswered(Kind.UNPARSABLE, f"ip printed no list of links: {ran.stderr.strip()[:100]}")
    return [row for row in rows if isinstance(row, dict) and row.get("ifname")]


def one_bridge(seen: tuple[Bridge, ...]) -> Bridge:
    """The bridge that is meant. Raises UnfitError where the host has none, or several."""
    if len(seen) != 1:
        names = ", ".join(one.name for one in seen) or "-"
        raise UnfitError(
            f"the host has not exactly one bridge ({names}): say which one is meant, by hand",
            f"der Host hat nicht genau eine Bridge ({names}): welche gemeint ist, muss ein Mensch sagen",
        )
    return seen[0]


def setting(bridge: str, name: str, value: int) -> Command:
    """One setting of a bridge (ip-link(8), BRIDGE)."""
    return Command(argv=("ip", "link", "set", "dev", bridge, "type", "bridge", name, f"{value}"))
