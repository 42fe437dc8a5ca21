"""How are the directory's own DNS zones kept? Who may change them, whether old records are cleared, and what is old.

Source: MS-DNSP 2.3 (dnsZone, dNSProperty, dnsRecord), MS-ADTS 6.1.1.1.5. Of records only the age is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors import (
    About,
    Directory,
    Entry,
    Finding,
    Kind,
    Unanswered,
    collector,
    fault,
    note,
    survey,
    warn,
)
from collectors.ad.dns_property import Settings, settings_of, stamp_of
from collectors.ad.place import place_of

__all__ = ["DnsZones", "dns_zones", "dns_zones_kept"]

FROM_ANYBODY = fault(
    "ad.zone-updates-insecure",
    "anybody may change records of {zone}: it takes dynamic updates without asking who sends them",
    "jeder darf Einträge von {zone} ändern: Die Zone nimmt dynamische Updates an, ohne zu fragen, von wem",
    do=(
        "Set the dynamic updates of {zone} to 'secure only' (dnscmd /config {zone} /allowupdate 2).",
        "Die dynamischen Updates von {zone} auf 'nur sichere' stellen (dnscmd /config {zone} /allowupdate 2).",
    ),
)
NONE_AT_ALL = warn(
    "ad.zone-updates-off",
    "{zone} takes no dynamic updates: controllers and clients cannot register their records",
    "{zone} nimmt keine dynamischen Updates an: Controller und Clients können ihre Einträge nicht eintragen",
    do=(
        "Set the dynamic updates of {zone} to 'secure only', or keep its records by hand knowingly.",
        "Die dynamischen Updates von {zone} auf 'nur sichere' stellen oder die Einträge bewusst von Hand pflegen.",
    ),
)
TWICE = fault(
    "ad.zone-twice",
    "the zone {zone} lies in several places of the directory ({places}): controllers may serve different ones",
    "die Zone {zone} liegt mehrfach im Verzeichnis ({places}): Controller liefern womöglich verschiedene",
    do=(
        "Find out which of them is served and current, save the other, and delete it.",
        "Klären, welche davon geliefert wird und aktuell ist, die andere sichern und löschen.",
    ),
)
CONFLICT = warn(
    "ad.zone-conflict",
    "two controllers have made a zone at the same time; a copy was put aside: {zone}",
    "zwei Controller haben gleichzeitig eine Zone angelegt; eine Kopie liegt beiseite: {zone}",
    do=(
        "Compare both, take over what is missing, and delete the copy (CNF).",
        "Beide vergleichen, Fehlendes übernehmen und die Kopie (CNF) löschen.",
    ),
)
STALE = warn(
    "ad.records-stale",
    "{count} of {all} dynamic records of {zone} were last refreshed before {before}: names of machines that are gone",
    "{count} von {all} dynamischen Einträgen von {zone} wurden zuletzt vor dem {before} erneuert: Namen fehlender Rechner",
    do=(
        "Go through the old records, delete those of machines that are gone, then let them be cleared regularly (scavenging).",
        "Die alten Einträge durchsehen, die fehlender Rechner löschen, dann regelmäßig aufräumen lassen (Scavenging).",
    ),
)
NEVER_CLEARED = note(
    "ad.zone-ageing-off",
    "old records are never cleared away (ageing is off) in {zones}",
    "alte Einträge werden nie aufgeräumt (Alterung aus) in {zones}",
)

_ANYBODY, _NOBODY = 1, 0
# What Microsoft's servers take when nothing is said: a week each.
_USUAL = 168
# A record that is this much older than its intervals was not refreshed for long; and many of them are no accident.
_SPARE = timedelta(days=14)
_LEAST_COUNT, _LEAST_SHARE = 5, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone in the directory. place: the partition or container. dynamic, stale: how many records."""

    name: str
    place: str
    settings: Settings
    dynamic: int = 0
    stale: int = 0
    before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsZones:
    """Zones that this controller has; reverse zones as well."""

    zones: tuple[Zone, ...]


def judge(_: DnsZones) -> Iterator[Finding]:
    """The same on every controller is said once, by the survey."""
    yield from ()


