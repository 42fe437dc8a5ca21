"""Does every change reach every controller, and how long has the oldest one been missing? Counted change by change.

Each controller numbers what is written there (its originating updates); the others note up to which number they have
everything (MS-DRSR 5.166). What lies between is missing, and each change carries the moment when it was made. A
number beyond the last one given out was given out twice: that controller's database was set back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors import About, Directory, Finding, Kind, Unanswered, collector, fault, survey, warn
from collectors.ad.members import Forest, Member, named, read_forest, settled
from collectors.ad.names import same_dn
from collectors.ad.neighbours import Cursor, read_metadata
from collectors.ad.replication import ReplicationFacts, replication

__all__ = ["Change", "ChangesFacts", "changes", "convergence"]

BEHIND = warn(
    "ad.changes-behind",
    "{controller} lacks {count} changes that {source} made, the oldest of them {minutes} minutes ago: {contexts}",
    "{controller} fehlen {count} Änderungen von {source}, die älteste ist {minutes} Minuten alt: {contexts}",
    do=(
        "Look at the replication between the two, in this direction.",
        "Die Replikation zwischen beiden ansehen, in dieser Richtung.",
    ),
)
MISSING = fault(
    "ad.changes-missing",
    "{controller} lacks {count} changes that {source} made, the oldest of them {hours} hours ago: {contexts}",
    "{controller} fehlen {count} Änderungen von {source}, die älteste ist {hours} Stunden alt: {contexts}",
    do=(
        "Look at the replication between the two, in this direction.",
        "Die Replikation zwischen beiden ansehen, in dieser Richtung.",
    ),
)
ROLLED_BACK = fault(
    "ad.usn-rollback",
    "{controller} was set back to an old state: its last change is number {usn}, and {partner} already has {known} from it",
    "{controller} wurde auf einen alten Stand zurückgesetzt: seine letzte Änderung hat die Nummer {usn}, {partner} hat von ihm schon {known}",
    do=(
        "Take it off the network now. Never let it replicate again: demote it by force, clean up, set it up anew.",
        "Sofort vom Netz nehmen. Nie wieder replizieren lassen: zwangsweise herabstufen, bereinigen, neu aufsetzen.",
    ),
)

# How many numbers back a controller's changes are looked at.
_WINDOW = 500
_SAME_SITE, _BETWEEN_SITES, _LONG = timedelta(minutes=30), timedelta(hours=4), timedelta(hours=24)
# How far the clocks may differ, and how many changes a second could be made meanwhile.
_SLACK, _RATE = timedelta(seconds=10), 100


@dataclass(frozen=True, slots=True)
class Change:
    """An originating update of this controller: its number, and when it was made."""

    usn: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A naming context, and the changes made to it here."""

    context: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesFacts:
    """The changes of the last numbers, and what this controller's last number is (in `forest`)."""

    forest: Forest
    made: tuple[Made, ...]


def judge(_: ChangesFacts) -> Iterator[Finding]:
    """Nothing for one alone: the survey compares."""
    yield from ()


@collector(
    "ad.changes",
    asks=("What was changed at this controller lately?", "Was wurde an diesem Controller zuletzt geändert?"),
    judge=judge,
)
async def changes(host: Directory, about: About) -> ChangesFacts:
    """Read the metadata of what changed last, deleted objects among it."""
    forest = await read_forest(host, about)
    since = max(forest.highest_usn - _WINDOW, 0)
    own = forest.me.invocation if forest.me else ""
    made = []
    for context in forest.contexts:
        found = await host.search(
            context, f"(uSNChanged>={since + 1})", "replPropertyMetaData", also="deleted", most=2 * _WINDOW
        )
        if found and not any("replPropertyMetaData" in entry for entry in found):
            raise Unanswered(Kind.UNPARSABLE, "the account may not see when and where entries were changed")
        stamps = {
            stamp.usn: stamp.at
            for entry in found
            for value in entry.raw("replPropertyMetaData")
            for stamp in read_metadata(value)
            if stamp.invocation == own and stamp.usn > since
        }
        listed = tuple(Change(usn, at) for usn, at in sorted(stamps.items()) if at is not None)
        made.append(Made(context=context, changes=listed))
    return ChangesFacts(forest=forest, made=tuple(made))


@survey("ad.convergence", over=(replication, changes))
def convergence(seen: Mapping[str, ReplicationFacts], made: Mapping[str, ChangesFacts]) -> Iterator[Finding]:
    """Each controller's vector against each other one's changes."""
    for host, source in made.items():
        maker = source.forest.me
        if maker is None:
            continue
        for facts in seen.values():
            taker = facts.forest.me
            if taker is not None and taker.guid != maker.guid:
                yield from _rolled_back(host, maker, taker, source, facts)
                yield from _behind(maker, taker, source, facts)


def _rolled_back(
    host: str, maker: Member, taker: Member, source: ChangesFacts, facts: ReplicationFacts
) -> Iterator[Finding]:
    """Only what was known before we asked for the last number proves it; for the rest there is a margin."""
    for held in facts.held:
        known = _cursor(held.vector, maker)
        if known is None or known.at is None:
            continue
        meanwhile = max(known.at - source.forest.now + _SLACK, timedelta())
        if known.usn > source.forest.highest_usn + _RATE * meanwhile.total_seconds():
            yield ROLLED_BACK(
                host=host,
                controller=maker.name,
                usn=source.forest.highest_usn,
                partner=taker.name,
                known=known.usn,
            )
            return


def _behind(maker: Member, taker: Member, source: ChangesFacts, facts: ReplicationFacts) -> Iterator[Finding]:
    now = source.forest.now
    if not (settled(maker, now) and settled(taker, now)) or maker.is_read_only:
        return
    missing: dict[str, list[Change]] = {}
    for made in source.made:
        held = next((one for one in facts.held if same_dn(one.context, made.context)), None)
        if held is not None:
            known = _cursor(held.vector, maker)
            lacking = [change for change in made.changes if known is None or change.usn > known.usn]
            if lacking:
                missing[made.context] = lacking
    if not missing:
        return
    age = now - min(change.at for lacking in missing.values() for change in lacking)
    count = sum(map(len, missing.values()))
    contexts = "; ".join(named(context) for context in missing)
    minutes = round(age.total_seconds() / 60)
    if age > _LONG:
        yield MISSING(
            host=facts.forest.id_of(taker.name),
            server=facts.forest.id_of(maker.name),
            controller=taker.name,
            source=maker.name,
            count=count,
            hours=minutes // 60,
            contexts=contexts,
        )
    elif age > (_SAME_SITE if maker.site == taker.site else _BETWEEN_SITES):
        yield BEHIND(
            host=facts.forest.id_of(taker.name),
            server=facts.forest.id_of(maker.name),
            controller=taker.name,
            source=maker.name,
            count=count,
            minutes=minutes,
            contexts=contexts,
        )


def _cursor(vector: tuple[Cursor, ...], maker: Member) -> Cursor | None:
    return next((one for one in vector if one.invocation == maker.invocation), None)
