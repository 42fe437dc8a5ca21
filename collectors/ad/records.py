"""Is every controller to be found by its names, on every DNS server of the domain? Host, GUID alias, and services.

Clients find controllers by SRV records, and controllers find each other for replication by the alias of their GUID
(MS-ADTS 6.3.2.3). What must be there follows from the directory; each controller's own DNS service is asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import (
    About,
    Answer,
    Directory,
    Finding,
    Kind,
    Phase,
    Resolver,
    Unanswered,
    collector,
    fault,
    survey,
    warn,
)
from collectors.ad.members import Member, read_forest
from collectors.ad.names import domain_of, same_dn

__all__ = ["RecordFacts", "Wanted", "everywhere", "records"]

MISSING = fault(
    "ad.record-missing",
    "the controller {controller} cannot be found: {servers} do not have {names}",
    "der Controller {controller} ist nicht zu finden: auf {servers} fehlt {names}",
    do=(
        "Let the controller register itself again: nltest /dsregdns, or samba_dnsupdate.",
        "Den Controller sich neu eintragen lassen: nltest /dsregdns oder samba_dnsupdate.",
    ),
)
FEW_MISSING = warn(
    "ad.record-partly-missing",
    "some clients do not find the controller {controller}: {servers} do not have {names}",
    "manche Clients finden den Controller {controller} nicht: auf {servers} fehlt {names}",
    do=(
        "Let the controller register itself again: nltest /dsregdns, or samba_dnsupdate.",
        "Den Controller sich neu eintragen lassen: nltest /dsregdns oder samba_dnsupdate.",
    ),
)
DANGLING = warn(
    "ad.record-dangling",
    "DNS sends clients to {target}, which is no controller of the domain: {names}",
    "DNS schickt Clients zu {target}, das kein Controller der Domäne ist: {names}",
    do=(
        "If that controller is gone for good, clean up its metadata and delete the records.",
        "Ist dieser Controller endgültig weg, seine Metadaten bereinigen und die Einträge löschen.",
    ),
)
WRONG_PORT = fault(
    "ad.record-wrong-port",
    "DNS sends clients to the wrong port of {controller}: {names} names {port} in place of {right}",
    "DNS schickt Clients an den falschen Port von {controller}: {names} nennt {port} statt {right}",
    do=("Delete the wrong record.", "Den falschen Eintrag löschen."),
)
OTHER_ADDRESS = fault(
    "ad.record-other-address",
    "DNS says that {controller} is at {found}, and the contract says {wanted}",
    "laut DNS steht {controller} unter {found}, laut Vertrag unter {wanted}",
    do=(
        "Correct the record, or the contract when the controller has moved.",
        "Den Eintrag berichtigen, oder den Vertrag, wenn der Controller umgezogen ist.",
    ),
)

# Names of services, the port behind them, and whether clients are lost without them. {…} is filled in.
_SERVICES = (
    ("_ldap._tcp.dc._msdcs.{domain}", 389, True),
    ("_ldap._tcp.{domain}", 389, True),
    ("_kerberos._tcp.dc._msdcs.{domain}", 88, True),
    ("_kerberos._tcp.{domain}", 88, True),
    ("_kerberos._udp.{domain}", 88, True),
    ("_kpasswd._tcp.{domain}", 464, False),
    ("_kpasswd._udp.{domain}", 464, False),
    ("_ldap._tcp.{guid}.domains._msdcs.{forest}", 389, False),
)
_AT_SITE = (
    ("_ldap._tcp.{site}._sites.dc._msdcs.{domain}", 389, False),
    ("_ldap._tcp.{site}._sites.{domain}", 389, False),
    ("_kerberos._tcp.{site}._sites.dc._msdcs.{domain}", 88, False),
    ("_kerberos._tcp.{site}._sites.{domain}", 88, False),
)
_OF_CATALOGUE = (("_gc._tcp.{forest}", 3268, False), ("_ldap._tcp.gc._msdcs.{forest}", 3268, False))
_ADDRESSES = frozenset({"A", "AAAA"})
_OF_PDC = (("_ldap._tcp.pdc._msdcs.{domain}", 389, True),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One name that was asked for: what must be among its targets, and what is there.

    targets, found: 'host' of an alias, 'host:port' of a service, an address; wanted: controller -> its target.
    """

    name: str
    rtype: str
    wanted: dict[str, str]
    is_vital: bool
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFacts:
    """controllers: all names of the forest's controllers. ids: name -> id of those that the contract names."""

    server: str
    controllers: tuple[str, ...]
    ids: dict[str, str]
    asked: tuple[Wanted, ...]


