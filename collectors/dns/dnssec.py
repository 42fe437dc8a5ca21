"""What do a zone's servers, its parents and the resolvers say of its signatures?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Answer, Finding, Resolver, collector
from collectors.dns.probe import Line, Silent, living
from collectors.dns.signed import ParentSays, SignedZone, ask_parent, ask_zone

__all__ = ["Dnssec", "Resolved", "Unsaid", "dnssec"]

_MOST_RESOLVED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A zone's SOA as a resolver finds it. ad: it says that it verified it; own: it serves the zone itself.

    unchecked: the rcode when it shall not verify; empty where that was not asked.
    """

    zone: str
    rcode: str
    ad: bool
    own: bool
    unchecked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsaid:
    """A zone of which this server says nothing of use. why: a code, or the silence."""

    zone: str
    why: str | Silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Dnssec:
    """What one server says about signatures: of the zones that it serves, of those below, and of what it resolves."""

    server: str
    serves: tuple[SignedZone, ...]
    above: tuple[ParentSays, ...]
    unsaid: tuple[Unsaid, ...]
    resolves: tuple[Resolved, ...]


def judge(_: Dnssec) -> Iterator[Finding]:
    """One server alone proves nothing: the parent's word and the zone's are compared by the survey."""
    yield from ()


@collector(
    "dns.dnssec",
    asks=("Are the zones proven by signatures?", "Sind die Zonen durch Signaturen bewiesen?"),
    judge=judge,
    deadline=120.0,
)
async def dnssec(host: Resolver, about: About) -> Dnssec:
    """Ask for keys, signatures and denials of the zones served, for the DS of those below, and let resolvers verify."""
    held = [zone.name for zone in about.serves]
    below = [zone.name for zone in about.zones if about.id in {p.id for p in zone.parents}]
    found = [zone.name for zone in about.zones][:_MOST_RESOLVED] if "resolver" in about.roles else []
    names = (*held, *below, *found)
    line = await living(host, names[0]) if names else Line(host)
    if isinstance(line, Silent):
        unsaid = tuple(Unsaid(zone=name, why=line) for name in dict.fromkeys(names))
        return Dnssec(server=about.name, serves=(), above=(), unsaid=unsaid, resolves=())
    # All at once: a slow server shall not be waited for three times.
    said, told, resolved = await host.together(
        host.together(*(ask_zone(line, name) for name in held)),
        host.together(*(ask_parent(line, name) for name in below)),
        host.together(*(_resolve(line, name) for name in found)),
    )
    pairs = (*zip(held, said, strict=True), *zip(below, told, strict=True))
    return Dnssec(
        server=about.name,
        serves=tuple(one for one in said if isinstance(one, SignedZone)),
        above=tuple(one for one in told if isinstance(one, ParentSays)),
        unsaid=tuple(Unsaid(zone=name, why=why) for name, why in pairs if isinstance(why, str | Silent)),
        resolves=tuple(one for one in resolved if isinstance(one, Resolved)),
    )


async def _resolve(line: Line, zone: str) -> Resolved | None:
    answer = await line.ask_whole(zone, "SOA", recurse=True, signed=True)
    if isinstance(answer, Silent):
        return None
    unchecked: Answer | Silent | None = None
    if answer.rcode == "SERVFAIL":
        unchecked = await line.ask_whole(zone, "SOA", recurse=True, signed=True, unchecked=True)
    return Resolved(
        zone=zone,
        rcode=answer.rcode,
        ad="AD" in answer.flags,
        own="AA" in answer.flags,
        unchecked=unchecked.rcode if isinstance(unchecked, Answer) else "",
    )
