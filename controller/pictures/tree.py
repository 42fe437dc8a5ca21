"""Who delegates which zone to which servers, and what does each of them hold?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from agent.job import Result, Seen
from collectors import About, Finding, Server, ZoneFacts
from collectors.dns.zones import Holding, Zones, zones
from controller.pictures.drawing import Arrow, Drawing, Mark, Spot, mark_of
from controller.reports.words import Words

__all__ = ["tree"]

_DELEGATION = ("dns.delegation-", "dns.glue-")
# What is wrong with a server whatever it is asked for.
_OF_SERVER = ("dns.server-dead", "dns.address-dead", "dns.no-udp", "dns.no-tcp", "dns.garbled", "reach.")
# Of more zones than this only those are drawn of which something was found; the table has them all.
_MOST_ZONES = 8


def tree(
    results: Iterable[Result],
    hosts: Mapping[str, About],
    findings: Iterable[Finding],
    words: Words,
    say: Callable[[str], str],
) -> Drawing | None:
    """Draw the zones that the contract names; None when no server was asked about one."""
    seen = {
        r.job.host: zones.adapter.validate_python(r.outcome.reading)
        for r in results
        if r.job.collector == zones.name and isinstance(r.outcome, Seen)
    }
    if not seen:
        return None
    known = {zone.name: zone for about in hosts.values() for zone in about.zones}
    drawn = _Tree(known, seen, tuple(findings), words, say)
    for name in sorted(known, key=lambda name: (name.count("."), name)):
        drawn.add(known[name])
    return drawn.whole()


@dataclass(slots=True)
class _Tree:
    """The drawing as it grows, zone by zone, the upper ones first."""

    known: Mapping[str, ZoneFacts]
    seen: Mapping[str, Zones]
    findings: tuple[Finding, ...]
    words: Words
    say: Callable[[str], str]
    spots: dict[str, Spot] = field(default_factory=dict)
    arrows: list[Arrow] = field(default_factory=list)
    rows: list[tuple[tuple[str, ...], Mark]] = field(default_factory=list)
    odd: set[str] = field(default_factory=set)

    def add(self, zone: ZoneFacts) -> None:
        spot = f"zone {zone.name}"
        arrows = [*self._from_above(zone, spot), *self._to_servers(zone, spot)]
        marks = {arrow.mark for arrow in arrows} - {Mark.FINE, Mark.UNHEARD}
        of_zone = [f for f in self.findings if f.facts.get("zone") == zone.name and not f.host]
        mark = mark_of(of_zone)
        if marks or mark is not Mark.FINE:
            self.odd.add(zone.name)
        self.spots[spot] = Spot(spot, self.say(zone.name), mark, kind="round")
        self.arrows += arrows

    def whole(self) -> Drawing:
        shown = set(self.known) if len(self.known) <= _MOST_ZONES else self.odd
        arrows = [a for a in self.arrows if {a.start, a.end} & {f"zone {name}" for name in shown}]
        used = {end for arrow in arrows for end in (arrow.start, arrow.end)}
        words = self.words
        return Drawing(
            id="delegation",
            title=words.tree,
            intro=words.tree_intro,
            spots=tuple(spot for id_, spot in self.spots.items() if id_ in used),
            arrows=tuple(arrows),
            heading=(*words.tree_columns, words.state_column),
            rows=tuple(self.rows),
        )

    def _from_above(self, zone: ZoneFacts, spot: str) -> Iterator[Arrow]:
        """Who delegates it: a zone above where the contract names one, else the server itself."""
        for parent in zone.parents:
            heard = self.seen.get(parent.id)
            given = next((d for d in heard.delegates if d.zone == zone.name), None) if heard else None
            mark = mark_of(self._of(zone, parent, _DELEGATION)) if heard else Mark.UNHEARD
            if heard and given is None and mark is Mark.FINE:
                mark = Mark.UNHEARD
            start = self._above(zone, parent)
            names = sorted(given.names) if given else []
            text = self.words.count(self.words.names_given, len(names)) if given else ""
            yield Arrow(start, spot, mark, text)
            self.rows.append(
                ((self.say(zone.name), self.say(parent.name), ", ".join(map(self.say, names))), mark)
            )

    def _above(self, zone: ZoneFacts, parent: Server) -> str:
        above = [
            name
            for name, facts in self.known.items()
            if zone.name.endswith(f".{name}") and parent.id in {server.id for server in facts.servers}
        ]
        if above:
            return f"zone {max(above, key=len)}"
        self.spots.setdefault(f"parent {parent.id}", self._machine(f"parent {parent.id}", parent))
        return f"parent {parent.id}"

    def _to_servers(self, zone: ZoneFacts, spot: str) -> Iterator[Arrow]:
        for server in zone.servers:
            id_ = f"server {server.id}"
            self.spots.setdefault(id_, self._machine(id_, server))
            heard = self.seen.get(server.id)
            held = next((h for h in heard.holds if h.zone == zone.name), None) if heard else None
            mark = mark_of(self._of(zone, server, ("dns.",))) if heard else Mark.UNHEARD
            if held is None and mark is Mark.FINE:
                mark = Mark.UNHEARD
            yield Arrow(spot, id_, mark, self._held(held))
            self.rows.append(((self.say(zone.name), self.say(server.name), self._held(held)), mark))

    def _held(self, held: Holding | None) -> str:
        if held is None:
            return ""
        primary = f" {self.words.primary}" if held.is_primary else ""
        return f"{held.serial}{primary}"

    def _machine(self, id_: str, server: Server) -> Spot:
        heard = server.id in self.seen
        own = [f for f in self.findings if f.host == server.id and f.tag.name.startswith(_OF_SERVER)]
        return Spot(id_, self.say(server.name), mark_of(own) if heard or own else Mark.UNHEARD)

    def _of(self, zone: ZoneFacts, server: Server, tags: tuple[str, ...]) -> list[Finding]:
        """What was found of a zone on one server, and of the server itself."""
        return [
            f
            for f in self.findings
            if f.tag.name.startswith(tags)
            and (
                f.host == server.id
                or {f.facts.get("server"), f.facts.get("parent")} & {server.id, server.name}
            )
            and f.facts.get("zone", zone.name) == zone.name
        ]
