"""Do the contract's hosts stand in DNS with their addresses, and do the addresses lead back to them?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from collectors import Finding, Tag, fault, note, survey, warn
from collectors.dns.names import is_internal, listed
from collectors.dns.probe import Silent
from collectors.dns.reverse import Directory, Looked, Served, reverse
from collectors.dns.serial import current, of_one_source

FORWARD_MISSING = fault(
    "dns.forward-missing",
    "{name} has no address in DNS (zone {zone}, at {servers}); the contract says {address}",
    "{name} hat in DNS keine Adresse (Zone {zone}, auf {servers}); laut Vertrag {address}",
    do=(
        (
            "Add the address record {name} -> {address} at the primary server of {zone}; if {name} is an alias (CNAME), "
            "correct where it ends."
        ),
        (
            "Am Primärserver von {zone} den Adresseintrag {name} -> {address} anlegen; ist {name} ein Alias (CNAME), dessen "
            "Ziel berichtigen."
        ),
    ),
)
FORWARD_MISMATCH = fault(
    "dns.forward-mismatch",
    "{name} has the address {seen} in DNS (zone {zone}, at {servers}); the contract says {address}",
    "{name} hat in DNS die Adresse {seen} (Zone {zone}, auf {servers}); laut Vertrag {address}",
    do=(
        "Find out which address {name} has, and correct the record in {zone} or the contract.",
        "Feststellen, welche Adresse {name} hat, und den Eintrag in {zone} oder den Vertrag berichtigen.",
    ),
)
FORWARD_TRANSLATED = note(
    "dns.forward-translated",
    "{name} has the public address {seen} in DNS (zone {zone}, at {servers}); the contract says {address}, which is internal",
    "{name} hat in DNS die öffentliche Adresse {seen} (Zone {zone}, auf {servers}); laut Vertrag {address}, eine interne",
    do=(
        "See whether {seen} is translated to {address}, or whether {zone} has one view inside and one outside.",
        "Prüfen, ob {seen} auf {address} umgesetzt wird oder ob {zone} eine innere und eine äußere Sicht hat.",
    ),
)
REVERSE_MISSING = warn(
    "dns.reverse-missing",
    "the address {address} of {name} leads to no name (zone {zone}, at {servers})",
    "die Adresse {address} von {name} führt zu keinem Namen (Zone {zone}, auf {servers})",
    do=(
        "Add the PTR record {address} -> {name} at the primary server of {zone}.",
        "Am Primärserver von {zone} den PTR-Eintrag {address} -> {name} anlegen.",
    ),
)
REVERSE_MISMATCH = warn(
    "dns.reverse-mismatch",
    "the address {address} of {name} leads to {seen} (zone {zone}, at {servers})",
    "die Adresse {address} von {name} führt zu {seen} (Zone {zone}, auf {servers})",
    do=(
        "Correct the PTR record of {address} in {zone}: {seen} is probably an earlier holder.",
        "Den PTR-Eintrag von {address} in {zone} berichtigen: {seen} ist wohl ein früherer Inhaber.",
    ),
)
REVERSE_OTHER = note(
    "dns.reverse-other-name",
    "the address {address} of {name} leads to {seen}, which has this address as well (zone {zone}, at {servers})",
    "die Adresse {address} von {name} führt zu {seen}, das diese Adresse auch hat (Zone {zone}, auf {servers})",
)
COPY_DIFFERS = fault(
    "dns.copy-differs",
    "{server} holds the zone {zone} with the same serial {serial} as {others}, but with another content: {names}",
    "{server} hält die Zone {zone} mit derselben Seriennummer {serial} wie {others}, aber mit anderem Inhalt: {names}",
    do=(
        (
            "Find out which is right: a change without a raised serial, a file edited on a copy, or a view. Then have the "
            "zone transferred anew."
        ),
        (
            "Klären, welcher stimmt: Änderung ohne höhere Seriennummer, von Hand geänderte Kopie oder eine Sicht (view). Dann "
            "die Zone neu übertragen."
        ),
    ),
)
ZONE_MISSING = warn(
    "dns.reverse-zone-missing",
    "none of the servers asked ({servers}) serves the reverse zone {zone}",
    "keiner der gefragten Server ({servers}) bedient die Reverse-Zone {zone}",
    do=(
        "Set up {zone} on the customer's servers, or name its servers in the contract.",
        "{zone} auf den Servern des Kunden einrichten oder ihre Server im Vertrag nennen.",
    ),
)


@survey("dns.hosts", over=reverse)
def hosts(seen: Mapping[str, Directory]) -> Iterator[Finding]:
    """Say of each host once where its names and addresses do not fit, naming the servers that say so.

    Only servers that hold the zone's newest serial count: what others lack is explained by being behind.
    """
    copies: defaultdict[str, dict[str, Served]] = defaultdict(dict)
    for host, reading in seen.items():
        for served in reading.serves:
            copies[served.zone][host] = served
    # One server may know of a name what another, that serves only the reverse zone, does not.
    back = {(one.address, name) for reading in seen.values() for one in reading.looked for name in one.back}
    found: defaultdict[tuple[Tag, Looked], list[str]] = defaultdict(list)
    right: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for host, reading in seen.items():
        for one in reading.looked:
            tag = _judged(one, back)
            if tag is not None and host in current(copies[one.zone]):
                found[tag, replace(one, back=())].append(host)
            elif tag is None and isinstance(one.seen, tuple):
                right[one.zone, one.name, one.address].add(host)
    for (tag, one), who in found.items():
        yield tag(
            host=who[0] if len(who) == 1 else "",
            zone=one.zone,
            name=one.name,
            address=one.address or listed(one.wanted),
            seen=listed(one.seen) if isinstance(one.seen, tuple) else "-",
            servers=listed(seen[host].server for host in who),
        )
    wrong = [(host, one) for (_, one), who in found.items() for host in who]
    yield from _differing(seen, copies, wrong, right)
    yield from _unserved(seen, set(copies))


def _differing(
    seen: Mapping[str, Directory],
    copies: Mapping[str, Mapping[str, Served]],
    wrong: Iterable[tuple[str, Looked]],
    right: Mapping[tuple[str, str, str], set[str]],
) -> Iterator[Finding]:
    """Name the servers that say otherwise than another copy of the same source with the same serial."""
    names: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    others: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for host, one in wrong:
        group = next(group for group in of_one_source(copies[one.zone]) if host in group)
        same = {other for other, copy in group.items() if copy.serial == group[host].serial}
        if agree := same & right.get((one.zone, one.name, one.address), set()):
            names[one.zone, host].add(one.address or one.name)
            others[one.zone, host] |= agree
    for (zone, host), told in sorted(names.items()):
        yield COPY_DIFFERS(
            host=host,
            server=seen[host].server,
            zone=zone,
            serial=copies[zone][host].serial,
            others=listed(seen[other].server for other in others[zone, host]),
            names=listed(told),
        )


def _judged(one: Looked, back: set[tuple[str, str]]) -> Tag | None:
    """What is wrong with one look-up; nothing where the server did not say.

    A name may have fewer addresses than its host, but none that the host does not have; of the names that
    share an address, one must be where it leads back to.
    """
    if one.seen is None or isinstance(one.seen, Silent):
        return None
    if not one.seen:
        return REVERSE_MISSING if one.address else FORWARD_MISSING
    if one.address:
        if any(_is_same(seen, wanted) for seen in one.seen for wanted in one.wanted):
            return None
        leads_back = any((one.address, name) in back for name in one.seen)
        return REVERSE_OTHER if leads_back else REVERSE_MISMATCH
    if set(one.seen) <= set(one.wanted):
        return None
    is_translated = all(map(is_internal, one.wanted)) and not any(map(is_internal, one.seen))
    return FORWARD_TRANSLATED if is_translated else FORWARD_MISMATCH


def _is_same(seen: str, wanted: str) -> bool:
    """The contract may name a host in short."""
    return seen == wanted or ("." not in wanted and seen.partition(".")[0] == wanted)


def _unserved(seen: Mapping[str, Directory], served: set[str]) -> Iterator[Finding]:
    lacking: defaultdict[str, list[str]] = defaultdict(list)
    for reading in seen.values():
        # A server that serves nothing at all has another trouble, which `dns.answers` finds.
        for zone in reading.lacks if reading.serves else ():
            lacking[zone].append(reading.server)
    for zone in sorted(lacking.keys() - served):
        yield ZONE_MISSING(zone=zone, servers=listed(lacking[zone]))
