"""Rapid spanning tree: a switch has not the priority that the contract's plan gives it. Open vSwitch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from collectors import About, Finding, Kind, Shell, Unanswered
from playbooks.net.bridge import Nothing
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["set_rapid_priority"]

_OF = {"root": 4096, "backup": 8192, "": 32768}
_KEY = "rstp-priority"
_SAID = re.compile(rf'"?{_KEY}"?="?(\d{{1,5}})"?')


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """bridges: name, whether rapid spanning tree runs, and its priority, '' where none is set (then it is 32768)."""

    bridges: tuple[tuple[str, bool, str], ...]
    place: Literal["root", "backup", ""]


def propose(_finding: Finding) -> Nothing:
    return Nothing()


def plan(seen: State, _wanted: Nothing) -> Iterator[Step]:
    running = [one for one in seen.bridges if one[1]]
    if len(running) != 1:
        raise UnfitError(
            f"rapid spanning tree runs on {len(running)} bridges of the host: say which one is meant, by hand",
            f"Rapid Spanning Tree läuft auf {len(running)} Bridges des Hosts: welche gemeint ist, muss ein Mensch sagen",
        )
    name, _, said = running[0]
    right, now = _OF[seen.place], int(said or "32768")
    if now == right or (seen.place == "root" and now < right) or (not seen.place and now > _OF["backup"]):
        return
    table = ("ovs-vsctl", "--timeout=10")
    back = ("set", "bridge", name, f"other_config:{_KEY}={said}")
    yield Step(
        why=(
            f"by the contract's plan it has {right}, and now {now}",
            f"nach dem Plan des Vertrags hat er {right}, und jetzt {now}",
        ),
        do=Command(argv=(*table, "set", "bridge", name, f"other_config:{_KEY}={right}")),
        undo=(Command(argv=(*table, *(back if said else ("remove", "bridge", name, "other_config", _KEY)))),),
        cuts=True,
    )


@playbook(
    "net.set_rapid_priority",
    does=(
        "Set a switch's priority in rapid spanning tree as planned",
        "Die Priorität eines Switches im Rapid Spanning Tree wie geplant setzen",
    ),
    notices=(
        "The tree is built anew: up to some seconds without a way in parts of the network.",
        "Der Baum entsteht neu: in Teilen des Netzes bis zu einige Sekunden kein Weg.",
    ),
    treats=("net.root-is-backup", "net.root-default", "net.backup-not-next", "net.root-wrong"),
    asked=("net.open-vswitch",),
    plan=plan,
    propose=propose,
    risk=Risk.HIGH,
    platform="linux",
    role="switch",
    settle=30.0,
)
async def set_rapid_priority(host: Shell, about: About, _wanted: Nothing) -> State:
    """Ask the switch's database."""
    names = await _said(host, "list-br")
    found = []
    for name in names.split():
        runs = (await _said(host, "get", "bridge", name, "rstp_enable")).strip() == "true"
        own = _SAID.search(await _said(host, "get", "bridge", name, "other_config"))
        found.append((name, runs, own[1] if own else ""))
    tree = about.spanning_tree
    place: Literal["root", "backup", ""] = ""
    if tree is not None:
        place = "root" if tree.root == about.id else "backup" if tree.backup == about.id else ""
    return State(bridges=tuple(found), place=place)


async def _said(host: Shell, *words: str) -> str:
    ran = await host.run("ovs-vsctl", "--timeout=5", *words)
    if ran.code:
        raise Unanswered(Kind.UNPARSABLE, f"ovs-vsctl {words[0]} failed: {ran.stderr.strip()[:100]}")
    return ran.stdout
