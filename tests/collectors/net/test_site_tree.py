"""Does a site's survey find what is wrong, and nothing in a network at rest?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import Finding
from collectors.net.bridge_id import BridgeId, PortId
from collectors.net.host_bridges import HostBridge, HostBridges
from collectors.net.links import Link
from collectors.net.loops import loops
from collectors.net.site import Site
from collectors.net.site_paths import counts
from collectors.net.site_tree import judge_site, placed, switches_of
from collectors.net.spanning_tree_view import judge
from collectors.net.tree import Dirt, Tree, TreePort
from tests.collectors.net.grown import Cable, bridge, grown, links_of_cables

NUMBERS = st.integers(0, 7)


def found(trees: Mapping[str, Tree], links: Sequence[Link]) -> list[Finding]:
    return list(judge_site({host: {"": tree} for host, tree in trees.items()}, links))


def with_port(tree: Tree, number: int, change: Callable[[TreePort], TreePort]) -> Tree:
    one = tree.instances[0]
    ports = tuple(change(port) if port.number == number else port for port in one.ports)
    return replace(tree, instances=(replace(one, ports=ports),))


def open_end(tree: Tree, number: int) -> Tree:
    """A port that hears no BPDUs any more, and takes itself for designated."""
    own, cost = tree.instances[0].bridge, tree.instances[0].root_cost
    return with_port(
        tree,
        number,
        lambda port: replace(
            port,
            state="forwarding",
            role="designated",
            designated_bridge=own,
            designated_cost=cost,
            designated_port=PortId(128, number),
        ),
    )


def test_a_port_that_hears_and_forwards_opens_no_loop() -> None:
    """Within a region of MSTP, or where an agent shows one state for several trees."""
    cables = (Cable("sw1", 1, "sw2", 1), Cable("sw2", 2, "sw3", 1), Cable("sw1", 2, "sw3", 2))
    trees = grown({"sw1": bridge(1, 4096), "sw2": bridge(2), "sw3": bridge(3)}, cables)
    heard = with_port(trees["sw3"], 1, lambda port: replace(port, state="forwarding", role="unknown"))
    assert found({**trees, "sw3": heard}, links_of_cables(cables)) == []


@st.composite
def networks(draw: st.DrawFn) -> tuple[dict[str, BridgeId], tuple[Cable, ...]]:
    """A few switches with a chosen root, and any cables between them, in parallel as well."""
    pairs = draw(
        st.lists(st.tuples(NUMBERS, NUMBERS, st.sampled_from([2_000, 20_000, 200_000])), max_size=20)
    )
    used = dict.fromkeys(range(8), 0)
    cables = []
    for a, b, cost in pairs:
        if a != b:
            used[a] += 1
            used[b] += 1
            cables.append(Cable(f"sw{a}", used[a], f"sw{b}", used[b], cost))
    return {f"sw{n}": bridge(n, 4096 if n == 0 else 8192) for n in range(8)}, tuple(cables)


@given(networks(), st.booleans())
def test_a_network_at_rest_is_left_alone(
    network: tuple[dict[str, BridgeId], tuple[Cable, ...]], are_told: bool
) -> None:
    bridges, cables = network
    assert found(grown(bridges, cables), links_of_cables(cables) if are_told else ()) == []


@given(networks())
def test_as_many_links_are_blocked_as_there_are_loops(
    network: tuple[dict[str, BridgeId], tuple[Cable, ...]],
) -> None:
    bridges, cables = network
    trees = grown(bridges, cables)
    site = Site(trees, links_of_cables(cables))
    every = [one for group in site.groups[""] for one in [counts(site, "", group[0])] if len(group) > 1]
    assert all(expected == blocked for _, expected, blocked in every)
    assert sum(blocked for *_, blocked in every) == loops(tuple(bridges), [(c.a, c.b) for c in cables])


@given(networks())
def test_the_trees_alone_know_every_link(
    network: tuple[dict[str, BridgeId], tuple[Cable, ...]],
) -> None:
    """In a tree at rest every link has an end that hears the other."""
    bridges, cables = network
    seen = {
        (link.a.host, link.a.port, link.b.host, link.b.port) for link in Site(grown(bridges, cables)).links
    }
    told = {(link.a.host, link.a.port, link.b.host, link.b.port) for link in links_of_cables(cables)}
    assert seen == told


@given(networks())
def test_any_blocked_end_that_forwards_is_an_open_loop(
    network: tuple[dict[str, BridgeId], tuple[Cable, ...]],
) -> None:
    bridges, cables = network
    trees = grown(bridges, cables)
    held = [
        (host, port.number)
        for host, tree in trees.items()
        for port in tree.instances[0].ports
        if port.state == "blocking"
    ]
    for host, number in held[:1]:
        opened = open_end(trees[host], number)
        tags = {one.tag.name for one in found({**trees, host: opened}, links_of_cables(cables))}
        assert tags == {"net.loop-open"}


@pytest.mark.parametrize("moves", ["settling", "just-changed", "learning"])
def test_nothing_is_said_while_the_tree_finds_its_way(moves: str) -> None:
    cables = (Cable("sw1", 1, "sw2", 1), Cable("sw2", 2, "sw3", 1), Cable("sw1", 2, "sw3", 2))
    bridges = {"sw1": bridge(1, 4096), "sw2": bridge(2), "sw3": bridge(3)}
    trees = grown(bridges, cables)
    blocked = next(port for port in trees["sw3"].instances[0].ports if port.state == "blocking")
    opened = open_end(trees["sw3"], blocked.number)
    one = opened.instances[0]
    match moves:
        case "settling":
            moving = replace(opened, is_settling=True)
        case "just-changed":
            moving = replace(opened, instances=(replace(one, since_change=30.0),))
        case _:
            port = replace(one.ports[0], name="p9", number=9, state="learning")
            moving = replace(opened, instances=(replace(one, ports=(*one.ports, port)),))
    links = links_of_cables(cables)
    assert {f.tag.name for f in found({**trees, "sw3": opened}, links)} == {"net.loop-open"}
    assert found({**trees, "sw3": moving}, links) == []


def test_a_switch_that_is_asked_in_several_ways_is_one() -> None:
    cables = (Cable("sw1", 1, "sw2", 1),)
    trees = grown({"sw1": bridge(1, 4096), "sw2": bridge(2)}, cables)
    told, off = trees["sw2"], replace(trees["sw2"], is_on=False)
    one = told.instances[0]
    shown = replace(told, instances=(replace(one, change_from="p1"),))
    elsewhere = replace(told, instances=(replace(one, change_from="Gi1/0/1"),))
    nothing = Tree(dirt=(Dirt(what="spanning tree"),))
    for agent, cli, expected in (
        (told, shown, shown),
        (told, elsewhere, told),
        (told, None, told),
        (off, told, told),
        (told, off, told),
        (nothing, off, off),
        (nothing, None, nothing),
    ):
        seen = switches_of({"sw2": agent}, {"sw2": cli} if cli else {}, ())
        assert seen == {"sw2": {"": expected}}
    bridges = HostBridges(bridges=(HostBridge(name="br0", tree=told), HostBridge(name="docker0", tree=off)))
    assert switches_of({"sw2": nothing}, {}, ({"sw2": bridges},)) == {"sw2": {"br0": told}}
    idle = HostBridges(bridges=(HostBridge(name="docker0", tree=off),))
    assert switches_of({}, {}, ({"sw2": idle}, {"sw2": HostBridges()})) == {"sw2": {"docker0": off}}
    assert switches_of({"sw2": told}, {}, ({"sw2": idle},)) == {"sw2": {"": told}}


def test_two_bridges_of_a_host_are_two_switches() -> None:
    """A link is the bridge's whose port it is on."""
    cables = (
        Cable("h1", 1, "sw1", 1),
        Cable("h1", 2, "sw1", 2),
        Cable("h2", 1, "sw1", 3),
        Cable("h2", 9, "sw1", 4),
    )
    trees = grown({"h1": bridge(1), "h2": bridge(2), "sw1": bridge(3, 4096)}, (*cables[:2], cables[2]))
    switches = {"host": {"br0": trees["h1"], "br1": trees["h2"]}, "sw1": {"": trees["sw1"]}}
    links = [
        replace(link, a=replace(link.a, host="host")) if link.a.host.startswith("h") else link
        for link in links_of_cables(cables)
    ]
    assert list(judge_site(switches, links[:2])) == []
    nodes = {"host br0": trees["h1"], "host br1": trees["h2"], "sw1": trees["sw1"]}
    assert [link.a.host for link in placed(links, nodes)] == ["host br0", "host br0", "host br0"]


