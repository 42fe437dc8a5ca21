"""Do changes arrive at this controller? From whom it pulls, how the last attempt went, and how old the last success is.

Judged per partner, by the result's code and by age on the controller's own clock; never by words (MS-DRSR 5.170).
Within a site a quiet Windows pulls once an hour, so an hour without a pull says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors import Directory, Finding, Kind, Tag, Unanswered, collector, fault, note, survey, warn
from collectors.ad.members import Forest, named, read_forest, settled
from collectors.ad.names import same_dn
from collectors.ad.neighbours import Cursor, Neighbour, from_binary, from_text, read_vector
from collectors.ad.results import Trouble, spelt_code, trouble_of

__all__ = ["ReplicationFacts", "replication", "replication_mesh", "unreachable_partners"]

_WHAT = (
    "{partner} to this controller fails ({code}, {failures} times in a row, last success {last}): {contexts}"
)
_WAS = "von {partner} zu diesem Controller scheitert ({code}, {failures}-mal nacheinander, zuletzt gelungen {last}): {contexts}"
UNREACHABLE = fault(
    "ad.replication-unreachable",
    f"the partner cannot be reached, replication from {_WHAT}",
    f"der Partner ist nicht erreichbar, die Replikation {_WAS}",
    do=(
        "Is {partner} up, and are port 135 and its RPC ports open between the controllers? Then replicate by hand.",
        "Läuft {partner}, und sind Port 135 und seine RPC-Ports zwischen den Controllern offen? Danach von Hand replizieren.",
    ),
)
NAMELESS = fault(
    "ad.replication-name-missing",
    f"the partner's name is not found, replication from {_WHAT}",
    f"der Name des Partners wird nicht gefunden, die Replikation {_WAS}",
    do=(
        "Look at the alias of the partner's GUID below _msdcs, on the DNS servers that this controller asks.",
        "Den Alias der GUID des Partners unter _msdcs ansehen, auf den DNS-Servern, die dieser Controller fragt.",
    ),
)
DENIED = fault(
    "ad.replication-denied",
    f"the partner does not accept this controller, replication from {_WHAT}",
    f"der Partner weist diesen Controller ab, die Replikation {_WAS}",
    do=(
        "Compare the clocks, then the controllers' machine passwords and service principal names.",
        "Erst die Uhren vergleichen, dann Kennwörter und Dienstprinzipalnamen der Controller-Konten.",
    ),
)
CLOCK = fault(
    "ad.replication-clock",
    f"the clocks differ too much, replication from {_WHAT}",
    f"die Uhren weichen zu weit ab, die Replikation {_WAS}",
    do=("Set the clock that is wrong.", "Die falsch gehende Uhr stellen."),
)
OFF = fault(
    "ad.replication-switched-off",
    f"it is switched off at one end, replication from {_WHAT}",
    f"sie ist auf einer Seite abgeschaltet, die Replikation {_WAS}",
    do=(
        "Find out who disabled it and why (USN rollback does it too), then clear the option with repadmin or samba-tool drs options.",
        "Klären, wer sie warum abschaltete (auch ein USN-Rollback tut das), dann die Option mit repadmin oder samba-tool drs options löschen.",
    ),
)
LINGERING = fault(
    "ad.replication-lingering",
    f"the partner was away too long or has objects that no longer exist, replication from {_WHAT}",
    f"der Partner war zu lange weg oder hat Objekte, die es nicht mehr gibt, die Replikation {_WAS}",
    do=(
        "Do not force it. Remove lingering objects (first in advisory mode), or set up the controller anew.",
        "Nicht erzwingen. Veraltete Objekte entfernen (erst im Hinweismodus) oder den Controller neu aufsetzen.",
    ),
)
SCHEMA = fault(
    "ad.replication-schema",
    f"the schemas differ, replication from {_WHAT}",
    f"die Schemata weichen ab, die Replikation {_WAS}",
    do=(
        "Let the schema replicate first, and look at the schema master.",
        "Erst das Schema replizieren lassen und den Schemamaster ansehen.",
    ),
)
FAILING = fault(
    "ad.replication-failing",
    f"replication from {_WHAT}",
    f"die Replikation {_WAS}",
    do=(
        "Look the code up, and read the directory service's log on both controllers.",
        "Den Code nachschlagen und das Verzeichnisdienst-Protokoll auf beiden Controllern lesen.",
    ),
)
INTERRUPTED = note(
    "ad.replication-interrupted",
    f"the last attempt did not end well, replication from {_WHAT}",
    f"der letzte Versuch endete nicht gut, die Replikation {_WAS}",
)
LATE = warn(
    "ad.replication-late",
    "the last replication from {partner} was {hours} hours ago, without an error: {contexts}",
    "die letzte Replikation von {partner} ist {hours} Stunden her, ohne Fehler: {contexts}",
    do=(
        "Look at the schedule of the site link and of the connection.",
        "Den Zeitplan der Standortverknüpfung und der Verbindung ansehen.",
    ),
)
STALE = fault(
    "ad.replication-stale",
    "nothing has been replicated from {partner} for {hours} hours: {contexts}",
    "von {partner} ist seit {hours} Stunden nichts repliziert worden: {contexts}",
    do=(
        "Find out why no attempt succeeds, before the lifetime of deleted objects ends.",
        "Klären, warum kein Versuch gelingt, bevor die Aufbewahrung gelöschter Objekte endet.",
    ),
)
NEARLY_LOST = fault(
    "ad.replication-nearly-lost",
    "nothing has been replicated from {partner} for {days} days, over half of the {lifetime} days that deleted objects are kept: {contexts}",
    "von {partner} ist seit {days} Tagen nichts repliziert worden, mehr als die Hälfte der {lifetime} Tage, die Gelöschtes aufbewahrt wird: {contexts}",
    do=(
        "Repair it now, or take the controller out: past the lifetime it must never replicate again.",
        "Jetzt reparieren oder den Controller herausnehmen: Nach Ablauf darf er nie wieder replizieren.",
    ),
)
NEVER = warn(
    "ad.replication-never",
    "replication from {partner} is set up, but has never been tried: {contexts}",
    "die Replikation von {partner} ist eingerichtet, wurde aber nie versucht: {contexts}",
    do=(
        "Look at the schedule of the connection, and replicate by hand.",
        "Den Zeitplan der Verbindung ansehen und von Hand replizieren.",
    ),
)
FUTURE = warn(
    "ad.replication-in-future",
    "the last attempt with {partner} lies {minutes} minutes in the future of the controller's own clock: it was set back",
    "der letzte Versuch mit {partner} liegt {minutes} Minuten in der Zukunft der eigenen Uhr des Controllers: sie wurde zurückgestellt",
    do=(
        "Look at the controller's source of time: a clock that jumps breaks Kerberos and replication.",
        "Die Zeitquelle des Controllers ansehen: Eine springende Uhr stört Kerberos und Replikation.",
    ),
)
NO_PARTNER = fault(
    "ad.replication-no-partner",
    "the controller pulls {contexts} from nobody, though {others} hold it too",
    "der Controller holt {contexts} von niemandem, obwohl auch {others} es halten",
    do=(
        "Let the topology be computed anew (repadmin /kcc, samba-tool drs kcc), and look at connection objects.",
        "Die Topologie neu berechnen lassen (repadmin /kcc, samba-tool drs kcc) und Verbindungsobjekte ansehen.",
    ),
)
UNKNOWN_PARTNER = warn(
    "ad.replication-partner-unknown",
    "the controller still pulls from {guid}, which is no controller of the directory: {contexts}",
    "der Controller holt noch von {guid}, das kein Controller des Verzeichnisses ist: {contexts}",
    do=(
        "Let the topology be computed anew (repadmin /kcc, samba-tool drs kcc).",
        "Die Topologie neu berechnen lassen (repadmin /kcc, samba-tool drs kcc).",
    ),
)
NOBODY_PULLS = fault(
    "ad.replication-nobody-pulls",
    "no controller pulls from {controller}: what is changed there stays there",
    "kein Controller holt von {controller}: was dort geändert wird, bleibt dort",
    do=(
        "Look at the connection objects of the others, and let the topology be computed anew.",
        "Die Verbindungsobjekte der anderen ansehen und die Topologie neu berechnen lassen.",
    ),
)

_TAGS: Mapping[Trouble, Tag] = {
    "unreachable": UNREACHABLE,
    "nameless": NAMELESS,
    "denied": DENIED,
    "clock": CLOCK,
    "off": OFF,
    "lingering": LINGERING,
    "schema": SCHEMA,
    "other": FAILING,
}
# tombstoneLifetime when it is not there (MS-ADTS 6.1.1.2.4.1.1).
_DEFAULT_LIFETIME = 60
# One failed attempt so soon after a success is a partner that restarts.
_FRESH = timedelta(minutes=30)
_LATE, _STALE = timedelta(hours=3), timedelta(hours=24)
_CLOCK_SLACK = timedelta(minutes=5)
_UNTRIED = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A naming context of this controller, and up to which change it has each other one's."""

    context: str
    vector: tuple[Cursor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationFacts:
    """forest: who is who; lifetime: days that deleted objects are kept."""

    forest: Forest
    lifetime: int
    held: tuple[Held, ...]
    neighbours: tuple[Neighbour, ...]


def judge(seen: ReplicationFacts) -> Iterator[Finding]:
    known = {one.guid: one for one in seen.forest.members if one.guid}
    by_partner: dict[str, list[Neighbour]] = {}
    for neighbour in seen.neighbours:
        by_partner.setdefault(neighbour.partner, []).append(neighbour)
    for guid, pulled in by_partner.items():
        if guid in known:
            yield from _partner(known[guid].name, pulled, seen)
        else:
            yield UNKNOWN_PARTNER(guid=guid, contexts=_contexts(pulled))
    yield from _alone(seen)


def _partner(name: str, pulled: list[Neighbour], seen: ReplicationFacts) -> Iterator[Finding]:
    now = seen.forest.now
    future = max((n.attempted - now for n in pulled if n.attempted is not None), default=timedelta())
    if future > _CLOCK_SLACK:
        yield FUTURE(partner=name, minutes=round(future.total_seconds() / 60))
    for code in dict.fromkeys(n.result for n in pulled if n.result):
        yield _failed(name, code, [n for n in pulled if n.result == code], now)
    yield from _aged(name, [n for n in pulled if not _failing(n, now)], seen)
    long = [n for n in pulled if _failing(n, now)]
    yield from (finding for finding in _aged(name, long, seen) if finding.tag is NEARLY_LOST)


def _failing(one: Neighbour, now: datetime) -> bool:
    """Whether it fails for good: not for the first time, or after a success that is no longer fresh."""
    if not one.result or trouble_of(one.result) == "waits":
        return False
    lasting = trouble_of(one.result) in {"off", "lingering"}
    fresh = one.succeeded is not None and now - one.succeeded < _FRESH
    return lasting or one.failures > 1 or not fresh


def unreachable_partners(seen: ReplicationFacts) -> frozenset[str]:
    """The partners (by GUID) that this controller does not reach, for good."""
    now = seen.forest.now
    lost = (
        n for n in seen.neighbours if _failing(n, now) and trouble_of(n.result) in {"unreachable", "nameless"}
    )
    return frozenset(n.partner for n in lost)


def _failed(name: str, code: int, pulled: list[Neighbour], now: datetime) -> Finding:
    lasting = [n for n in pulled if _failing(n, now)]
    tag = _TAGS.get(trouble_of(code), INTERRUPTED) if lasting else INTERRUPTED
    last = max((n.succeeded for n in pulled if n.succeeded is not None), default=None)
    return tag(
        partner=name,
        code=spelt_code(code),
        failures=max(n.failures for n in pulled),
        last=f"{last:%Y-%m-%d %H:%M} UTC" if last else "-",
        contexts=_contexts(lasting or pulled),
    )


def _aged(name: str, pulled: list[Neighbour], seen: ReplicationFacts) -> Iterator[Finding]:
    """Of several contexts the one that waits longest speaks."""
    now = seen.forest.now
    untried = [n for n in pulled if n.attempted is None and n.succeeded is None]
    me = seen.forest.me
    if untried and me is not None and me.created is not None and now - me.created > _UNTRIED:
        yield NEVER(partner=name, contexts=_contexts(untried))
    old = [(now - n.succeeded, n) for n in pulled if n.succeeded is not None and now - n.succeeded > _LATE]
    if not old:
        return
    age, contexts = max(age for age, _ in old), _contexts(n for _, n in old)
    if age > timedelta(days=seen.lifetime / 2):
        yield NEARLY_LOST(partner=name, days=age.days, lifetime=seen.lifetime, contexts=contexts)
    else:
        hours = round(age.total_seconds() / 3600)
        yield (STALE if age > _STALE else LATE)(partner=name, hours=hours, contexts=contexts)


def _alone(seen: ReplicationFacts) -> Iterator[Finding]:
    """Contexts that others hold and this one pulls from nobody; a controller that is new is given its time."""
    me = seen.forest.me
    if me is None or not settled(me, seen.forest.now):
        return
    pulled = {n.context.lower() for n in seen.neighbours}
    for held in seen.held:
        others = [
            one.name
            for one in seen.forest.members
            if one.guid and one is not me and not one.is_read_only and settled(one, seen.forest.now)
            if any(same_dn(context, held.context) for context in one.contexts)
        ]
        if others and held.context.lower() not in pulled:
            yield NO_PARTNER(contexts=named(held.context), others=", ".join(others))


def _contexts(pulled: Iterable[Neighbour]) -> str:
    return "; ".join(sorted(named(n.context) for n in pulled))


@collector(
    "ad.replication",
    asks=("Do changes arrive at this controller?", "Kommen Änderungen bei diesem Controller an?"),
    judge=judge,
)
async def replication(host: Directory) -> ReplicationFacts:
    """Read the partners and the up-to-date vector at the head of each naming context."""
    forest = await read_forest(host)
    service = f"CN=Directory Service,CN=Windows NT,CN=Services,{forest.configuration}"
    settings = await host.entry(service, "tombstoneLifetime")
    held, neighbours = [], []
    for context in forest.contexts:
        head = await host.entry(context, "repsFrom", "replUpToDateVector")
        if head is None:
            raise Unanswered(Kind.UNPARSABLE, f"the head of {context} is not to be seen")
        vector = head.raw("replUpToDateVector")
        held.append(Held(context=context, vector=read_vector(vector[0]) if vector else ()))
        if "repsFrom" in head:
            neighbours += [from_binary(context, value) for value in head.raw("repsFrom")]
        elif not forest.is_samba:
            neighbours += await _told(host, context)
    return ReplicationFacts(
        forest=forest,
        lifetime=(settings.number("tombstoneLifetime") if settings else None) or _DEFAULT_LIFETIME,
        held=tuple(held),
        neighbours=tuple(neighbours),
    )


async def _told(host: Directory, context: str) -> list[Neighbour]:
    """The text form; it is computed on demand, for accounts that may watch the replication."""
    head = await host.entry(context, "msDS-NCReplInboundNeighbors")
    return [
        one for text in (head.texts("msDS-NCReplInboundNeighbors") if head else ()) for one in from_text(text)
    ]


@survey("ad.replication-mesh", over=replication)
def replication_mesh(seen: Mapping[str, ReplicationFacts]) -> Iterator[Finding]:
    """Somebody must pull from each controller; it shows only when every other one has answered."""
    for facts in _one_each(seen):
        me = facts.forest.me
        if me is None or me.is_read_only or not settled(me, facts.forest.now):
            continue
        others = [one for one in facts.forest.members if one.guid and one.guid != me.guid]
        answers = {own.guid: other for other in seen.values() if (own := other.forest.me) is not None}
        if not others or any(one.guid not in answers for one in others):
            continue
        pulls = {n.partner for one in others for n in answers[one.guid].neighbours}
        if me.guid not in pulls:
            yield NOBODY_PULLS(controller=me.name)


def _one_each(seen: Mapping[str, ReplicationFacts]) -> tuple[ReplicationFacts, ...]:
    """Each controller once, also when the contract reaches it under two names."""
    return tuple({facts.forest.own: facts for facts in seen.values()}.values())
