"""Which names does this DNS server show, where a zone may be one inside and another outside? Asked once, then compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Finding, Resolver, ZoneFacts, collector
from collectors.dns.names import holds_names, is_internal, lies_in, plain, same_form
from collectors.dns.probe import Line, Silent, chased, lack_of, living, stands_inside

__all__ = ["Shown", "Shows", "ZoneShown", "addresses_shown", "split"]

# Names that a zone with a website and mail mostly has, and that are forgotten inside; '' is the zone itself.
_USUAL = ("", "www", "mail", "autodiscover", "vpn", "remote", "webmail")
# So many of the contract's hosts are looked for outside, where nobody should find their addresses.
_MOST_HOSTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A name as one server has it. data: its addresses, or the name elsewhere that its alias ends at.

    None: the server does not say it with authority.
    """

    name: str
    data: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneShown:
    """Names of one zone at one server. is_inside: it stands in the customer's network. public, differ: by the contract."""

    zone: str
    is_inside: bool
    names: tuple[Shown, ...]
    public: tuple[str, ...] = ()
    differ: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shows:
    """All the forward zones that one server serves. is_outside: whoever asks it stands outside of the customer's network."""

    server: str
    is_outside: bool
    zones: tuple[ZoneShown, ...]


def judge(_: Shows) -> Iterator[Finding]:
    """What one server shows is compared with what the others show."""
    yield from ()


@collector(
    "dns.split",
    asks=(
        "Are names found inside and outside alike?",
        "Werden Namen innen und außen gleichermaßen gefunden?",
    ),
    judge=judge,
    deadline=120.0,
)
async def split(host: Resolver, about: About) -> Shows:
    """Ask for the names that a zone must have for everybody, and outside for the contract's hosts."""
    is_outside = about.environment == "outside" or not any(map(is_internal, about.addresses))
    held = [zone for zone in about.serves if holds_names(zone.name)]
    line = await living(host, held[0].name) if held else Line(host)
    if isinstance(line, Silent):
        return Shows(server=about.name, is_outside=is_outside, zones=())
    found = await host.together(*(_zone(line, about, zone, is_outside=is_outside) for zone in held))
    return Shows(
        server=about.name, is_outside=is_outside, zones=tuple(one for one in found if one is not None)
    )


async def _zone(line: Line, about: About, facts: ZoneFacts, *, is_outside: bool) -> ZoneShown | None:
    start = await line.ask_whole(facts.name, "SOA")
    if isinstance(start, Silent) or lack_of(start, facts.name):
        return None
    usual = (f"{label}.{facts.name}".strip(".") for label in _USUAL if facts.is_two_sided)
    hosts = [host.name for host in facts.hosts if lies_in(host.name, facts.name)][:_MOST_HOSTS]
    wanted = dict.fromkeys((*facts.public, *usual, *facts.differ, *(hosts if is_outside else ())))
    return ZoneShown(
        zone=facts.name,
        is_inside=stands_inside(about),
        names=await line.host.together(*(_shown(line, name) for name in wanted)),
        public=facts.public,
        differ=facts.differ,
    )


async def _shown(line: Line, name: str) -> Shown:
    found: list[str] = []
    for rtype in ("A", "AAAA"):
        answer = await line.ask_whole(name, rtype)
        if (
            isinstance(answer, Silent)
            or answer.rcode not in {"NOERROR", "NXDOMAIN"}
            or "AA" not in answer.flags
        ):
            return Shown(name=name, data=None)
        if answer.rcode == "NXDOMAIN" and not answer.answer:
            # There is no such name, for whatever type: the second question would cost time alone.
            return Shown(name=name, data=())
        is_alias, data = chased(answer, name, rtype)
        if is_alias and not data:
            ends = [plain(record.data) for record in answer.answer if record.type == "CNAME"]
            return Shown(name=name, data=(ends[-1],))
        found += data
    return Shown(name=name, data=same_form(found))


def addresses_shown(data: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the data that are addresses, and not the name at which an alias ends.

    >>> addresses_shown(("192.0.2.1", "fd20::1")), addresses_shown(("shop.provider.example",))
    (('192.0.2.1', 'fd20::1'), ())
    """
    return tuple(one for one in data if ":" in one or one.rpartition(".")[2].isdigit())
