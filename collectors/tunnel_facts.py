"""What does the contract say of a tunnel that ends at the host that is asked?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Behind", "TunnelFacts", "TunnelSide", "TunnelUsers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelSide:
    """One end. host: its id in the contract, '' for somebody else's device; name: as people call it.

    addresses: from where the other end sees it. connection: what the tunnel is called there, '' where nobody wrote it.
    networks: what lies behind it, as 'address/length'.
    """

    host: str
    name: str
    addresses: tuple[str, ...] = ()
    connection: str = ""
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelUsers:
    """That people dial in. pools: networks of their addresses; at_most: how many at once, 0 where nobody wrote it."""

    pools: tuple[str, ...]
    at_most: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """That an address of a host lies behind one end of a tunnel. at: whose end, as people call it."""

    address: str
    tunnel: str
    kind: Literal["ipsec", "openvpn", "wireguard"]
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelFacts:
    """A tunnel. here: the end at the host that is asked; there: the other one, None where people dial in.

    always: it shall be up all the time, and not only while somebody needs it.
    """

    id: str
    kind: Literal["ipsec", "openvpn", "wireguard"]
    here: TunnelSide
    there: TunnelSide | None = None
    always: bool = True
    users: TunnelUsers | None = None

    @property
    def peer(self) -> str:
        """Who is at the other end, as people call it."""
        return self.there.name if self.there else "users"
