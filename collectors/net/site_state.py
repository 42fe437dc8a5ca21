"""Do the switches of a site speak alike, and where does the unrest begin? Regions, methods of cost, changes, trees that are off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from collectors import Finding, warn
from collectors.net.loops import on_loops
from collectors.net.site import Site, host_of
from collectors.net.timers import FREQUENT, changes_an_hour
from collectors.net.tree import Instance, Tree, tree_label

__all__ = ["METHODS", "OFF_ON_LOOP", "ORIGIN", "PORT_WITHOUT", "REGIONS", "judge_state"]

OFF_ON_LOOP = warn(
    "net.tree-off-on-loop",
    "{switch} says that it runs no spanning tree, and lies on a loop of links: {links}",
    "{switch} betreibt nach eigener Auskunft keinen Spanning Tree und liegt auf einer Schleife von Links: {links}",
    do=(
        "Unless another protocol protects the ring: switch spanning tree on there in a maintenance window, or take a link out.",
        "Falls kein anderes Protokoll den Ring schützt: dort in einem Wartungsfenster Spanning Tree einschalten oder einen Link herausnehmen.",
    ),
)
PORT_WITHOUT = warn(
    "net.port-without-tree",
    "spanning tree is switched off on {a}, the switch {b} is behind it, and the link lies on a loop of links",
    "an {a} ist Spanning Tree abgeschaltet, dahinter ist der Switch {b}, und der Link liegt auf einer Schleife von Links",
    do=(
        "Unless another protocol protects the ring: switch spanning tree on at this port in a maintenance window.",
        "Falls kein anderes Protokoll den Ring schützt: an diesem Port im Wartungsfenster Spanning Tree einschalten.",
    ),
)
REGIONS = warn(
    "net.region-differs",
    "{a} and {b} are neighbours in different regions of MSTP: {what} differs ({of_a} and {of_b})",
    "{a} und {b} sind Nachbarn in verschiedenen MSTP-Regionen: {what} ist verschieden ({of_a} und {of_b})",
    do=(
        "Name, revision and the map of VLANs to instances must be the same on both; align one in a maintenance window.",
        "Name, Revision und die Zuordnung der VLANs zu Instanzen müssen gleich sein; im Wartungsfenster angleichen.",
    ),
)
METHODS = warn(
    "net.cost-methods-mixed",
    "path costs are counted by two tables: short (16 bits) on {short}, long (32 bits) on {long}",
    "Pfadkosten werden nach zwei Tabellen gezählt: kurz (16 Bit) auf {short}, lang (32 Bit) auf {long}",
    do=(
        "Set one method everywhere in a maintenance window; until then slow links can win over fast ones.",
        "In einem Wartungsfenster überall dieselbe Methode einstellen; bis dahin können langsame Links vor schnellen gehen.",
    ),
)
ORIGIN = warn(
    "net.tree-changes-origin",
    "the changes of spanning tree {tree} come from {port} on {switch}",
    "die Änderungen des Spanning Tree {tree} kommen von {port} an {switch}",
    do=(
        "Look at what is plugged in at {switch} {port}: if it is a host, set the edge flag (portfast); else follow the cable.",
        "Nachsehen, was an {switch} {port} steckt: bei einem Host die Edge-Kennzeichnung (Portfast) setzen, sonst dem Kabel folgen.",
    ),
)

# An hour: what is older is no trouble of today.
_PRESENT = 3600.0


def judge_state(site: Site) -> Iterator[Finding]:
    """What the switches say, beside the links' own states."""
    looped = _looped(site)
    yield from _off(site, looped)
    yield from _without(site, looped)
    yield from _regions(site)
    yield from _methods(site)
    yield from _origins(site)


def _looped(site: Site) -> set[tuple[str, str]]:
    """Neighbours that hang together without the links between them; several of these can be a bundle, and count once."""
    pairs = list(dict.fromkeys((link.a.host, link.b.host) for link in site.links))
    return {pair for pair, on in zip(pairs, on_loops(pairs), strict=True) if on}


def _without(site: Site, looped: set[tuple[str, str]]) -> Iterator[Finding]:
    """Ports that take no part in a tree that runs on others of the same switch."""
    for pair in site.pairs:
        if not pair.is_told or pair.is_heard or (pair.a.host, pair.b.host) not in looped:
            continue
        for here, there in pair.sides:
            runs = any(port.is_up and port.is_running for port in here.one.ports)
            if here.port.is_running is False and here.port.is_up and runs and not here.is_root_way:
                yield PORT_WITHOUT(a=here.shown, b=there.host)


