"""Do both ends of each tunnel mean the same? What the gateways were told, side by side; and which far ends nobody asked.

One end alone cannot know that the other was told something else. Nothing is held against a tunnel that carries what the
contract says it carries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from collectors import Finding, TunnelFacts, survey
from collectors.vpn.gateway import ipsec
from collectors.vpn.ipsec import Child, Connection, Ipsec, Planned
from collectors.vpn.ipsec_tags import (
    BOTH_START,
    IDENTITIES_DIFFER,
    LIFETIMES_DIFFER,
    LOST_BETWEEN,
    VERSIONS_DIFFER,
)
from collectors.vpn.networks import is_open, missing, same_networks, shown
from collectors.vpn.openvpn import openvpn
from collectors.vpn.openvpn_model import Openvpn
from collectors.vpn.tags import FAR_NOT_ASKED, NETWORKS_DIFFER
from collectors.vpn.wireguard import wireguard
from collectors.vpn.wireguard_model import Wireguard
from collectors.vpn.wireguard_tags import KEY_UNKNOWN, PORT_DIFFERS

__all__ = ["ends"]

# How much later one end may renew its keys: each adds some chance of its own, up to a tenth.
_FAR_APART = 2
# Packets that did not arrive, and how many seconds of them: what is on its way, and clocks that count whole seconds, are less.
_LOST, _GAP = 3, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One end of an IPsec tunnel that was asked."""

    host: str
    seen: Ipsec
    tunnel: TunnelFacts
    connection: Connection

    @property
    def is_up(self) -> bool:
        return any(one.is_up for one in self.seen.associations_of(self.connection))

    @property
    def children(self) -> tuple[Child, ...]:
        """What carries packets at this end."""
        associations = self.seen.associations_of(self.connection)
        return tuple(child for one in associations for child in one.children if child.is_up)

    @property
    def carried(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The networks of what is installed: on this side, on the other."""
        return _both(self.children)

    @property
    def told(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The networks of the configuration: on this side, on the other."""
        return _both(self.connection.children)

    @property
    def serves(self) -> bool:
        """Whether everything is installed that the contract says lies behind both ends."""
        here, there = self.carried
        far = self.tunnel.there.networks if self.tunnel.there else ()
        return bool(here) and not missing(self.tunnel.here.networks, here) and not missing(far, there)


def _both(children: Iterable[Child | Planned]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    local: list[str] = []
    remote: list[str] = []
    for child in children:
        local += child.local
        remote += child.remote
    return tuple(dict.fromkeys(local)), tuple(dict.fromkeys(remote))


@survey("vpn.ends", over=(ipsec, openvpn, wireguard))
def ends(
    gateways: Mapping[str, Ipsec], services: Mapping[str, Openvpn], guards: Mapping[str, Wireguard]
) -> Iterator[Finding]:
    """Compare both ends of each tunnel, where both were asked."""
    asked = [
        *((host, tunnel) for host, one in sorted(gateways.items()) for tunnel in one.tunnels),
        *((host, tunnel) for host, one in sorted(services.items()) for tunnel in one.tunnels),
        *((host, tunnel) for host, one in sorted(guards.items()) for tunnel in one.tunnels),
    ]
    known = {(host, tunnel.id) for host, tunnel in asked}
    for host, tunnel in asked:
        far = tunnel.there
        if far is not None and (far.host, tunnel.id) not in known:
            yield FAR_NOT_ASKED(tunnel=tunnel.id, here=host, peer=far.name)
    for one, other in _pairs(gateways):
        yield from _ipsec(one, other)
    yield from _wireguard(guards)


def _pairs(gateways: Mapping[str, Ipsec]) -> Iterator[tuple[_Side, _Side]]:
    sides: dict[str, list[_Side]] = {}
    for host, seen in sorted(gateways.items()):
        for tunnel in seen.tunnels:
            connection = seen.connection(tunnel)
            if connection is not None and tunnel.there is not None:
                side = _Side(host=host, seen=seen, tunnel=tunnel, connection=connection)
                sides.setdefault(tunnel.id, []).append(side)
    for found in sides.values():
        if len(found) == 2:
            yield found[0], found[1]


def _ipsec(one: _Side, other: _Side) -> Iterator[Finding]:
    id_, a, b = one.tunnel.id, one.connection, other.connection
    yield from _lost(one, other)
    yield from _lost(other, one)
    if not (one.serves and other.serves):
        yield from _networks(one, other)
    if not (one.is_up and other.is_up):
        yield from _identities(one, other)
        yield from _identities(other, one)
        if a.version and b.version and a.version != b.version:
            yield VERSIONS_DIFFER(
                tunnel=id_, here=one.host, ours=a.version, there=other.host, theirs=b.version
            )
    for what, ours, theirs in (("IKE", a.rekey, b.rekey), ("ESP", _rekey(a), _rekey(b))):
        if ours and theirs and max(ours, theirs) >= _FAR_APART * min(ours, theirs):
            yield LIFETIMES_DIFFER(
                tunnel=id_, here=one.host, what=what, ours=ours, there=other.host, theirs=theirs
            )
        elif ours and ours == theirs and _is_doubled(one) and what == "IKE":
            yield BOTH_START(tunnel=id_, what=what, seconds=ours)


def _lost(one: _Side, other: _Side) -> Iterator[Finding]:
    """Did what one end sent last arrive at the other? Both count the packets of one SPI, and know when the last one was."""
    came = {child.spis[1]: child for child in other.children if child.spis[1]}
    for child in one.children:
        far = came.get(child.spis[0])
        if far is None or child.idle_out is None or one.seen.looked is None or other.seen.looked is None:
            continue
        sent, got = (child.later or child.packets)[0], (far.later or far.packets)[1]
        last_sent = one.seen.looked.timestamp() - child.idle_out
        # Of a pair where nothing ever came, what came last is its beginning.
        last_got = other.seen.looked.timestamp() - (far.age if far.idle_in is None else far.idle_in)
        gap = int(last_sent - last_got)
        if sent - got >= _LOST and gap >= _GAP:
            yield LOST_BETWEEN(
                tunnel=one.tunnel.id, here=one.host, there=other.host, lost=sent - got, sent=sent, seconds=gap
            )


def _rekey(connection: Connection) -> int:
    return next((child.rekey for child in connection.children), 0)


def _is_doubled(side: _Side) -> bool:
    """Whether it holds several associations of one tunnel, as after both ends began at once."""
    associations = side.seen.associations_of(side.connection)
    return sum(1 for one in associations if one.state == "ESTABLISHED") > 1


def _networks(one: _Side, other: _Side) -> Iterator[Finding]:
    """Each end's own networks are the other's far ones."""
    (a_here, a_there), (b_here, b_there) = one.told, other.told
    for ours, theirs in ((a_here, b_there), (a_there, b_here)):
        if is_open(ours) or is_open(theirs) or same_networks(ours, theirs):
            continue
        yield NETWORKS_DIFFER(
            tunnel=one.tunnel.id, here=one.host, ours=shown(ours), there=other.host, theirs=shown(theirs)
        )


def _identities(one: _Side, other: _Side) -> Iterator[Finding]:
    """What an end calls itself is what the other waits for; where nothing is written, its address or its certificate is."""
    own, expected = one.connection.local_ids, other.connection.remote_ids
    if not own or not expected or not own[0] or not expected[0] or "*" in expected[0]:
        return
    if _same_identity(own[0], expected[0]):
        return
    yield IDENTITIES_DIFFER(
        tunnel=one.tunnel.id, here=one.host, own=own[0], there=other.host, expected=expected[0]
    )


def _same_identity(one: str, other: str) -> bool:
    return one.lower().lstrip("@") == other.lower().lstrip("@")


def _wireguard(guards: Mapping[str, Wireguard]) -> Iterator[Finding]:
    """Does each end know the other's key, and send to the port that it listens on?"""
    for host, seen in sorted(guards.items()):
        for tunnel in seen.tunnels:
            far = guards.get(tunnel.there.host) if tunnel.there else None
            mine = next((one for one in far.tunnels if one.id == tunnel.id), None) if far else None
            place = seen.place(tunnel)
            if far is None or mine is None or place is None or not far.has(mine):
                continue
            here, peer = place
            theirs = far.place(mine)
            keys = {one.key for interface in far.interfaces for one in interface.peers}
            if here.key and here.key not in keys:
                yield KEY_UNKNOWN(tunnel=tunnel.id, here=host, there=tunnel.peer, key=f"{here.key[:8]}…")
            if theirs is None or not peer.endpoint[0] or peer.handshake > seen.now - 180:
                continue
            address, port = peer.endpoint
            is_there = tunnel.there is not None and address in map(_canonical, tunnel.there.addresses)
            if is_there and theirs[0].port and port != theirs[0].port:
                yield PORT_DIFFERS(
                    tunnel=tunnel.id, here=host, there=tunnel.peer, port=port, listens=theirs[0].port
                )


def _canonical(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        return address
