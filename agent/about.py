"""What may a collector know about its host? The facts of the contract, without any secret."""

from __future__ import annotations

from agent.about_tunnels import behind, tunnels_of
from collectors.collector import (
    About,
    CaptureBounds,
    DomainFacts,
    PhonePlan,
    RegistrarPlan,
    Server,
    SipFacts,
    SipServers,
    TreePlan,
    Uplink,
    ZoneFacts,
)
from collectors.dns.names import is_internal, lies_in, pointer_in
from inventory.contract import Contract, Domain, Environment, Host, Outside, Site, Zone
from inventory.resolution import names_of

__all__ = ["about_target"]


def about_target(contract: Contract, target: str, accounts: tuple[str, ...] = ()) -> About:
    """Give the facts about one host or outside server. Raises KeyError for one that the contract lacks.

    accounts: those that the ticket speaks of; only hosts of a domain are told.
    """
    item = contract.targets[target]
    site = next((s for s in contract.sites if isinstance(item, Host) and s.id == item.site), None)
    resolves = any(target in s.resolvers for s in contract.sites)
    zones = tuple(zone for zone in contract.zones if resolves or target in (*zone.servers, *zone.parents))
    names = names_of(contract, target)
    telephony = _telephony(contract) if resolves else ()
    directory = item.directory if isinstance(item, Host) else None
    domain = next((one for one in contract.domains if _concerns(one, item)), None)
    tunnels, hidden = tunnels_of(contract, target), behind(contract, target)
    roles = (
        *(item.roles if isinstance(item, Host) else ()),
        *(("resolver",) if resolves else ()),
        *(("finds-outside",) if names else ()),
        *(("domain-controller",) if directory else ()),
        *(("client-ports",) if directory and directory.client_ports else ()),
        *_telephony_roles(item, finds=bool(telephony)),
        *(("network",) if _is_network(contract, item) else ()),
        # Only who has tunnels is asked for them.
        *(("vpn-gateway",) if tunnels else ()),
        *(("behind-tunnel",) if hidden else ()),
    )
    return About(
        id=item.id,
        name=item.name,
        addresses=tuple(str(a) for a in item.addresses),
        platform=item.platform if isinstance(item, Host) else "",
        environment=item.environment if isinstance(item, Host) else "outside",
        roles=tuple(dict.fromkeys(roles)),
        resolvers=tuple(_server(contract.targets[r]) for r in (site.resolvers if site else ())),
        gateways=tuple(str(g) for g in (site.gateways if site else ())),
        zones=tuple(_zone(contract, zone) for zone in zones),
        names=names,
        domain=_domain(contract, domain) if domain else None,
        account=directory.user if directory else "",
        authorities=directory.authorities if directory else (),
        accounts=accounts if domain else (),
        spanning_tree=_plan(site),
        uplinks=_uplinks(item) if isinstance(item, Host) else (),
        tunnels=tunnels,
        behind=hidden,
        registrar=_registrar(item) if isinstance(item, Host) else None,
        capture=_capture(item) if isinstance(item, Host) else None,
        sip=_sip(item),
        telephony=telephony,
    )


def _sip(item: Host | Outside) -> SipFacts | None:
    reach = item.sip
    if reach is None:
        return None
    return SipFacts(
        domain=reach.domain,
        transport=reach.transport,
        port=reach.port,
        user=reach.user or "",
        authorities=reach.authorities,
        srv=reach.srv or "",
    )


def _telephony(contract: Contract) -> tuple[SipServers, ...]:
    """The domains whose telephony is found by a look-up, each with its systems."""
    found: dict[str, list[tuple[Server, SipFacts]]] = {}
    for host in contract.targets.values():
        facts = _sip(host)
        if facts is not None and facts.srv:
            found.setdefault(facts.srv, []).append((_server(host), facts))
    return tuple(SipServers(domain=name, servers=tuple(hosts)) for name, hosts in found.items())