# What switches of a real network said: what the way to the root costs, and what of it is the port's own.
CHAIN = {
    "mes5324": (20_000, 0, 20_000, "root"),
    "mes3324": (20_500, 20_000, 500, "mes5324"),
    "mes3348": (20_500, 20_000, 500, "mes5324"),
    "mes3324f": (21_000, 20_000, 1_000, "mes5324"),
    "mes2324fb": (30_500, 20_500, 10_000, "mes3324"),
}


def test_costs_of_a_real_tree_add_up_along_it() -> None:
    """Its root is none of those that were asked, and nobody gave it a priority."""
    places = {host: number for number, host in enumerate(("root", *CHAIN))}
    bridges = {host: bridge(number) for host, number in places.items()}
    cables = [Cable(host, 1, above, 1009 + places[host], own) for host, (_, _, own, above) in CHAIN.items()]
    trees = grown(bridges, cables)
    for host, (cost, above, own, _) in CHAIN.items():
        one = trees[host].instances[0]
        way = one.root_way
        assert way is not None
        assert (one.root_cost, way.designated_cost, way.cost) == (cost, above, own)
    asked = {host: tree for host, tree in trees.items() if host != "root"}
    said = {f.tag.name: f for f in found(asked, links_of_cables(cables))}
    assert said.keys() == {"net.root-default", "net.root-unknown"}
    assert said["net.root-unknown"].facts["entry"] == "mes5324 p1"
    one = asked["mes3324"].instances[0]
    wrong = replace(asked["mes3324"], instances=(replace(one, root_cost=20_501),))
    assert [f.tag.name for f in judge(wrong)] == ["net.root-cost-wrong"]


