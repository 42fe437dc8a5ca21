"""Does this DNS server answer, over UDP and TCP, at each address, and with authority for each of its zones?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Answer, Finding, Kind, Resolver, Unanswered, collector, fault, note, warn
from collectors.dns.names import dotted, listed
from collectors.dns.probe import Line, Silent, lack_of
from collectors.session import Transport

DEAD = fault(
    "dns.server-dead",
    "the DNS server {server} ({addresses}) answers neither over UDP nor over TCP: {detail}",
    "der DNS-Server {server} ({addresses}) antwortet weder über UDP noch über TCP: {detail}",
    do=(
        "See whether the DNS service of {server} runs, where it listens, and what filters port 53.",
        "Prüfen, ob der DNS-Dienst von {server} läuft, wo er lauscht und was Port 53 filtert.",
    ),
)
ADDRESS_DEAD = fault(
    "dns.address-dead",
    "{server} answers, but not at its address {address}: {detail}",
    "{server} antwortet, aber nicht an seiner Adresse {address}: {detail}",
    do=(
        "Let the DNS service listen on {address}, or take the address out of the contract and out of DNS.",
        "Den DNS-Dienst auch an {address} lauschen lassen oder die Adresse aus Vertrag und DNS nehmen.",
    ),
)
UNASKED = note(
    "dns.address-unasked",
    "the address {address} of {server} could not be asked from here: {detail}",
    "die Adresse {address} von {server} konnte von hier aus nicht gefragt werden: {detail}",
)
NO_UDP = fault(
    "dns.no-udp",
    "{server} ({addresses}) answers over TCP, but not over UDP: {detail}",
    "{server} ({addresses}) antwortet über TCP, aber nicht über UDP: {detail}",
    do=(
        "Look for a packet filter that drops UDP port 53, or see whether {server} answers from another address.",
        "Nach einem Filter suchen, der UDP-Port 53 verwirft; prüfen, ob {server} von anderer Adresse antwortet.",
    ),
)
NO_TCP = fault(
    "dns.no-tcp",
    "{server} ({address}) answers over UDP, but not over TCP: {detail}",
    "{server} ({address}) antwortet über UDP, aber nicht über TCP: {detail}",
    do=(
        "Open TCP port 53 of {server}: long answers and zone transfers need it (RFC 7766).",
        "TCP-Port 53 von {server} öffnen: Lange Antworten und Zonentransfers brauchen ihn (RFC 7766).",
    ),
)
GARBLED = fault(
    "dns.garbled",
    "what {server} ({address}) sends over {transport} is no readable answer to the question: {detail}",
    "was {server} ({address}) über {transport} sendet, ist keine lesbare Antwort auf die Frage: {detail}",
    do=(
        "Find out what listens on that port, or what rewrites packets on the way.",
        "Feststellen, was an diesem Port lauscht oder unterwegs Pakete verändert.",
    ),
)
LAME = fault(
    "dns.lame",
    "{server} shall serve the zone {zone}, but does not answer for it with authority: {why} at {addresses}",
    "{server} soll die Zone {zone} bedienen, antwortet aber nicht verbindlich für sie: {why} an {addresses}",
    do=(
        "See on {server} (its log) whether {zone} is configured, loaded without an error, and, as a copy, not expired.",
        "Auf {server} (Protokoll) prüfen, ob {zone} eingetragen, fehlerfrei geladen und, als Kopie, nicht abgelaufen ist.",
    ),
)
NO_EDNS = warn(
    "dns.no-edns",
    "{server} ({address}) answers only questions without EDNS: resolvers ask it twice, or give it up",
    "{server} ({address}) beantwortet nur Fragen ohne EDNS: Resolver fragen ihn doppelt oder geben ihn auf",
    do=(
        "Look for a firewall that inspects DNS, and for old DNS software on {server} (RFC 6891).",
        "Nach einer Firewall suchen, die DNS prüft, und nach veralteter DNS-Software auf {server} (RFC 6891).",
    ),
)
SLOW = warn(
    "dns.slow",
    "{server} ({address}) needs at least {seconds} s for an answer",
    "{server} ({address}) braucht für eine Antwort mindestens {seconds} s",
    do=(
        "Look at the load of {server} and for loss of packets on the way to it.",
        "Last von {server} und Paketverlust auf dem Weg dorthin prüfen.",
    ),
)

_SLOW = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoke:
    """An answer about a zone. lack: what it lacks for authority, empty for nothing; took: seconds.

    edns: False when it came only to a question without EDNS.
    """

    rcode: str
    lack: str
    took: float
    edns: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came back on the question for a zone's SOA."""

    zone: str
    came: Spoke | Silent


@dataclass(frozen=True, slots=True, kw_only=True)
class AtAddress:
    """All zones over UDP, the first one over TCP as well."""

    address: str
    udp: tuple[Heard, ...]
    tcp: Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """How a server answers. serves: the zones for which the contract names it."""

    server: str
    serves: tuple[str, ...]
    at: tuple[AtAddress, ...]


