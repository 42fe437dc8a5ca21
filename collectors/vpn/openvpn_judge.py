"""Does each OpenVPN do what the contract expects of it? Down is what shall be up and is not; nobody connected is nothing wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from collectors import Finding, TunnelFacts
from collectors.vpn.ipsec_tags import NO_PROPOSAL
from collectors.vpn.networks import missing, shown
from collectors.vpn.openvpn_log import Said
from collectors.vpn.openvpn_model import Openvpn, Service
from collectors.vpn.openvpn_tags import (
    LOGIN_REFUSED,
    NAME_TWICE,
    PEER_REFUSED,
    SOURCE_DROPPED,
    STATUS_OLD,
    TLS_KEY_DIFFERS,
)
from collectors.vpn.tags import (
    DOWN,
    FLAPPING,
    LOG_UNREAD,
    NETWORK_NOT_CARRIED,
    PEER_SILENT,
    POOL_EXHAUSTED,
    POOL_FILLING,
    SERVICE_DOWN,
    UNPLANNED,
)

__all__ = ["judge"]

_DAY, _HOUR = 86_400, 3600
_FULL = 0.9
_OFTEN = 3
_STALE = 600


def judge(seen: Openvpn) -> Iterator[Finding]:
    known = set[str]()
    for tunnel in seen.tunnels:
        service = seen.service(tunnel)
        if service is None:
            name = tunnel.here.connection
            yield from _reasons(tunnel, seen.said(name))
            yield SERVICE_DOWN(service=f"OpenVPN ({name})" if name else "OpenVPN", tunnel=tunnel.id)
            continue
        known.add(service.name)
        yield from _tunnel(seen, tunnel, service)
    for service in seen.services:
        if service.name not in known:
            yield UNPLANNED(connection=service.name or service.device, peer=", ".join(service.remote) or "-")


def _tunnel(seen: Openvpn, tunnel: TunnelFacts, service: Service) -> Iterator[Finding]:
    said = seen.said(service.name)
    status, state = service.status, service.state
    if status is not None and status.at and seen.now - status.at > _STALE:
        yield STATUS_OLD(tunnel=tunnel.id, minutes=(seen.now - status.at) // 60)
        return
    why = _why_down(seen, tunnel, service)
    if why:
        if tunnel.always:
            yield from _reasons(tunnel, said)
            yield DOWN(tunnel=tunnel.id, peer=tunnel.peer, why=why)
            if seen.log is None:
                yield LOG_UNREAD(tunnel=tunnel.id)
    elif state is not None and state.name != "CONNECTED" and service.is_server:
        yield DOWN(tunnel=tunnel.id, peer=tunnel.peer, why=state.name)
    if service.is_server:
        yield from _behind(seen, tunnel, service)
        yield from _comers(seen, tunnel, service, said, is_up=not why)
    yield from _restless(seen, tunnel, said)
    yield from _pool(tunnel, service, said)
    for source in sorted({one.text for one in said if one.what == "source"}):
        name = next(one.who for one in said if one.text == source)
        yield SOURCE_DROPPED(
            tunnel=tunnel.id, peer=name or "?", source=source.partition("[")[2].partition("]")[0]
        )


def _why_down(seen: Openvpn, tunnel: TunnelFacts, service: Service) -> str:
    """In the service's words, where the tunnel to a far end does not stand; '' where it does, or nobody can tell."""
    if tunnel.there is None:
        return ""
    if service.is_server:
        lacks = service.status is not None and seen.client(tunnel, service) is None
        return "no such client is connected" if lacks else ""
    state = service.state
    if state is not None:
        return "" if state.name == "CONNECTED" else f"{state.name} {state.detail}".strip()
    # Without its state the log tells: what was said last counts.
    last = [
        one
        for one in seen.said(service.name)
        if one.what in {"up", "restart", "silent", "certificate", "login"}
    ]
    return last[-1].text if last and last[-1].what != "up" else ""


def _behind(seen: Openvpn, tunnel: TunnelFacts, service: Service) -> Iterator[Finding]:
    """Does the server know which networks lie behind the client? ('iroute' in openvpn(8))"""
    client = seen.client(tunnel, service)
    lacking = missing(tunnel.there.networks, client.networks) if client and tunnel.there else ()
    if lacking:
        yield NETWORK_NOT_CARRIED(tunnel=tunnel.id, networks=shown(lacking))


