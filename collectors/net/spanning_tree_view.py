"""What is wrong with spanning tree on this one switch? Judged from what it says of itself, however it was asked.

Ports without a link are never judged: many agents say that they block, or are broken. What needs the neighbours is
`collectors.net.site_tree`.
"""

from __future__ import annotations

from collections.abc import Iterator

from collectors import Finding, fault, note, warn
from collectors.net.timers import FREQUENT, STORM, changes_an_hour
from collectors.net.tree import Instance, Tree, TreePort, is_calm, tree_label

__all__ = ["judge"]

STORM_NOW = fault(
    "net.tree-changes-storm",
    "spanning tree {tree} changes all the time: {rate} changes an hour, the last {seconds} s ago, from {port}",
    "der Spanning Tree {tree} ändert sich ständig: {rate} Änderungen pro Stunde, die letzte vor {seconds} s, von {port}",
    do=(
        (
            "Each change empties the MAC tables, and frames are flooded. Follow the changes to their port; a flapping link, a "
            "loop, or a host port without edge flag (portfast) is there."
        ),
        (
            "Jede Änderung leert die MAC-Tabellen, und Frames werden geflutet. Den Änderungen bis zu ihrem Port folgen; dort "
            "ist ein flatternder Link, eine Schleife oder ein Host-Port ohne Edge-Kennzeichnung (Portfast)."
        ),
    ),
)
OFTEN = warn(
    "net.tree-changes-often",
    "spanning tree {tree} changes often: {rate} changes an hour on average, the last {seconds} s ago, from {port}",
    "der Spanning Tree {tree} ändert sich oft: im Mittel {rate} Änderungen pro Stunde, die letzte vor {seconds} s, von {port}",
    do=(
        "Follow the changes to their port; set the edge flag (portfast) where hosts are connected.",
        "Den Änderungen bis zu ihrem Port folgen; wo Hosts angeschlossen sind, die Edge-Kennzeichnung (Portfast) setzen.",
    ),
)
INCONSISTENT = fault(
    "net.port-inconsistent",
    "spanning tree {tree} holds {port} back: {why}",
    "der Spanning Tree {tree} hält {port} zurück: {why}",
    do=(
        (
            "Repair the cause at the other end, the port comes back by itself. root: a better root comes in; loop: BPDUs stay "
            "away; type, pvid: trunk or native VLAN differ; pvst: PVST meets MSTP."
        ),
        (
            "Die Ursache am anderen Ende beheben, der Port kommt von selbst zurück. root: ein besserer Root kommt herein; "
            "loop: BPDUs bleiben aus; type, pvid: Trunk oder natives VLAN verschieden; pvst: PVST trifft auf MSTP."
        ),
    ),
)
BROKEN = fault(
    "net.port-broken",
    "{port} has a link, and spanning tree {tree} calls it broken",
    "{port} hat einen Link, und der Spanning Tree {tree} nennt ihn defekt",
    do=(
        "Look for an inconsistency on the port (root guard, loop guard, native VLAN, bridge assurance).",
        "Am Port nach einer Inkonsistenz suchen (Root Guard, Loop Guard, natives VLAN, Bridge Assurance).",
    ),
)
ERR_DISABLED = fault(
    "net.port-err-disabled",
    "the switch has shut {port} by itself: {cause}",
    "der Switch hat {port} selbst abgeschaltet: {cause}",
    do=(
        "Remove the cause first (bpduguard: a switch or a looped cable on a host port), then enable the port once.",
        (
            "Zuerst die Ursache beseitigen (bpduguard: ein Switch oder eine Kabelschleife am Host-Port), dann den Port einmal "
            "wieder einschalten."
        ),
    ),
)
TIMERS = warn(
    "net.tree-timers-unsound",
    "the timers of spanning tree {tree} do not fit together: max age/hello/forward delay {timers} s",
    "die Zeiten des Spanning Tree {tree} passen nicht zusammen: Max Age/Hello/Forward Delay {timers} s",
    do=(
        "Set 20/2/15 on the root and its backup: 2·(forward delay - 1) ≥ max age ≥ 2·(hello + 1).",
        "Auf Root und Ersatz-Root 20/2/15 setzen: 2·(Forward Delay - 1) ≥ Max Age ≥ 2·(Hello + 1).",
    ),
)
COST_WRONG = warn(
    "net.root-cost-wrong",
    "the way to the root over {port} costs {cost}, and adds up to {sum} ({tree})",
    "der Weg zum Root über {port} kostet {cost}, ergibt aber {sum} ({tree})",
    do=(
        "Read the costs again on the switch itself; if they still do not add up, its tree is stuck.",
        "Die Kosten auf dem Switch selbst noch einmal lesen; gehen sie weiterhin nicht auf, hängt sein Tree.",
    ),
)
UNUSABLE = note(
    "net.tree-unusable",
    "what the switch says of spanning tree is of no use: {what}: {why}",
    "was der Switch über Spanning Tree sagt, ist nicht brauchbar: {what}: {why}",
)
SATURATED = note(
    "net.tree-cost-saturated",
    "{count} ports with a link show 65535 for a higher cost: the switch does not tell costs of 32 bits",
    "{count} Ports mit Link zeigen 65535 statt höherer Kosten: der Switch nennt keine 32-Bit-Kosten",
)

