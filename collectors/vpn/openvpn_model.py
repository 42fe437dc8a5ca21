"""What does a host show of its OpenVPN? Its services, with what each says, and what the contract expects of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from collectors import TunnelFacts
from collectors.vpn.openvpn_log import Said
from collectors.vpn.openvpn_text import Client, State, Status

__all__ = ["Openvpn", "Service"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One instance that runs. device: its tunnel device; pool: '' where nobody gets an address.

    state, status: None where it does not show them. later: the counts of UDP, some seconds after those of `status`.
    is_server: several clients connect to it. most: so many may, 0 for as many as the pool has.
    """

    name: str
    device: str
    is_server: bool
    pool: str = ""
    most: int = 0
    remote: tuple[str, ...] = ()
    state: State | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Openvpn:
    """log: by service, None where it may not be read. now: the host's clock, in seconds since 1970, 0 where unknown."""

    host: str
    asked: datetime
    now: int = 0
    services: tuple[Service, ...] = ()
    log: tuple[tuple[str, tuple[Said, ...]], ...] | None = None
    tunnels: tuple[TunnelFacts, ...] = ()

    def service(self, tunnel: TunnelFacts) -> Service | None:
        """The service of a tunnel: by the contract's name for it, its device, or because there is no other."""
        wanted = tunnel.here.connection
        found = [one for one in self.services if wanted in {one.name, one.device}]
        if wanted:
            return found[0] if found else None
        return self.services[0] if len(self.services) == 1 else None

    def said(self, name: str) -> tuple[Said, ...]:
        """What a service of that name wrote into its log, oldest first."""
        return next((lines for one, lines in self.log or () if one == name), ())

    def client(self, tunnel: TunnelFacts, service: Service) -> Client | None:
        """The far end of a tunnel among a server's clients: by its networks, its name, or its address."""
        far = tunnel.there
        if far is None or service.status is None:
            return None
        names = {name for name in (far.connection, far.host, far.name) if name}
        for client in service.status.clients:
            if client.is_in and (
                set(far.networks) & set(client.networks)
                or client.name in names
                or client.name.partition(".")[0] in names
                or client.real in far.addresses
            ):
                return client
        return None