def star(switches: int) -> tuple[dict[str, Tree], tuple[Link, ...]]:
    """One switch in the middle of all."""
    cables = [Cable("sw0000", n, f"sw{n:04}", 1) for n in range(1, switches)]
    bridges = {f"sw{n:04}": bridge(n, 4096 if n == 0 else 8192) for n in range(switches)}
    return grown(bridges, cables), links_of_cables(cables)


def big(switches: int) -> tuple[dict[str, Tree], tuple[Link, ...]]:
    """Switches in a tree of eight branches each, and half as many links across."""
    bridges = {f"sw{n:04}": bridge(n, 4096 if n == 0 else 8192) for n in range(switches)}
    used = dict.fromkeys(range(switches), 0)
    cables = []
    for n in range(1, switches):
        ends = [(n, (n - 1) // 8)] + ([(n, n - 2)] if n % 2 and n > 8 else [])
        for a, b in ends:
            used[a] += 1
            used[b] += 1
            cables.append(Cable(f"sw{a:04}", used[a], f"sw{b:04}", used[b], 20_000))
    return grown(bridges, cables), links_of_cables(cables)


def steps(trees: Mapping[str, Tree], links: Sequence[Link]) -> int:
    """How many lines of the product run for a survey."""
    count = 0

    def trace(frame: object, event: str, _arg: object) -> object:
        nonlocal count
        count += event == "line"
        return (
            trace
            if "/collectors/net/" in getattr(getattr(frame, "f_code", None), "co_filename", "")
            else None
        )

    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        assert found(trees, links) == []
    finally:
        sys.settrace(None)
    return count


@pytest.mark.parametrize("shape", [big, star])
def test_the_work_grows_no_faster_than_the_links(
    shape: Callable[[int], tuple[dict[str, Tree], tuple[Link, ...]]],
) -> None:
    assert steps(*shape(400)) < 8.5 * steps(*shape(50))
