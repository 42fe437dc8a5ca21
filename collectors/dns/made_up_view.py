"""Does a zone answer for any name, does a resolver invent names, and do the resolvers find the same?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from collectors import Finding, note, survey, warn
from collectors.dns.alike import Told, once
from collectors.dns.made_up import INVENTS, Inventions, made_up
from collectors.dns.names import listed

WILDCARD = warn(
    "dns.wildcard",
    "any name in {zone} leads to {seen}, also misspelt ones and those with a search suffix behind them (at {servers})",
    "jeder Name in {zone} führt zu {seen}, auch verschriebene und solche mit angehängtem Suchsuffix (auf {servers})",
    do=(
        "Take the wildcard out of {zone}: hosts with this search suffix reach {seen} for every name that is not found.",
        "Den Wildcard-Eintrag aus {zone} nehmen: Hosts mit diesem Suchsuffix landen für jeden unbekannten Namen bei {seen}.",
    ),
)
WILDCARD_BARE = note(
    "dns.wildcard-without-hosts",
    "any name in {zone} leads to {seen}; no host of the contract has its name there (at {servers})",
    "jeder Name in {zone} führt zu {seen}; kein Host des Vertrags hat dort seinen Namen (auf {servers})",
)
DIFFER = warn(
    "dns.resolvers-differ",
    "the resolvers do not find the same for {name}: {views}",
    "die Resolver finden für {name} nicht dasselbe: {views}",
    do=(
        "See at the one that stands alone whether it filters {name}, rewrites it, or asks another copy of the zone.",
        "Bei dem, der allein steht, prüfen, ob er {name} filtert, umschreibt oder eine andere Kopie der Zone fragt.",
    ),
)


@survey("dns.made-up-view", over=made_up)
def made_up_view(seen: Mapping[str, Inventions]) -> Iterator[Finding]:
    """Tell a zone's own wildcard from what a resolver makes up, and compare what resolvers find of public names."""
    hosts = {host: reading.server for host, reading in seen.items()}
    purpose = {zone for reading in seen.values() for zone in reading.on_purpose}
    peopled = {zone for reading in seen.values() for zone in reading.with_hosts}
    served = _by_zone(seen, is_served=True)
    found = _by_zone(seen, is_served=False)
    for zone in sorted(served.keys() | found.keys()):
        # Where nobody who serves the zone was asked, a resolver speaks for it.
        own = served.get(zone) or found.get(zone, {})
        tag = WILDCARD if zone in peopled else WILDCARD_BARE
        told: list[tuple[str, Told]] = [(h, (tag, {"seen": listed(data)})) for h, data in own.items() if data]
        yield from once(zone, told if zone not in purpose else (), hosts)
        if served.get(zone) and not any(served[zone].values()):
            for host, data in found.get(zone, {}).items():
                if data and host not in served[zone]:
                    name = next(s.name for s in seen[host].found if s.zone == zone and s.is_made_up)
                    yield INVENTS(host=host, server=hosts[host], name=name, seen=listed(data))
    yield from _differing(seen)


def _by_zone(seen: Mapping[str, Inventions], *, is_served: bool) -> dict[str, dict[str, tuple[str, ...]]]:
    """Zone -> host -> what it gives for a name that nobody has; those that said nothing are left out."""
    by_zone: defaultdict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for host, reading in seen.items():
        for one in reading.served if is_served else reading.found:
            if one.zone and one.is_made_up and one.data is not None:
                by_zone[one.zone][host] = one.data
    return dict(by_zone)


def _differing(seen: Mapping[str, Inventions]) -> Iterator[Finding]:
    names = dict.fromkeys(
        chain.from_iterable((s.name for s in r.found if not s.is_made_up) for r in seen.values())
    )
    for name in names:
        told = {
            host: said.data
            for host, reading in seen.items()
            for said in reading.found
            if said.name == name and said.data is not None and not said.is_made_up
        }
        groups = sorted(_alike(told), key=len)
        if len(groups) < 2:
            continue
        # One against several that agree stands alone.
        is_alone = len(groups) == 2 and len(groups[0]) == 1 < len(groups[1])
        yield DIFFER(
            host=groups[0][0] if is_alone else "",
            name=name,
            views="; ".join(sorted(_shown(group, told, seen) for group in groups)),
        )


def _alike(told: Mapping[str, tuple[str, ...]]) -> list[list[str]]:
    """Hosts in groups that were told the same, or some of the same: a name can have more addresses than one answer."""
    groups: list[list[str]] = []
    for host, data in told.items():
        near = [g for g in groups if any(told[o] == data or set(told[o]) & set(data) for o in g)]
        groups = [g for g in groups if g not in near] + [[*(other for g in near for other in g), host]]
    return groups


def _shown(group: Iterable[str], told: Mapping[str, tuple[str, ...]], seen: Mapping[str, Inventions]) -> str:
    return f"{listed(seen[h].server for h in group)}: {listed(one for h in group for one in told[h])}"