def judge(_seen: RecordFacts) -> Iterator[Finding]:
    """What one server lacks is judged beside the others."""
    yield from ()


@collector(
    "ad.records",
    asks=(
        "Is every controller to be found by its names?",
        "Ist jeder Controller unter seinen Namen zu finden?",
    ),
    judge=judge,
)
async def records(host: Directory, names: Resolver, about: About) -> RecordFacts:
    """Learn from the directory what must be in DNS, and ask this server's DNS service for it."""
    forest = await read_forest(host, about)
    base = await host.entry(forest.base, "objectGUID", "fSMORoleOwner")
    owner = base.text("fSMORoleOwner") if base else ""
    ours, domain, top = forest.serving, domain_of(forest.base), domain_of(forest.root_base)
    guid = base.guid("objectGUID") if base else ""
    pdc = tuple(one for one in ours if same_dn(one.settings, owner))
    own = {server.name: server for server in about.domain.controllers} if about.domain else {}
    asked = [
        *[await _hosts(names, one, own[one.name].addresses) for one in ours if one.name in own],
        *[await _alias(names, one, top) for one in ours],
    ]
    for pattern, port, is_vital in _SERVICES if guid else _SERVICES[:-1]:
        name = pattern.format(domain=domain, forest=top, guid=guid)
        asked.append(await _service(names, name, port, ours, is_vital=is_vital))
    for site in sorted({one.site for one in ours}):
        here = tuple(one for one in ours if one.site == site)
        for pattern, port, is_vital in _AT_SITE:
            name = pattern.format(domain=domain, site=site)
            asked.append(await _service(names, name, port, here, is_vital=is_vital))
    catalogues = tuple(one for one in ours if one.is_catalogue)
    for pattern, port, is_vital in _OF_CATALOGUE:
        asked.append(await _service(names, pattern.format(forest=top), port, catalogues, is_vital=is_vital))
    for pattern, port, is_vital in _OF_PDC:
        asked.append(await _service(names, pattern.format(domain=domain), port, pdc, is_vital=is_vital))
    return RecordFacts(
        server=about.id,
        controllers=tuple(one.name for one in forest.members if one.settings),
        ids={name: server.id for name, server in own.items()},
        asked=tuple(asked),
    )


async def _hosts(names: Resolver, one: Member, addresses: tuple[str, ...]) -> Wanted:
    rtype = "AAAA" if all(":" in address for address in addresses) else "A"
    answer = await _answered(names, one.name, rtype)
    found = tuple(r.data for r in answer.answer if r.type == rtype)
    # Any of the contract's addresses will do.
    wanted = next(
        (a for a in addresses if a in found), next(a for a in addresses if (":" in a) == (rtype == "AAAA"))
    )
    return Wanted(name=one.name, rtype=rtype, wanted={one.name: wanted}, is_vital=True, found=found)


async def _alias(names: Resolver, one: Member, forest: str) -> Wanted:
    name = f"{one.guid}._msdcs.{forest}"
    answer = await _answered(names, name, "CNAME")
    found = tuple(r.data.rstrip(".").lower() for r in answer.answer if r.type == "CNAME")
    return Wanted(name=name, rtype="CNAME", wanted={one.name: one.name}, is_vital=True, found=found)


