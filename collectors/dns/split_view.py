"""Is a zone that is one inside and another outside still right on both sides? Names forgotten inside, addresses that leak."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from collectors import Fact, Finding, Tag, fault, note, survey, warn
from collectors.dns.alike import Told, by_zone, once
from collectors.dns.names import is_internal, listed
from collectors.dns.serial import current, views
from collectors.dns.split import Shows, ZoneShown, addresses_shown, split
from collectors.dns.zones import Zones, holdings, zones

PUBLIC_MISSING = fault(
    "dns.public-name-missing",
    "everybody must find {name}, says the contract; {servers} have the zone {zone} without it, others say {others}",
    "{name} muss laut Vertrag jeder finden; {servers} haben die Zone {zone} ohne ihn, andere sagen {others}",
    do=(
        "Add {name} to {zone} at {servers} as well: a zone of the same name inside hides the whole one outside.",
        "{name} auch auf {servers} in {zone} eintragen: Eine gleichnamige Zone innen verdeckt die äußere ganz.",
    ),
)
MISSING_INSIDE = warn(
    "dns.name-missing-inside",
    "{name} is found outside ({others}), and not inside: {servers} have a zone {zone} of their own without it",
    "{name} wird außen gefunden ({others}) und innen nicht: {servers} haben eine eigene Zone {zone} ohne ihn",
    do=(
        "Add {name} to {zone} at {servers}, or write it under 'differ' in the contract, where that is meant.",
        "{name} in {zone} auf {servers} eintragen, oder im Vertrag unter „differ“ nennen, wenn es gewollt ist.",
    ),
)
OTHER = warn(
    "dns.public-name-differs",
    "{name} in the zone {zone} is {seen} inside (at {servers}), and {others} outside",
    "{name} in der Zone {zone} ist innen {seen} (auf {servers}) und außen {others}",
    do=(
        "See which address {name} has now; after a move the record inside is easily forgotten in {zone}.",
        "Prüfen, welche Adresse {name} jetzt hat; nach einem Umzug wird der innere Eintrag leicht in {zone} vergessen.",
    ),
)
SHORT_CUT = note(
    "dns.public-name-inside",
    "{name} has the internal address {seen} inside (at {servers}), and {others} outside",
    "{name} hat innen die interne Adresse {seen} (auf {servers}) und außen {others}",
)
LEAKS = warn(
    "dns.internal-address-shown",
    "{servers}, which the world asks, give the internal address {seen} for {name} (zone {zone})",
    "{servers}, die alle Welt fragt, nennen für {name} die interne Adresse {seen} (Zone {zone})",
    do=(
        "Take {seen} out of the zone {zone} outside: nobody there reaches it, and it tells how the network is built.",
        "{seen} aus der äußeren Zone {zone} nehmen: Dort erreicht sie niemand, und sie verrät den Aufbau des Netzes.",
    ),
)


@survey("dns.split-view", over=(zones, split))
def split_view(seen: Mapping[str, Zones], shows: Mapping[str, Shows]) -> Iterator[Finding]:
    """Compare the newest copies inside with those outside, name by name, and look for what leaks."""
    server = {host: reading.server for host, reading in seen.items()}
    said = by_zone({host: reading.zones for host, reading in shows.items()})
    for zone, held in sorted(holdings(seen).items()):
        newest = {h: said[zone][h] for view in views(held) for h in current(view) if h in said[zone]}
        inside = {host: one for host, one in newest.items() if one.is_inside}
        outside = {host: one for host, one in newest.items() if not one.is_inside}
        found = (*_missing(inside, outside), *_missing(outside, inside), *_other(inside, outside))
        leaks = (
            (host, told) for host, one in outside.items() if shows[host].is_outside for told in _leaks(one)
        )
        yield from once(zone, chain(found, leaks), server)


def _missing(lacking: Mapping[str, ZoneShown], having: Mapping[str, ZoneShown]) -> Iterator[tuple[str, Told]]:
    """What one side says that there is not: a public name, or what the other side has."""
    there = _known(having.values())
    for host, one in lacking.items():
        for shown in one.names:
            if shown.data != ():
                continue
            others = there.get(shown.name, set())
            told: dict[str, Fact] = {"name": shown.name, "others": listed(others)}
            if shown.name in one.public:
                yield host, (PUBLIC_MISSING, told)
            elif one.is_inside and others and shown.name not in one.differ:
                yield host, (MISSING_INSIDE, told)


def _known(copies: Iterable[ZoneShown]) -> dict[str, set[str]]:
    """By name, all that any of these copies says of it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one in copies:
        for shown in one.names:
            found[shown.name] |= set(shown.data or ())
    return found


def _other(inside: Mapping[str, ZoneShown], outside: Mapping[str, ZoneShown]) -> Iterator[tuple[str, Told]]:
    """Names that lead elsewhere inside; to an internal address is a usual short cut."""
    there = _known(outside.values())
    for host, one in inside.items():
        for shown in one.names:
            addresses = addresses_shown(shown.data or ())
            # An address cannot be compared with a name that nobody here looks up.
            others = {o for o in there.get(shown.name, ()) if bool(addresses_shown((o,))) == bool(addresses)}
            if not shown.data or not others or set(shown.data) & others or shown.name in one.differ:
                continue
            is_short = bool(addresses) and all(map(is_internal, addresses))
            tag: Tag = SHORT_CUT if is_short else OTHER
            yield host, (tag, {"name": shown.name, "seen": listed(shown.data), "others": listed(others)})


def _leaks(one: ZoneShown) -> Iterator[Told]:
    for shown in one.names:
        internal = [address for address in addresses_shown(shown.data or ()) if is_internal(address)]
        if internal:
            yield LEAKS, {"name": shown.name, "seen": listed(internal)}