def _telephony_roles(item: Host | Outside, *, finds: bool) -> tuple[str, ...]:
    """What of telephony can be asked of it: with an account, under TLS, by calling, or as who finds it."""
    reach = item.sip
    asked = {
        "sip-account": reach is not None and reach.user is not None,
        "sip-tls": reach is not None and reach.transport == "tls",
        "sip-calls": reach is not None and bool(reach.numbers),
        "finds-telephony": finds,
    }
    return tuple(role for role, holds in asked.items() if holds)


def _uplinks(host: Host) -> tuple[Uplink, ...]:
    return tuple(
        Uplink(port=u.port, mbits=u.mbits, calls=u.calls, codec=u.codec, packet_ms=u.packet_ms)
        for u in host.uplinks
    )


def _registrar(host: Host) -> RegistrarPlan | None:
    plan = host.registrar
    if plan is None:
        return None
    phones = (PhonePlan(number=one.number, networks=tuple(map(str, one.networks))) for one in plan.phones)
    return RegistrarPlan(domain=plan.domain or "", phones=tuple(phones))


def _capture(host: Host) -> CaptureBounds | None:
    may = host.capture
    if may is None:
        return None
    return CaptureBounds(seconds=may.seconds, packets=may.packets, signalling=may.signalling, media=may.media)


def _plan(site: Site | None) -> TreePlan | None:
    plan = site.spanning_tree if site else None
    return TreePlan(root=plan.root, backup=plan.backup or "") if plan else None


def _domain(contract: Contract, domain: Domain) -> DomainFacts:
    members = (h for h in contract.hosts if lies_in(h.name, domain.name) and h not in domain.controllers)
    return DomainFacts(
        name=domain.name,
        controllers=tuple(map(_server, domain.controllers)),
        members=tuple(map(_server, members)),
    )


def _is_network(contract: Contract, item: Host | Outside) -> bool:
    """Say whether a host is a part of the network: by its kind, or because a clause lets it be examined as one.

    Every server with a shell could be asked for bridges and queues; where nobody wants that, nothing is lacking.
    """
    if not isinstance(item, Host):
        return False
    examined = {area for clause in contract.clauses_of.get(item.id, ()) for area in clause.diagnose}
    return item.environment is Environment.NETWORK or "net" in examined


def _concerns(domain: Domain, item: Host | Outside) -> bool:
    """Say whether a domain is a target's own: its controller, or named in it."""
    return item in domain.controllers or (isinstance(item, Host) and lies_in(item.name, domain.name))


def _server(item: Host | Outside) -> Server:
    return Server(id=item.id, name=item.name, addresses=tuple(str(a) for a in item.addresses))


def _zone(contract: Contract, zone: Zone) -> ZoneFacts:
    return ZoneFacts(
        name=zone.name,
        servers=tuple(_server(contract.targets[s]) for s in zone.servers),
        parents=tuple(_server(contract.targets[p]) for p in zone.parents),
        # What has servers of its own in the contract is asked of these.
        reverse=tuple(name for name in zone.reverse if name not in {z.name for z in contract.zones}),
        hosts=tuple(_server(h) for h in contract.hosts if _lies_in(h, zone.name)),
        mail=zone.mail is not None,
        selectors=zone.mail.selectors if zone.mail else (),
        public=tuple(_in_full(name, zone) for name in zone.names.public),
        differ=tuple(_in_full(name, zone) for name in zone.names.differ),
        wildcard=zone.names.wildcard,
        cloud=zone.cloud,
        is_two_sided=len({_is_inside(contract.targets[s]) for s in zone.servers}) > 1,
    )


def _is_inside(server: Host | Outside) -> bool:
    """Say whether a server stands in the customer's network, with internal addresses only."""
    return isinstance(server, Host) and all(is_internal(str(address)) for address in server.addresses)


def _in_full(name: str, zone: Zone) -> str:
    return zone.name if name == "@" else f"{name}.{zone.name}"


def _lies_in(host: Host, zone: str) -> bool:
    """Say whether a host has its name, or the reverse name of an address, in a zone."""
    holds_address = any(pointer_in(zone, str(address)) for address in host.addresses)
    return lies_in(host.name, zone) or holds_address
