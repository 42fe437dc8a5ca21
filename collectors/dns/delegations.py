"""Does the parent send the world to the servers that a zone has, at the addresses that they have?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from collectors import Finding, fault, survey, warn
from collectors.dns.names import lies_in, listed
from collectors.dns.probe import Silent
from collectors.dns.serial import current
from collectors.dns.zones import Delegation, Holding, NamedHost, Zones, holdings, zones

MISSING = fault(
    "dns.delegation-missing",
    "the parent server {parent} does not delegate {zone} to anybody",
    "der übergeordnete Server {parent} delegiert {zone} an niemanden",
    do=(
        "Have the delegation of {zone} entered with whoever runs {parent}.",
        "Die Delegation von {zone} beim Betreiber von {parent} eintragen lassen.",
    ),
)
MISMATCH = fault(
    "dns.delegation-mismatch",
    "{parent} delegates {zone} to other servers than it has; only there: {only_parent}; only in the zone: {only_child}",
    "{parent} delegiert {zone} an andere Server, als sie hat; nur dort: {only_parent}; nur in der Zone: {only_child}",
    do=(
        "Have the delegation of {zone} at {parent} corrected, or the NS set of the zone, whichever is old.",
        "Die Delegation von {zone} bei {parent} oder den NS-Satz der Zone berichtigen, je nachdem, was veraltet ist.",
    ),
)
GLUE_MISMATCH = fault(
    "dns.glue-mismatch",
    "{parent} gives {at_parent} as the address of {name}, the zone {zone} itself {in_zone}",
    "{parent} nennt {at_parent} als Adresse von {name}, die Zone {zone} selbst {in_zone}",
    do=(
        "Have the address of {name} (glue) at {parent} corrected to {in_zone}.",
        "Die Adresse von {name} (Glue) bei {parent} auf {in_zone} berichtigen lassen.",
    ),
)
GLUE_MISSING = fault(
    "dns.glue-missing",
    "{parent} gives no address of {name}, which lies in {zone} itself: from outside it is not found ({in_zone})",
    "{parent} nennt keine Adresse von {name}, das selbst in {zone} liegt: von außen ist es nicht zu finden ({in_zone})",
    do=(
        "Have the address {in_zone} of {name} (glue) entered at {parent}.",
        "Die Adresse {in_zone} von {name} (Glue) bei {parent} eintragen lassen.",
    ),
)
GLUE_INCOMPLETE = warn(
    "dns.glue-incomplete",
    "{parent} gives only {at_parent} as the address of {name}; the zone {zone} has {in_zone}",
    "{parent} nennt nur {at_parent} als Adresse von {name}; die Zone {zone} hat {in_zone}",
    do=(
        "Have the missing address of {name} (glue) added at {parent}.",
        "Die fehlende Adresse von {name} (Glue) bei {parent} ergänzen lassen.",
    ),
)
PARENT_SILENT = warn(
    "dns.delegation-unknown",
    "{parent} shall hold the delegation of {zone}, but does not speak for it: {why}",
    "{parent} soll die Delegation von {zone} halten, sagt aber nichts darüber: {why}",
    do=(
        "See whether the contract names the right parent server for {zone}, and whether {parent} is sound.",
        "Prüfen, ob der Vertrag den richtigen übergeordneten Server für {zone} nennt und {parent} in Ordnung ist.",
    ),
)


@survey("dns.delegations", over=zones)
def delegations(seen: Mapping[str, Zones]) -> Iterator[Finding]:
    """Compare the NS set and the glue at the parent with what the zone's own servers say."""
    held = holdings(seen)
    for host, reading in seen.items():
        for delegation in reading.delegates:
            if not delegation.servers:
                yield MISSING(host=host, parent=reading.server, zone=delegation.zone)
            elif delegation.zone in held:
                children = [one for one in current(held[delegation.zone]).values() if one.servers is not None]
                yield from _compare(host, reading.server, delegation, children)
        for unsaid in reading.unsaid:
            # A parent without any answer is found by `dns.answers`.
            if unsaid.asked_as == "parent" and isinstance(unsaid.why, str) and unsaid.why != "served-too":
                yield PARENT_SILENT(host=host, parent=reading.server, zone=unsaid.zone, why=unsaid.why)


def _compare(host: str, parent: str, given: Delegation, children: list[Holding]) -> Iterator[Finding]:
    """Where the zone's servers differ among themselves, the parent is right if it agrees with one of them.

    Else it is compared with the one that it is nearest to: a zone may be another one inside than outside.
    """
    child = min(children, key=lambda one: len(_names(one) ^ given.names), default=None)
    if child is None:
        return
    if _names(child) != given.names:
        yield MISMATCH(
            host=host,
            parent=parent,
            zone=given.zone,
            only_parent=listed(given.names - _names(child)),
            only_child=listed(_names(child) - given.names),
        )
    own = {server.name: server for server in child.servers or ()}
    for server in given.servers:
        if server.name in own:
            yield from _glue(host, parent, given.zone, server, own[server.name])


def _names(child: Holding) -> frozenset[str]:
    return child.names or frozenset()


def _glue(host: str, parent: str, zone: str, given: NamedHost, own: NamedHost) -> Iterator[Finding]:
    if isinstance(given.addresses, Silent) or isinstance(own.addresses, Silent):
        return
    # Without authority over the name, or with no address in the zone, there is nothing to compare with.
    if given.addresses is None or not own.addresses or not lies_in(given.name, zone):
        return
    if set(given.addresses) != set(own.addresses):
        stale = set(given.addresses) - set(own.addresses)
        tag = GLUE_MISMATCH if stale else GLUE_INCOMPLETE if given.addresses else GLUE_MISSING
        yield tag(
            host=host,
            parent=parent,
            zone=zone,
            name=given.name,
            at_parent=listed(given.addresses),
            in_zone=listed(own.addresses),
        )
