"""Do the contract's hosts stand in DNS with their addresses, and do the addresses lead back to them?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from collectors import (
    About,
    Answer,
    Finding,
    Resolver,
    Server,
    Tag,
    Unanswered,
    ZoneFacts,
    collector,
    fault,
    note,
    survey,
    warn,
)
from collectors.dns.names import is_internal, is_reverse, lies_in, listed, plain, pointer, same_form
from collectors.dns.probe import Line, Silent, lack_of, living, pointed_to, soa_of
from collectors.dns.serial import current

FORWARD_MISSING = fault(
    "dns.forward-missing",
    "{name} has no address in DNS (zone {zone}, at {servers}); the contract says {address}",
    "{name} hat in DNS keine Adresse (Zone {zone}, auf {servers}); laut Vertrag {address}",
    do=(
        "Add the address record {name} -> {address} at the primary server of {zone}.",
        "Am Primärserver von {zone} den Adresseintrag {name} -> {address} anlegen.",
    ),
)
FORWARD_MISMATCH = fault(
    "dns.forward-mismatch",
    "{name} has the address {seen} in DNS (zone {zone}, at {servers}); the contract says {address}",
    "{name} hat in DNS die Adresse {seen} (Zone {zone}, auf {servers}); laut Vertrag {address}",
    do=(
        "Find out which address {name} has, and correct the record in {zone} or the contract.",
        "Feststellen, welche Adresse {name} hat, und den Eintrag in {zone} oder den Vertrag berichtigen.",
    ),
)
FORWARD_TRANSLATED = note(
    "dns.forward-translated",
    "{name} has the public address {seen} in DNS (zone {zone}, at {servers}); the contract says {address}, which is internal",
    "{name} hat in DNS die öffentliche Adresse {seen} (Zone {zone}, auf {servers}); laut Vertrag {address}, eine interne",
    do=(
        "See whether {seen} is translated to {address}, or whether {zone} has one view inside and one outside.",
        "Prüfen, ob {seen} auf {address} umgesetzt wird oder ob {zone} eine innere und eine äußere Sicht hat.",
    ),
)
REVERSE_MISSING = warn(
    "dns.reverse-missing",
    "the address {address} of {name} leads to no name (zone {zone}, at {servers})",
    "die Adresse {address} von {name} führt zu keinem Namen (Zone {zone}, auf {servers})",
    do=(
        "Add the PTR record {address} -> {name} at the primary server of {zone}.",
        "Am Primärserver von {zone} den PTR-Eintrag {address} -> {name} anlegen.",
    ),
)
REVERSE_MISMATCH = warn(
    "dns.reverse-mismatch",
    "the address {address} of {name} leads to {seen} (zone {zone}, at {servers})",
    "die Adresse {address} von {name} führt zu {seen} (Zone {zone}, auf {servers})",
    do=(
        "Correct the PTR record of {address} in {zone}: {seen} is probably an earlier holder.",
        "Den PTR-Eintrag von {address} in {zone} berichtigen: {seen} ist wohl ein früherer Inhaber.",
    ),
)
ZONE_MISSING = warn(
    "dns.reverse-zone-missing",
    "none of the servers asked ({servers}) serves the reverse zone {zone}",
    "keiner der gefragten Server ({servers}) bedient die Reverse-Zone {zone}",
    do=(
        "Set up {zone} on the customer's servers, or name its servers in the contract.",
        "{zone} auf den Servern des Kunden einrichten oder ihre Server im Vertrag nennen.",
    ),
)

# So many silences in all, and the server is given up: the rest would only cost time.
_ENOUGH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One name looked up. name: the host's. wanted: what the contract says; seen: what the server says.

    address: of a host, for its PTR record; empty for its own A or AAAA records. seen None: the server does
    not have the authority to say.
    """

    zone: str
    name: str
    address: str
    wanted: tuple[str, ...]
    seen: tuple[str, ...] | Silent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A zone for which the server answers with authority.

    primary: the source that its SOA names; is_primary: that is this very server.
    """

    zone: str
    serial: int
    primary: str
    is_primary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What one server says about the contract's hosts. lacks: reverse zones that it does not serve."""

    server: str
    serves: tuple[Served, ...]
    lacks: tuple[str, ...]
    looked: tuple[Looked, ...]


def judge(_: Directory) -> Iterator[Finding]:
    """Nothing is said about one server alone: the survey says it once for all of them."""
    yield from ()


@collector(
    "dns.reverse",
    asks=(
        "Do names and addresses of the hosts lead to each other?",
        "Führen Namen und Adressen der Hosts zueinander?",
    ),
    judge=judge,
    deadline=180.0,
)
async def reverse(host: Resolver, about: About) -> Directory:
    """Look up every host's addresses, and the names of these addresses, in the zones that are served."""
    own = [zone for zone in about.zones if about.id in {s.id for s in zone.servers}]
    line = await living(host, own[0].name) if own else Line(host)
    if isinstance(line, Silent):
        return Directory(server=about.name, serves=(), lacks=(), looked=())
    serves: dict[str, Served] = {}
    lacks: list[str] = []
    for name in dict.fromkeys(name for zone in own for name in (zone.name, *zone.reverse)):
        answer = await line.ask(name, "SOA")
        soa = soa_of(answer, name) if isinstance(answer, Answer) else None
        if isinstance(answer, Answer) and soa is not None and not lack_of(answer, name):
            serves[name] = Served(
                zone=name,
                serial=soa.serial,
                primary=soa.primary,
                is_primary=soa.primary == plain(about.name),
            )
        elif isinstance(answer, Answer) and name not in {zone.name for zone in own}:
            lacks.append(name)
    looked: list[Looked] = []
    for one in _questions(own, serves, is_outside=about.environment == "outside"):
        seen = await _look_up(line, one)
        looked.append(Looked(zone=one.zone, name=one.name, address=one.address, wanted=one.wanted, seen=seen))
        _give_up_after_silences(looked)
    return Directory(
        server=about.name, serves=tuple(serves.values()), lacks=tuple(lacks), looked=tuple(looked)
    )


