"""Which tunnels of the contract end at a host?"""

from __future__ import annotations

from collectors.tunnel_facts import Behind, TunnelFacts, TunnelSide, TunnelUsers
from inventory.contract import Contract, Tunnel, TunnelEnd

__all__ = ["behind", "tunnels_of"]


def tunnels_of(contract: Contract, target: str) -> tuple[TunnelFacts, ...]:
    """Give the tunnels of one host, each seen from there."""
    return tuple(
        _seen(contract, tunnel, number)
        for tunnel in contract.tunnels
        for number, end in enumerate(tunnel.ends)
        if end.host == target
    )


def behind(contract: Contract, target: str) -> tuple[Behind, ...]:
    """Give the ends behind which a host's addresses lie; its own ends are not meant."""
    return tuple(
        Behind(address=str(address), tunnel=tunnel.id, kind=tunnel.kind, at=end.host or end.peer or "")
        for address in contract.targets[target].addresses
        for tunnel in contract.tunnels
        for end in tunnel.ends
        if end.host != target and any(address in network for network in end.networks)
    )


def _seen(contract: Contract, tunnel: Tunnel, number: int) -> TunnelFacts:
    others = [end for at, end in enumerate(tunnel.ends) if at != number]
    users = tunnel.users
    return TunnelFacts(
        id=tunnel.id,
        kind=tunnel.kind,
        here=_side(contract, tunnel.ends[number]),
        there=_side(contract, others[0]) if others else None,
        always=tunnel.expected == "up",
        users=TunnelUsers(pools=tuple(map(str, users.pools)), at_most=users.at_most or 0) if users else None,
    )


def _side(contract: Contract, end: TunnelEnd) -> TunnelSide:
    item = contract.targets.get(end.host or "")
    return TunnelSide(
        host=end.host or "",
        name=end.host or end.peer or "",
        addresses=tuple(map(str, end.addresses or (item.addresses if item else ()))),
        connection=end.connection or "",
        networks=tuple(map(str, end.networks)),
    )
