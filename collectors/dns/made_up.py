"""What does this DNS server say to a name that nobody has, and to names that everybody must find? Asked once, compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Answer, Finding, Resolver, collector, fault
from collectors.dns.names import holds_names, lies_in, listed, plain, same_form
from collectors.dns.probe import Line, Silent, chased, living

__all__ = ["INVENTS", "Inventions", "Said", "made_up"]

# No name of anybody's: always the same, so that it is asked for once and remembered as absent.
_LABEL = "no-such-name-8f3kq2"
# By RFC 6761, section 6.4, there is no name below it, for anybody.
_NOWHERE = f"{_LABEL}.invalid"
_MOST_ZONES = 8
_MOST_PUBLIC = 20

INVENTS = fault(
    "dns.recursion-invents",
    "the resolver {server} gives {seen} as the address of {name}, which does not exist",
    "der Resolver {server} nennt {seen} als Adresse von {name}, den es nicht gibt",
    do=(
        "Switch off on {server}, or at its provider, what answers for unknown names: programs take {seen} for real.",
        "Auf {server} oder bei seinem Anbieter abschalten, was für unbekannte Namen antwortet: Programme glauben {seen}.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came for a name's IPv4 addresses, or the name outside of its zone that it leads to. None: nothing of use.

    zone: whose name it is; empty for one that cannot exist anywhere. is_made_up: nobody has the name.
    """

    name: str
    zone: str
    data: tuple[str, ...] | None
    is_made_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventions:
    """served: of the zones that the server serves itself, without recursion; found: as it finds names for others.

    with_hosts: the zones in which hosts of the contract have their names; on_purpose: those that shall have any name.
    """

    server: str
    served: tuple[Said, ...]
    found: tuple[Said, ...]
    with_hosts: tuple[str, ...] = ()
    on_purpose: tuple[str, ...] = ()


def judge(seen: Inventions) -> Iterator[Finding]:
    for one in seen.found:
        if not one.zone and one.data:
            yield INVENTS(server=seen.server, name=one.name, seen=listed(one.data))


@collector(
    "dns.made-up",
    asks=(
        "Does the server say of names that do not exist that they do not?",
        "Sagt der Server von Namen, die es nicht gibt, dass es sie nicht gibt?",
    ),
    judge=judge,
    deadline=60.0,
)
async def made_up(host: Resolver, about: About) -> Inventions:
    """Ask for a name that nobody has in each zone, and let a resolver look for it, for one without a zone, and for public names."""
    zones = [zone for zone in about.zones if holds_names(zone.name)][:_MOST_ZONES]
    resolves = "resolver" in about.roles
    serves = [zone for zone in zones if zone in about.serves]
    line = await living(host, zones[0].name if zones else ".")
    if isinstance(line, Silent):
        return Inventions(server=about.name, served=(), found=())
    public = [(name, zone.name) for zone in zones for name in zone.public][:_MOST_PUBLIC]
    served = await host.together(*(_ask(line, f"{_LABEL}.{z.name}", z.name, recurse=False) for z in serves))
    found = await host.together(
        *(
            _ask(line, name, zone, recurse=True)
            for name, zone in _looked_for([z.name for z in zones])
            if resolves
        ),
        *(_ask(line, name, zone, recurse=True, is_made_up=False) for name, zone in public if resolves),
    )
    return Inventions(
        server=about.name,
        served=served,
        found=found,
        with_hosts=tuple(zone.name for zone in zones if zone.hosts),
        on_purpose=tuple(zone.name for zone in zones if zone.wildcard),
    )


def _looked_for(zones: list[str]) -> list[tuple[str, str]]:
    return [(_NOWHERE, ""), *((f"{_LABEL}.{zone}", zone) for zone in zones)]


async def _ask(line: Line, name: str, zone: str, *, recurse: bool, is_made_up: bool = True) -> Said:
    answer = await line.ask_whole(name, "A", recurse=recurse)
    # A server that does not look for others says nothing of a name; one that serves it has authority.
    speaks = not isinstance(answer, Silent) and bool(answer.flags & ({"AA", "RA"} if recurse else {"AA"}))
    if isinstance(answer, Silent) or not speaks or answer.rcode not in {"NOERROR", "NXDOMAIN"}:
        return Said(name=plain(name), zone=zone, data=None, is_made_up=is_made_up)
    _, data = chased(answer, name, "A")
    led = next((end for end in _ends(answer) if zone and not lies_in(end, zone)), "")
    # What a zone hands over to another has the addresses that the other gives, here these and there those.
    said = (led,) if led and (data or not recurse) else same_form(data)
    return Said(name=plain(name), zone=zone, data=said, is_made_up=is_made_up)


def _ends(answer: Answer) -> Iterator[str]:
    """The names to which the answer's aliases lead."""
    return (plain(record.data) for record in answer.answer if record.type == "CNAME")