def _reasons(tunnel: TunnelFacts, said: Sequence[Said]) -> Iterator[Finding]:
    """Why the tunnel does not come up, of what was said since it last did: each sort once, in its newest words."""
    since = max((number for number, one in enumerate(said) if one.what == "up"), default=-1)
    newest = {one.what: one for one in said[since + 1 :]}
    id_, peer = tunnel.id, tunnel.peer
    if one := newest.get("certificate"):
        yield PEER_REFUSED(tunnel=id_, peer=one.who or peer, said=one.text)
    if one := newest.get("tls-key"):
        yield TLS_KEY_DIFFERS(tunnel=id_, peer=one.who or peer, said=one.text)
    if one := newest.get("cipher-lists"):
        ours, _, theirs = one.text.partition(", client supported ciphers ")
        ours = ours.partition("Server data-ciphers: ")[2]
        yield NO_PROPOSAL(tunnel=id_, peer=peer, phase="data", ours=ours.strip("'"), theirs=theirs.strip("'"))
    elif "cipher" in newest:
        yield NO_PROPOSAL(tunnel=id_, peer=peer, phase="data", ours="?", theirs="?")
    if one := newest.get("login"):
        yield LOGIN_REFUSED(tunnel=id_, count=1, user=one.who or peer)
    if (one := newest.get("silent")) and newest.keys() <= {"silent", "restart"}:
        yield PEER_SILENT(tunnel=id_, peer=peer, said=one.text)


def _comers(
    seen: Openvpn, tunnel: TunnelFacts, service: Service, said: Sequence[Said], *, is_up: bool
) -> Iterator[Finding]:
    """Who wanted to come in to a server and did not: clients that are not connected now."""
    inside = [client for client in service.status.clients if client.is_in] if service.status else []
    here, there = {client.name for client in inside}, {client.real for client in inside}
    recent = [one for one in said if one.at > seen.now - _DAY]
    if tunnel.there is None or is_up:
        refused = {one.who: one for one in recent if one.what == "certificate" and one.who not in here}
        for who, one in sorted(refused.items()):
            yield PEER_REFUSED(tunnel=tunnel.id, peer=who or "?", said=one.text)
        foreign = {one.who: one for one in recent if one.what == "tls-key" and one.who not in here | there}
        # Anybody in the Internet may send such packets: only who does so again and again is a client of ours.
        counts = Counter(one.who for one in recent if one.what == "tls-key")
        for who, one in sorted(foreign.items()):
            if tunnel.there is None and counts[who] > _OFTEN:
                yield TLS_KEY_DIFFERS(tunnel=tunnel.id, peer=who or "?", said=one.text)
    logins = [one.who for one in recent if one.what == "login" and one.who not in here | there]
    if logins:
        yield LOGIN_REFUSED(tunnel=tunnel.id, count=len(set(logins)), user=logins[-1] or "?")
    hour = Counter(one.who for one in said if one.what == "name-twice" and one.at > seen.now - _HOUR)
    for name, times in sorted(hour.items()):
        if times > _OFTEN:
            yield NAME_TWICE(tunnel=tunnel.id, name=name)


def _restless(seen: Openvpn, tunnel: TunnelFacts, said: Sequence[Said]) -> Iterator[Finding]:
    """Did it give up and start again several times within an hour?"""
    times = [one.at for one in said if one.what == "restart" and one.at > seen.now - _HOUR]
    if len(times) > _OFTEN and tunnel.there is not None:
        minutes = max(1, round((times[-1] - times[0]) / 60))
        yield FLAPPING(tunnel=tunnel.id, times=len(times), minutes=minutes)


def _pool(tunnel: TunnelFacts, service: Service, said: Sequence[Said]) -> Iterator[Finding]:
    del tunnel
    if not service.pool or service.status is None:
        return
    # A network, its broadcast, and the server itself.
    size = max(1, ip_network(service.pool).num_addresses - 3)
    size = min(size, service.most) if service.most else size
    used = sum(1 for client in service.status.clients if client.is_in)
    if used >= size or any(one.what == "pool" for one in said[-20:]):
        yield POOL_EXHAUSTED(pool=service.pool, size=size)
    elif used >= size * _FULL:
        yield POOL_FILLING(pool=service.pool, size=size, used=used)
