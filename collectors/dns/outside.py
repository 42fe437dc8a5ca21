"""Where are the servers outside that the contract knows by name only? Asked once, as a run begins.

What a server says counts for the whole run, so that an answer must be one: with authority, or from a server that
finds names for others. Aliases are followed as far as the answer itself resolves them; nobody else is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Finding, Resolver, collector, fault
from collectors.dns.names import dotted, lies_in, plain
from collectors.dns.probe import Line, Silent, chased, living
from collectors.session import Answer, Kind, Phase

UNKNOWN = fault(
    "dns.outside-unknown",
    "{server} knows no address for {name}, a server outside that the contract names",
    "{server} kennt keine Adresse für {name}, einen Server außerhalb, den der Vertrag nennt",
    do=(
        "Compare the name with what the provider has written down, then ask another resolver for it.",
        "Den Namen mit den Angaben des Anbieters vergleichen, dann einen anderen Resolver danach fragen.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The addresses of a name as the server gives them, IPv4 and IPv6; none: it says that there are none."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """What the server says of a name is not known: it kept silent, or said what is no answer."""

    name: str
    silent: Silent


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """Every name that the server was asked for."""

    server: str
    names: tuple[Found | Lost, ...]


def judge(seen: LookedUp) -> Iterator[Finding]:
    for one in seen.names:
        if isinstance(one, Found) and not one.addresses:
            yield UNKNOWN(server=seen.server, name=one.name)


@collector(
    "dns.outside",
    asks=("At which addresses are the servers outside?", "Unter welchen Adressen sind die Server außerhalb?"),
    judge=judge,
    role="finds-outside",
    deadline=20.0,
    on_request=True,
)
async def outside(host: Resolver, about: About) -> LookedUp:
    """Ask for both kinds of addresses of each name."""
    line = Line(host) if len(host.addresses) == 1 else await living(host, ".")
    if isinstance(line, Silent):
        return LookedUp(server=about.name, names=tuple(Lost(name=name, silent=line) for name in about.names))
    return LookedUp(server=about.name, names=tuple([await _look_up(line, name) for name in about.names]))


async def _look_up(line: Line, name: str) -> Found | Lost:
    addresses: list[str] = []
    for rtype in ("A", "AAAA"):
        answer = await line.ask_whole(name, rtype, recurse=True)
        if isinstance(answer, Silent):
            return Lost(name=plain(name), silent=answer)
        _, data = chased(answer, name, rtype)
        if lack := _lack_of(answer, "" if data else _end_of(answer, name)):
            return Lost(name=plain(name), silent=lack)
        addresses += data
    return Found(name=plain(name), addresses=tuple(dict.fromkeys(addresses)))


def _end_of(answer: Answer, name: str) -> str:
    """The name at which the aliases of a name end in this answer; '' where it has none."""
    aliases = {record.name: record.data for record in answer.answer if record.type == "CNAME"}
    end = dotted(name)
    for _ in aliases:
        end = aliases.get(end, end)
    return "" if end == dotted(name) else end


def _lack_of(answer: Answer, end: str) -> Silent | None:
    """Why this is no answer to where a name is. end: the name at which its aliases end, where nothing is."""
    if answer.rcode not in {"NOERROR", "NXDOMAIN"}:
        return Silent(kind=Kind.UNPARSABLE, phase=Phase.ASK, detail=f"it answers {answer.rcode}")
    if not answer.flags & {"AA", "RA"}:
        return Silent(kind=Kind.UNPARSABLE, phase=Phase.ASK, detail="it refers to other servers")
    # One that finds names for others has looked there; another has the authority to say it, or has not.
    knows = any(record.type == "SOA" and lies_in(end, record.name) for record in answer.authority)
    if end and "RA" not in answer.flags and not knows:
        return Silent(kind=Kind.UNPARSABLE, phase=Phase.ASK, detail=f"its alias ends at {plain(end)}")
    return None
