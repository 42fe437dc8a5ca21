"""Which device is plugged in where, and how is each of these links?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from agent.job import Result, Seen
from collectors import Finding
from collectors.collector import Collector
from collectors.net.columns import address_in
from collectors.net.links import End, Graph, Link, Stranger, graph_of, together
from collectors.net.linux_bridge import linux_bridge
from collectors.net.lldpd import linux_neighbours
from collectors.net.neighbours import neighbours
from collectors.net.open_vswitch import open_vswitch
from collectors.net.port_state import ports
from collectors.net.spanning_tree import spanning_tree
from controller.pictures.drawing import Arrow, Drawing, Mark, Spot, mark_of
from controller.pictures.svg import MOST
from controller.reports.words import Words

__all__ = ["held_back", "site"]

R = TypeVar("R")


def site(
    results: Iterable[Result],
    findings: Iterable[Finding],
    words: Words,
    say: Callable[[str], str],
    *,
    blocked: Collection[tuple[str, str]] = (),
) -> Drawing | None:
    """Draw the links as the devices told them; None when none was asked for its neighbours.

    say: redaction, which every name passes. blocked: ports that spanning tree holds back, as host and name.
    """
    results = list(results)
    heard = together(_read(results, neighbours), _read(results, linux_neighbours))
    if not heard:
        return None
    asked = {r.job.host for r in results if r.job.collector == neighbours.name} | heard.keys()
    states = {host: seen.ports for host, seen in _read(results, ports).items()}
    found = [finding for finding in findings if finding.tag.name.startswith("net.")]
    drawn = _Site(graph_of(heard, states), asked, heard.keys(), found, words, say, frozenset(blocked))
    return drawn.whole()


def held_back(results: Iterable[Result]) -> frozenset[tuple[str, str]]:
    """The ports that forward nothing in some tree though their link is up, as host and name."""
    results = list(results)
    trees = [(host, tree) for host, tree in _read(results, spanning_tree).items()]
    for question in (linux_bridge, open_vswitch):
        trees += [(host, one.tree) for host, all_ in _read(results, question).items() for one in all_.bridges]
    return frozenset(
        (host, port.name)
        for host, tree in trees
        for instance in tree.instances
        for port in instance.ports
        if port.is_held_back
    )


def _read(results: Iterable[Result], question: Collector[R]) -> dict[str, R]:
    return {
        r.job.host: question.adapter.validate_python(r.outcome.reading)
        for r in results
        if r.job.collector == question.name and isinstance(r.outcome, Seen)
    }


@dataclass(frozen=True, slots=True)
class _Site:
    graph: Graph
    asked: Collection[str]
    heard: Collection[str]
    findings: list[Finding]
    words: Words
    say: Callable[[str], str]
    blocked: frozenset[tuple[str, str]]

    def whole(self) -> Drawing:
        words, strangers = self.words, self._strangers()
        spots = [*map(self._spot, sorted(self.asked)), *strangers.values()]
        links = (*self.graph.links, *self.graph.guesses)
        arrows = [*map(self._arrow, links), *self._to_strangers()]
        if len(spots) > MOST:
            # What was asked says more than who else is there; the table has them all.
            spots = spots[: len(self.asked)]
        return Drawing(
            id="site",
            title=words.site,
            intro=words.site_intro,
            spots=tuple(spots),
            arrows=tuple(arrows),
            heading=(*words.site_columns, words.state_column),
            rows=(*map(self._row, links), *map(self._stranger_row, self._carriers())),
        )

    def _spot(self, host: str) -> Spot:
        if host not in self.heard:
            return Spot(host, self.say(host), Mark.UNHEARD, (self.words.marks[Mark.UNHEARD],))
        return Spot(host, self.say(host), mark_of(f for f in self.findings if f.host == host))

    def _carriers(self) -> list[Stranger]:
        return [one for one in self.graph.strangers if one.neighbour.carries_others]

    def _strangers(self) -> Mapping[str, Spot]:
        """One place for each that is known by the same address or name, wherever it was heard."""
        found: dict[str, Spot] = {}
        for one in self._carriers():
            id_ = _id_of(one)
            found.setdefault(id_, Spot(id_, self.say(one.neighbour.shown), Mark.UNHEARD, kind="round"))
        return found

    def _to_strangers(self) -> Iterable[Arrow]:
        for one in self._carriers():
            far = one.neighbour.far_port
            text = self._ports(one.port, one.neighbour.far_descr or far if address_in(far) else far)
            yield Arrow(one.host, _id_of(one), Mark.UNHEARD, text, is_one_way=False)

    def _arrow(self, link: Link) -> Arrow:
        text = " ".join((self._ports(link.a.port, link.b.port), *self._remarks(link)))
        return Arrow(link.a.host, link.b.host, self._mark(link), text, is_one_way=False)

    def _ports(self, a: str, b: str) -> str:
        return f"{a or '?'} ↔ {b or '?'}"

    def _remarks(self, link: Link) -> tuple[str, ...]:
        count = max(len(link.a.members), len(link.b.members))
        held = [end for end in (link.a, link.b) if self._is_blocked(end)]
        return (
            *((f"{count}x",) if count > 1 else ()),
            *(f"⊘ {self.say(end.host)}" for end in held),
        )

    def _is_blocked(self, end: End) -> bool:
        return any((end.host, name) in self.blocked for name in (end.port, *end.members))

    def _mark(self, link: Link) -> Mark:
        """As the worst that was found at one of its ports; what one side alone says is not sure."""
        mark = mark_of(
            f
            for f in self.findings
            for end in (link.a, link.b)
            if f.host == end.host
            and f.facts.get("port", f.facts.get("aggregate")) in {end.port, *end.members}
        )
        is_sure = link.is_seen_by_both and link not in self.graph.guesses
        return mark if is_sure or mark is not Mark.FINE else Mark.UNHEARD

    def _row(self, link: Link) -> tuple[tuple[str, ...], Mark]:
        said = ", ".join(sorted(one.upper() for one in link.told))
        sure = (said,) if link.is_seen_by_both else (said, self.words.site_one_side)
        remarks = (
            *sure,
            *(
                f"{self.words.site_blocked} {self.say(e.host)}"
                for e in (link.a, link.b)
                if self._is_blocked(e)
            ),
        )
        return (*self._end(link.a), *self._end(link.b), "; ".join(remarks)), self._mark(link)

    def _end(self, end: End) -> tuple[str, str]:
        is_bundle = bool(end.members) and end.members != (end.port,)
        members = f" ({', '.join(end.members)})" if is_bundle else ""
        return self.say(end.host), (end.port or "?") + members

    def _stranger_row(self, one: Stranger) -> tuple[tuple[str, ...], Mark]:
        there = one.neighbour
        cells = (self.say(one.host), one.port or "?", self.say(there.shown), there.far_port or "?")
        return (*cells, f"{there.source.upper()}; {self.words.site_stranger}"), Mark.UNHEARD


def _id_of(stranger: Stranger) -> str:
    return f"stranger {stranger.neighbour.chassis or stranger.neighbour.shown}"
