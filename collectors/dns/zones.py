"""What does this DNS server hold of each zone, and what does it delegate? Asked once, compared by surveys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from collectors import About, Answer, Finding, Resolver, Server, ZoneFacts, collector
from collectors.dns.names import dotted, is_internal, lies_in, plain, same_form
from collectors.dns.probe import Line, Silent, Soa, lack_of, living, own_names, soa_of, stands_inside

__all__ = [
    "Delegation",
    "Holding",
    "NamedHost",
    "Unsaid",
    "Zones",
    "holdings",
    "zones",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedHost:
    """A name that a record points to, with its addresses as this server has them.

    addresses None: this server has no authority over the name; empty: the name has none. alias: the name that it
    leads to, where it is one itself (CNAME).
    """

    name: str
    addresses: tuple[str, ...] | Silent | None
    alias: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A zone as a server of it holds it. is_primary: the SOA names this very server as its source.

    is_inside: the server stands in the customer's network and has internal addresses. servers, mail: None
    when the server does not say. unknown: those of the servers that the contract does not name for the zone.
    source: the name that the SOA gives as its source; source_host: what the contract calls it, empty when it does not
    know it; source_serves: it is one of the zone's servers there. starts: how many SOA records the zone has.
    """

    zone: str
    soa: Soa
    is_primary: bool
    servers: tuple[NamedHost, ...] | None
    mail: tuple[NamedHost, ...] | None
    is_inside: bool = True
    unknown: tuple[NamedHost, ...] = ()
    source: NamedHost | None = None
    source_host: str = ""
    source_serves: bool = False
    starts: int = 1

    @property
    def serial(self) -> int:
        return self.soa.serial

    @property
    def primary(self) -> str:
        return self.soa.primary

    @property
    def names(self) -> frozenset[str] | None:
        return None if self.servers is None else frozenset(server.name for server in self.servers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """A zone as its parent delegates it: the servers' names, the addresses that came along (glue).

    No servers: the parent says with authority that it delegates nothing.
    """

    zone: str
    servers: tuple[NamedHost, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(server.name for server in self.servers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsaid:
    """A zone about which this server says nothing of use.

    asked_as: 'server' or 'parent'. why: a code, or the silence. 'served-too': the parent holds the zone
    itself, and so answers with the zone's data instead of the delegation.
    """

    zone: str
    asked_as: str
    why: str | Silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """Everything that one server says about the zones that the contract ties to it. is_public: the world may ask it."""

    server: str
    holds: tuple[Holding, ...]
    delegates: tuple[Delegation, ...]
    unsaid: tuple[Unsaid, ...]
    is_public: bool = False


def judge(_: Zones) -> Iterator[Finding]:
    """Nothing is wrong with one server's view alone; silence and lameness are judged by `dns.answers`."""
    yield from ()


@collector(
    "dns.zones",
    asks=(
        "Is the zone's content sound, and is it delegated rightly?",
        "Ist der Inhalt der Zone stimmig und richtig delegiert?",
    ),
    judge=judge,
    deadline=120.0,
)
async def zones(host: Resolver, about: About) -> Zones:
    """Ask for SOA, NS, MX and their addresses of each zone served, and for the delegation of each child."""
    held = about.serves
    handed = [zone for zone in about.zones if about.id in {p.id for p in zone.parents}]
    everything = [("server", zone) for zone in held] + [("parent", zone) for zone in handed]
    line = await living(host, everything[0][1].name) if everything else Line(host)
    if isinstance(line, Silent):
        unsaid = (Unsaid(zone=zone.name, asked_as=role, why=line) for role, zone in everything)
        return Zones(server=about.name, holds=(), delegates=(), unsaid=tuple(unsaid))
    said = await host.together(
        *(_held(line, about, zone) for zone in held), *(_delegated(line, zone) for zone in handed)
    )
    return Zones(
        server=about.name,
        holds=tuple(one for one in said if isinstance(one, Holding)),
        delegates=tuple(one for one in said if isinstance(one, Delegation)),
        unsaid=tuple(one for one in said if isinstance(one, Unsaid)),
        is_public=not any(map(is_internal, about.addresses)),
    )


async def _held(line: Line, about: About, facts: ZoneFacts) -> Holding | Delegation | Unsaid:
    zone = facts.name
    start, told, mailed = await line.host.together(*(line.ask_whole(zone, t) for t in ("SOA", "NS", "MX")))
    if isinstance(start, Silent):
        return Unsaid(zone=zone, asked_as="server", why=start)
    soa, lack = soa_of(start, zone), lack_of(start, zone)
    if lack or soa is None:
        return Unsaid(zone=zone, asked_as="server", why=lack)
    mail = _said(mailed, zone, "MX")
    # A single dot says that the zone takes no mail (RFC 7505).
    to = mail and tuple(data.split()[-1] for data in mail if data[-2:] != " .")
    sources, servers, targets = await line.host.together(
        *(_hosts(line, zone, names) for names in ((soa.primary,), _said(told, zone, "NS"), to))
    )
    own = await own_names(line, about, (soa.primary,))
    source = (sources or (None,))[0]
    meant = next((host for host in (*facts.servers, *facts.hosts) if source and _is_it(host, source)), None)
    is_primary = soa.primary in own
    return Holding(
        zone=zone,
        soa=soa,
        is_primary=is_primary,
        is_inside=stands_inside(about),
        servers=servers,
        unknown=tuple(one for one in servers or () if not _is_known(one, facts)),
        mail=targets,
        source=source,
        source_host=meant.name if meant else "",
        source_serves=is_primary or meant in facts.servers,
        starts=sum(record.type == "SOA" for record in start.answer),
    )


def _is_known(server: NamedHost, facts: ZoneFacts) -> bool:
    """Say whether the contract names this server for the zone, by its name or by one of its addresses."""
    return any(_is_it(known, server) for known in facts.servers)


def _is_it(known: Server, named: NamedHost) -> bool:
    addresses = set(named.addresses) if isinstance(named.addresses, tuple) else set[str]()
    return plain(known.name) == named.name or bool(addresses & set(same_form(known.addresses)))


def _said(answer: Answer | Silent, zone: str, rtype: str) -> tuple[str, ...] | None:
    """The zone's own records of a type; None when the server does not say with authority."""
    if isinstance(answer, Silent) or answer.rcode != "NOERROR" or "AA" not in answer.flags:
        return None
    return tuple(r.data for r in answer.answer if r.type == rtype and r.name == dotted(zone))


async def _hosts(line: Line, zone: str, names: Iterable[str] | None) -> tuple[NamedHost, ...] | None:
    if names is None:
        return None
    return await line.host.together(*(_named(line, zone, name) for name in sorted(set(names))))


async def _named(line: Line, zone: str, name: str) -> NamedHost:
    if not lies_in(name, zone):
        return NamedHost(name=plain(name), addresses=None)
    addresses = await line.addresses_of(name)
    return NamedHost(name=plain(name), addresses=addresses, alias=await line.end_of(name))


async def _delegated(line: Line, zone: ZoneFacts) -> Delegation | Unsaid:
    answer = await line.ask_whole(zone.name, "NS")
    if isinstance(answer, Silent):
        return Unsaid(zone=zone.name, asked_as="parent", why=answer)
    owner = dotted(zone.name)
    names = {r.data for r in answer.authority if r.type == "NS" and r.name == owner}
    if _said(answer, zone.name, "NS"):
        return Unsaid(zone=zone.name, asked_as="parent", why="served-too")
    if answer.rcode == "NOERROR" and names:
        return Delegation(
            zone=zone.name, servers=tuple(_glued(answer, name, owner) for name in sorted(names))
        )
    if answer.rcode in {"NOERROR", "NXDOMAIN"} and "AA" in answer.flags:
        return Delegation(zone=zone.name, servers=())
    return Unsaid(zone=zone.name, asked_as="parent", why=lack_of(answer, zone.name))


def _glued(answer: Answer, name: str, zone: str) -> NamedHost:
    """A server with its glue; only names inside the zone need it (RFC 9471)."""
    glue = [r.data for r in answer.additional if r.name == name and r.type in {"A", "AAAA"}]
    return NamedHost(name=plain(name), addresses=same_form(glue) if glue or lies_in(name, zone) else None)


def holdings(seen: Mapping[str, Zones]) -> dict[str, dict[str, Holding]]:
    """By zone, and there by host id, what each server of the zone holds."""
    found: dict[str, dict[str, Holding]] = {}
    for host, reading in seen.items():
        for holding in reading.holds:
            found.setdefault(holding.zone, {})[host] = holding
    return found
