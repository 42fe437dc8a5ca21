"""What does a host show of its WireGuard? Interfaces and peers, without any private or shared key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from collectors import TunnelFacts
from collectors.vpn.networks import missing

__all__ = ["Interface", "Peer", "Wireguard"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """key: its public one. endpoint: address and port, ('', 0) where none is known. handshake: seconds since 1970, 0 for never.

    got, sent: bytes, at both looks. keepalive: seconds, 0 for off. named: the endpoint as the configuration has it, where
    that is a name; now: what the host's resolver gives for it today.
    """

    key: str
    endpoint: tuple[str, int] = ("", 0)
    networks: tuple[str, ...] = ()
    handshake: int = 0
    got: tuple[int, int] = (0, 0)
    sent: tuple[int, int] = (0, 0)
    keepalive: int = 0
    named: str = ""
    now: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """key: its own public one."""

    name: str
    key: str
    port: int
    peers: tuple[Peer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wireguard:
    """is_installed: the tool is there. now: the host's clock at the second look, seconds since 1970. seconds: between both."""

    host: str
    asked: datetime
    is_installed: bool = True
    now: int = 0
    seconds: int = 0
    interfaces: tuple[Interface, ...] = ()
    tunnels: tuple[TunnelFacts, ...] = ()

    def has(self, tunnel: TunnelFacts) -> bool:
        """Say whether an interface is there that the contract names, or any where it names none."""
        wanted = tunnel.here.connection
        is_interface = bool(wanted) and len(wanted) <= 15
        return any(not is_interface or one.name == wanted for one in self.interfaces)

    def place(self, tunnel: TunnelFacts) -> tuple[Interface, Peer] | None:
        """The peer of a tunnel: by its key, on the interface that is named, by its networks, or by its address."""
        wanted, far = tunnel.here.connection, tunnel.there
        peers = [(one, peer) for one in self.interfaces for peer in one.peers]
        by_key = [(one, peer) for one, peer in peers if peer.key == wanted]
        if by_key:
            return by_key[0]
        near = [(one, peer) for one, peer in peers if not wanted or one.name == wanted]
        if len(near) == 1:
            return near[0]
        # Where it sends to is told before what it lets through: that may have been given to another peer since.
        for one, peer in near:
            if far is not None and peer.endpoint[0] in far.addresses:
                return one, peer
        for one, peer in near:
            if far is not None and far.networks and not missing(far.networks, peer.networks):
                return one, peer
        return None
