"""Who is the root, should it be, and do all agree? Roots seen by every switch of a site, in every tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from collectors import Finding, Tag, fault, note, warn
from collectors.net.bridge_id import BridgeId
from collectors.net.site import Pair, Site
from collectors.net.tree import TreePlan, tree_label

__all__ = [
    "BACKUP",
    "BACKUP_NOT_NEXT",
    "DEFAULT",
    "DISAGREE",
    "UNKNOWN",
    "VLAN_MISSING",
    "WRONG",
    "judge_roots",
]

WRONG = fault(
    "net.root-wrong",
    "{root} is the root of spanning tree {tree}, and not {planned} as planned; it comes in at {entry}",
    "{root} ist Root des Spanning Tree {tree}, und nicht wie geplant {planned}; er kommt herein an {entry}",
    do=(
        (
            "Find the switch at {entry}. Give {planned} the priority 4096 in a maintenance window, and set root guard where no "
            "root may come in."
        ),
        (
            "Den Switch an {entry} suchen. {planned} in einem Wartungsfenster die Priorität 4096 geben, und Root Guard setzen, "
            "wo kein Root hereinkommen darf."
        ),
    ),
)
BACKUP = warn(
    "net.root-is-backup",
    "the backup {root} is the root of spanning tree {tree}; {planned} is planned",
    "der Ersatz {root} ist Root des Spanning Tree {tree}; geplant ist {planned}",
    do=(
        "See whether {planned} is up and linked, and which priority it has.",
        "Prüfen, ob {planned} läuft und verbunden ist und welche Priorität er hat.",
    ),
)
DEFAULT = warn(
    "net.root-default",
    "nobody chose the root of spanning tree {tree}: {root} has the default priority, its MAC address alone decided",
    "den Root des Spanning Tree {tree} hat niemand gewählt: {root} hat die Standardpriorität, nur seine MAC-Adresse entschied",
    do=(
        "Choose the root: priority 4096 on the core switch, 8192 on its backup, in a maintenance window.",
        "Den Root festlegen: Priorität 4096 auf dem Core-Switch, 8192 auf dessen Ersatz, in einem Wartungsfenster.",
    ),
)
UNKNOWN = note(
    "net.root-unknown",
    "the root of spanning tree {tree}, {root}, is none of the {count} switches that were asked; it comes in at {entry}",
    "der Root des Spanning Tree {tree}, {root}, ist keiner der {count} befragten Switche; er kommt herein an {entry}",
)
DISAGREE = fault(
    "net.roots-disagree",
    "on the link {a} - {b} the two ends do not agree about the root of spanning tree {tree}: {root_a} against {root_b}",
    "am Link {a} - {b} sind sich die Enden über den Root des Spanning Tree {tree} nicht einig: {root_a} gegen {root_b}",
    do=(
        (
            "BPDUs do not pass here: look for a BPDU filter, a VLAN that is missing on the trunk, a one-way fibre, or PVST "
            "against MSTP."
        ),
        (
            "Hier kommen BPDUs nicht durch: nach einem BPDU-Filter, einem fehlenden VLAN auf dem Trunk, einer nur einseitig "
            "laufenden Faser oder PVST gegen MSTP suchen."
        ),
    ),
)
BACKUP_NOT_NEXT = warn(
    "net.backup-not-next",
    "if {planned} fails, {next} becomes the root of spanning tree {tree}, and not the planned backup {backup}",
    "fällt {planned} aus, wird {next} Root des Spanning Tree {tree}, und nicht der geplante Ersatz {backup}",
    do=(
        "Give {backup} the priority 8192 in a maintenance window.",
        "{backup} in einem Wartungsfenster die Priorität 8192 geben.",
    ),
)


VLAN_MISSING = warn(
    "net.vlan-not-carried",
    "{a} carries {tree} and the other end {b} does not; both switches have it, with different roots",
    "{a} führt {tree}, das andere Ende {b} nicht; beide Switche haben es, mit verschiedenen Roots",
    do=(
        "Compare the lists of allowed VLANs of the trunk at both ends.",
        "Die Listen der erlaubten VLANs des Trunks an beiden Enden vergleichen.",
    ),
)


def judge_roots(site: Site) -> Iterator[Finding]:
    """Roots, one tree after the other; what holds for several trees alike is said once."""
    said: dict[tuple[Tag, tuple[tuple[str, str], ...]], list[str]] = defaultdict(list)
    for name, groups in site.groups.items():
        for group in groups:
            plan = _plan(site, group)
            roots = _roots(site, name, group)
            # Where a group falls apart, the links say where; its parts' own roots follow from that.
            if plan is not None and any(site.owner.get(root.mac) == plan.root for root in roots):
                roots = {root for root in roots if site.owner.get(root.mac) == plan.root}
            for root in sorted(roots):
                for tag, facts in _about(site, name, group, root, plan):
                    said[tag, tuple(sorted(facts.items()))].append(tree_label(name))
            if plan is not None:
                yield from _backup(site, name, group, plan)
    for (tag, told), labels in said.items():
        yield tag(tree=_first(labels), **dict(told))
    for pairs in site.by_tree.values():
        yield from (finding for pair in pairs for finding in _agreement(pair))
    yield from _parted(site)


def _first(labels: Sequence[str]) -> str:
    return ", ".join(labels[:5]) + (f" (+{len(labels) - 5})" if len(labels) > 5 else "")


def _roots(site: Site, name: str, group: Sequence[str]) -> set[BridgeId]:
    """The roots that are seen at rest; where all agree on one, one that moves may still be believed."""
    seen: dict[BridgeId, list[str]] = defaultdict(list)
    for host in group:
        root = site.seats[host, name].one.root
        if root is not None:
            seen[root].append(host)
    return {
        root
        for root, hosts in seen.items()
        if any(site.seats[host, name].is_calm for host in hosts)
        or (len(seen) == 1 and len(hosts) > 1 and not any(site.trees[host].is_settling for host in hosts))
    }


def _about(
    site: Site, name: str, group: Sequence[str], root: BridgeId, plan: TreePlan | None
) -> Iterator[tuple[Tag, dict[str, str]]]:
    """What is to be said of a root: its tag, with facts."""
    host = site.owner.get(root.mac, "")
    shown = host or str(root)
    entry = site.entry_of(root, name, group) or "?"
    if plan is not None and host != plan.root and (host or plan.root in group):
        facts = {"root": shown, "planned": plan.root}
        if not host or host != plan.backup:
            yield WRONG, {**facts, "entry": _way_to(site, name, host) or entry}
        elif not _shares(site, plan, group):
            yield BACKUP, facts
        return
    if len(group) > 1 and root.is_default and all(site.seats[one, name].one.root == root for one in group):
        yield DEFAULT, {"root": shown}
    if not host and len(group) > 1:
        yield UNKNOWN, {"root": shown, "count": str(len(site.trees)), "entry": entry}


def _shares(site: Site, plan: TreePlan, group: Sequence[str]) -> bool:
    """Whether root and backup share the trees: each is the root of some."""
    one = site.trees.get(plan.root)
    return plan.root in group and one is not None and any(tree.is_root for tree in one.instances)


def _way_to(site: Site, name: str, host: str) -> str:
    """The neighbour's port that leads to a root that is known."""
    ways = (
        here.shown
        for pair in site.by_tree.get(name, ())
        for here, there in pair.sides
        if there.host == host and here.is_root_way
    )
    return min(ways, default="") if host else ""


