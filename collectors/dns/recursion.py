"""Does this resolver find names for those who ask it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Finding, Kind, Resolver, collector, fault, note, warn
from collectors.dns.names import is_internal, lies_in, listed, plain, same_form
from collectors.dns.probe import Line, Silent, chased, living

DEAD = fault(
    "dns.recursion-dead",
    "the resolver {server} is there, but finds no answer to {names}: {why}",
    "der Resolver {server} ist da, findet aber keine Antwort auf {names}: {why}",
    do=(
        "See whether {server} reaches its forwarders or the zone's servers, and read its log for SERVFAIL.",
        "Prüfen, ob {server} seine Forwarder oder die Server der Zone erreicht; im Protokoll nach SERVFAIL sehen.",
    ),
)
PARTLY = warn(
    "dns.recursion-partial",
    "the resolver {server} finds some names, but no answer to {names}: {why}",
    "der Resolver {server} findet manche Namen, aber keine Antwort auf {names}: {why}",
    do=(
        "See whether the servers of the zones concerned answer, and whether {server} reaches them.",
        "Prüfen, ob die Server der betroffenen Zonen antworten und ob {server} sie erreicht.",
    ),
)
REFUSED = warn(
    "dns.recursion-refused",
    "{server} shall resolve names, but does not do so for whoever asks from here: {why}",
    "{server} soll Namen auflösen, tut es aber nicht für Fragen von hier: {why}",
    do=(
        "See whether {server} permits recursion, and for which networks.",
        "Prüfen, ob {server} Rekursion erlaubt und für welche Netze.",
    ),
)
WRONG = fault(
    "dns.recursion-wrong",
    "the resolver {server} says that there is no zone {names}, which the contract names",
    "der Resolver {server} sagt, dass es die Zone {names} nicht gibt, die der Vertrag nennt",
    do=(
        "Compare where {server} sends questions for {names}: a wrong forwarder or a stale negative answer.",
        "Prüfen, wohin {server} Fragen nach {names} schickt: falscher Forwarder oder alte Negativantwort.",
    ),
)


OTHER = warn(
    "dns.recursion-other-address",
    "the resolver {server} gives {seen} as the address of {name}; the contract says {address}",
    "der Resolver {server} nennt {seen} als Adresse von {name}; laut Vertrag {address}",
    do=(
        "Ask the zone's own servers for {name}; where they say {address}, see what {server} caches or rewrites.",
        "Die Server der Zone nach {name} fragen; sagen sie {address}, Cache und Umschreibungen von {server} prüfen.",
    ),
)
TRANSLATED = note(
    "dns.recursion-translated",
    "the resolver {server} gives the public address {seen} for {name}; the contract says {address}, which is internal",
    "der Resolver {server} nennt die öffentliche Adresse {seen} für {name}; laut Vertrag {address}, eine interne",
    do=(
        "See whether {seen} is translated to {address}, or whether {server} asks outside instead of inside.",
        "Prüfen, ob {seen} auf {address} umgesetzt wird oder ob {server} außen statt innen fragt.",
    ),
)
NO_ADDRESS = note(
    "dns.recursion-no-address",
    "the resolver {server} finds no address of {name}; the contract says {address}",
    "der Resolver {server} findet keine Adresse von {name}; laut Vertrag {address}",
)
OWN_ONLY = note(
    "dns.recursion-own-zones",
    "{server} answers for its own zones, but offers no recursion to whoever asks from here",
    "{server} antwortet für eigene Zonen, bietet aber keine Rekursion für Fragen von hier",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """One recursive question. seen: the data that came; wanted: a host's addresses in the contract.

    available: the flag RA. is_alias: the name is one, and so may end where there is nothing. own: the
    resolver serves the name itself, and had nobody to ask.
    """

    name: str
    rtype: str
    wanted: tuple[str, ...]
    rcode: str
    available: bool
    seen: tuple[str, ...]
    is_alias: bool
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """A recursive question without an answer."""

    name: str
    rtype: str
    silent: Silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Recursion:
    """alive: the server answers plain questions, so a silence is about the recursion."""

    server: str
    addresses: tuple[str, ...]
    alive: bool
    asked: tuple[Resolved | Unresolved, ...]


def judge(seen: Recursion) -> Iterator[Finding]:
    if not seen.alive:
        return
    at = listed(seen.addresses)
    failed = {one.name: why for one in seen.asked if (why := _why_failed(one))}
    said = [one for one in seen.asked if isinstance(one, Resolved)]
    refused = {
        one.name: one.rcode if one.rcode == "REFUSED" else "NOERROR/no-RA" for one in said if _is_refused(one)
    }
    if failed:
        # What it serves itself says nothing of how it finds the rest.
        to_find = {one.name for one in seen.asked if not (isinstance(one, Resolved) and one.own)}
        tag = DEAD if failed.keys() >= to_find else PARTLY
        yield tag(server=seen.server, addresses=at, names=listed(failed), why=listed(failed.values()))
    elif refused:
        yield REFUSED(server=seen.server, addresses=at, names=listed(refused), why=listed(refused.values()))
    elif any(not one.available for one in said):
        yield OWN_ONLY(server=seen.server, addresses=at)
    found = [one.name for one in said if one.wanted and one.seen]
    lost = [
        one.name
        for one in said
        # Some resolvers have the hosts of a zone, and know nothing else of it.
        if one.rtype == "SOA" and _is_nothing(one) and not any(lies_in(name, one.name) for name in found)
    ]
    for name in lost:
        yield WRONG(server=seen.server, addresses=at, names=name)
    for one in said:
        if one.wanted and not any(lies_in(one.name, zone) for zone in lost):
            yield from _judge_host(seen.server, one)


def _judge_host(server: str, one: Resolved) -> Iterator[Finding]:
    told = {"server": server, "name": one.name, "address": listed(one.wanted), "seen": listed(one.seen)}
    if _is_nothing(one):
        yield NO_ADDRESS(**told)
    elif not set(one.seen) <= set(one.wanted):
        is_public = all(map(is_internal, one.wanted)) and not any(map(is_internal, one.seen))
        yield (TRANSLATED if is_public else OTHER)(**told)


def _is_nothing(one: Resolved) -> bool:
    """The resolver says that there is no such name, or nothing of this type at it."""
    is_empty = one.rcode == "NOERROR" and one.available and not one.seen and not one.is_alias
    return one.rcode == "NXDOMAIN" or is_empty


@collector(
    "dns.recursion",
    asks=("Does the resolver find names?", "Findet der Resolver Namen?"),
    judge=judge,
    role="resolver",
    deadline=60.0,
)
async def recursion(host: Resolver, about: About) -> Recursion:
    """Let the resolver find a zone, one of its hosts, and a server above it, recursively, for up to two zones."""
    # Whether it lives at all is asked without recursion: a resolver may refuse this, but it says so.
    line = await living(host, ".")
    if isinstance(line, Silent):
        return Recursion(server=about.name, addresses=host.addresses, alive=False, asked=())
    asked = await host.together(*(_resolve(line, *question) for question in _questions(about)))
    return Recursion(server=about.name, addresses=host.addresses, alive=True, asked=asked)


def _questions(about: About) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Names that the contract knows, those of others first; its own when there is no other."""
    zones = [zone for zone in about.zones if zone.hosts][:2] or about.zones[:2]
    for zone in zones:
        yield zone.name, "SOA", ()
        for other in [host for host in zone.hosts if host.id != about.id][:1]:
            yield _addresses(other.name, other.addresses)
    # A resolver may serve all the zones itself: only what lies elsewhere shows whether it finds anything.
    above = [parent for zone in zones for parent in zone.parents]
    for parent in [one for one in above if not any(lies_in(one.name, zone.name) for zone in zones)][:1]:
        name, rtype, _ = _addresses(parent.name, parent.addresses)
        yield name, rtype, ()
    if not zones:
        yield _addresses(about.name, about.addresses)


