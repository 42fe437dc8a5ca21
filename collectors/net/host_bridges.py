"""What is a switch inside a host? The bridges of a Linux host, of the kernel or of Open vSwitch, each with its own tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from collectors import Finding, Kind, Ran, TreePlan, Unanswered
from collectors.net import spanning_tree_view
from collectors.net.tree import Tree

__all__ = ["HostBridge", "HostBridges", "is_denied", "is_missing", "judge_bridges", "planned", "unparsable"]

# env answers 126 when a folder of its search path is closed to the account.
_NOT_FOUND = (126, 127)
_KEPT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class HostBridge:
    """One bridge: its name on the host ('br0'), and what it says of its tree."""

    name: str
    tree: Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class HostBridges:
    """All bridges of one kind on a host, by name; none is an answer."""

    bridges: tuple[HostBridge, ...] = ()


def planned(seen: HostBridges, plan: TreePlan | None) -> HostBridges:
    """The same, with what the contract plans at the site."""
    return HostBridges(bridges=tuple(replace(one, tree=replace(one.tree, plan=plan)) for one in seen.bridges))


def judge_bridges(seen: HostBridges) -> Iterator[Finding]:
    """What is wrong with a bridge alone. One that runs no tree is nothing to speak of: most bridges of hosts lead nowhere else."""
    for one in seen.bridges:
        yield from spanning_tree_view.judge(one.tree)


def unparsable(what: str, text: str = "") -> Unanswered:
    """The answer is not what it must be; `text` is the part that shows it, as it came."""
    shown = " ".join(text.split())[:_KEPT]
    return Unanswered(Kind.UNPARSABLE, f"{what}: {shown}" if shown else what)


def is_missing(ran: Ran) -> bool:
    """Say whether the host has no such command that the account may run."""
    return ran.code in _NOT_FOUND


def is_denied(text: str) -> bool:
    """Say whether an error message speaks of missing rights.

    >>> is_denied("database connection failed (Permission denied)")
    True
    """
    words = ("permission denied", "not permitted", "access denied")
    return any(word in text.lower() for word in words)
