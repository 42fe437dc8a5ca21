"""Do phones and trunks find the telephone system by its domain? NAPTR, SRV and addresses (RFC 3263), at each resolver.

What a client does is done here step by step: NAPTR names the services, each service has SRV records, each of these an
address; without any SRV the domain's own address is tried. Nobody found is spoken to here: `voip.options` asks the hosts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Finding, Kind, Resolver, SipServers, Unanswered, collector, fault, note, warn
from collectors.session import Answer
from collectors.voip.naptr import Naptr, Srv, naptr_of, srv_of

__all__ = ["Finds", "Service", "Target", "found_by_name"]

NOT_FOUND = fault(
    "voip.srv-not-found",
    "{resolver} knows neither SRV records nor an address for {domain}: phones do not find the telephone system",
    "{resolver} kennt für {domain} weder SRV-Einträge noch eine Adresse: Telefone finden die Telefonanlage nicht",
    do=(
        "Add _sip._udp, _sip._tcp or _sips._tcp SRV records to the zone, as the system is reached.",
        "Der Zone SRV-Einträge _sip._udp, _sip._tcp oder _sips._tcp geben, so wie die Anlage erreicht wird.",
    ),
)
OFF = fault(
    "voip.srv-off",
    "{resolver} says that there is decidedly no {service} (target '.')",
    "{resolver} sagt, dass es {service} ausdrücklich nicht gibt (Ziel '.')",
    do=("Remove the record, or name the system there.", "Den Eintrag entfernen oder dort die Anlage nennen."),
)
NO_SERVICE = warn(
    "voip.srv-transport",
    "{domain} has no SRV record {service}, by which {server} is reached; there are {present}",
    "{domain} hat keinen SRV-Eintrag {service}, über den {server} erreicht wird; es gibt {present}",
    do=(
        "Add it, or let phones use the transport that is named.",
        "Ihn anlegen, oder die Telefone den genannten Transport verwenden lassen.",
    ),
)
NO_ADDRESS = fault(
    "voip.srv-no-address",
    "the SRV record {service} names {target}, which has no address at {resolver}",
    "der SRV-Eintrag {service} nennt {target}, das bei {resolver} keine Adresse hat",
    do=("Correct the target, or give it an address.", "Das Ziel berichtigen oder ihm eine Adresse geben."),
)
ALIAS = warn(
    "voip.srv-alias",
    "the SRV record {service} names {target}, which is an alias: RFC 2782 forbids it, and some phones fail over it",
    "der SRV-Eintrag {service} nennt {target}, einen Alias: RFC 2782 verbietet das, und manche Telefone scheitern daran",
    do=("Name the host's own name as the target.", "Als Ziel den eigenen Namen des Hosts eintragen."),
)
ELSEWHERE = warn(
    "voip.srv-elsewhere",
    "none of the addresses that {domain} leads to is one of the contract's telephone systems ({found})",
    "keine der Adressen, zu denen {domain} führt, gehört einer Telefonanlage des Vertrags ({found})",
    do=(
        "Phones go to another system than is looked at here: correct the records, or the contract.",
        "Telefone gehen zu einem anderen System, als hier angesehen wird: Einträge oder Vertrag berichtigen.",
    ),
)
OTHER_PORT = warn(
    "voip.srv-other-port",
    "the SRV record {service} names port {port} of {target}; by the contract it listens at {own}",
    "der SRV-Eintrag {service} nennt Port {port} von {target}; nach dem Vertrag lauscht es an {own}",
    do=("Correct the record or the contract.", "Den Eintrag oder den Vertrag berichtigen."),
)
NAPTR_DEAD = warn(
    "voip.naptr-dead",
    "the NAPTR record of {domain} sends phones to {name}, which has no SRV record",
    "der NAPTR-Eintrag von {domain} schickt Telefone zu {name}, das keinen SRV-Eintrag hat",
    do=(
        "Correct the NAPTR record, or add the SRV record.",
        "Den NAPTR-Eintrag berichtigen oder den SRV-Eintrag anlegen.",
    ),
)
ONE_ONLY = note(
    "voip.srv-lone",
    "{domain} leads to one system only ({target}); the contract knows {count}",
    "{domain} führt nur zu einem System ({target}); der Vertrag kennt {count}",
    do=("Name the others with a higher priority number.", "Die anderen mit höherer Prioritätszahl nennen."),
)

_SERVICES = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}
_MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One SRV record. addresses: of its target here; alias: whether the target is another name for one."""

    priority: int
    weight: int
    port: int
    name: str
    addresses: tuple[str, ...]
    alias: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a service's name leads to. by_naptr: whether a NAPTR record named it."""

    name: str
    by_naptr: bool
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """One domain as this resolver tells it. addresses: of the domain itself, which clients try without any SRV."""

    name: str
    services: tuple[Service, ...]
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finds:
    """resolver: its id; domains: those of the contract's telephony; wanted: whom they shall lead to."""

    resolver: str
    domains: tuple[Domain, ...]
    wanted: tuple[SipServers, ...]


def judge(seen: Finds) -> Iterator[Finding]:
    wanted = {one.domain: one for one in seen.wanted}
    for domain in seen.domains:
        yield from _judged(seen.resolver, domain, wanted[domain.name])


