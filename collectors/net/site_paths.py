"""Does every link do what the tree says? Both ends of each link held against each other, in every tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from collectors import Finding, fault, note, warn
from collectors.net.site import Pair, Side, Site, host_of
from collectors.net.tree import is_own_id, tree_label

__all__ = ["COST_DISAGREES", "EDGE", "HELD_BACK", "LOOP", "NOT_DIRECT", "TIMERS_DIFFER", "judge_paths"]

LOOP = fault(
    "net.loop-open",
    "a loop is open: both ends of the link {a} - {b} forward, and it is nobody's way to the root ({tree}); of {links} known "
    "links {expected} must be blocked, and {blocked} are",
    "eine Schleife ist offen: beide Enden des Links {a} - {b} leiten weiter, und er ist für keinen der Weg zum Root ({tree}); "
    "von {links} bekannten Links müssen {expected} blockiert sein, und {blocked} sind es",
    do=(
        (
            "Shut one end of this link now, if nobody works over it; then find why BPDUs do not pass: BPDU filter, edge flag, "
            "spanning tree off on the port, a one-way fibre."
        ),
        (
            "Ein Ende dieses Links jetzt abschalten, wenn niemand darüber arbeitet; dann klären, warum keine BPDUs durchkommen: "
            "BPDU-Filter, Edge-Kennzeichnung, Spanning Tree am Port aus, eine nur einseitig laufende Faser."
        ),
    ),
)
HELD_BACK = fault(
    "net.root-way-held-back",
    "{a} is the way to the root, and the other end {b} does not forward: it is {state} ({tree})",
    "{a} ist der Weg zum Root, und das andere Ende {b} leitet nicht weiter: es ist {state} ({tree})",
    do=(
        "Look at {b} for an inconsistency, and at the link for a fibre that is dead in one direction.",
        "{b} auf eine Inkonsistenz prüfen, und den Link auf eine Faser, die in einer Richtung tot ist.",
    ),
)
EDGE = fault(
    "net.edge-to-bridge",
    "{a} counts as an edge port, and the switch {b} is behind it",
    "{a} gilt als Edge-Port, und dahinter ist der Switch {b}",
    do=(
        "Take the edge flag (portfast) and any BPDU filter off both ends: a loop over this link would not be noticed.",
        "Edge-Kennzeichnung (Portfast) und BPDU-Filter an beiden Enden entfernen: eine Schleife hierüber bliebe unbemerkt.",
    ),
)
COST_DISAGREES = warn(
    "net.root-cost-disagrees",
    "{a} hears that {b} is {heard} away from the root, and {b} itself says {said} ({tree})",
    "{a} hört, dass {b} mit Kosten {heard} am Root ist, und {b} selbst nennt {said} ({tree})",
    do=(
        "Ask both once more; if it stays, one of them does not process BPDUs.",
        "Beide noch einmal fragen; bleibt es so, verarbeitet einer von ihnen keine BPDUs.",
    ),
)
NOT_DIRECT = note(
    "net.link-not-direct",
    "{a} and {b} are neighbours, but the way to the root over {a} comes from {bridge}: a device lies between them ({tree})",
    "{a} und {b} sind Nachbarn, aber der Weg zum Root über {a} kommt von {bridge}: dazwischen liegt ein Gerät ({tree})",
)
TIMERS_DIFFER = warn(
    "net.timers-differ",
    "{switch} runs spanning tree {tree} with {own} s, and its root {root} with {timers} s (max age/hello/forward delay)",
    "{switch} betreibt den Spanning Tree {tree} mit {own} s, und sein Root {root} mit {timers} s (Max Age/Hello/Forward Delay)",
    do=(
        "Every switch takes its timers from the root: ask both once more, and restart the one that does not.",
        "Jeder Switch übernimmt die Zeiten vom Root: beide noch einmal fragen, und den neu starten, der es nicht tut.",
    ),
)


def judge_paths(site: Site) -> Iterator[Finding]:
    """Every link in every tree, then every switch's timers against its root's."""
    shared = _joined_by_one_bundle(site)
    # Their way to each other is a port of which no cable is known: what cables are known can be its members.
    unsure = {frozenset({link.a.host, link.b.host}) for link in site.silent_links}
    excused = shared | unsure
    crowd = Counter(
        (side.host, side.port.name) for pair in site.by_tree.get("", ()) for side in (pair.a, pair.b)
    )
    for name, pairs in site.by_tree.items():
        for pair in pairs:
            if not pair.is_calm or (pair.a.one.bridge == pair.b.one.bridge and pair.a.one.bridge is not None):
                continue
            if frozenset({pair.a.host, pair.b.host}) not in unsure:
                yield from _edge(pair)
            if pair.a.one.root != pair.b.one.root or pair.a.one.root is None:
                continue
            if frozenset({pair.a.host, pair.b.host}) not in excused:
                yield from _loop(site, name, pair)
            for here, there in pair.sides:
                if here.is_root_way and not there.is_root_way:
                    yield from _way(pair, here, there)
                    if crowd[here.host, here.port.name] < 2:
                        yield from _direct(pair, here, there)
    yield from _timers(site)


def _joined_by_one_bundle(site: Site) -> set[frozenset[str]]:
    """Pairs of switches that one bundle of a third one leads to: they act as one, and keep the link between them open."""
    far: dict[tuple[str, str], set[str]] = {}
    for link in site.links:
        for one, other in ((link.a, link.b), (link.b, link.a)):
            if len(one.members) > 1:
                far.setdefault((one.host, one.port), set()).add(other.host)
    return {frozenset({a, b}) for hosts in far.values() for a in hosts for b in hosts if a < b}


def _loop(site: Site, name: str, pair: Pair) -> Iterator[Finding]:
    """A link of the tree is somebody's way to the root (802.1D-2004, 17.7); all others have an end that holds back."""
    a, b = pair.a, pair.b
    if not (a.port.forwards and b.port.forwards) or a.is_root_way or b.is_root_way:
        return
    if a.port.is_up is not True or b.port.is_up is not True or not pair.is_told:
        return
    if a.one.root_port is None or b.one.root_port is None or pair.is_heard:
        return
    links, expected, blocked = counts(site, name, a.host)
    yield LOOP(a=a.shown, b=b.shown, tree=pair.label, links=links, expected=expected, blocked=blocked)


