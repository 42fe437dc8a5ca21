"""Is what a zone says about itself sound: its source, who answers for it, and how long its copies live?

The bounds are those of RFC 1912, RFC 2308 and zonemaster; what is only busier than it must be is not said.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from collectors import Finding, fault, note, survey, warn
from collectors.dns.alike import Told, once
from collectors.dns.names import listed
from collectors.dns.serial import current, of_one_source, views
from collectors.dns.zones import Holding, Zones, holdings, zones

SEVERAL = fault(
    "dns.soa-several",
    "{zone} has {count} SOA records where there must be one (at {servers})",
    "{zone} hat {count} SOA-Einträge, wo genau einer stehen muss (auf {servers})",
    do=(
        "Leave one SOA record at the top of {zone}, and raise its serial.",
        "Einen einzigen SOA-Eintrag an der Spitze von {zone} lassen und dessen Seriennummer erhöhen.",
    ),
)
DIFFERS = warn(
    "dns.soa-differs",
    "the servers of {zone} have the same serial, but another {what} in its SOA record: {views}",
    "die Server von {zone} haben dieselbe Seriennummer, aber ein anderes {what} im SOA-Eintrag: {views}",
    do=(
        "Raise the serial of {zone} at its source, so that all servers fetch it anew; then compare once more.",
        "Die Seriennummer von {zone} an der Quelle erhöhen, damit alle sie neu holen; dann noch einmal vergleichen.",
    ),
)
SOURCE_NO_SERVER = warn(
    "dns.source-no-server",
    "{zone} names {name} as its source (MNAME); that is {host_name}, which is no server of the zone in the contract",
    "{zone} nennt {name} als Quelle (MNAME); das ist {host_name}, laut Vertrag kein Server der Zone",
    do=(
        "Correct the MNAME of {zone} to its primary server: dynamic updates and notifications are sent there.",
        "Den MNAME von {zone} auf den Primärserver berichtigen: Dorthin gehen dynamische Updates und Benachrichtigungen.",
    ),
)
SOURCE_NO_ADDRESS = warn(
    "dns.source-no-address",
    "{zone} names {name} as its source (MNAME), but has no address for it (at {servers})",
    "{zone} nennt {name} als Quelle (MNAME), hat aber keine Adresse dafür (auf {servers})",
    do=(
        "Correct the MNAME of {zone}, or add the address record of {name}: dynamic updates are sent there.",
        "Den MNAME von {zone} berichtigen oder den Adresseintrag von {name} ergänzen: Dorthin gehen dynamische Updates.",
    ),
)
SOURCE_ALIAS = warn(
    "dns.source-alias",
    "{zone} names {name} as its source (MNAME), which is an alias of {alias} (at {servers})",
    "{zone} nennt {name} als Quelle (MNAME), das ein Alias für {alias} ist (auf {servers})",
    do=(
        "Write {alias} into the SOA record of {zone} itself (RFC 2181, section 10.3).",
        "{alias} selbst in den SOA-Eintrag von {zone} schreiben (RFC 2181, Abschnitt 10.3).",
    ),
)
SOURCE_UNASKED = note(
    "dns.source-unasked",
    "{zone} names {name} as its source (MNAME); the contract does not name it, so what it holds is not known",
    "{zone} nennt {name} als Quelle (MNAME); der Vertrag nennt ihn nicht, also ist nicht bekannt, was er hält",
    do=(
        "Name {name} in the contract if it is a hidden primary; else correct the MNAME of {zone}.",
        "{name} in den Vertrag aufnehmen, falls er ein verborgener Primärserver ist; sonst den MNAME von {zone} berichtigen.",
    ),
)
MAILBOX = warn(
    "dns.soa-mailbox",
    "{mailbox} is no mailbox of whoever answers for {zone} (RNAME; at {servers})",
    "{mailbox} ist keine Adresse dessen, der für {zone} verantwortlich ist (RNAME; auf {servers})",
    do=(
        "Write the address into the SOA record of {zone} with a dot for the at sign: hostmaster.example.org.",
        "Die Adresse mit Punkt statt At-Zeichen in den SOA-Eintrag von {zone} schreiben: hostmaster.example.org.",
    ),
)
EXPIRES_SOON = warn(
    "dns.soa-expire-short",
    "copies of {zone} stop to answer after {expire} s without their source; less than a week (at {servers})",
    "Kopien von {zone} antworten nach {expire} s ohne ihre Quelle nicht mehr; das ist weniger als eine Woche (auf {servers})",
    do=(
        "Set the expiry of {zone} to two weeks or more: a failed transfer before a holiday must not end the zone.",
        "Expire von {zone} auf zwei Wochen oder mehr setzen: Ein Transferfehler vor Feiertagen darf die Zone nicht beenden.",
    ),
)
NEGATIVE_LONG = warn(
    "dns.soa-negative-long",
    "that a name of {zone} does not exist is remembered for {minimum} s, more than a day (at {servers})",
    "dass es einen Namen in {zone} nicht gibt, wird {minimum} s lang gemerkt, mehr als einen Tag (auf {servers})",
    do=(
        "Set the last number of the SOA record of {zone} to between 300 and 10800 (RFC 2308, section 5).",
        "Die letzte Zahl im SOA-Eintrag von {zone} auf 300 bis 10800 setzen (RFC 2308, Abschnitt 5).",
    ),
)

# zonemaster's ZONE05; RFC 1912, section 2.2, wants two to four weeks.
_LEAST_EXPIRE = 604_800
# RFC 2308, section 5: values of one day or more have been found to be problematic; zonemaster's ZONE06.
_MOST_NEGATIVE = 86_400
# Before the first dot that has no backslash: the part of a mailbox before its at sign (RFC 1035, section 8).
_MAILBOX = re.compile(r"((?:[^.\\@]|\\.)+)\.([a-z0-9-]+(?:\.[a-z0-9-]+)*)")


@survey("dns.sources", over=zones)
def sources(seen: Mapping[str, Zones]) -> Iterator[Finding]:
    """Judge the SOA record of every zone, once for all servers that hold the same."""
    for zone, held in sorted(holdings(seen).items()):
        server = {host: seen[host].server for host in held}
        for group in of_one_source(held):
            yield from _differing(zone, current(group), server)
        yield from once(zone, _found(held), server)


def _found(held: Mapping[str, Holding]) -> Iterator[tuple[str, Told]]:
    for view in views(held):
        is_copied = _has_copies(view)
        for host, one in current(view).items():
            for told in (*_faults(one, is_copied=is_copied), *_source(one)):
                yield host, told


def _has_copies(held: Mapping[str, Holding]) -> bool:
    """Say whether some server fetches this zone from another: controllers of a domain replicate it instead.

    Then each of them names itself as the source, and how long a copy lives is nobody's matter.
    """
    return any(not one.is_primary for one in held.values())


def _differing(zone: str, held: Mapping[str, Holding], server: Mapping[str, str]) -> Iterator[Finding]:
    for what, told in (
        ("MNAME", lambda soa: soa.primary),
        ("RNAME", lambda soa: soa.mailbox),
        ("REFRESH/RETRY/EXPIRE/MINIMUM", lambda soa: f"{soa.refresh}/{soa.retry}/{soa.expire}/{soa.minimum}"),
    ):
        by_value: defaultdict[str, list[str]] = defaultdict(list)
        for host, one in held.items():
            by_value[told(one.soa)].append(server[host])
        if len(by_value) > 1:
            all_told = "; ".join(sorted(f"{listed(who)} -> {value}" for value, who in by_value.items()))
            yield DIFFERS(zone=zone, what=what, views=all_told, servers=listed(server[h] for h in held))


def _faults(one: Holding, *, is_copied: bool) -> Iterator[Told]:
    soa = one.soa
    if one.starts > 1:
        yield SEVERAL, {"count": one.starts}
    if soa.mailbox and not _MAILBOX.fullmatch(soa.mailbox):
        yield MAILBOX, {"mailbox": soa.mailbox}
    # An expiry that does not even fit to the other times is found by `dns.copies`.
    if is_copied and soa.refresh + soa.retry < soa.expire < _LEAST_EXPIRE:
        yield EXPIRES_SOON, {"expire": soa.expire}
    if soa.minimum > _MOST_NEGATIVE:
        yield NEGATIVE_LONG, {"minimum": soa.minimum}


def _source(one: Holding) -> Iterator[Told]:
    """What is wrong with the name of the source, where it is none of the zone's servers."""
    source = one.source
    # The root stands for no source at all: the zone takes no dynamic updates.
    if source is None or source.name == ".":
        return
    if source.alias:
        yield SOURCE_ALIAS, {"name": source.name, "alias": source.alias}
    elif one.source_serves:
        return
    elif source.addresses == ():
        yield SOURCE_NO_ADDRESS, {"name": source.name}
    elif one.source_host:
        yield SOURCE_NO_SERVER, {"name": source.name, "host_name": one.source_host}
    else:
        yield SOURCE_UNASKED, {"name": source.name}
