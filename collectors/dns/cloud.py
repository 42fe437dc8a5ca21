"""Which records does this DNS server have that lead programs to cloud services, and who may issue certificates? Asked once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Finding, Resolver, ZoneFacts, collector
from collectors.dns.names import dotted, holds_names, lies_in, plain
from collectors.dns.probe import Line, Silent, chased, lack_of, living

__all__ = ["LEFT_OVER", "WANTED", "Cloud", "Pointed", "ZoneCloud", "cloud"]

# Name within the zone -> the type of record under which Microsoft 365 looks for it.
WANTED = {
    "autodiscover": "CNAME",
    "enterpriseregistration": "CNAME",
    "enterpriseenrollment": "CNAME",
    "lyncdiscover": "CNAME",
    "sip": "CNAME",
    "_sip._tls": "SRV",
    "_sipfederationtls._tcp": "SRV",
}
# Once wanted, and harmful now: sign-in of other regions goes through it.
LEFT_OVER = "msoid"
# What is often an alias, whatever the zone is used for.
_USUAL = ("autodiscover", "www", "mail", "webmail", "remote", "vpn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointed:
    """A name that a record leads to another. is_there: whether that has an address; None: not this server's to say."""

    name: str
    rtype: str
    target: str
    is_there: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneCloud:
    """One zone at one server. absent: of the names wanted, those that it says there are not. caa: data of these records."""

    zone: str
    services: tuple[str, ...]
    pointed: tuple[Pointed, ...]
    absent: tuple[str, ...]
    caa: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """All the forward zones that one server serves."""

    server: str
    zones: tuple[ZoneCloud, ...]


def judge(_: Cloud) -> Iterator[Finding]:
    """One server's view is judged together with the others'."""
    yield from ()


@collector(
    "dns.cloud",
    asks=(
        "Do programs find their cloud services, and do aliases lead somewhere?",
        "Finden Programme ihre Cloud-Dienste, und führen Aliasse irgendwohin?",
    ),
    judge=judge,
    deadline=120.0,
)
async def cloud(host: Resolver, about: About) -> Cloud:
    """Ask for the records of Microsoft 365, usual aliases, and CAA of each zone served."""
    held = [zone for zone in about.serves if holds_names(zone.name)]
    line = await living(host, held[0].name) if held else Line(host)
    if isinstance(line, Silent):
        return Cloud(server=about.name, zones=())
    own = tuple(zone.name for zone in held)
    found = await host.together(*(_zone(line, zone, own) for zone in held))
    return Cloud(server=about.name, zones=tuple(one for one in found if one is not None))


async def _zone(line: Line, facts: ZoneFacts, own: tuple[str, ...]) -> ZoneCloud | None:
    zone = facts.name
    start, answer = await line.host.together(line.ask_whole(zone, "SOA"), line.ask_whole(zone, "CAA"))
    if isinstance(start, Silent) or lack_of(start, zone):
        return None
    others = dict.fromkeys((*_USUAL, LEFT_OVER, *(name.removesuffix(f".{zone}") for name in facts.public)))
    wanted = WANTED if facts.cloud else {}
    questions = wanted | {name: "CNAME" for name in others if name not in wanted and name != zone}
    told = await line.host.together(
        *(_pointed(line, f"{name}.{zone}", rtype, own) for name, rtype in questions.items())
    )
    said = dict(zip(questions, told, strict=True))
    caa = () if isinstance(answer, Silent) or "AA" not in answer.flags else answer.answer
    return ZoneCloud(
        zone=zone,
        services=facts.cloud,
        pointed=tuple(one for some in told for one in some or ()),
        absent=tuple(f"{name}.{zone}" for name in wanted if said[name] == ()),
        caa=tuple(record.data for record in caa if record.type == "CAA" and record.name == dotted(zone)),
    )


async def _pointed(line: Line, name: str, rtype: str, own: tuple[str, ...]) -> tuple[Pointed, ...] | None:
    """Where a name leads; empty: there is no such name; None: it is not known, or it is no alias and yet there."""
    answer = await line.ask_whole(name, rtype if rtype == "SRV" else "A")
    if isinstance(answer, Silent) or answer.rcode not in {"NOERROR", "NXDOMAIN"} or "AA" not in answer.flags:
        return None
    if rtype == "SRV":
        _, data = chased(answer, name, "SRV")
        ends = [record.split()[-1] for record in data]
        # A single dot says that the service is not offered (RFC 2782): the name is there, and leads nowhere.
        led = tuple([await _ends(line, name, rtype, plain(end), own) for end in ends if end != "."])
        return led if led or not ends else None
    ends = [record.data for record in answer.answer if record.type == "CNAME"]
    if not ends:
        return None if answer.answer else ()
    return (await _ends(line, name, rtype, plain(ends[-1]), own),)


async def _ends(line: Line, name: str, rtype: str, target: str, own: tuple[str, ...]) -> Pointed:
    """Whether there is something at the end; only within this server's own zones is anybody asked."""
    found = await line.addresses_of(target) if any(lies_in(target, zone) for zone in own) else None
    is_there = bool(found) if isinstance(found, tuple) else None
    return Pointed(name=name, rtype=rtype, target=target, is_there=is_there)