def judge(seen: Answers) -> Iterator[Finding]:
    asked = [at for at in seen.at if not _never_asked(at)]
    dead = [at for at in asked if _silence(at.udp) and _silence((at.tcp,))]
    if dead and len(dead) == len(asked):
        first = dead[0].udp[0].came
        detail = first.detail if isinstance(first, Silent) else ""
        yield DEAD(server=seen.server, addresses=listed(at.address for at in dead), detail=detail)
        return
    for at in seen.at:
        if at in dead:
            yield ADDRESS_DEAD(server=seen.server, address=at.address, detail=_silence(at.udp))
        elif at in asked:
            yield from _judge_address(seen.server, at)
        else:
            yield UNASKED(server=seen.server, address=at.address, detail=_silence(at.udp))
    yield from _judge_authority(seen, [at for at in asked if at not in dead])


@collector(
    "dns.answers",
    asks=(
        "Does the server answer for its zones, over UDP and TCP?",
        "Antwortet der Server für seine Zonen, über UDP und TCP?",
    ),
    judge=judge,
    deadline=120.0,
)
async def answers(host: Resolver, about: About) -> Answers:
    """Ask for the SOA of each zone, at each address, over UDP and TCP."""
    serves = tuple(zone.name for zone in about.serves)
    asked = serves or tuple(z.name for z in about.zones) or (".",)
    at = await host.together(*(_at(Line(host, address), address, asked) for address in host.addresses))
    if at and all(_never_asked(one) for one in at):
        silent = at[0].udp[0].came
        if isinstance(silent, Silent):
            raise Unanswered(silent.kind, silent.detail, phase=silent.phase)
    return Answers(server=about.name, serves=serves, at=at)


async def _at(line: Line, address: str, zones: tuple[str, ...]) -> AtAddress:
    *udp, tcp = await line.host.together(
        *(_heard(line, zone, "udp") for zone in zones), _heard(line, zones[0], "tcp")
    )
    return AtAddress(address=address, udp=tuple(udp), tcp=tcp)


async def _heard(line: Line, zone: str, transport: Transport) -> Heard:
    came = await line.ask(dotted(zone), "SOA", transport=transport)
    return Heard(zone=zone, came=await _came(line, came, zone))


async def _came(line: Line, answer: Answer | Silent, zone: str) -> Spoke | Silent:
    """What came. An answer that was cut is one: what it holds is asked over TCP, and else not judged."""
    if isinstance(answer, Silent):
        return answer
    whole = await line.whole(answer, zone, "SOA")
    if isinstance(whole, Silent):
        return Spoke(rcode=answer.rcode, lack="", took=answer.took, edns=answer.edns)
    return Spoke(
        rcode=whole.rcode,
        lack=lack_of(whole, zone),
        took=answer.took,
        edns=answer.edns,
    )


def _silence(heard: tuple[Heard, ...]) -> str:
    """Why nothing came at all; empty when something came, be it unreadable."""
    silent = [h.came for h in heard if isinstance(h.came, Silent) and h.came.kind is not Kind.UNPARSABLE]
    return silent[0].detail if silent and len(silent) == len(heard) else ""


def _never_asked(at: AtAddress) -> bool:
    return all(isinstance(h.came, Silent) and h.came.never_left for h in at.udp)


def _judge_address(server: str, at: AtAddress) -> Iterator[Finding]:
    garbled = list(_garbled(at))
    for transport, detail in garbled:
        yield GARBLED(server=server, address=at.address, transport=transport, detail=detail)
    if garbled:
        return
    if detail := _silence(at.udp):
        yield NO_UDP(server=server, addresses=at.address, detail=detail)
    if detail := _silence((at.tcp,)):
        yield NO_TCP(server=server, address=at.address, detail=detail)
    if any(isinstance(h.came, Spoke) and not h.came.edns for h in (*at.udp, at.tcp)):
        yield NO_EDNS(server=server, address=at.address)
    times = [h.came.took for h in at.udp if isinstance(h.came, Spoke)]
    if times and min(times) > _SLOW:
        yield SLOW(server=server, address=at.address, seconds=round(min(times), 1))


def _garbled(at: AtAddress) -> Iterator[tuple[str, str]]:
    for transport, heard in (("UDP", at.udp), ("TCP", (at.tcp,))):
        details = [
            h.came.detail for h in heard if isinstance(h.came, Silent) and h.came.kind is Kind.UNPARSABLE
        ]
        if details:
            yield transport, details[0]


def _judge_authority(seen: Answers, alive: list[AtAddress]) -> Iterator[Finding]:
    for zone in seen.serves:
        by_why: dict[str, list[str]] = {}
        for at in alive:
            if why := _why_lame(at, zone):
                by_why.setdefault(why, []).append(at.address)
        for why, addresses in by_why.items():
            yield LAME(server=seen.server, zone=zone, why=why, addresses=listed(addresses))


def _why_lame(at: AtAddress, zone: str) -> str:
    """What the answers about this zone lack; silence counts only where other zones were answered."""
    heard = [h.came for h in (*at.udp, at.tcp) if h.zone == zone]
    spoke = [came for came in heard if isinstance(came, Spoke)]
    if spoke:
        return spoke[0].lack
    if any(isinstance(came, Silent) and came.kind is Kind.UNPARSABLE for came in heard) or _silence(at.udp):
        return ""
    return next((came.kind.value for came in heard if isinstance(came, Silent)), "")
