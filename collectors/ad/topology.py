"""Is the domain made of the controllers that we believe? Who is known, who is left over, who may replicate from whom.

What the directory says of all controllers is said once, by the survey. A controller that is not in the contract is
named, and never asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import About, Directory, Finding, collector, fault, note, survey, warn
from collectors.ad.members import (
    NO_INBOUND,
    NO_OUTBOUND,
    Forest,
    Member,
    is_deleted_name,
    named,
    once,
    read_forest,
    settled,
)
from collectors.ad.names import parent, rdn, same_dn

__all__ = ["Connection", "TopologyFacts", "known_controllers", "topology"]

INBOUND_OFF = fault(
    "ad.inbound-disabled",
    "{controller} takes no changes from anybody: its inbound replication is switched off",
    "{controller} nimmt von niemandem Änderungen an: seine eingehende Replikation ist abgeschaltet",
    do=(
        "Find out who did it and why (a USN rollback does it too), then: repadmin /options or samba-tool drs options, -DISABLE_INBOUND_REPL.",
        "Klären, wer es warum tat (auch ein USN-Rollback tut es), dann: repadmin /options oder samba-tool drs options, -DISABLE_INBOUND_REPL.",
    ),
)
OUTBOUND_OFF = fault(
    "ad.outbound-disabled",
    "{controller} gives its changes to nobody: its outbound replication is switched off",
    "{controller} gibt seine Änderungen an niemanden: seine ausgehende Replikation ist abgeschaltet",
    do=(
        "Find out who did it and why (a USN rollback does it too), then: repadmin /options or samba-tool drs options, -DISABLE_OUTBOUND_REPL.",
        "Klären, wer es warum tat (auch ein USN-Rollback tut es), dann: repadmin /options oder samba-tool drs options, -DISABLE_OUTBOUND_REPL.",
    ),
)
NOT_IN_CONTRACT = warn(
    "ad.controller-not-in-contract",
    "the directory knows the controller {controller}, which is not in the contract: it was not asked",
    "das Verzeichnis kennt den Controller {controller}, der nicht im Vertrag steht: er wurde nicht gefragt",
    do=(
        "Add it to the contract, or remove what is left of it from the directory.",
        "In den Vertrag aufnehmen oder seine Reste aus dem Verzeichnis entfernen.",
    ),
)
NOT_IN_DIRECTORY = warn(
    "ad.controller-not-in-directory",
    "the contract names the controller {controller}, which the directory does not know",
    "der Vertrag nennt den Controller {controller}, den das Verzeichnis nicht kennt",
    do=(
        "Was it demoted? Then correct the contract. If not, it is no longer a controller for the others.",
        "Wurde er herabgestuft? Dann den Vertrag berichtigen. Wenn nicht, ist er für die anderen kein Controller mehr.",
    ),
)
LEFT_OVER = warn(
    "ad.server-left-over",
    "{server} stands among the servers of site {site}, but is no controller (any more)",
    "{server} steht unter den Servern des Standorts {site}, ist aber kein Controller (mehr)",
    do=(
        "If it was demoted or rebuilt, delete the server object in Sites and Services.",
        "Wurde er herabgestuft oder neu aufgesetzt, das Serverobjekt in Standorte und Dienste löschen.",
    ),
)
NO_ACCOUNT = warn(
    "ad.controller-account-missing",
    "the controller {controller} has NTDS settings, but no account in the directory",
    "der Controller {controller} hat NTDS-Einstellungen, aber kein Konto im Verzeichnis",
    do=(
        "If it is gone for good, clean up its metadata (ntdsutil, samba-tool domain demote --remove-other-dead-server).",
        "Ist er endgültig weg, seine Metadaten bereinigen (ntdsutil, samba-tool domain demote --remove-other-dead-server).",
    ),
)
LONE = warn(
    "ad.lone-controller",
    "the domain has a single controller, {controller}: if it is lost, so is the domain",
    "die Domäne hat einen einzigen Controller, {controller}: fällt er aus, dann die Domäne",
    do=("Set up a second controller.", "Einen zweiten Controller aufsetzen."),
)
FROM_DELETED = fault(
    "ad.connection-from-deleted",
    "a connection tells {controller} to replicate from {source}, which does not exist any more",
    "eine Verbindung lässt {controller} von {source} replizieren, das es nicht mehr gibt",
    do=(
        "Delete the connection object, and let the topology be computed anew.",
        "Das Verbindungsobjekt löschen und die Topologie neu berechnen lassen.",
    ),
)
CONNECTION_OFF = warn(
    "ad.connection-disabled",
    "the connection by which {controller} replicates from {source} is disabled",
    "die Verbindung, über die {controller} von {source} repliziert, ist deaktiviert",
    do=(
        "Enable it, or delete it and let the topology be computed anew.",
        "Sie aktivieren, oder löschen und die Topologie neu berechnen lassen.",
    ),
)
MANUAL = note(
    "ad.connection-manual",
    "the connection by which {controller} replicates from {source} was made by hand",
    "die Verbindung, über die {controller} von {source} repliziert, wurde von Hand angelegt",
)

# NTDSCONN_OPT_IS_GENERATED, MS-ADTS 6.1.1.2.2.1.2.1.2.
_GENERATED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """to, source: NTDS settings, as distinguished names."""

    to: str
    source: str
    is_enabled: bool
    is_generated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyFacts:
    """contract: the names of the domain's controllers in the contract."""

    forest: Forest
    contract: tuple[str, ...]
    connections: tuple[Connection, ...]


