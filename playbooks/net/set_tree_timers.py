"""Spanning tree: the root's timers do not fit each other, and loops can open. Shorten what is too long. A Linux bridge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Shell
from playbooks.net.bridge import Bridge, Nothing, bridges, one_bridge, setting
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["set_tree_timers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The bridges, as they are set up."""

    bridges: tuple[Bridge, ...]


def propose(_finding: Finding) -> Nothing:
    return Nothing()


def plan(seen: State, _wanted: Nothing) -> Iterator[Step]:
    """IEEE 802.1D-1998, 8.10.2: 2 x (forward delay - 1 s) >= max age >= 2 x (hello time + 1 s)."""
    bridge = one_bridge(seen.bridges)
    if not bridge.has_tree:
        raise UnfitError(
            f"spanning tree is off on {bridge.name}: switch it on first",
            f"Spanning Tree ist auf {bridge.name} aus: erst einschalten",
        )
    longest, shortest = 2 * (bridge.forward_delay - 100), 2 * (bridge.hello_time + 100)
    if shortest <= bridge.max_age <= longest:
        return
    if longest < shortest:
        raise UnfitError(
            f"no max age fits a forward delay of {bridge.forward_delay / 100:g} s: a person sets all three timers",
            f"zu einem Forward Delay von {bridge.forward_delay / 100:g} s passt kein Max Age: ein Mensch setzt alle drei Zeiten",
        )
    right = min(max(bridge.max_age, shortest), longest)
    yield Step(
        why=(
            f"with this forward delay the max age is {shortest / 100:g} to {longest / 100:g} s, and it is {bridge.max_age / 100:g}",
            f"zu diesem Forward Delay gehört ein Max Age von {shortest / 100:g} bis {longest / 100:g} s, und es sind {bridge.max_age / 100:g}",
        ),
        do=setting(bridge.name, "max_age", right),
        undo=(setting(bridge.name, "max_age", bridge.max_age),),
    )


@playbook(
    "net.set_tree_timers",
    does=(
        "Make the root's timers of spanning tree fit",
        "Die Zeiten des Spanning Tree an der Root passend setzen",
    ),
    notices=("Nothing; failures are noticed sooner.", "Nichts; Ausfälle werden früher bemerkt."),
    treats=("net.tree-timers-unsound",),
    asked=("net.spanning-tree", "net.linux-bridge"),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
    role="switch",
    settle=60.0,
)
async def set_tree_timers(host: Shell, _wanted: Nothing) -> State:
    """Ask how its bridges are set up."""
    return State(bridges=await bridges(host))
