"""Do the devices agree about their cables, and do both ends of each cable run alike?

What one side alone says is a note: many devices hear without announcing. A warning needs both sides, or a setting that can
be wrong in one way only.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from collectors import Finding, note, survey, warn
from collectors.net.links import Cable, Graph, Place, graph_of, together
from collectors.net.lldpd import linux_neighbours
from collectors.net.neighbours import NeighboursSeen, neighbours
from collectors.net.port_state import PortsSeen, ports
from collectors.net.ports import Port, Ports
from collectors.plain import plain

__all__ = ["topology"]

ONE_SIDED = note(
    "net.link-one-sided",
    "port {port} hears {other} on {far}, and is not heard there: one of the two announces nothing, or the cable carries one direction only",
    "Port {port} hört {other} an {far}, wird dort aber nicht gehört: eine Seite kündigt sich nicht an, oder das Kabel trägt nur eine Richtung",
    do=(
        "Switch LLDP on at both ends; if it is on, check both fibres between {port} and {far}.",
        "LLDP an beiden Enden einschalten; wenn es an ist, beide Fasern zwischen {port} und {far} prüfen.",
    ),
)
CROSSED = warn(
    "net.cable-crossed",
    "port {port} hears {other} on {far}, while {far} hears {third} and nobody else: the two directions of the cable end in different places",
    "Port {port} hört {other} an {far}, {far} hört jedoch nur {third}: die beiden Richtungen des Kabels enden an verschiedenen Stellen",
    do=(
        "Check the pairs of fibres at {port} and at {far}, and the patch panel between.",
        "Die Faserpaare an {port} und an {far} und das Patchfeld dazwischen prüfen.",
    ),
)
SHARED = note(
    "net.segment-shared",
    "port {port} hears {count} devices ({others}): something that does not announce itself lies between",
    "Port {port} hört {count} Geräte ({others}): dazwischen liegt etwas, das sich nicht ankündigt",
)
UNKNOWN = note(
    "net.neighbours-unknown",
    "switches, routers or access points are plugged in that were not asked: {neighbours}",
    "Switches, Router oder Access Points sind angeschlossen, die nicht befragt wurden: {neighbours}",
    do=(
        "Add those that belong to the customer to the contract, with their SNMP; look for those that nobody knows at their ports.",
        "Die des Kunden mit ihrem SNMP in den Vertrag aufnehmen; die, die niemand kennt, an ihren Ports suchen.",
    ),
)
TWICE = note(
    "net.device-twice",
    "{hosts} call themselves by the same address ({mac}): one device under two names, or two that were cloned; links to it are not known",
    "{hosts} nennen sich mit derselben Adresse ({mac}): ein Gerät unter zwei Namen oder zwei geklonte; Links dorthin bleiben unbekannt",
    do=(
        "Leave one of {hosts} in the contract, or give each device an address of its own.",
        "Nur eines von {hosts} im Vertrag lassen oder jedem Gerät eine eigene Adresse geben.",
    ),
)
DUPLEX = warn(
    "net.duplex-differs",
    "port {port} runs at {duplex} duplex, the other end ({other} {far}) at {far_duplex}",
    "Port {port} läuft mit Duplex {duplex}, die Gegenseite ({other} {far}) mit {far_duplex}",
    do=(
        "Set speed and duplex of {port} and of {far} to automatic.",
        "Geschwindigkeit und Duplex von {port} und von {far} auf automatisch stellen.",
    ),
)
SPEED = note(
    "net.speed-differs",
    "port {port} says {mbits} Mbit/s, the other end ({other} {far}) {far_mbits}: a converter lies between, or one of them errs",
    "Port {port} meldet {mbits} Mbit/s, die Gegenseite ({other} {far}) {far_mbits}: dazwischen liegt ein Konverter, oder eine Angabe ist falsch",
)
MTU = note(
    "net.mtu-differs",
    "port {port} takes frames of {mtu} bytes, the other end ({other} {far}) only {far_mtu}: large ones would be lost",
    "Port {port} nimmt Frames mit {mtu} Byte an, die Gegenseite ({other} {far}) nur {far_mtu}: große gingen verloren",
)
SLOW = warn(
    "net.link-slow",
    "the link from port {port} to {other} {far} runs at {mbits} Mbit/s, though both ends can do a gigabit",
    "Der Link von Port {port} zu {other} {far} läuft mit {mbits} Mbit/s, obwohl beide Enden ein Gigabit können",
    do=(
        "Change the cable between {port} and {far}: a broken pair leaves 100 Mbit/s; then look for a fixed speed.",
        "Das Kabel zwischen {port} und {far} tauschen: ein defektes Adernpaar lässt 100 Mbit/s übrig; dann feste Einstellungen suchen.",
    ),
)
NATIVE = warn(
    "net.native-vlan-differs",
    "the native VLAN of port {port} is {vlan}, that of the other end ({other} {far}) is {far_vlan}: untagged frames change their VLAN",
    "Das native VLAN von Port {port} ist {vlan}, das der Gegenseite ({other} {far}) {far_vlan}: Frames ohne Tag wechseln das VLAN",
    do=(
        "Give {port} and {far} the same native VLAN.",
        "{port} und {far} dasselbe native VLAN geben.",
    ),
)
LAG_CROSSED = warn(
    "net.lag-crossed",
    "the members of the aggregate {aggregate} lead to different aggregates of {other}: {ports}",
    "Die Mitglieder des Aggregats {aggregate} führen zu verschiedenen Aggregaten von {other}: {ports}",
    do=(
        "Plug the cables of {aggregate} into the ports of one aggregate of {other}, or correct its members.",
        "Die Kabel von {aggregate} in die Ports eines Aggregats von {other} stecken oder dessen Mitglieder berichtigen.",
    ),
)

_GIGABIT = re.compile(r"(gi|ge|te|xe|xg)[a-z]*[ -]?[0-9]|.*gigabit", re.IGNORECASE)
_JUMBO = 2000
_SHOWN = 6
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class _Site:
    """The graph, with the ports of those hosts that were asked for them."""

    graph: Graph
    seen: Mapping[str, NeighboursSeen]
    ports: Mapping[str, Mapping[str, Port]]
    heard: frozenset[Place]
    at: Mapping[Place, tuple[Cable, ...]]

    def port(self, place: Place) -> Port | None:
        return self.ports.get(place[0], {}).get(place[1])


@survey("net.topology", over=(ports, neighbours, linux_neighbours))
def topology(
    states: Mapping[str, PortsSeen],
    seen: Mapping[str, NeighboursSeen],
    on_linux: Mapping[str, NeighboursSeen],
) -> Iterator[Finding]:
    """Put all neighbours together, and compare both ends of every cable."""
    site = _site(states, together(seen, on_linux))
    for cable in site.graph.cables:
        yield from _of_sides(cable, site)
        yield from _of_ends(cable, site)
    yield from _of_strangers(site)
    for (host, port), others in site.graph.shared.items():
        named = ", ".join(f"{other} {far}".strip() for other, far in others[:_SHOWN])
        yield SHARED(host=host, port=port, count=len(others), others=named)
    yield from _of_twins(site)
    yield from _of_announced(site)
    yield from _of_aggregates(site, states)


def _site(states: Mapping[str, PortsSeen], seen: Mapping[str, NeighboursSeen]) -> _Site:
    graph = graph_of(seen, {host: one.ports for host, one in states.items()})
    at: dict[Place, list[Cable]] = defaultdict(list)
    for cable in graph.cables:
        for here, _ in cable.ends:
            at[here].append(cable)
    return _Site(
        graph=graph,
        seen=seen,
        ports={host: _believed(one.ports) for host, one in states.items()},
        heard=frozenset((host, one.port) for host, facts in seen.items() for one in facts.neighbours),
        at={place: tuple(cables) for place, cables in at.items()},
    )


def _believed(seen: Ports) -> dict[str, Port]:
    """The ports by name, without their duplex where the agent does not know it."""
    if seen.tells_duplex:
        return {port.name: port for port in seen.ports}
    return {port.name: replace(port, duplex="") for port in seen.ports}


def _of_sides(cable: Cable, site: _Site) -> Iterator[Finding]:
    """What one side says and the other one does not."""
    if len(cable.seen_by) != 1 or not cable.told & {"lldp"} or not (cable.a[1] and cable.b[1]):
        return
    here, there = cable.ends[0] if cable.a[0] in cable.seen_by else cable.ends[1]
    facts = {"port": here[1], "other": there[0], "far": there[1]}
    if not _speaks(site, there[0]) or {here, there} & site.graph.shared.keys():
        return
    far = site.port(there)
    if far is not None and far.is_up is False:
        return
    third = _heard_instead(cable, there, site)
    if third:
        yield CROSSED(host=here[0], third=third, **facts)
    elif there not in site.heard:
        yield ONE_SIDED(host=here[0], **facts)


def _speaks(site: _Site, host: str) -> bool:
    """Whether the host hears others by LLDP at all."""
    return any(one.source == "lldp" and one.port for one in site.seen[host].neighbours)


def _heard_instead(cable: Cable, there: Place, site: _Site) -> str:
    """The one place that the far port hears in place of this one, without being heard there; '' for none."""
    others = [one for one in site.at[there] if one is not cable]
    if len(others) != 1 or others[0].seen_by != {there[0]}:
        return ""
    third = next(other for here, other in others[0].ends if here == there)
    return f"{third[0]} {third[1]}".strip()


def _of_ends(cable: Cable, site: _Site) -> Iterator[Finding]:
    """Settings of the two ends of one cable."""
    a, b = site.port(cable.a), site.port(cable.b)
    if len(cable.seen_by) < 2 or {cable.a, cable.b} & site.graph.shared.keys():
        return
    if a is None or b is None or not (a.is_up and b.is_up and a.is_ethernet and b.is_ethernet):
        return
    facts = {"port": a.name, "other": cable.b[0], "far": b.name}
    host = cable.a[0]
    if a.duplex and b.duplex and a.duplex != b.duplex:
        yield DUPLEX(host=host, duplex=a.duplex, far_duplex=b.duplex, **facts)
    if a.mbits and b.mbits and a.mbits != b.mbits:
        yield SPEED(host=host, mbits=a.mbits, far_mbits=b.mbits, **facts)
    elif a.mbits and a.mbits <= 100 and all(_GIGABIT.match(port.name) for port in (a, b)):
        yield SLOW(host=host, mbits=a.mbits, **facts)
    if a.mtu and b.mtu and (a.mtu < _JUMBO) != (b.mtu < _JUMBO):
        large, small = (cable.a, cable.b) if a.mtu > b.mtu else (cable.b, cable.a)
        yield MTU(
            host=large[0],
            port=large[1],
            other=small[0],
            far=small[1],
            mtu=max(a.mtu, b.mtu),
            far_mtu=min(a.mtu, b.mtu),
        )


def _of_strangers(site: _Site) -> Iterator[Finding]:
    """All of a host in one note; telephones, computers and what does not say what it is are none of them."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in site.graph.strangers:
        if one.neighbour.carries_others and one.port:
            found[one.host].append(f"{plain(one.neighbour.shown, _LONGEST)} ({one.port})")
    for host, names in found.items():
        more = f" … +{len(names) - _SHOWN}" if len(names) > _SHOWN else ""
        yield UNKNOWN(host=host, count=len(names), neighbours=", ".join(names[:_SHOWN]) + more)


