"""Could the directory be brought back? When it was last saved, and for how long deleted objects are kept.

A backup that understands the directory writes dSASignature at the head of each partition; its originating time in
replPropertyMetaData is the backup's. Samba writes none, and says nothing about backups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors import About, Directory, Finding, Kind, Unanswered, collector, fault, note, survey, warn
from collectors.ad.members import Forest, named, once, read_forest, read_lifetime
from collectors.ad.names import same_dn
from collectors.ad.neighbours import read_metadata

__all__ = ["LifetimeFacts", "Saved", "lifetime", "lifetimes"]

NO_BACKUP = warn(
    "ad.backup-none",
    "no backup that understands the directory was ever made of {partitions}",
    "von {partitions} wurde nie eine Sicherung gemacht, die das Verzeichnis versteht",
    do=(
        "Back up the system state of at least one controller; a snapshot of the machine alone does not count.",
        "Den Systemstatus mindestens eines Controllers sichern; ein Snapshot der Maschine allein zählt nicht.",
    ),
)
OLD_BACKUP = warn(
    "ad.backup-old",
    "the last backup that understands the directory is {days} days old: {partitions}",
    "die letzte Sicherung, die das Verzeichnis versteht, ist {days} Tage alt: {partitions}",
    do=("Look at the backup job of the controllers.", "Den Sicherungsauftrag der Controller ansehen."),
)
USELESS_BACKUP = fault(
    "ad.backup-nearly-useless",
    "the last backup that understands the directory is {days} days old, and after {lifetime} it cannot be used: {partitions}",
    "die letzte Sicherung, die das Verzeichnis versteht, ist {days} Tage alt, und nach {lifetime} ist sie unbrauchbar: {partitions}",
    do=("Make a backup now, and repair the job.", "Jetzt sichern und den Auftrag reparieren."),
)
SHORT = note(
    "ad.tombstone-lifetime-short",
    "deleted objects are kept for {days} days only; since Windows Server 2003 SP1 180 are usual",
    "gelöschte Objekte werden nur {days} Tage aufbewahrt; üblich sind seit Windows Server 2003 SP1 180",
)
NO_BIN = note(
    "ad.recycle-bin-off",
    "the directory's recycle bin is not enabled: a deleted object does not come back whole",
    "der Papierkorb des Verzeichnisses ist nicht aktiviert: ein gelöschtes Objekt kommt nicht ganz zurück",
)

# dSASignature as ATTRTYP: 1.2.840.113556.1.2.74 (MS-DRSR 5.16.4, the default prefix table).
_DSA_SIGNATURE = 0x2004A
_USUAL_LIFETIME = 180
_OLD = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A partition, since when it is there, and when it was last saved; None: never."""

    context: str
    created: datetime | None
    saved: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LifetimeFacts:
    """lifetime: days that deleted objects are kept."""

    forest: Forest
    lifetime: int
    has_bin: bool
    saved: tuple[Saved, ...]


def judge(_: LifetimeFacts) -> Iterator[Finding]:
    """Nothing for one alone: the survey says it once for all."""
    yield from ()


@collector(
    "ad.lifetime",
    asks=("Could the directory be brought back?", "Ließe sich das Verzeichnis zurückholen?"),
    judge=judge,
)
async def lifetime(host: Directory, about: About) -> LifetimeFacts:
    """Read the lifetimes, the recycle bin, and the metadata of each partition's head."""
    forest = await read_forest(host, about)
    days = await read_lifetime(host, forest)
    features = await host.entry(f"CN=Partitions,{forest.configuration}", "msDS-EnabledFeature")
    saved = []
    for context in forest.contexts:
        head = await host.entry(context, "replPropertyMetaData", "whenCreated")
        if head is None or "replPropertyMetaData" not in head:
            raise Unanswered(Kind.UNPARSABLE, f"the account may not see when {context} was changed")
        stamps = read_metadata(head.raw("replPropertyMetaData")[0])
        saved.append(
            Saved(
                context=context,
                created=head.moment("whenCreated"),
                saved=next((stamp.at for stamp in stamps if stamp.attribute == _DSA_SIGNATURE), None),
            )
        )
    return LifetimeFacts(
        forest=forest,
        lifetime=days,
        has_bin=any(
            name.lower().startswith("cn=recycle bin feature,")
            for name in (features.texts("msDS-EnabledFeature") if features else ())
        ),
        saved=tuple(saved),
    )


@survey("ad.lifetimes", over=lifetime)
def lifetimes(seen: Mapping[str, LifetimeFacts]) -> Iterator[Finding]:
    """What holds for the whole domain, once; the newest backup counts, whichever controller knows of it."""
    for facts in seen.values():
        if facts.lifetime < _USUAL_LIFETIME:
            yield from once([SHORT(days=facts.lifetime)])
            break
    windows = [facts for facts in seen.values() if not facts.forest.is_samba]
    if windows and not any(facts.has_bin for facts in windows):
        yield NO_BIN()
    for base in sorted({facts.forest.base.lower() for facts in windows}):
        yield from _backup([facts for facts in windows if same_dn(facts.forest.base, base)])


def _backup(seen: list[LifetimeFacts]) -> Iterator[Finding]:
    newest: dict[str, Saved] = {}
    for one in (one for facts in seen for one in facts.saved):
        known = newest.get(one.context)
        if known is None or (one.saved is not None and (known.saved is None or one.saved > known.saved)):
            newest[one.context] = one
    now, kept = max(facts.forest.now for facts in seen), min(facts.lifetime for facts in seen)
    never = [one for one in newest.values() if one.saved is None and one.created and now - one.created > _OLD]
    if never:
        yield NO_BACKUP(partitions=_listed(never))
    old = [one for one in newest.values() if one.saved is not None and now - one.saved > _OLD]
    if not old:
        return
    age = max(now - one.saved for one in old if one.saved is not None)
    if age > timedelta(days=kept / 2):
        yield USELESS_BACKUP(days=age.days, lifetime=kept, partitions=_listed(old))
    else:
        yield OLD_BACKUP(days=age.days, partitions=_listed(old))


def _listed(saved: list[Saved]) -> str:
    return "; ".join(sorted(named(one.context) for one in saved))
