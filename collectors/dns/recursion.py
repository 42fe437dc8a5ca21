"""Does this resolver find names for those who ask it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Answer, Finding, Resolver, collector, fault, warn
from collectors.dns.names import dotted, listed, plain
from collectors.dns.probe import Line, Silent

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
    "the resolver {server} says that {names} does not exist, which the contract names as a zone",
    "der Resolver {server} sagt, dass es {names} nicht gibt, das der Vertrag als Zone nennt",
    do=(
        "Compare where {server} sends questions for {names}: a wrong forwarder or a stale negative answer.",
        "Prüfen, wohin {server} Fragen nach {names} schickt: falscher Forwarder oder alte Negativantwort.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """One recursive question. found: how many records of the type came; available: the flag RA."""

    name: str
    rtype: str
    rcode: str
    available: bool
    found: int
    took: float


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
    refused = [one.rcode for one in seen.asked if isinstance(one, Resolved) and _is_refused(one)]
    if failed:
        tag = DEAD if len(failed) == len({one.name for one in seen.asked}) else PARTLY
        yield tag(server=seen.server, addresses=at, names=listed(failed), why=listed(failed.values()))
    elif refused:
        yield REFUSED(server=seen.server, addresses=at, why=listed(refused))
    for one in seen.asked:
        if isinstance(one, Resolved) and one.rtype == "SOA" and one.rcode == "NXDOMAIN":
            yield WRONG(server=seen.server, addresses=at, names=one.name)


@collector(
    "dns.recursion",
    asks=("Does the resolver find names?", "Findet der Resolver Namen?"),
    judge=judge,
    role="resolver",
    deadline=60.0,
)
async def recursion(host: Resolver, about: About) -> Recursion:
    """Let the resolver find a zone and one of its hosts, recursively, for up to two zones."""
    line = Line(host)
    # Whether it lives at all is asked without recursion: a resolver may refuse this, but it says so.
    if isinstance(await line.ask(".", "SOA"), Silent):
        return Recursion(server=about.name, addresses=host.addresses, alive=False, asked=())
    asked = [await _resolve(line, name, rtype) for name, rtype in _questions(about)]
    return Recursion(server=about.name, addresses=host.addresses, alive=True, asked=tuple(asked))


def _questions(about: About) -> Iterator[tuple[str, str]]:
    """Names that the contract knows, those of others first; its own when there is no other."""
    zones = [zone for zone in about.zones if zone.hosts][:2] or about.zones[:2]
    for zone in zones:
        yield zone.name, "SOA"
        for other in [host for host in zone.hosts if host.id != about.id][:1]:
            yield other.name, "AAAA" if ":" in other.addresses[0] else "A"
    if not zones:
        yield about.name, "AAAA" if ":" in about.addresses[0] else "A"


async def _resolve(line: Line, name: str, rtype: str) -> Resolved | Unresolved:
    answer = await line.ask(name, rtype, recurse=True)
    match answer:
        case Silent():
            return Unresolved(name=plain(name), rtype=rtype, silent=answer)
        case Answer():
            return Resolved(
                name=plain(name),
                rtype=rtype,
                rcode=answer.rcode,
                available="RA" in answer.flags,
                found=sum(r.type == rtype for r in answer.answer if r.name == dotted(name)),
                took=answer.took,
            )


def _why_failed(one: Resolved | Unresolved) -> str:
    match one:
        case Unresolved(silent=silent):
            return silent.kind.value
        case Resolved(rcode="NOERROR" | "NXDOMAIN" | "REFUSED"):
            return ""
        case Resolved(rcode=rcode):
            return rcode


def _is_refused(one: Resolved) -> bool:
    """It does not recurse for us: it says so, or it offers no recursion and has nothing to give."""
    return one.rcode == "REFUSED" or (one.rcode == "NOERROR" and not one.available and not one.found)