def _off(site: Site, looped: set[tuple[str, str]]) -> Iterator[Finding]:
    for host in site.off:
        mine = [
            link
            for link in site.links
            if host in {link.a.host, link.b.host} and (link.a.host, link.b.host) in looped
        ]
        if len(mine) > 1:
            shown = ", ".join(
                f"{link.a.host} {link.a.port} - {link.b.host} {link.b.port}" for link in mine[:6]
            )
            yield OFF_ON_LOOP(host=host_of(host), switch=host, links=shown)


def _regions(site: Site) -> Iterator[Finding]:
    for link in site.links:
        trees = site.trees.get(link.a.host), site.trees.get(link.b.host)
        a, b = (tree.region if tree is not None else None for tree in trees)
        if a is None or b is None or not any(map(_has_instances, trees)):
            continue
        both = (
            ("name", a.name, b.name),
            ("revision", str(a.revision), str(b.revision)),
            ("digest", a.digest, b.digest),
        )
        for what, one, other in both:
            if one != other and (what != "digest" or (one and other)):
                yield REGIONS(a=link.a.host, b=link.b.host, what=what, of_a=one or "-", of_b=other or "-")
                break


def _has_instances(tree: Tree | None) -> bool:
    """Without an instance of its own a region is nobody's: many switches name it after their own address."""
    return tree is not None and any(one.name.startswith("mst-") for one in tree.instances)


def _methods(site: Site) -> Iterator[Finding]:
    for group in site.groups.get("", ()):
        by_method: Mapping[str, list[str]] = defaultdict(list)
        for host in group:
            by_method[site.trees[host].cost_method].append(host)
        if by_method["short"] and by_method["long"]:
            yield METHODS(short=_listed(by_method["short"]), long=_listed(by_method["long"]))


def _listed(hosts: Sequence[str]) -> str:
    return ", ".join(hosts[:5]) + (f" (+{len(hosts) - 5})" if len(hosts) > 5 else "")


def _origins(site: Site) -> Iterator[Finding]:
    """From every restless switch, port by port to where the changes come from; each origin is said once."""
    beyond: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for pair in site.pairs:
        for here, there in pair.sides:
            beyond[pair.name][here.host, here.port.name] = there.host
    found: dict[tuple[str, str, str], None] = {}
    ends: dict[tuple[str, str], tuple[str, str]] = {}
    for (host, name), seat in site.seats.items():
        if _is_restless(seat.one, seat.tree):
            end = _walked(site, host, name, beyond[name], ends)
            if end is not None:
                found[name, *end] = None
    for name, host, port in found:
        yield ORIGIN(host=host_of(host), tree=tree_label(name), switch=host, port=port)


def _is_restless(one: Instance, tree: Tree) -> bool:
    if (
        one.since_change is None
        or one.since_change > _PRESENT
        or one.changes is None
        or not one.restless_port
    ):
        return False
    rising = len(one.looks) > 2 and all(a < b for a, b in zip(one.looks, one.looks[1:], strict=False))
    hours = tree.uptime is not None and tree.uptime >= max(one.since_change, _PRESENT)
    return rising or (hours and changes_an_hour(one.changes, tree.uptime or 0.0) > FREQUENT)


def _walked(
    site: Site,
    host: str,
    name: str,
    beyond: Mapping[tuple[str, str], str],
    ends: dict[tuple[str, str], tuple[str, str]],
) -> tuple[str, str] | None:
    """Host and port where the walk ends; None where it goes round, or ends at a switch that does not say more."""
    seen: list[str] = []
    at = host
    while True:
        seat = site.seats.get((at, name))
        port = seat.one.restless_port if seat is not None else ""
        # A link of which both ends name each other is restless itself.
        if seen and (at, port) in beyond and beyond[at, port] == seen[-1]:
            end = (at, port)
            break
        if not port or at in seen:
            return None
        if (at, name) in ends:
            end = ends[at, name]
            break
        seen.append(at)
        if (at, port) not in beyond:
            end = (at, port)
            break
        at = beyond[at, port]
    ends.update({(one, name): end for one in seen})
    return end
