"""Which tree do bridges come to? A stand-in for a whole network of them, worked out by the rules of IEEE 802.1D-2004, 17.5.

Every bridge ends with the best way to the lowest identifier; ties are broken by the bridge and the port that is heard, then
by the own port. This is how a network looks at rest; what is not so is changed by the tests that want it.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collectors.net.bridge_id import BridgeId, PortId
from collectors.net.links import End, Link
from collectors.net.tree import Instance, Timers, Tree, TreePort

__all__ = ["Cable", "bridge", "grown", "links_of_cables"]

TIMERS = Timers(max_age=20, hello=2, forward_delay=15)


@dataclass(frozen=True, slots=True)
class Cable:
    """Two hosts with the number of the port at each, and what it costs at either end."""

    a: str
    port_a: int
    b: str
    port_b: int
    cost: int = 20_000


def bridge(number: int, priority: int = 32768) -> BridgeId:
    return BridgeId(priority, 0, "02:" + number.to_bytes(5, "big").hex(":"))


def links_of_cables(cables: Sequence[Cable]) -> tuple[Link, ...]:
    """The links as LLDP tells them at both ends."""
    found = []
    for one in cables:
        a, b = sorted(
            End(host, f"p{port}", (f"p{port}",)) for host, port in ((one.a, one.port_a), (one.b, one.port_b))
        )
        found.append(Link(a=a, b=b, is_seen_by_both=True, told=frozenset({"lldp"})))
    return tuple(found)


# What is heard on a port: cost there, bridge, port; then the own port. The lowest wins.
Way = tuple[int, BridgeId, int, int]


def grown(bridges: Mapping[str, BridgeId], cables: Sequence[Cable]) -> dict[str, Tree]:
    """The trees of all switches at rest."""
    at: dict[str, list[tuple[int, str, int, int]]] = {host: [] for host in bridges}
    for one in cables:
        at[one.a].append((one.port_a, one.b, one.port_b, one.cost))
        at[one.b].append((one.port_b, one.a, one.port_a, one.cost))
    roots: dict[str, BridgeId] = {}
    ways: dict[str, Way] = {}
    for start in sorted(bridges, key=lambda host: bridges[host]):
        if start not in roots:
            _spread(start, bridges, at, roots, ways)
    return {host: _tree(host, bridges, at[host], roots, ways) for host in bridges}


def _spread(
    start: str,
    bridges: Mapping[str, BridgeId],
    at: Mapping[str, list[tuple[int, str, int, int]]],
    roots: dict[str, BridgeId],
    ways: dict[str, Way],
) -> None:
    """From a root over everything that hangs together with it, the nearest first."""
    open_ends: list[tuple[Way, str]] = [((0, bridges[start], 0, 0), start)]
    while open_ends:
        way, host = heapq.heappop(open_ends)
        if host in roots:
            continue
        roots[host], ways[host] = bridges[start], way
        for port, far, far_port, cost in at[host]:
            if far not in roots:
                heapq.heappush(open_ends, ((way[0] + cost, bridges[host], 0x8000 + port, far_port), far))


def _tree(
    host: str,
    bridges: Mapping[str, BridgeId],
    at: Sequence[tuple[int, str, int, int]],
    roots: Mapping[str, BridgeId],
    ways: Mapping[str, Way],
) -> Tree:
    own, (cost, *_, root_port) = bridges[host], ways[host]
    is_root = roots[host] == own
    ports = []
    for port, far, far_port, port_cost in sorted(at):
        mine, its = (cost, own, port), (ways[far][0], bridges[far], far_port)
        designated, (best, speaker, number) = mine < its, min(mine, its)
        is_way = port == root_port and not is_root
        ports.append(
            TreePort(
                name=f"p{port}",
                number=port,
                index=port,
                priority=128,
                state="forwarding" if designated or is_way else "blocking",
                role="root" if is_way else "designated" if designated else "alternate",
                cost=port_cost,
                designated_root=roots[host],
                designated_cost=best,
                designated_bridge=speaker,
                designated_port=PortId(128, number),
                is_up=True,
                is_running=True,
                is_edge=False,
            )
        )
    one = Instance(
        bridge=own,
        root=roots[host],
        root_cost=cost,
        root_port=0 if is_root else root_port,
        timers=TIMERS,
        own=TIMERS,
        changes=3,
        since_change=86_400.0,
        ports=tuple(ports),
    )
    return Tree(protocol="rstp", is_on=True, instances=(one,), addresses=(own.mac,), uptime=864_000.0)
