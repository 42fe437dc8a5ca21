"""How many links must be blocked? As many as there are loops: a spanning tree of V switches has V - 1 links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

__all__ = ["components", "loops", "on_loops"]

T = TypeVar("T")


def components(nodes: Iterable[T], links: Iterable[tuple[T, T]]) -> tuple[tuple[T, ...], ...]:
    """The nodes that hang together, each group in the order of `nodes`; links to unknown ends count for nothing.

    >>> components("abcd", [("a", "b"), ("b", "c"), ("d", "x")])
    (('a', 'b', 'c'), ('d',))
    """
    parent = {node: node for node in nodes}
    for left, right in links:
        if left in parent and right in parent:
            parent[_top(parent, left)] = _top(parent, right)
    groups: dict[T, list[T]] = {}
    for node in parent:
        groups.setdefault(_top(parent, node), []).append(node)
    return tuple(map(tuple, groups.values()))


def _top(parent: dict[T, T], node: T) -> T:
    """Who stands for a node's group; whoever is passed on the way is hung higher."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def loops(nodes: Sequence[T], links: Sequence[tuple[T, T]]) -> int:
    """E - V + C: the links that must be blocked. A bundle of links is one.

    >>> loops("abc", [("a", "b"), ("b", "c"), ("c", "a")]), loops("abcdef", [tuple("ab"), tuple("bc"), tuple("cd"), tuple("de"), tuple("ef")])
    (1, 0)
    """
    known = set(nodes)
    inside = [link for link in links if known.issuperset(link)]
    return len(inside) - len(known) + len(components(nodes, inside))


def on_loops(links: Sequence[tuple[T, T]]) -> tuple[bool, ...]:
    """Of each link, whether it lies on a loop: without it, its ends still hang together. Two links between two make one.

    >>> on_loops([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")])
    (True, True, True, False)
    """
    at: dict[T, list[tuple[T, int]]] = {}
    for number, (left, right) in enumerate(links):
        at.setdefault(left, []).append((right, number))
        at.setdefault(right, []).append((left, number))
    order: dict[T, int] = {}
    low: dict[T, int] = {}
    lone: set[int] = set()
    for start in at:
        if start not in order:
            _search(start, at, order, low, lone)
    return tuple(number not in lone for number in range(len(links)))


def _search(
    start: T,
    at: dict[T, list[tuple[T, int]]],
    order: dict[T, int],
    low: dict[T, int],
    lone: set[int],
) -> None:
    """Depth first without recursion; `lone` gets the links over which nothing leads back (Tarjan, 1974)."""
    order[start] = low[start] = len(order)
    open_ends = [(start, -1, iter(at[start]))]
    while open_ends:
        node, came, rest = open_ends[-1]
        step = next(((far, number) for far, number in rest if number != came), None)
        if step is None:
            open_ends.pop()
            if open_ends:
                above = open_ends[-1][0]
                low[above] = min(low[above], low[node])
                if low[node] > order[above]:
                    lone.add(came)
        elif step[0] in order:
            low[node] = min(low[node], order[step[0]])
        else:
            order[step[0]] = low[step[0]] = len(order)
            open_ends.append((step[0], step[1], iter(at[step[0]])))
