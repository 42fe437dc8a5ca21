"""Are the servers that a zone names enough, well named, and to be found, and does its mail go to a real name?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from collectors import Finding, Tag, fault, note, survey, warn
from collectors.dns.alike import Told, once
from collectors.dns.names import is_internal, lies_in, listed
from collectors.dns.referral import LARGEST_PLAIN, largest_referral
from collectors.dns.serial import current, views
from collectors.dns.zones import Delegation, Holding, NamedHost, Zones, holdings, zones

NS_ALIAS = fault(
    "dns.ns-alias",
    "{zone} names {name} as its server, which is an alias of {alias}: resolvers may not follow it (at {servers})",
    "{zone} nennt {name} als Server, das ein Alias für {alias} ist: Resolver müssen ihm nicht folgen (auf {servers})",
    do=(
        "Name {alias} itself in the NS set of {zone}, or give {name} addresses of its own (RFC 2181, section 10.3).",
        "{alias} selbst im NS-Satz von {zone} nennen oder {name} eigene Adressen geben (RFC 2181, Abschnitt 10.3).",
    ),
)
MX_ALIAS = warn(
    "dns.mx-alias",
    "mail for {zone} goes to {name}, which is an alias of {alias}: some mail servers refuse this (at {servers})",
    "E-Mail für {zone} geht an {name}, das ein Alias für {alias} ist: Manche Mailserver weisen das ab (auf {servers})",
    do=(
        "Name {alias} itself in the MX record of {zone} (RFC 2181, section 10.3; RFC 5321, section 5.1).",
        "{alias} selbst im MX-Eintrag von {zone} nennen (RFC 2181, Abschnitt 10.3; RFC 5321, Abschnitt 5.1).",
    ),
)
ILLEGAL = warn(
    "dns.name-not-legal",
    "{zone} names {name} in its {rtype} record, which is no legal host name: {why} (at {servers})",
    "{zone} nennt {name} in seinem {rtype}-Eintrag, das ist kein gültiger Hostname: {why} (auf {servers})",
    do=(
        "Correct the {rtype} record of {zone}: a host's name, not an address, of letters, digits and inner hyphens.",
        "Den {rtype}-Eintrag von {zone} berichtigen: ein Hostname, keine Adresse; Buchstaben, Ziffern, innere Bindestriche.",
    ),
)
LONE = warn(
    "dns.lone-server",
    "{zone} names a single server, {name}: when it fails, nobody finds the zone (at {servers})",
    "{zone} nennt einen einzigen Server, {name}: Fällt er aus, findet niemand die Zone (auf {servers})",
    do=(
        "Give {zone} a second server in another place (RFC 1034, section 4.1; RFC 2182).",
        "{zone} einen zweiten Server an anderem Ort geben (RFC 1034, Abschnitt 4.1; RFC 2182).",
    ),
)
SHARED = warn(
    "dns.servers-share-address",
    "several servers of {zone} are one: {names} have the address {address} (at {servers})",
    "mehrere Server von {zone} sind ein und derselbe: {names} haben die Adresse {address} (auf {servers})",
    do=(
        "Let each name in the NS set of {zone} stand for a server of its own.",
        "Jeden Namen im NS-Satz von {zone} für einen eigenen Server stehen lassen.",
    ),
)
LARGE = warn(
    "dns.referral-large",
    "the referral to {zone} at {parent} needs up to {size} bytes: over plain UDP of {most} bytes addresses are cut off",
    "die Verweisung auf {zone} bei {parent} braucht bis zu {size} Byte: bei UDP mit {most} Byte fallen Adressen weg",
    do=(
        "Delegate {zone} to fewer servers, or to servers with shorter names.",
        "{zone} an weniger Server delegieren oder an Server mit kürzeren Namen.",
    ),
)
INSIDE_SHOWN = warn(
    "dns.delegation-internal",
    "{parent}, which the world asks, sends it to internal addresses for {zone}: {addresses}",
    "{parent}, den die Welt fragt, schickt sie für {zone} zu internen Adressen: {addresses}",
    do=(
        "Have the glue of {zone} at {parent} changed to the public addresses of its servers.",
        "Den Glue von {zone} bei {parent} auf die öffentlichen Adressen ihrer Server ändern lassen.",
    ),
)
DOUBLE_HYPHEN = note(
    "dns.name-double-hyphen",
    "{zone} names {name} in its {rtype} record; '--' at the third place is kept for encoded names (at {servers})",
    "{zone} nennt {name} in seinem {rtype}-Eintrag; '--' an dritter Stelle ist kodierten Namen vorbehalten (auf {servers})",
)

LONE_INSIDE = note(
    "dns.lone-server-inside",
    "the internal zone {zone} names a single server, {name}: when it fails, nobody finds the zone (at {servers})",
    "die interne Zone {zone} nennt einen einzigen Server, {name}: Fällt er aus, findet niemand die Zone (auf {servers})",
)

_LETTERS = re.compile(r"[a-z0-9-]+")


@survey("dns.servers", over=zones)
def servers(seen: Mapping[str, Zones]) -> Iterator[Finding]:
    """Judge the names that the newest copies of a zone give, each fault once, and how the parent refers to it."""
    for zone, held in sorted(holdings(seen).items()):
        found = (
            (host, told)
            for view in views(held)
            for host, one in current(view).items()
            for told in (*_names(one), *_set(one))
        )
        yield from once(zone, found, {host: seen[host].server for host in held})
    for host, reading in seen.items():
        for delegation in reading.delegates:
            yield from _referral(host, reading, delegation)


def _names(one: Holding) -> Iterator[Told]:
    given: Iterable[tuple[str, Tag | None, Iterable[NamedHost]]] = (
        ("NS", NS_ALIAS, one.servers or ()),
        ("MX", MX_ALIAS, one.mail or ()),
        ("SOA", None, (one.source,) if one.source else ()),
    )
    for rtype, alias, hosts in given:
        for host in hosts:
            # A source that is the root stands for none (RFC 2136 cannot be used).
            if host.name == ".":
                continue
            if why := illegal(host.name):
                yield ILLEGAL, {"name": host.name, "rtype": rtype, "why": why}
            elif _is_odd(host.name):
                yield DOUBLE_HYPHEN, {"name": host.name, "rtype": rtype}
            if alias and host.alias:
                yield alias, {"name": host.name, "alias": host.alias}


def illegal(name: str) -> str:
    """Why a name can be no host's (RFC 952, RFC 1123 section 2.1), as a code; empty when it can.

    >>> illegal("ns1.musterbau.test"), illegal("ns_1.musterbau.test"), illegal("-a.test"), illegal("192.0.2.25")
    ('', 'character', 'hyphen', 'address')
    """
    labels = name.split(".")
    if labels[-1].isdigit():
        return "address"
    for label in labels:
        if not _LETTERS.fullmatch(label):
            return "character"
        if label.strip("-") != label:
            return "hyphen"
    return ""


def _is_odd(name: str) -> bool:
    return any(label[2:4] == "--" and not label.startswith("xn--") for label in name.split("."))


def _set(one: Holding) -> Iterator[Told]:
    if one.servers is None:
        return
    if len(one.servers) == 1:
        yield (LONE_INSIDE if one.is_inside else LONE), {"name": one.servers[0].name}
    by_address: defaultdict[str, set[str]] = defaultdict(set)
    for server in one.servers:
        for address in server.addresses if isinstance(server.addresses, tuple) else ():
            by_address[address].add(server.name)
    for address, names in sorted(by_address.items()):
        if len(names) > 1:
            yield SHARED, {"names": listed(names), "address": address}


def _referral(host: str, reading: Zones, given: Delegation) -> Iterator[Finding]:
    glue = [a for s in given.servers if isinstance(s.addresses, tuple) for a in s.addresses]
    internal = [address for address in glue if is_internal(address)]
    if internal and reading.is_public:
        yield INSIDE_SHOWN(host=host, parent=reading.server, zone=given.zone, addresses=listed(internal))
    within = [server for server in given.servers if lies_in(server.name, given.zone)]
    size = largest_referral(given.zone, [s.name for s in given.servers], _first_glue(within))
    if given.servers and size > LARGEST_PLAIN:
        yield LARGE(host=host, parent=reading.server, zone=given.zone, size=size, most=LARGEST_PLAIN)


def _first_glue(within: Iterable[NamedHost]) -> list[tuple[str, str]]:
    """One address of each kind: with less a resolver of that kind cannot begin."""
    found: dict[bool, tuple[str, str]] = {}
    for server in within:
        for address in server.addresses if isinstance(server.addresses, tuple) else ():
            found.setdefault(":" in address, (server.name, address))
    return list(found.values())
