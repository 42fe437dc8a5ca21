"""Do those answer to whom a resolver passes questions on? Each was asked by itself; others are named and never asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from collectors import Finding, Kind, fault, note, survey, warn
from collectors.dns.answers import Answers, AtAddress, Heard, Spoke, answers
from collectors.dns.forwarders import Conditional, Forwarders, forwarders
from collectors.dns.manners import Manners, manners
from collectors.dns.names import listed
from collectors.dns.probe import Silent
from collectors.dns.trials import RECURSION

ALL_DEAD = fault(
    "dns.forwarders-dead",
    "none of those to whom {server} passes questions on answers: {dead}",
    "keiner von denen, an die {server} Fragen weiterreicht, antwortet: {dead}",
    do=(
        "See whether {dead} run and can be reached, or name others as forwarders on {server}.",
        "Prüfen, ob {dead} laufen und erreichbar sind, oder auf {server} andere Forwarder eintragen.",
    ),
)
ONE_DEAD = warn(
    "dns.forwarder-dead",
    "of those to whom {server} passes questions on {dead} do not answer: each look-up may wait for them",
    "von denen, an die {server} Fragen weiterreicht, antworten {dead} nicht: Jede Abfrage kann auf sie warten",
    do=(
        "See whether {dead} run and can be reached, or take them out of the forwarders of {server}.",
        "Prüfen, ob {dead} laufen und erreichbar sind, oder sie aus den Forwardern von {server} nehmen.",
    ),
)
REFUSES = fault(
    "dns.forwarder-refuses",
    "{server} passes questions on to {refusing}, who find no names for others",
    "{server} reicht Fragen an {refusing} weiter, die für andere keine Namen suchen",
    do=(
        "Let {refusing} resolve names for {server}, or name a resolver as forwarder instead.",
        "{refusing} für {server} Namen auflösen lassen oder stattdessen einen Resolver als Forwarder eintragen.",
    ),
)
ZONE_DEAD = fault(
    "dns.conditional-dead",
    "{server} passes questions for {zone} on to {dead}, and nobody answers there: no name of {zone} is found",
    "{server} reicht Fragen nach {zone} an {dead} weiter, dort antwortet niemand: Kein Name von {zone} wird gefunden",
    do=(
        "See whether {dead} run, or correct on {server} where questions for {zone} go.",
        "Prüfen, ob {dead} laufen, oder auf {server} berichtigen, wohin Fragen nach {zone} gehen.",
    ),
)
ZONE_LAME = fault(
    "dns.conditional-lame",
    "{server} passes questions for {zone} on to {lame}, who do not answer for it with authority: {why}",
    "{server} reicht Fragen nach {zone} an {lame} weiter, die nicht verbindlich für sie antworten: {why}",
    do=(
        "Correct on {server} where questions for {zone} go, or let {lame} serve {zone}.",
        "Auf {server} berichtigen, wohin Fragen nach {zone} gehen, oder {zone} auf {lame} einrichten.",
    ),
)
ZONE_ELSEWHERE = warn(
    "dns.conditional-elsewhere",
    "{server} passes questions for {zone} on to {seen}; by the contract {expected} serve it",
    "{server} reicht Fragen nach {zone} an {seen} weiter; laut Vertrag bedienen {expected} sie",
    do=(
        "Correct on {server} where questions for {zone} go, or the contract.",
        "Auf {server} berichtigen, wohin Fragen nach {zone} gehen, oder den Vertrag.",
    ),
)
UNCOVERED = note(
    "dns.forwarder-uncovered",
    "{server} passes questions on to {targets}; they were not asked, so whether they answer is not known",
    "{server} reicht Fragen an {targets} weiter; sie wurden nicht gefragt, ob sie antworten, ist nicht bekannt",
)
APART = note(
    "dns.forwarders-apart",
    "the domain controllers do not pass questions on to the same servers: {views}",
    "die Domänencontroller reichen Fragen nicht an dieselben Server weiter: {views}",
    do=(
        "Let all controllers of a site pass on to the same servers, or see that the difference is meant.",
        "Alle Controller eines Standorts an dieselben Server weiterreichen lassen, oder prüfen, ob es so gewollt ist.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """An address to which questions go, as it answered. recurses: whether it finds names for others."""

    address: str
    is_dead: bool
    heard: tuple[Heard, ...]
    recurses: bool | None

    def lack(self, zone: str) -> str:
        """What its answers about a zone lack; empty for nothing, and where it was not asked for it."""
        return next((h.came.lack for h in self.heard if h.zone == zone and isinstance(h.came, Spoke)), "")


@survey("dns.forwarders-view", over=(forwarders, answers, manners))
def forwarders_view(
    seen: Mapping[str, Forwarders], told: Mapping[str, Answers], behaves: Mapping[str, Manners]
) -> Iterator[Finding]:
    """Judge each resolver's forwarders by how they answered when they were asked themselves."""
    known = {
        one.address: one for host, reading in told.items() for one in _targets(reading, behaves.get(host))
    }
    for host, reading in seen.items():
        given = [replace(one, to=replace(one.to, targets=_others(reading, one))) for one in reading.passes]
        for one in given:
            found = [known[target] for target in one.to.targets if target in known]
            judged = _default if one.to.zone == "." else _conditional
            for finding in judged(reading.server, one, found):
                yield replace(finding, host=host)
        unknown = {t for one in given for t in (*one.to.odd, *one.to.targets) if t not in known}
        if unknown:
            yield UNCOVERED(host=host, server=reading.server, targets=listed(unknown))
    yield from _apart(seen)


