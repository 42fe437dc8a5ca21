"""Spanning tree: a switch takes no part in it, and a loop through it would not be seen. Switch it on. A Linux bridge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Shell
from playbooks.net.bridge import Bridge, Nothing, bridges, one_bridge, setting
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["switch_tree_on"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The bridges, as they are set up."""

    bridges: tuple[Bridge, ...]


def propose(_finding: Finding) -> Nothing:
    return Nothing()


def plan(seen: State, _wanted: Nothing) -> Iterator[Step]:
    bridge = one_bridge(seen.bridges)
    if bridge.has_tree:
        return
    if bridge.ports < 2:
        raise UnfitError(
            f"{bridge.name} has {bridge.ports} port: it joins no cables, and needs no tree",
            f"{bridge.name} hat {bridge.ports} Port: sie verbindet keine Kabel und braucht keinen Baum",
        )
    yield Step(
        why=(
            f"{bridge.name} has {bridge.ports} ports and passes everything on, loops as well",
            f"{bridge.name} hat {bridge.ports} Ports und reicht alles weiter, auch im Kreis",
        ),
        do=setting(bridge.name, "stp_state", 1),
        undo=(setting(bridge.name, "stp_state", 0),),
        cuts=True,
    )


@playbook(
    "net.switch_tree_on",
    does=("Switch spanning tree on at a switch", "Spanning Tree an einem Switch einschalten"),
    notices=(
        "Its ports wait up to half a minute before they pass anything on.",
        "Seine Ports warten bis zu eine halbe Minute, bevor sie etwas weiterreichen.",
    ),
    treats=("net.tree-unusable", "net.tree-off-on-loop"),
    asked=("net.spanning-tree", "net.linux-bridge"),
    plan=plan,
    propose=propose,
    risk=Risk.HIGH,
    platform="linux",
    role="switch",
    settle=60.0,
)
async def switch_tree_on(host: Shell, _wanted: Nothing) -> State:
    """Ask how its bridges are set up."""
    return State(bridges=await bridges(host))