def _plan(site: Site, group: Sequence[str]) -> TreePlan | None:
    """What the contract plans, where all of a group stand under one plan."""
    plans = {plan for host in group if (plan := site.trees[host].plan) is not None}
    return next(iter(plans)) if len(plans) == 1 else None


def _backup(site: Site, name: str, group: Sequence[str], plan: TreePlan) -> Iterator[Finding]:
    """Who follows the planned root: the next lowest identifier of those that are known."""
    if plan.backup not in group or plan.root not in group or not site.seats[plan.root, name].one.is_root:
        return
    bridges = {host: site.seats[host, name].one.bridge for host in group}
    ranked = sorted(
        (bridge, host) for host, bridge in bridges.items() if bridge is not None and host != plan.root
    )
    if len(ranked) == len(group) - 1 and ranked[0][1] != plan.backup:
        yield BACKUP_NOT_NEXT(planned=plan.root, next=ranked[0][1], tree=tree_label(name), backup=plan.backup)


def _agreement(pair: Pair) -> Iterator[Finding]:
    """Both ends of a link name one root, globally or at least on the link itself (802.1D-2004, 17.6)."""
    a, b = pair.a, pair.b
    if a.one.root is None or b.one.root is None or a.one.root == b.one.root or not pair.is_calm:
        return
    if a.port.designated_root == b.one.root or b.port.designated_root == a.one.root or pair.is_heard:
        return
    # One that is held back for what it does not hear (loop guard, a dispute) is as deaf as one that forwards.
    if not (a.port.forwards or b.port.forwards):
        return
    if not all(side.port.forwards or side.port.is_held_back for side in (a, b)):
        return
    yield DISAGREE(a=a.shown, b=b.shown, tree=pair.label, root_a=str(a.one.root), root_b=str(b.one.root))


def _parted(site: Site) -> Iterator[Finding]:
    """VLANs that only one end of a trunk carries, and that fall apart by it; one that goes another way has one root."""
    missing: dict[tuple[str, str], list[str]] = defaultdict(list)
    for host, name, end, far_host, far_end in site.one_sided:
        here, there = site.seats[host, name], site.seats[far_host, name]
        if here.is_calm and there.is_calm and here.one.root != there.one.root:
            missing[f"{host} {end}", f"{far_host} {far_end}"].append(tree_label(name))
    for (a, b), labels in missing.items():
        yield VLAN_MISSING(a=a, b=b, tree=_first(labels))