def _apart(seen: Mapping[str, Forwarders]) -> Iterator[Finding]:
    """Controllers of a domain have the same zones, and shall find the same beyond them."""
    told: defaultdict[str, list[str]] = defaultdict(list)
    for reading in seen.values():
        if "samba" in reading.programs:
            told[listed(t for one in reading.passes if one.to.zone == "." for t in one.to.targets)].append(
                reading.server
            )
    if len(told) > 1:
        yield APART(views="; ".join(sorted(f"{listed(who)}: {to}" for to, who in told.items())))


def _others(reading: Forwarders, one: Conditional) -> tuple[str, ...]:
    """Its targets without itself, which is another trouble, and what listens on it for itself alone."""
    return tuple(
        t for t in one.to.targets if t not in reading.own and t != "::1" and not t.startswith("127.")
    )


def _targets(reading: Answers, manner: Manners | None) -> Iterator[_Target]:
    for at in reading.at:
        if any(isinstance(h.came, Silent) and h.came.never_left for h in at.udp):
            continue
        tried = [one for one in (manner.tried if manner else ()) if one.trial == RECURSION]
        recurses = tried[0].is_wrong if tried and manner and manner.address == at.address else None
        yield _Target(address=at.address, is_dead=_is_dead(at), heard=(*at.udp, at.tcp), recurses=recurses)


def _is_dead(at: AtAddress) -> bool:
    return all(isinstance(h.came, Silent) and h.came.kind is not Kind.UNPARSABLE for h in (*at.udp, at.tcp))


def _default(server: str, one: Conditional, found: Iterable[_Target]) -> Iterator[Finding]:
    targets = tuple(found)
    dead = listed(target.address for target in targets if target.is_dead)
    refusing = [target.address for target in targets if target.recurses is False]
    if dead != "-":
        # A target that nobody was asked about may live.
        is_all = all(target.is_dead for target in targets) and len(targets) == len(one.to.targets) + len(
            one.to.odd
        )
        yield (ALL_DEAD if is_all else ONE_DEAD)(server=server, dead=dead)
    if refusing:
        yield REFUSES(server=server, refusing=listed(refusing))


def _conditional(server: str, one: Conditional, found: Iterable[_Target]) -> Iterator[Finding]:
    targets = tuple(found)
    zone = one.to.zone
    told = {"server": server, "zone": zone}
    dead = [target.address for target in targets if target.is_dead]
    if dead and len(dead) == len(one.to.targets) + len(one.to.odd):
        yield ZONE_DEAD(**told, dead=listed(dead))
    elif dead:
        yield ONE_DEAD(server=server, dead=listed(dead))
    # Who is asked for a zone by a resolver may find it elsewhere, unless it is taken for one of the zone's servers.
    lame = {
        t.address: t.lack(zone)
        for t in targets
        if t.lack(zone) and not (t.recurses and not one.to.is_to_its_servers)
    }
    if lame:
        yield ZONE_LAME(**told, lame=listed(lame), why=listed(lame.values()))
    finding = {t.address for t in targets if t.recurses and not one.to.is_to_its_servers}
    elsewhere = set(one.to.targets) - set(one.by_contract) - finding - lame.keys()
    if one.by_contract and elsewhere:
        yield ZONE_ELSEWHERE(**told, seen=listed(elsewhere), expected=listed(one.by_contract))