def _judged(resolver: str, domain: Domain, wanted: SipServers) -> Iterator[Finding]:
    present = [service for service in domain.services if service.targets]
    if not present and not domain.addresses:
        yield NOT_FOUND(resolver=resolver, domain=domain.name)
        return
    for service in domain.services:
        if not service.targets and service.by_naptr:
            yield NAPTR_DEAD(domain=domain.name, name=service.name)
    for service in present:
        yield from _targets(resolver, service)
    yield from _against(domain, present, wanted)


def _targets(resolver: str, service: Service) -> Iterator[Finding]:
    for target in service.targets:
        if target.name == ".":
            yield OFF(resolver=resolver, service=service.name)
        elif not target.addresses:
            yield NO_ADDRESS(resolver=resolver, service=service.name, target=target.name)
        elif target.alias:
            yield ALIAS(service=service.name, target=target.name)


def _against(domain: Domain, present: list[Service], wanted: SipServers) -> Iterator[Finding]:
    """What the records say beside what the contract knows."""
    found = {address for one in present for target in one.targets for address in target.addresses}
    found |= set() if present else set(domain.addresses)
    own = {address for server, _ in wanted.servers for address in server.addresses}
    if found and not found & own:
        yield ELSEWHERE(domain=domain.name, found=", ".join(sorted(found)[:5]))
        return
    for server, facts in wanted.servers:
        name = f"{_SERVICES[facts.transport]}.{domain.name}"
        if present and name not in {service.name for service in present}:
            names = ", ".join(service.name for service in present)
            yield NO_SERVICE(domain=domain.name, service=name, server=server.id, present=names)
        for service in present:
            for target in service.targets if service.name == name else ():
                if set(target.addresses) & set(server.addresses) and target.port != facts.port:
                    yield OTHER_PORT(service=name, port=target.port, target=target.name, own=facts.port)
    targets = {target.name for service in present for target in service.targets}
    if len(targets) == 1 and len(wanted.servers) > 1:
        yield ONE_ONLY(domain=domain.name, target=targets.pop(), count=len(wanted.servers))


@collector(
    "voip.srv",
    asks=(
        "Do phones find the telephone system by its domain?",
        "Finden Telefone die Telefonanlage über ihre Domain?",
    ),
    judge=judge,
    role="finds-telephony",
    deadline=60.0,
)
async def found_by_name(host: Resolver, about: About) -> Finds:
    """Ask this resolver as a phone would."""
    domains = [await _domain(host, one.domain) for one in about.telephony]
    return Finds(resolver=about.id, domains=tuple(domains), wanted=about.telephony)


async def _domain(host: Resolver, domain: str) -> Domain:
    naptr = [
        one
        for record in _records(await _asked(host, domain, "NAPTR"), "NAPTR")
        if (one := naptr_of(record)) is not None and one.is_sip
    ]
    names = {one.replacement: True for one in sorted(naptr, key=Naptr.order_of)[:_MOST]}
    names |= {
        f"{service}.{domain}": names.get(f"{service}.{domain}", False) for service in _SERVICES.values()
    }
    services = [await _service(host, name, by_naptr=by_naptr) for name, by_naptr in names.items()]
    addresses: tuple[str, ...] = ()
    if not any(service.targets for service in services):
        addresses, _ = await _addresses(host, domain)
    return Domain(name=domain, services=tuple(services), addresses=addresses)


async def _service(host: Resolver, name: str, *, by_naptr: bool) -> Service:
    records = [
        one
        for record in _records(await _asked(host, name, "SRV"), "SRV")
        if (one := srv_of(record)) is not None
    ]
    targets = []
    for record in sorted(records, key=Srv.order_of)[:_MOST]:
        addresses, alias = ((), False) if record.target == "." else await _addresses(host, record.target)
        targets.append(
            Target(
                priority=record.priority,
                weight=record.weight,
                port=record.port,
                name=record.target,
                addresses=addresses,
                alias=alias,
            )
        )
    return Service(name=name, by_naptr=by_naptr, targets=tuple(targets))


async def _addresses(host: Resolver, name: str) -> tuple[tuple[str, ...], bool]:
    found: list[str] = []
    alias = False
    for rtype in ("A", "AAAA"):
        answer = await _asked(host, name, rtype)
        found += _records(answer, rtype)
        alias = alias or any(record.type == "CNAME" for record in answer.answer)
    return tuple(found), alias


async def _asked(host: Resolver, name: str, rtype: str) -> Answer:
    """Ask, over TCP where the answer did not fit. Raises Unanswered where the resolver cannot say."""
    answer = await host.ask(name, rtype, recurse=True)
    if "TC" in answer.flags:
        answer = await host.ask(name, rtype, recurse=True, transport="tcp")
    if answer.rcode not in {"NOERROR", "NXDOMAIN"}:
        raise Unanswered(Kind.UNPARSABLE, f"the resolver answers {answer.rcode} to {name} {rtype}")
    return answer


def _records(answer: Answer, rtype: str) -> list[str]:
    return [record.data for record in answer.answer if record.type == rtype]