def _give_up_after_silences(looked: list[Looked]) -> None:
    silent = [one.seen for one in looked if isinstance(one.seen, Silent)]
    if len(silent) >= _ENOUGH:
        detail = f"{len(silent)} of {len(looked)} questions stayed unanswered: {silent[-1].detail}"
        raise Unanswered(silent[-1].kind, detail, phase=silent[-1].phase)


def _questions(
    own: Iterable[ZoneFacts], serves: Mapping[str, Served], *, is_outside: bool
) -> Iterator[Looked]:
    asked: set[tuple[str, str, tuple[str, ...]]] = set()
    for zone in own:
        for question in (*_forward(zone), *_backward(zone)):
            key = (question.zone, question.address or question.name, question.wanted)
            # Internal addresses are nothing that the world is told.
            untold = is_outside and not question.address and all(map(is_internal, question.wanted))
            if question.zone in serves and key not in asked and not untold:
                asked.add(key)
                yield question


def _forward(zone: ZoneFacts) -> Iterator[Looked]:
    for name in sorted({h.name for h in zone.hosts if lies_in(h.name, zone.name)}):
        addresses = same_form(a for h in zone.hosts if h.name == name for a in h.addresses)
        for version in (4, 6):
            wanted = tuple(a for a in addresses if (":" in a) == (version == 6))
            if wanted:
                yield Looked(zone=zone.name, name=plain(name), address="", wanted=wanted, seen=None)


def _backward(zone: ZoneFacts) -> Iterator[Looked]:
    holders: defaultdict[str, list[Server]] = defaultdict(list)
    for host in zone.hosts:
        for address in same_form(host.addresses):
            holders[address].append(host)
    for address, hosts in holders.items():
        names = tuple(sorted({plain(h.name) for h in hosts}))
        for back in (zone.name, *zone.reverse):
            if is_reverse(back) and lies_in(pointer(address), back):
                yield Looked(zone=back, name=listed(names), address=address, wanted=names, seen=None)


async def _look_up(line: Line, one: Looked) -> tuple[str, ...] | Silent | None:
    if not one.address:
        return await line.addresses_of(one.name, "AAAA" if ":" in one.wanted[0] else "A")
    answer = await line.ask_whole(pointer(one.address), "PTR")
    if isinstance(answer, Silent):
        return answer
    data = pointed_to(answer, pointer(one.address), "PTR")
    return None if data is None else tuple(sorted(plain(name) for name in data))


@survey("dns.hosts", over=reverse)
def hosts(seen: Mapping[str, Directory]) -> Iterator[Finding]:
    """Say of each host once where its names and addresses do not fit, naming the servers that say so.

    Only servers that hold the zone's newest serial count: what others lack is explained by being behind.
    """
    copies: defaultdict[str, dict[str, Served]] = defaultdict(dict)
    for host, reading in seen.items():
        for served in reading.serves:
            copies[served.zone][host] = served
    found: defaultdict[tuple[Tag, Looked], list[str]] = defaultdict(list)
    for host, reading in seen.items():
        for one in reading.looked:
            tag = _judged(one)
            if tag is not None and host in current(copies[one.zone]):
                found[tag, one].append(host)
    for (tag, one), who in found.items():
        yield tag(
            host=who[0] if len(who) == 1 else "",
            zone=one.zone,
            name=one.name,
            address=one.address or listed(one.wanted),
            seen=listed(one.seen) if isinstance(one.seen, tuple) else "-",
            servers=listed(seen[host].server for host in who),
        )
    yield from _unserved(seen, set(copies))


def _judged(one: Looked) -> Tag | None:
    """What is wrong with one look-up; nothing where the server did not say.

    A name may have fewer addresses than its host, but none that the host does not have; of the names that
    share an address, one must be where it leads back to.
    """
    if one.seen is None or isinstance(one.seen, Silent):
        return None
    if not one.seen:
        return REVERSE_MISSING if one.address else FORWARD_MISSING
    if one.address:
        return None if set(one.seen) & set(one.wanted) else REVERSE_MISMATCH
    if set(one.seen) <= set(one.wanted):
        return None
    is_translated = all(map(is_internal, one.wanted)) and not any(map(is_internal, one.seen))
    return FORWARD_TRANSLATED if is_translated else FORWARD_MISMATCH


def _unserved(seen: Mapping[str, Directory], served: set[str]) -> Iterator[Finding]:
    lacking: defaultdict[str, list[str]] = defaultdict(list)
    for reading in seen.values():
        # A server that serves nothing at all has another trouble, which `dns.answers` finds.
        for zone in reading.lacks if reading.serves else ():
            lacking[zone].append(reading.server)
    for zone in sorted(lacking.keys() - served):
        yield ZONE_MISSING(zone=zone, servers=listed(lacking[zone]))
