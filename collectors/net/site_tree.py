"""Is spanning tree one tree across the whole site? All switches' trees, however they were asked, over the links between them.

Nothing is held against a switch that is not at rest: while the tree finds its way, its parts do not fit together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from collectors import Finding, survey
from collectors.net.host_bridges import HostBridges
from collectors.net.links import End, Link, links_of, together
from collectors.net.linux_bridge import linux_bridge
from collectors.net.lldpd import linux_neighbours
from collectors.net.neighbours import NeighboursSeen, neighbours
from collectors.net.open_vswitch import open_vswitch
from collectors.net.port_state import PortsSeen, ports
from collectors.net.site import Site, host_of
from collectors.net.site_paths import (
    COST_DISAGREES,
    EDGE,
    HELD_BACK,
    LOOP,
    NOT_DIRECT,
    TIMERS_DIFFER,
    judge_paths,
)
from collectors.net.site_roots import (
    BACKUP,
    BACKUP_NOT_NEXT,
    DEFAULT,
    DISAGREE,
    UNKNOWN,
    VLAN_MISSING,
    WRONG,
    judge_roots,
)
from collectors.net.site_state import METHODS, OFF_ON_LOOP, ORIGIN, PORT_WITHOUT, REGIONS, judge_state
from collectors.net.spanning_tree import spanning_tree
from collectors.net.spanning_tree_cli import spanning_tree_cli
from collectors.net.tree import Tree

__all__ = ["TAGS", "judge_site", "placed", "site_tree", "switches_of"]

# Everything that this survey can say; the tags stand where they are judged.
TAGS = (
    *(WRONG, BACKUP, DEFAULT, UNKNOWN, DISAGREE, BACKUP_NOT_NEXT, VLAN_MISSING),
    *(LOOP, HELD_BACK, EDGE, COST_DISAGREES, NOT_DIRECT, TIMERS_DIFFER),
    *(OFF_ON_LOOP, REGIONS, METHODS, ORIGIN, PORT_WITHOUT),
)


@survey(
    "net.site-tree",
    over=(
        spanning_tree,
        spanning_tree_cli,
        linux_bridge,
        open_vswitch,
        ports,
        neighbours,
        linux_neighbours,
    ),
)
def site_tree(  # noqa: PLR0913, PLR0917 - one mapping a question.
    trees: Mapping[str, Tree],
    shown: Mapping[str, Tree],
    kernel: Mapping[str, HostBridges],
    ovs: Mapping[str, HostBridges],
    states: Mapping[str, PortsSeen],
    seen: Mapping[str, NeighboursSeen],
    on_linux: Mapping[str, NeighboursSeen],
) -> Iterator[Finding]:
    """Compare all trees of the switches that were asked, in whichever way."""
    links = links_of(together(seen, on_linux), {host: one.ports for host, one in states.items()})
    yield from judge_site(switches_of(trees, shown, (kernel, ovs)), links)


def switches_of(
    trees: Mapping[str, Tree], shown: Mapping[str, Tree], bridges: Sequence[Mapping[str, HostBridges]]
) -> dict[str, dict[str, Tree]]:
    """By host, its bridges by name; each switch once, however often it was asked.

    What a host's own shell says of its bridges goes before what an agent on it says, and an agent's tree, whose ports bear
    the names that neighbours know, before a command line's. Bridges that run no tree (of containers, of virtual machines)
    count where there is nothing else.
    """
    found: dict[str, dict[str, Tree]] = {}
    for host in sorted({*trees, *shown, *(host for kind in bridges for host in kind)}):
        of_shell = [one for kind in bridges if host in kind for one in kind[host].bridges]
        alone = _one_of(trees.get(host), shown.get(host))
        plan = alone.plan if alone is not None else None
        running = {
            one.name: replace(one.tree, plan=one.tree.plan or plan) for one in of_shell if one.tree.is_on
        }
        if running:
            found[host] = running
        elif alone is not None:
            found[host] = {"": alone}
        elif of_shell:
            found[host] = {one.name: one.tree for one in of_shell}
    return found


def _one_of(told: Tree | None, shown: Tree | None) -> Tree | None:
    """The tree that an agent told, with the ports of the last changes, which only a command line shows."""
    if told is None or shown is None or not told.is_on:
        return shown if shown is not None and (told is None or told.is_on is None or shown.is_on) else told
    from_ = {one.name: one.change_from for one in shown.instances}
    return replace(
        told,
        instances=tuple(
            replace(one, change_from=name)
            if (name := from_.get(one.name, "")) and one.named(name) is not None
            else one
            for one in told.instances
        ),
    )


def judge_site(switches: Mapping[str, Mapping[str, Tree]], links: Sequence[Link]) -> Iterator[Finding]:
    """Judge the trees of hosts, each with its bridges by name: '' for a switch that is one."""
    nodes = dict(_nodes(switches))
    if not nodes:
        return
    site = Site(nodes, tuple(placed(links, nodes)))
    yield from dict.fromkeys((*judge_roots(site), *judge_paths(site), *judge_state(site)))


def _nodes(switches: Mapping[str, Mapping[str, Tree]]) -> Iterator[tuple[str, Tree]]:
    """A host with one bridge is shown by its own name, one of several with the bridge's."""
    for host, bridges in sorted(switches.items()):
        for name, tree in sorted(bridges.items()):
            yield (host if len(bridges) == 1 else f"{host} {name}"), tree


def placed(links: Iterable[Link], nodes: Mapping[str, Tree]) -> Iterator[Link]:
    """The links as ends of bridges. Of a host whose ports are known, a link on another port is none of the bridge's."""
    of_host: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        of_host[host_of(node)].append(node)
    known = {
        node: {port.name for one in tree.instances for port in one.ports} for node, tree in nodes.items()
    }
    for link in links:
        a, b = (_place(end, of_host.get(end.host, ()), known) for end in (link.a, link.b))
        if a is not None and b is not None:
            first, second = sorted((a, b))
            yield replace(link, a=first, b=second)


def _place(end: End, nodes: Sequence[str], known: Mapping[str, set[str]]) -> End | None:
    for node in nodes:
        if not known[node] or known[node].intersection((end.port, *end.members)):
            return replace(end, host=node)
    return None