@collector(
    "ad.dns-zones",
    asks=(
        "How are the directory's own DNS zones kept?",
        "Wie werden die DNS-Zonen des Verzeichnisses gepflegt?",
    ),
    judge=judge,
    deadline=60.0,
)
async def dns_zones(host: Directory, about: About) -> DnsZones:  # noqa: ARG001 - all collectors are called alike.
    """Read the zones of both DNS partitions and of the old place in the domain, with the age of their records."""
    place = await place_of(host)
    root = await host.root("namingContexts")
    held = [
        one
        for one in root.texts("namingContexts")
        if one.lower().startswith(("dc=domaindnszones,", "dc=forestdnszones,"))
    ]
    found: list[Zone] = []
    for base in (*sorted(held), f"CN=MicrosoftDNS,CN=System,{place.domain}"):
        for entry in await _zones_below(host, base):
            name = entry.text("name") or entry.text("dc")
            # Hints and the trust anchors' store are no zones.
            if name and not name.startswith(("RootDNSServers", "..")):
                found.append(await _zone(host, entry, name, base, place.now))
    return DnsZones(zones=tuple(found))


async def _zones_below(host: Directory, base: str) -> tuple[Entry, ...]:
    try:
        return await host.search(base, "(objectClass=dnsZone)", "name", "dc", "dNSProperty", most=5_000)
    except Unanswered as error:
        if error.kind is Kind.NOT_THERE:
            return ()
        raise


async def _zone(host: Directory, entry: Entry, name: str, base: str, now: datetime) -> Zone:
    try:
        settings = settings_of(entry.raw("dNSProperty"))
        nodes = await host.search(
            entry.dn,
            "(&(objectClass=dnsNode)(!(dNSTombstoned=TRUE)))",
            "dnsRecord",
            scope="one",
            most=200_000,
        )
        stamps = [stamp for node in nodes for value in node.raw("dnsRecord") if (stamp := stamp_of(value))]
    except ValueError as error:
        raise Unanswered(Kind.UNPARSABLE, f"{entry.dn}: {error}") from None
    hours = (settings.no_refresh or _USUAL) + (settings.refresh or _USUAL)
    before = now - timedelta(hours=hours) - _SPARE
    return Zone(
        name=name,
        place=base.partition(",")[0].partition("=")[2],
        settings=settings,
        dynamic=len(stamps),
        stale=sum(stamp < before for stamp in stamps),
        before=before,
    )


@survey("ad.dns-zones-kept", over=dns_zones)
def dns_zones_kept(seen: Mapping[str, DnsZones]) -> Iterator[Finding]:
    """Each trouble of a zone once, however many controllers have it."""
    places: defaultdict[str, dict[str, Zone]] = defaultdict(dict)
    for facts in seen.values():
        for zone in facts.zones:
            known = places[zone.name.lower()].setdefault(zone.place, zone)
            if zone.stale < known.stale:
                # What one controller has cleared already is on its way to the others.
                places[zone.name.lower()][zone.place] = zone
    for name, by_place in sorted(places.items()):
        if "cnf:" in name:
            yield CONFLICT(zone=name.replace("\n", " "))
            continue
        if len(by_place) > 1:
            yield TWICE(zone=name, places=", ".join(sorted(by_place)))
        for zone in list(by_place.values())[:1]:
            yield from _of(name, zone)
    unkept = sorted(
        name for name, by_place in places.items() if not any(z.settings.is_ageing for z in by_place.values())
    )
    dynamic = [name for name in unkept if any(zone.dynamic for zone in places[name].values())]
    if dynamic:
        yield NEVER_CLEARED(zones=", ".join(dynamic))


def _of(name: str, zone: Zone) -> Iterator[Finding]:
    if zone.settings.update == _ANYBODY:
        yield FROM_ANYBODY(zone=name)
    elif zone.settings.update == _NOBODY and zone.dynamic:
        yield NONE_AT_ALL(zone=name)
    if zone.stale >= _LEAST_COUNT and zone.stale >= _LEAST_SHARE * zone.dynamic and zone.before:
        yield STALE(zone=name, count=zone.stale, all=zone.dynamic, before=f"{zone.before:%Y-%m-%d}")
