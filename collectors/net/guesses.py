"""Where do links lie that nobody announces? From the addresses that switches have learned, where only one place is possible.

A guess is no link: a switch that nobody knows may lie between. It is drawn, and nothing is judged by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from collectors.net.identity import Register
from collectors.net.neighbours import NeighboursSeen

__all__ = ["guessed"]

Place = tuple[str, str]


def guessed(
    seen: Mapping[str, NeighboursSeen], register: Register, linked: Iterable[tuple[Place, Place]]
) -> tuple[tuple[Place, Place, bool], ...]:
    """Pairs of places, and whether both sides say it: each port behind which just one of the hosts was learned.

    linked: the cables that are known; their ports, and the pairs of hosts that they join, are not guessed at.
    """
    cables = list(linked)
    taken = {place for cable in cables for place in cable}
    joined = {frozenset({a[0], b[0]}) for a, b in cables}
    behind: dict[Place, set[str]] = defaultdict(set)
    at: dict[tuple[str, str], set[str]] = defaultdict(set)
    for host, facts in seen.items():
        for station in facts.stations:
            other = register.macs.get(station.mac, host)
            if other != host:
                behind[host, station.port].add(other)
                at[host, other].add(station.port)
    found: dict[tuple[Place, Place], bool] = {}
    for here, others in sorted(behind.items()):
        host, other = here[0], next(iter(others))
        back = at.get((other, host), set())
        is_lone = len(others) == 1 and len(at[host, other]) == 1 and len(back) < 2
        if not is_lone or here in taken or frozenset({host, other}) in joined:
            continue
        there = (other, next(iter(back), ""))
        # Who sees more at that port has something between.
        if there[1] and len(behind[there]) > 1:
            continue
        found[min(here, there), max(here, there)] = bool(back)
    return tuple((a, b, is_both) for (a, b), is_both in sorted(found.items()))