def _of_twins(site: _Site) -> Iterator[Finding]:
    """Hosts that are known to their neighbours by one address."""
    found: dict[str, list[str]] = defaultdict(list)
    for host, facts in sorted(site.seen.items()):
        if mac := facts.ports.chassis or facts.ports.bridge:
            found[mac].append(host)
    for mac, hosts in found.items():
        if len(hosts) > 1:
            yield TWICE(hosts=", ".join(hosts), mac=mac)


def _of_announced(site: _Site) -> Iterator[Finding]:
    """What CDP announces: the duplex of a far end that was not asked itself, and the native VLANs of both ends."""
    told = [
        ((host, one.port), one)
        for host, facts in site.seen.items()
        for one in facts.neighbours
        if one.source == "cdp" and one.port
    ]
    on_port = Counter(place for place, _ in told)
    alone = {place: one for place, one in told if on_port[place] == 1}
    for place, one in alone.items():
        sure = [cable for cable in site.at.get(place, ()) if len(cable.seen_by) == 2]
        mine = site.port(place)
        if not sure and mine is not None and mine.is_up and {mine.duplex, one.duplex} == {"half", "full"}:
            facts = {"port": mine.name, "other": one.shown, "far": one.far_port}
            yield DUPLEX(host=place[0], duplex=mine.duplex, far_duplex=one.duplex, **facts)
        for cable in sure:
            back = alone.get(cable.b)
            if (
                place == cable.a
                and back is not None
                and one.native
                and back.native
                and one.native != back.native
            ):
                facts = {"port": place[1], "other": cable.b[0], "far": cable.b[1]}
                yield NATIVE(host=place[0], vlan=back.native, far_vlan=one.native, **facts)


def _of_aggregates(site: _Site, states: Mapping[str, PortsSeen]) -> Iterator[Finding]:
    """Members of one aggregate that end in more than one aggregate of one device."""
    whole = {
        (host, port.name): known[port.aggregate].name
        for host, one in states.items()
        if (known := one.ports.by_index)
        for port in one.ports.ports
        if port.aggregate is not None and port.aggregate in known
    }
    led: dict[tuple[Place, str], dict[str, list[str]]] = {}
    for cable in site.graph.cables:
        for here, there in cable.ends:
            if here in whole and there in whole and len(cable.seen_by) == 2:
                ways = led.setdefault(((here[0], whole[here]), there[0]), {})
                ways.setdefault(whole[there], []).append(f"{here[1]} → {there[1]}")
    for ((host, aggregate), other), ways in sorted(led.items()):
        if len(ways) > 1:
            text = ", ".join(one for way in sorted(ways) for one in sorted(ways[way]))
            yield LAG_CROSSED(host=host, aggregate=aggregate, other=other, ports=text)
