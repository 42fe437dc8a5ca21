"""What does an IPsec gateway have, and what is it told to have? One model for every product that is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from collectors import TunnelFacts
from collectors.vpn.attempts import Attempt, Log

__all__ = ["Association", "Certificate", "Child", "Connection", "Ipsec", "Planned", "Pool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a connection is told to carry. local, remote: networks, 'dynamic' for an address that is given later.

    rekey: seconds until keys are renewed, 0 for never or not told.
    """

    name: str
    local: tuple[str, ...]
    remote: tuple[str, ...]
    rekey: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """As configured. version: 1 or 2, 0 for either. local_ids, remote_ids: '' is any. remote: addresses or names, '%any'.

    rekey, reauth: seconds, 0 for never. dpd: seconds between looks whether the far end lives, 0 for off, None where untold.
    """

    name: str
    version: int = 0
    local: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()
    local_ids: tuple[str, ...] = ()
    remote_ids: tuple[str, ...] = ()
    rekey: int = 0
    reauth: int = 0
    dpd: int | None = None
    children: tuple[Planned, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """What carries packets. is_up: installed. packets: out and in; later: the same seconds later, None where not looked.

    idle_in, idle_out: seconds since the last packet came or went, None where untold or there was none. spis: what its packets
    bear, out and in. age: seconds. life: until it ends, 0: untold.
    in_udp: ESP goes in UDP.
    """

    name: str
    local: tuple[str, ...]
    remote: tuple[str, ...]
    is_up: bool
    packets: tuple[int, int] = (0, 0)
    later: tuple[int, int] | None = None
    idle_in: int | None = None
    idle_out: int | None = None
    spis: tuple[str, str] = ("", "")
    age: int = 0
    life: int = 0
    in_udp: bool = False
    algorithms: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """What two gateways know each other by (IKE SA). state: in the product's word; age: seconds. starts: this end began it."""

    connection: str
    version: int
    state: str
    peer: str
    local_id: str = ""
    remote_id: str = ""
    starts: bool = False
    behind_nat: bool = False
    age: int = 0
    algorithms: str = ""
    children: tuple[Child, ...] = ()

    @property
    def is_up(self) -> bool:
        return self.state in {"ESTABLISHED", "REKEYING", "REKEYED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate or a revocation list that the service holds. whose: 'own', 'authority', 'peer' or 'list'."""

    subject: str
    whose: str
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Addresses for people who dial in. used: given to somebody who is connected."""

    name: str
    size: int
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ipsec:
    """A gateway. product: '' where none is installed; runs: the service answers. host: the gateway's id.

    seconds: between two looks, 0 where there was one; looked: the agent's clock at the last. log: None where the account may not read it. waiting: connections
    that are set up by the first packet. tunnels: of the contract. now: the agent's clock.
    """

    host: str
    now: datetime
    product: str = ""
    runs: bool = True
    seconds: int = 0
    looked: datetime | None = None
    connections: tuple[Connection, ...] = ()
    associations: tuple[Association, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    pools: tuple[Pool, ...] = ()
    waiting: tuple[str, ...] = ()
    log: Log | None = None
    tunnels: tuple[TunnelFacts, ...] = ()

    def connection(self, tunnel: TunnelFacts) -> Connection | None:
        """The connection of a tunnel: by the name that the contract gives, else by the far end's address."""
        wanted = tunnel.here.connection
        named = [
            one
            for one in self.connections
            if one.name == wanted or any(child.name == wanted for child in one.children)
        ]
        if named or wanted or tunnel.there is None:
            return named[0] if named else None
        known = {_canonical(address) for address in tunnel.there.addresses}
        near = [one for one in self.connections if known & {_canonical(address) for address in one.remote}]
        return near[0] if len(near) == 1 else None

    def associations_of(self, connection: Connection) -> tuple[Association, ...]:
        return tuple(one for one in self.associations if one.connection == connection.name)

    def last_attempt(self, tunnel: TunnelFacts, connection: Connection) -> Attempt | None:
        """The newest attempt at a tunnel that says what became of it, by its name or by the far end's address."""
        peers = {
            _canonical(address)
            for address in (*connection.remote, *(tunnel.there.addresses if tunnel.there else ()))
        }
        told = (
            one
            for one in (self.log.attempts if self.log else ())
            if (one.connection == connection.name or (not one.connection and _canonical(one.peer) in peers))
            and (one.is_up or one.failures)
        )
        return max(told, key=lambda one: one.at, default=None)


def _canonical(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        return address