def counts(site: Site, name: str, host: str) -> tuple[int, int, int]:
    """Of the group that a host is in: its links, how many must be blocked (E - V + C), and how many are."""
    group = next(set(one) for one in site.groups[name] if host in one)
    inside = {
        (pair.a.host, pair.a.port.name, pair.b.host, pair.b.port.name): pair
        for pair in site.by_tree.get(name, ())
        if pair.a.host in group
    }
    blocked = sum(1 for pair in inside.values() if not (pair.a.port.forwards and pair.b.port.forwards))
    return len(inside), len(inside) - len(group) + 1, blocked


def _edge(pair: Pair) -> Iterator[Finding]:
    """A port that hears BPDUs is no edge (802.1D-2004, 17.20.4): what still is one hears none from a switch behind it."""
    for here, there in pair.sides:
        if (
            here.port.is_edge
            and here.port.role == "designated"
            and here.port.forwards
            and here.seat.knows_edges
            and pair.is_told
            and pair.name in {"", *(one.name for one in here.tree.instances[:1])}
            and there.port.is_running is not False
            and there.port.role != "disabled"
        ):
            yield EDGE(a=here.shown, b=there.shown)


def _way(pair: Pair, here: Side, there: Side) -> Iterator[Finding]:
    """The other end of a way to the root is designated, forwards, and says what is heard of it."""
    if here.port.designated_bridge != there.one.bridge or there.one.bridge is None:
        return
    is_held = there.port.is_held_back and here.port.designated_port is not None
    if here.port.forwards and is_held and is_own_id(there.port, here.port.designated_port):
        yield HELD_BACK(a=here.shown, b=there.shown, state=there.port.state, tree=pair.label)
    heard, said = here.port.designated_cost, there.one.root_cost
    if heard is not None and said is not None and heard != said and here.seat.adds_up and there.seat.adds_up:
        yield COST_DISAGREES(a=here.shown, b=there.host, heard=heard, said=said, tree=pair.label)


def _direct(pair: Pair, here: Side, there: Side) -> Iterator[Finding]:
    bridge = here.port.designated_bridge
    if bridge is None or there.one.bridge is None or not pair.is_told or bridge.mac in there.tree.addresses:
        return
    if here.port.designated_root == here.one.root and here.one.bridge != bridge:
        yield NOT_DIRECT(a=here.shown, b=there.shown, bridge=str(bridge), tree=pair.label)


def _timers(site: Site) -> Iterator[Finding]:
    """A bridge runs with its root's timers (802.1D-2004, 17.13); hello is each one's own with RSTP."""
    for (host, name), seat in site.seats.items():
        root = site.owner.get(seat.one.root.mac, "") if seat.one.root is not None else ""
        there = site.seats.get((root, name))
        if there is None or host == root or not there.one.is_root or not (seat.is_calm and there.is_calm):
            continue
        mine, its = seat.one.timers, there.one.timers
        if mine is None or its is None:
            continue
        if (mine.max_age, mine.forward_delay) != (its.max_age, its.forward_delay):
            yield TIMERS_DIFFER(
                host=host_of(host),
                switch=host,
                tree=tree_label(name),
                own=str(mine),
                root=root,
                timers=str(its),
            )