def _addresses(name: str, addresses: tuple[str, ...]) -> tuple[str, str, tuple[str, ...]]:
    """The question for a name's addresses, of the kind of the first, and what the contract says to it."""
    is_six = ":" in addresses[0]
    return name, "AAAA" if is_six else "A", same_form(a for a in addresses if (":" in a) == is_six)


async def _resolve(line: Line, name: str, rtype: str, wanted: tuple[str, ...]) -> Resolved | Unresolved:
    answer = await line.ask_whole(name, rtype, recurse=True)
    if isinstance(answer, Silent):
        return Unresolved(name=plain(name), rtype=rtype, silent=answer)
    is_alias, data = chased(answer, name, rtype)
    return Resolved(
        name=plain(name),
        rtype=rtype,
        wanted=wanted,
        rcode=answer.rcode,
        available="RA" in answer.flags,
        seen=same_form(data) if wanted else data,
        is_alias=is_alias,
        own="AA" in answer.flags,
    )


def _why_failed(one: Resolved | Unresolved) -> str:
    match one:
        case Unresolved(silent=Silent(kind=Kind.UNPARSABLE)):
            # Something came, and what it says is not known.
            return ""
        case Unresolved(silent=silent):
            return silent.kind.value
        case Resolved(rcode="NOERROR" | "NXDOMAIN" | "REFUSED"):
            return ""
        case Resolved(rcode=rcode):
            return rcode


def _is_refused(one: Resolved) -> bool:
    """It does not recurse for us: it says so, or it offers no recursion and has nothing to give."""
    return one.rcode == "REFUSED" or (one.rcode == "NOERROR" and not one.available and not one.seen)
