"""Which cable goes where? Both ends of every link, from what both ends say.

`graph_of` is pure, and its cost grows with the number of ports and neighbours, not with that of pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from collectors.net.guesses import guessed
from collectors.net.identity import Register, register_of
from collectors.net.neighbour import Neighbour, Source
from collectors.net.neighbours import NeighboursSeen
from collectors.net.port_names import PortBook, book_of, spelt
from collectors.net.ports import Ports

__all__ = ["Cable", "End", "Graph", "Link", "Place", "Stranger", "graph_of", "links_of", "together"]

# A host's id and the name of a port, '' where it is not known.
Place = tuple[str, str]
_DIRECT: frozenset[Source] = frozenset({"lldp", "cdp"})


@dataclass(frozen=True, slots=True, order=True)
class End:
    """One end of a link.

    host: the host's id in the contract. port: the name of the port, or of the aggregate, as `collectors.net.ports` gives
    it; '' when it is not known. members: the ports of an aggregate that the link was seen on; one name for a single port.
    """

    host: str
    port: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link between two hosts of the contract, a < b; an aggregate is one link.

    is_seen_by_both: each end names the other. told: who says so, as 'lldp', 'cdp', 'mikrotik', 'stp'.
    """

    a: End
    b: End
    is_seen_by_both: bool
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cable:
    """One cable, a < b. seen_by: the hosts that name the other one."""

    a: Place
    b: Place
    seen_by: frozenset[str]
    told: frozenset[str]

    @property
    def ends(self) -> tuple[tuple[Place, Place], tuple[Place, Place]]:
        """Seen from each side: this end, the other one."""
        return (self.a, self.b), (self.b, self.a)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """A neighbour that is none of the hosts that were asked."""

    host: str
    port: str
    neighbour: Neighbour


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """All that the hosts say together.

    shared: places that hear more than one other host, with those: something between them is not seen. pairs: hosts
    that share an aggregate of a third one, as MLAG does. guesses: from learned addresses ('fdb'), where nobody announces
    himself; they are no links.
    """

    links: tuple[Link, ...]
    cables: tuple[Cable, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    shared: Mapping[Place, tuple[Place, ...]] = field(default_factory=dict)
    pairs: frozenset[tuple[str, str]] = frozenset()
    guesses: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sighting:
    here: Place
    there: Place
    source: Source


def together(
    seen: Mapping[str, NeighboursSeen], on_linux: Mapping[str, NeighboursSeen]
) -> dict[str, NeighboursSeen]:
    """What hosts say over SNMP, and what those say whose lldpd alone was asked."""
    return {host: facts for host, facts in on_linux.items() if facts.ports.ports} | dict(seen)


def links_of(
    seen: Mapping[str, NeighboursSeen], ports: Mapping[str, Ports] | None = None
) -> tuple[Link, ...]:
    """The links of `graph_of`."""
    return graph_of(seen, ports).links


def graph_of(seen: Mapping[str, NeighboursSeen], ports: Mapping[str, Ports] | None = None) -> Graph:
    """Put together what hosts say, by their ids.

    ports: with the aggregates, of those hosts that were asked for them.
    """
    register = register_of(seen)
    sightings, strangers = _sightings(seen, register)
    cables = _cables(sightings)
    aggregates = {host: _aggregates(one) for host, one in (ports or {}).items()}
    at: dict[Place, set[Place]] = defaultdict(set)
    for cable in cables:
        for here, there in cable.ends:
            if here[1] and here[0] in cable.seen_by and cable.told & _DIRECT:
                at[here].add(there)
    return Graph(
        links=_fold(cables, aggregates),
        cables=cables,
        strangers=strangers,
        shared={here: tuple(sorted(others)) for here, others in sorted(at.items()) if len(others) > 1},
        pairs=_pairs(cables, aggregates),
        guesses=tuple(
            Link(a=End(*a), b=End(*b), is_seen_by_both=is_both, told=frozenset({"fdb"}))
            for a, b, is_both in guessed(seen, register, ((one.a, one.b) for one in cables))
        ),
    )


def _sightings(
    seen: Mapping[str, NeighboursSeen], register: Register
) -> tuple[list[_Sighting], tuple[Stranger, ...]]:
    finders = {host: _Finder(book_of(facts.ports), facts) for host, facts in seen.items()}
    found: list[_Sighting] = []
    strangers: dict[tuple[str, str, str], Stranger] = {}
    for host, facts in sorted(seen.items()):
        for one in facts.neighbours:
            other = register.host_of(one)
            if not other and one.source in _DIRECT:
                strangers.setdefault((host, one.port, one.chassis or one.shown.lower()), _stranger(host, one))
            elif other and other != host:
                found.append(_Sighting((host, one.port), (other, finders[other].port_of(one)), one.source))
    return _nearest(found, strangers.values()), _once(strangers.values())


def _stranger(host: str, one: Neighbour) -> Stranger:
    return Stranger(host=host, port=one.port, neighbour=one)


def _once(strangers: Iterable[Stranger]) -> tuple[Stranger, ...]:
    """Who announces himself in two ways on a port is one: by his name, or by an address."""
    kept: list[Stranger] = []
    known: set[tuple[str, str, str]] = set()
    for one in strangers:
        said = {one.neighbour.chassis, one.neighbour.name.lower(), *one.neighbour.addresses} - {""}
        keys = {(one.host, one.port, key) for key in said}
        if not keys & known:
            kept.append(one)
        known |= keys
    return tuple(kept)


@dataclass(slots=True)
class _Finder:
    """Finds the port that a neighbour speaks of on its own device."""

    book: PortBook
    facts: NeighboursSeen
    announced: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        twice: set[str] = set()
        for one in self.facts.announced:
            if self.announced.setdefault(spelt(one.id), one.port) != one.port:
                twice.add(spelt(one.id))
        for key in twice:
            del self.announced[key]
        self.numbers = {str(number): port.name for number, port in self.facts.ports.by_bridge_port.items()}

    def port_of(self, one: Neighbour) -> str:
        """The port's name; '' when none can be told."""
        if one.source == "stp":
            return self.numbers.get(one.far_port, "")
        if one.far_port and (said := self.announced.get(spelt(one.far_port))):
            return said
        # Of an address or a number alone the device itself must say which port it means.
        by_name = "" if one.far_port.isdecimal() else one.far_port
        port = self.book.named(by_name) or self.book.at(one.far_port) or self.book.named(one.far_descr)
        if port is None:
            return ""
        return (self.book.cable(port) or port).name


def _nearest(found: list[_Sighting], strangers: Iterable[Stranger]) -> list[_Sighting]:
    """Without those that stand behind another one: what LLDP hears is nearer than the rest."""
    lldp: dict[Place, set[str]] = defaultdict(set)
    pairs: set[frozenset[str]] = set()
    taken: set[Place] = set()
    for stranger in strangers:
        if stranger.neighbour.carries_others:
            taken.add((stranger.host, stranger.port))
            if stranger.neighbour.source == "lldp":
                lldp[stranger.host, stranger.port].add("")
    for one in found:
        if one.source == "lldp":
            lldp[one.here].add(one.there[0])
        if one.source in _DIRECT:
            pairs.add(frozenset({one.here[0], one.there[0]}))
            taken.add(one.here)
    kept = []
    for one in found:
        pair = frozenset({one.here[0], one.there[0]})
        if one.source == "cdp" and one.here[1] and one.here in lldp and one.there[0] not in lldp[one.here]:
            continue
        if one.source not in _DIRECT and (pair in pairs or one.here in taken):
            continue
        kept.append(one)
    return kept


@dataclass(slots=True)
class _Growing:
    """Cables by both ends, and by one end with the host at the other."""

    by_ends: dict[tuple[Place, Place], tuple[set[str], set[str]]] = field(default_factory=dict)
    by_end: dict[tuple[Place, str], list[tuple[Place, Place]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, here: Place, there: Place, *said: tuple[str, Source]) -> None:
        key = (here, there) if here < there else (there, here)
        if key not in self.by_ends:
            self.by_ends[key] = (set(), set())
            self.by_end[here, there[0]].append(key)
            self.by_end[there, here[0]].append(key)
        for host, source in said:
            self.by_ends[key][0].add(host)
            self.by_ends[key][1].add(source)


def _cables(sightings: Iterable[_Sighting]) -> tuple[Cable, ...]:
    growing = _Growing()
    partly: list[_Sighting] = []
    for one in sightings:
        if one.here[1] and one.there[1]:
            growing.add(one.here, one.there, (one.here[0], one.source))
        else:
            partly.append(one)
    left: dict[tuple[str, str], list[_Sighting]] = defaultdict(list)
    for one in partly:
        known, other = (one.here, one.there) if one.here[1] else (one.there, one.here)
        fitting = growing.by_end.get((known, other[0]), [])
        if known[1] and len(fitting) == 1:
            growing.add(*fitting[0], (one.here[0], one.source))
        else:
            left[one.here[0], one.there[0]].append(one)
    _join(growing, left)
    return tuple(
        Cable(a=a, b=b, seen_by=frozenset(seen_by), told=frozenset(told))
        for (a, b), (seen_by, told) in sorted(growing.by_ends.items())
    )


def _join(growing: _Growing, left: Mapping[tuple[str, str], list[_Sighting]]) -> None:
    """What each side says of one unknown port can only be one cable where each says it of one."""
    for (host, other), ours in left.items():
        theirs = left.get((other, host), [])
        here, there = ({one.here for one in side if one.here[1]} for side in (ours, theirs))
        if len(here) == len(there) == 1:
            said = [(one.here[0], one.source) for one in (*ours, *theirs)]
            growing.add(here.pop(), there.pop(), *said)
            continue
        for one in ours:
            is_told = any(growing.by_end.get(known) for known in _known(one))
            if not is_told and (one.here[1] or one.there[1]):
                growing.add(one.here, one.there, (one.here[0], one.source))


def _known(one: _Sighting) -> list[tuple[Place, str]]:
    ends = ((one.here, one.there[0]), (one.there, one.here[0]))
    return [(place, far) for place, far in ends if place[1]]


def _aggregates(ports: Ports) -> dict[str, str]:
    """A member's name -> its aggregate's."""
    known = ports.by_index
    return {
        port.name: known[port.aggregate].name
        for port in ports.ports
        if port.aggregate is not None and port.aggregate in known
    }


def _fold(cables: Iterable[Cable], aggregates: Mapping[str, Mapping[str, str]]) -> tuple[Link, ...]:
    """One link for each pair of ends; members of an aggregate are one end."""
    first: dict[tuple[Place, str], Place] = {}

    def whole(place: Place) -> Place:
        return place[0], aggregates.get(place[0], {}).get(place[1], place[1])

    def end(here: Place, there: Place) -> Place:
        """A side of which aggregates are not known follows the other one: all its ports are the first."""
        if here[0] in aggregates or whole(there) == there:
            return whole(here)
        return first.setdefault((whole(there), here[0]), here)

    folded: dict[tuple[Place, Place], list[Cable]] = defaultdict(list)
    for cable in cables:
        folded[end(cable.a, cable.b), end(cable.b, cable.a)].append(cable)
    return tuple(
        Link(
            a=End(*a, tuple(sorted({c.a[1] for c in some} - {""}))),
            b=End(*b, tuple(sorted({c.b[1] for c in some} - {""}))),
            is_seen_by_both=any(len(c.seen_by) == 2 for c in some),
            told=frozenset[str]().union(*(c.told for c in some)),
        )
        for (a, b), some in sorted(folded.items())
    )


def _pairs(
    cables: Iterable[Cable], aggregates: Mapping[str, Mapping[str, str]]
) -> frozenset[tuple[str, str]]:
    led: dict[Place, set[str]] = defaultdict(set)
    for cable in cables:
        for (host, port), there in cable.ends:
            if whole := aggregates.get(host, {}).get(port):
                led[host, whole].add(there[0])
    return frozenset((min(to), max(to)) for to in led.values() if len(to) == 2)
