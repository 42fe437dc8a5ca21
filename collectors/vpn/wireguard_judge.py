"""Is each WireGuard tunnel alive? Its times are those of the protocol: keys are renewed after 120 s and end after 180 s.

It has no state but its last handshake. Who sends nothing needs none: that is idle, and not down.
"""

from __future__ import annotations

from collections.abc import Iterator

from collectors import Finding, TunnelFacts
from collectors.vpn.networks import missing, network_of, shown
from collectors.vpn.tags import (
    CONNECTION_MISSING,
    DOWN,
    NETWORK_NOT_CARRIED,
    NETWORKS_OVERLAP,
    ONE_WAY,
    SERVICE_DOWN,
    UNPLANNED,
)
from collectors.vpn.wireguard_model import Interface, Peer, Wireguard
from collectors.vpn.wireguard_tags import (
    ALLOWED_LOST,
    ENDPOINT_STALE,
    HANDSHAKE_NEVER,
    HANDSHAKE_OLD,
    KEEPALIVE_OFF,
)

__all__ = ["judge"]

# Reject-After-Time; a host that still renews has a little longer.
_ENDS = 180
_LATE = 15
# A peer that gets data answers within 10 s, if only with an empty packet; three packets of the least size.
_ANSWERS = 10
_SOME = 96


def judge(seen: Wireguard) -> Iterator[Finding]:
    known = set[str]()
    for tunnel in seen.tunnels:
        if not seen.has(tunnel):
            wanted = tunnel.here.connection
            yield SERVICE_DOWN(service=f"WireGuard ({wanted})" if wanted else "WireGuard", tunnel=tunnel.id)
            continue
        if tunnel.there is None:
            known.update(
                peer.key
                for one in seen.interfaces
                if tunnel.here.connection in {one.name, ""}
                for peer in one.peers
            )
            continue
        place = seen.place(tunnel)
        if place is None:
            yield CONNECTION_MISSING(connection=tunnel.here.connection or "-", tunnel=tunnel.id)
            continue
        interface, peer = place
        known.add(peer.key)
        yield from _networks(seen, tunnel, interface, peer)
        yield from _alive(seen, tunnel, peer)
    for one in seen.interfaces:
        for peer in one.peers:
            if peer.key not in known:
                yield UNPLANNED(connection=f"{one.name} {peer.key[:8]}…", peer=peer.endpoint[0] or "-")


def _alive(seen: Wireguard, tunnel: TunnelFacts, peer: Peer) -> Iterator[Finding]:
    age = seen.now - peer.handshake
    sends = peer.sent[1] - peer.sent[0]
    got = peer.got[1] - peer.got[0]
    if not peer.handshake:
        if peer.sent[1]:
            yield from _stale(tunnel, peer)
            yield HANDSHAKE_NEVER(tunnel=tunnel.id, peer=tunnel.peer)
            yield DOWN(tunnel=tunnel.id, peer=tunnel.peer, why="no handshake")
        elif not peer.endpoint[0]:
            yield KEEPALIVE_OFF(tunnel=tunnel.id, peer=tunnel.peer)
            if tunnel.always:
                yield DOWN(tunnel=tunnel.id, peer=tunnel.peer, why="no handshake, no endpoint")
    elif age > _ENDS + _LATE:
        # One that is told to keep the line open should have renewed it.
        if sends or peer.keepalive:
            yield from _stale(tunnel, peer)
            yield HANDSHAKE_OLD(tunnel=tunnel.id, peer=tunnel.peer, minutes=age // 60)
            yield DOWN(tunnel=tunnel.id, peer=tunnel.peer, why=f"handshake {age} s ago")
    elif seen.seconds > _ANSWERS and sends >= _SOME and not got:
        # Counted in bytes; the least packet has 32.
        yield ONE_WAY(tunnel=tunnel.id, peer=tunnel.peer, sent=sends // 32, got=0, seconds=seen.seconds)


def _stale(tunnel: TunnelFacts, peer: Peer) -> Iterator[Finding]:
    """Does it send to where the far end is not, or not any more?"""
    address, port = peer.endpoint
    now = peer.now or (tunnel.there.addresses if tunnel.there else ())
    if address and now and address not in now:
        yield ENDPOINT_STALE(
            tunnel=tunnel.id,
            peer=peer.named or tunnel.peer,
            endpoint=f"{address} port {port}",
            now=", ".join(now),
        )


def _networks(seen: Wireguard, tunnel: TunnelFacts, here: Interface, peer: Peer) -> Iterator[Finding]:
    """Does it let through what the contract says lies behind the far end, and does nobody else take a part of it?"""
    if not peer.networks:
        yield ALLOWED_LOST(tunnel=tunnel.id, peer=tunnel.peer)
        return
    wanted = tunnel.there.networks if tunnel.there else ()
    if lacking := missing(wanted, peer.networks):
        yield NETWORK_NOT_CARRIED(tunnel=tunnel.id, networks=shown(lacking))
    for one in seen.interfaces:
        for other in one.peers:
            if other.key == peer.key and one.name == here.name:
                continue
            taken = [text for text in other.networks if _is_within(text, wanted)]
            if taken:
                yield NETWORKS_OVERLAP(
                    tunnel=tunnel.id, network=shown(taken), other=f"{one.name} {other.key[:8]}…"
                )


def _is_within(text: str, wanted: tuple[str, ...]) -> bool:
    network = network_of(text)
    return network is not None and network.prefixlen > 0 and not missing((text,), wanted)