def judge(seen: TopologyFacts) -> Iterator[Finding]:
    """What this controller says of itself; the others may know it late."""
    me = seen.forest.me
    if me is not None:
        yield from _options(me)


def _options(one: Member) -> Iterator[Finding]:
    if one.options & NO_INBOUND:
        yield INBOUND_OFF(controller=one.name)
    if one.options & NO_OUTBOUND:
        yield OUTBOUND_OFF(controller=one.name)


@collector(
    "ad.topology",
    asks=("Which controllers does the directory know?", "Welche Controller kennt das Verzeichnis?"),
    judge=judge,
)
async def topology(host: Directory, about: About) -> TopologyFacts:
    """Read servers, NTDS settings and connections from the configuration."""
    forest = await read_forest(host)
    found = await host.search(
        f"CN=Sites,{forest.configuration}",
        "(objectClass=nTDSConnection)",
        "fromServer",
        "enabledConnection",
        "options",
    )
    return TopologyFacts(
        forest=forest,
        contract=tuple(one.name.lower() for one in about.domain.controllers) if about.domain else (),
        connections=tuple(
            Connection(
                to=parent(entry.dn),
                source=entry.text("fromServer"),
                is_enabled=entry.flag("enabledConnection") is not False,
                is_generated=bool((entry.number("options") or 0) & _GENERATED),
            )
            for entry in found
        ),
    )


@survey("ad.known-controllers", over=topology)
def known_controllers(seen: Mapping[str, TopologyFacts]) -> Iterator[Finding]:
    """Say once what every controller tells of all."""
    yield from once(finding for facts in seen.values() for finding in _said(facts))


def _said(seen: TopologyFacts) -> Iterator[Finding]:
    ours = [one for one in seen.forest.members if one.guid and _serves(one, seen.forest.base)]
    known = {one.name for one in ours}
    if seen.contract:
        yield from (
            NOT_IN_CONTRACT(controller=one.name) for one in ours if not _among(one.name, seen.contract)
        )
        yield from (
            NOT_IN_DIRECTORY(controller=name) for name in seen.contract if not _among(name, tuple(known))
        )
    for one in seen.forest.members:
        if not one.guid:
            yield LEFT_OVER(server=one.name, site=one.site)
        elif settled(one, seen.forest.now) and (not one.account or is_deleted_name(one.account)):
            yield NO_ACCOUNT(controller=one.name)
    if len(ours) == 1:
        yield LONE(controller=ours[0].name)
    yield from _connections(seen)


def _connections(seen: TopologyFacts) -> Iterator[Finding]:
    by_settings = {one.settings.lower(): one.name for one in seen.forest.members if one.settings}
    for one in seen.connections:
        to = by_settings.get(one.to.lower())
        if to is None:
            continue
        source = by_settings.get(one.source.lower())
        if source is None or is_deleted_name(one.source):
            yield FROM_DELETED(controller=to, source=named(rdn(parent(one.source)) or one.source or "-"))
        elif not one.is_enabled:
            yield CONNECTION_OFF(controller=to, source=source)
        elif not one.is_generated:
            yield MANUAL(controller=to, source=source)


def _serves(one: Member, base: str) -> bool:
    """Whether it is a controller of the domain; a read-only one holds nothing to write, and has its account there."""
    if one.is_read_only:
        return one.account.lower().endswith(f",{base}".lower())
    return any(same_dn(context, base) for context in one.contexts)


def _among(name: str, others: tuple[str, ...]) -> bool:
    """Whether a name is one of them; either may be short."""
    short = name.partition(".")[0]
    return any(name == other or (short == other or name == other.partition(".")[0]) for other in others)
