"""Spanning tree: the switch that shall be the root, or take its place, has not the priority for it. A Linux bridge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from collectors import About, Finding, Shell
from playbooks.net.bridge import Bridge, Nothing, bridges, one_bridge, setting
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["set_root_priority"]

# IEEE 802.1D-2004, 17.14: steps of 4096; 0 is left for whoever must win against everybody.
_OF = {"root": 4096, "backup": 8192}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """place: what the contract means the switch to be."""

    bridges: tuple[Bridge, ...]
    place: Literal["root", "backup", ""]


def propose(_finding: Finding) -> Nothing:
    return Nothing()


def plan(seen: State, _wanted: Nothing) -> Iterator[Step]:
    bridge = one_bridge(seen.bridges)
    if not seen.place:
        raise UnfitError(
            "the contract means this switch to be neither the root nor its backup: go to those",
            "der Vertrag sieht diesen Switch weder als Root noch als Ersatz vor: dort ansetzen",
        )
    if not bridge.has_tree:
        raise UnfitError(
            f"spanning tree is off on {bridge.name}: switch it on first",
            f"Spanning Tree ist auf {bridge.name} aus: erst einschalten",
        )
    right = _OF[seen.place]
    if bridge.priority == right or (seen.place == "root" and bridge.priority < right):
        return
    yield Step(
        why=(
            f"the contract means it to be the {seen.place}: {right}, and it has {bridge.priority}",
            f"der Vertrag sieht ihn als {'Root' if seen.place == 'root' else 'Ersatz'} vor: {right}, und er hat {bridge.priority}",
        ),
        do=setting(bridge.name, "priority", right),
        undo=(setting(bridge.name, "priority", bridge.priority),),
        cuts=True,
    )


@playbook(
    "net.set_root_priority",
    does=(
        "Set the priority of the planned root of spanning tree, or of its backup",
        "Die Priorität der geplanten Root-Bridge oder ihres Ersatzes setzen",
    ),
    notices=(
        "The tree is built anew: some seconds to half a minute without a way in parts of the network.",
        "Der Baum entsteht neu: in Teilen des Netzes für Sekunden bis zu einer halben Minute kein Weg.",
    ),
    treats=("net.root-is-backup", "net.root-default", "net.backup-not-next"),
    asked=("net.spanning-tree", "net.linux-bridge"),
    plan=plan,
    propose=propose,
    risk=Risk.HIGH,
    platform="linux",
    role="switch",
    settle=60.0,
)
async def set_root_priority(host: Shell, about: About, _wanted: Nothing) -> State:
    """Ask how its bridges are set up, and read the contract's plan."""
    tree = about.spanning_tree
    place: Literal["root", "backup", ""] = ""
    if tree is not None:
        place = "root" if tree.root == about.id else "backup" if tree.backup == about.id else ""
    return State(bridges=await bridges(host), place=place)