# What is older is no trouble of today.
_PRESENT = 3600.0
# Below an hour of running, what is counted is mostly the start itself.
_LEAST = 3600.0


def judge(seen: Tree) -> Iterator[Finding]:
    """Everything that one switch shows alone."""
    for shut in seen.err_disabled:
        yield ERR_DISABLED(port=shut.port, cause=shut.cause or "?")
    if seen.is_on is None and seen.dirt:
        yield UNUSABLE(what=seen.dirt[0].what, why=seen.dirt[0].why)
    for one in seen.instances:
        yield from _changes(one, seen.uptime)
        yield from _ports(one)
        if one.timers is not None and not one.timers.are_sound:
            yield TIMERS(tree=tree_label(one.name), timers=str(one.timers))
        if is_calm(seen, one):
            yield from _cost(one)
    yield from _saturated(seen)


def _changes(one: Instance, uptime: float | None) -> Iterator[Finding]:
    if one.since_change is None or one.changes is None:
        return
    lasts = one.timers.change_lasts if one.timers is not None else 35.0
    tree, seconds, port = tree_label(one.name), round(one.since_change), one.restless_port or "?"
    if one.since_change < lasts and (now := _rate_now(one)) is not None:
        yield STORM_NOW(tree=tree, rate=round(now), seconds=seconds, port=port, changes=one.changes)
        return
    # A clock that began anew counts fewer hours than the changes took.
    if uptime is None or uptime < _LEAST or one.since_change > uptime or one.since_change > _PRESENT:
        return
    mean = changes_an_hour(one.changes, uptime)
    if mean >= STORM and one.since_change < lasts:
        yield STORM_NOW(tree=tree, rate=round(mean, 1), seconds=seconds, port=port, changes=one.changes)
    elif mean > FREQUENT:
        yield OFTEN(tree=tree, rate=round(mean, 1), seconds=seconds, port=port, changes=one.changes)


def _rate_now(one: Instance) -> float | None:
    """The rate over the last looks, where each of at least three saw more than the one before: no single move of the tree."""
    rises = [after - before for before, after in zip(one.looks, one.looks[1:], strict=False)]
    if len(rises) < 2 or min(rises) <= 0 or not one.apart:
        return None
    return changes_an_hour(sum(rises), one.apart)


def _ports(one: Instance) -> Iterator[Finding]:
    # An agent that calls ports without a link broken does not mean by it what the MIB means.
    is_meant = not any(port.is_up is False and port.state == "broken" for port in one.ports)
    for port in one.ports:
        if port.is_up is False or not port.name:
            continue
        tree = tree_label(one.name)
        if port.inconsistent:
            yield INCONSISTENT(tree=tree, port=port.name, why=port.inconsistent)
        elif port.is_up and port.state == "broken" and is_meant:
            yield BROKEN(tree=tree, port=port.name)


def _cost(one: Instance) -> Iterator[Finding]:
    """Root cost = designated cost on the root port + the port's own cost; within a region of MSTP it stays as it came."""
    way = one.root_way
    if way is None or one.is_root or one.root_cost is None or way.cost is None or way.designated_cost is None:
        return
    if way.is_up is False or way.designated_root != one.root or not way.name:
        return
    if way.designated_cost == one.root_cost or not _are_costs_kept(one, way):
        return
    expected = way.designated_cost + way.cost
    if one.root_cost != expected:
        yield COST_WRONG(tree=tree_label(one.name), port=way.name, cost=one.root_cost, sum=expected)


def _are_costs_kept(one: Instance, way: TreePort) -> bool:
    """Whether the agent fills the column of designated costs: what its own ports tell is one cost, and a sensible one."""
    own = {port.designated_cost for port in one.ports if port.role == "designated" and port.forwards}
    if own:
        return own <= {one.root_cost} or own <= {(way.designated_cost or 0) + (way.cost or 0)}
    return bool(way.designated_cost) or way.designated_bridge == one.root


def _saturated(seen: Tree) -> Iterator[Finding]:
    said = {dirt.what.rpartition(" ")[2] for dirt in seen.dirt if dirt.kind == "saturated"}
    up = {
        port.number for one in seen.instances for port in one.ports if port.is_up and str(port.number) in said
    }
    if up:
        yield SATURATED(count=len(up))
