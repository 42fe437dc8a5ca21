"""Are the directory's partitions whole? Their references, who keeps a replica, and what lost its place or its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from collectors import Directory, Finding, collector, fault, survey, warn
from collectors.ad.members import Forest, is_deleted_name, named, once, read_forest, settled
from collectors.ad.names import parent, rdn, same_dn

__all__ = ["Partition", "PartitionFacts", "partitions", "partitions_whole"]

INVALID = fault(
    "ad.partition-invalid",
    "the reference {reference} names no valid partition: {why}",
    "der Verweis {reference} benennt keine gültige Partition: {why}",
    do=(
        "Restore the reference from a backup, or remove the partition with ntdsutil; do not edit it by hand.",
        "Den Verweis aus einer Sicherung holen oder die Partition mit ntdsutil entfernen; nicht von Hand ändern.",
    ),
)
DISABLED = warn(
    "ad.partition-disabled",
    "the reference to the partition {partition} is disabled",
    "der Verweis auf die Partition {partition} ist deaktiviert",
    do=(
        "It is left from a partition that was never created: remove it with ntdsutil.",
        "Er stammt von einer nie angelegten Partition: mit ntdsutil entfernen.",
    ),
)
REPLICA_GONE = warn(
    "ad.replica-location-unknown",
    "{partition} names {controller} as keeper of a replica, which is no controller (any more)",
    "{partition} nennt {controller} als Halter eines Replikats, das kein Controller (mehr) ist",
    do=(
        "Clean up that controller's metadata, or remove the location with ntdsutil.",
        "Die Metadaten dieses Controllers bereinigen oder den Eintrag mit ntdsutil entfernen.",
    ),
)
NOT_HELD = warn(
    "ad.replica-not-held",
    "the controller shall keep a replica of {partition}, and does not",
    "der Controller soll ein Replikat von {partition} halten und tut es nicht",
    do=(
        "Look at its inbound replication: the first copy has not come to an end.",
        "Seine eingehende Replikation ansehen: Die erste Übernahme ist nicht zu Ende gekommen.",
    ),
)
CONFLICTS = warn(
    "ad.conflict-objects",
    "{count} objects lost their name to another of the same name, made on two controllers at once: {examples}",
    "{count} Objekte haben ihren Namen an ein gleichnamiges verloren, das zugleich auf einem anderen Controller entstand: {examples}",
    do=(
        "Compare each with the one that kept the name, move over what is needed, delete it.",
        "Jedes mit dem vergleichen, das den Namen behielt, Nötiges übernehmen, dann löschen.",
    ),
)
LOST = warn(
    "ad.lost-objects",
    "{count} objects have lost their place, as it was deleted on another controller: {examples}",
    "{count} Objekte haben ihren Platz verloren, weil er auf einem anderen Controller gelöscht wurde: {examples}",
    do=(
        "Move them where they belong, or delete them.",
        "Sie dorthin verschieben, wohin sie gehören, oder löschen.",
    ),
)

# systemFlags of a crossRef: a naming context of this forest, and a domain (MS-ADTS 2.2.10).
_IS_CONTEXT, _IS_DOMAIN = 1, 2
_SHOWN = 3
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A crossRef. replicas: NTDS settings of those that keep one, where that is chosen."""

    reference: str
    context: str
    dns: str
    netbios: str
    flags: int
    is_enabled: bool
    replicas: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionFacts:
    """conflicts, lost: distinguished names."""

    forest: Forest
    partitions: tuple[Partition, ...]
    conflicts: tuple[str, ...]
    lost: tuple[str, ...]


def judge(seen: PartitionFacts) -> Iterator[Finding]:
    me = seen.forest.me
    if me is None or not settled(me, seen.forest.now):
        return
    for one in seen.partitions:
        is_keeper = any(same_dn(replica, me.settings) for replica in one.replicas)
        if is_keeper and not any(same_dn(one.context, context) for context in seen.forest.contexts):
            yield NOT_HELD(partition=named(one.context))


@collector(
    "ad.partitions",
    asks=("Are the directory's partitions whole?", "Sind die Partitionen des Verzeichnisses heil?"),
    judge=judge,
)
async def partitions(host: Directory) -> PartitionFacts:
    """Read the references, and look for objects without their name or place."""
    forest = await read_forest(host)
    references = await host.search(
        f"CN=Partitions,{forest.configuration}",
        "(objectClass=crossRef)",
        "nCName",
        "dnsRoot",
        "nETBIOSName",
        "systemFlags",
        "Enabled",
        "msDS-NC-Replica-Locations",
    )
    conflicts, lost = [], []
    for context in forest.contexts:
        conflicts += [entry.dn for entry in await host.search(context, r"(name=*\0ACNF:*)", "objectClass")]
    for place in (f"CN=LostAndFound,{forest.base}", f"CN=LostAndFoundConfig,{forest.configuration}"):
        if await host.entry(place, "objectClass") is not None:
            lost += [e.dn for e in await host.search(place, "(objectClass=*)", "objectClass", scope="one")]
    return PartitionFacts(
        forest=forest,
        partitions=tuple(
            Partition(
                reference=entry.dn,
                context=entry.text("nCName"),
                dns=entry.text("dnsRoot").lower(),
                netbios=entry.text("nETBIOSName"),
                flags=entry.number("systemFlags") or 0,
                is_enabled=entry.flag("Enabled") is not False,
                replicas=entry.texts("msDS-NC-Replica-Locations"),
            )
            for entry in references
        ),
        conflicts=tuple(sorted(conflicts)),
        lost=tuple(sorted(lost)),
    )


@survey("ad.partitions-whole", over=partitions)
def partitions_whole(seen: Mapping[str, PartitionFacts]) -> Iterator[Finding]:
    """What is in the directory is said once, whichever controllers tell it."""
    yield from once(finding for facts in seen.values() for finding in _references(facts))
    bases = {facts.forest.base.lower() for facts in seen.values()}
    for base in sorted(bases):
        ours = [facts for facts in seen.values() if facts.forest.base.lower() == base]
        for tag, found in (
            (CONFLICTS, sorted({dn for facts in ours for dn in facts.conflicts})),
            (LOST, sorted({dn for facts in ours for dn in facts.lost})),
        ):
            if found:
                shown = "; ".join(named(rdn(dn)) for dn in found[:_SHOWN])
                yield tag(count=len(found), examples=shown)


def _references(seen: PartitionFacts) -> Iterator[Finding]:
    known = {one.settings.lower() for one in seen.forest.members if one.settings}
    for one in seen.partitions:
        wrong = _wrong(one, seen.forest)
        if wrong:
            yield INVALID(reference=named(rdn(one.reference)), why=wrong)
        elif not one.is_enabled:
            yield DISABLED(partition=named(one.context))
        for replica in one.replicas:
            if replica.lower() not in known:
                yield REPLICA_GONE(partition=named(one.context), controller=named(rdn(parent(replica))))


def _wrong(one: Partition, forest: Forest) -> str:
    """What makes a reference useless, in attributes' names and values; '' when nothing does."""
    if not one.context or is_deleted_name(one.context) or "CNF:" in one.context:
        return f"nCName = {named(one.context) or '-'}"
    if "CNF:" in one.reference:
        return "CNF"
    if same_dn(one.context, forest.base):
        if one.flags & (_IS_CONTEXT | _IS_DOMAIN) != _IS_CONTEXT | _IS_DOMAIN:
            return f"systemFlags = {one.flags}"
        if not one.netbios:
            return "nETBIOSName = -"
    if one.flags & _IS_CONTEXT and not one.dns:
        return "dnsRoot = -"
    return ""