async def _service(
    names: Resolver, name: str, port: int, of: tuple[Member, ...], *, is_vital: bool
) -> Wanted:
    answer = await _answered(names, name, "SRV")
    targets = [r.data.split() for r in answer.answer if r.type == "SRV"]
    return Wanted(
        name=name,
        rtype="SRV",
        wanted={one.name: f"{one.name}:{port}" for one in of},
        is_vital=is_vital,
        found=tuple(f"{host.rstrip('.').lower()}:{at}" for _, _, at, host in targets),
    )


async def _answered(names: Resolver, name: str, rtype: str) -> Answer:
    """The server's answer, whole. Raises Unanswered also for what is neither yes nor no."""
    answer = await names.ask(f"{name.lower()}.", rtype)
    if "TC" in answer.flags:
        answer = await names.ask(f"{name.lower()}.", rtype, transport="tcp")
    if answer.rcode not in {"NOERROR", "NXDOMAIN"}:
        raise Unanswered(Kind.REFUSED, f"the DNS server answers {answer.rcode} for {name}", phase=Phase.ASK)
    return answer


@survey("ad.records-everywhere", over=records)
def everywhere(seen: Mapping[str, RecordFacts]) -> Iterator[Finding]:
    """What each controller lacks, once, with the servers that lack it; and what leads clients astray."""
    ids = {name: host for facts in seen.values() for name, host in facts.ids.items()}
    yield from _lacking(seen, ids)
    yield from _moved(seen, ids)
    yield from _astray(seen)
    yield from _other_ports(seen, ids)


def _lacking(seen: Mapping[str, RecordFacts], ids: Mapping[str, str]) -> Iterator[Finding]:
    lacking: dict[tuple[str, bool], dict[str, list[str]]] = {}
    for server, one in _asked(seen):
        for controller, target in one.wanted.items():
            # A host that has another address is no host without one.
            if target not in one.found and not (one.rtype in _ADDRESSES and one.found):
                lacking.setdefault((controller, one.is_vital), {}).setdefault(one.name, []).append(server)
    for (controller, is_vital), names in lacking.items():
        yield (MISSING if is_vital else FEW_MISSING)(
            host=ids.get(controller, ""),
            controller=controller,
            names=", ".join(sorted(names)),
            servers=", ".join(sorted({server for some in names.values() for server in some})),
        )


def _moved(seen: Mapping[str, RecordFacts], ids: Mapping[str, str]) -> Iterator[Finding]:
    moved = {
        (controller, ", ".join(one.found), target)
        for _, one in _asked(seen)
        for controller, target in one.wanted.items()
        if one.rtype in _ADDRESSES and one.found and target not in one.found
    }
    for controller, found, wanted in sorted(moved):
        yield OTHER_ADDRESS(host=ids.get(controller, ""), controller=controller, found=found, wanted=wanted)


def _astray(seen: Mapping[str, RecordFacts]) -> Iterator[Finding]:
    astray: dict[str, set[str]] = {}
    for facts in seen.values():
        for one in facts.asked:
            for host, _ in _targets(one):
                if host not in facts.controllers:
                    astray.setdefault(host, set()).add(one.name)
    for target, names in astray.items():
        yield DANGLING(target=target, names=", ".join(sorted(names)))


def _other_ports(seen: Mapping[str, RecordFacts], ids: Mapping[str, str]) -> Iterator[Finding]:
    ports: dict[tuple[str, str, str], set[str]] = {}
    for _, one in _asked(seen):
        for host, port in _targets(one):
            right = one.wanted.get(host, "").rpartition(":")[2]
            if right and port != right:
                ports.setdefault((host, port, right), set()).add(one.name)
    for (controller, port, right), names in ports.items():
        yield WRONG_PORT(
            host=ids.get(controller, ""),
            controller=controller,
            names=", ".join(sorted(names)),
            port=port,
            right=right,
        )


def _asked(seen: Mapping[str, RecordFacts]) -> Iterator[tuple[str, Wanted]]:
    return ((server, one) for server, facts in seen.items() for one in facts.asked)


def _targets(one: Wanted) -> Iterator[tuple[str, str]]:
    """Host and port of each service record."""
    for found in one.found if one.rtype == "SRV" else ():
        host, _, port = found.rpartition(":")
        yield host, port
