"""What did the customer buy that runs through the Internet? Tunnels between places, and the way in for people at home.

Nothing is permitted by it: a far end is asked only when it is a host that a clause covers.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from inventory.clause import Part
from inventory.fields import Address, Id, Line, WrongError

__all__ = ["Tunnel", "TunnelEnd", "Users"]


def _network(value: object) -> IPv4Network | IPv6Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    try:
        if isinstance(value, str) and "/" in value:
            return ip_network(value)
    except ValueError:
        pass
    raise WrongError(
        f"{value!r} is no network", "write it like '10.20.0.0/16' or 'fd20::/64', host bits zero"
    )


_Network = Annotated[
    IPv4Network | IPv6Network,
    BeforeValidator(_network),
    WithJsonSchema({"type": "string", "examples": ["10.20.0.0/16", "fd20::/64"]}),
]


class TunnelEnd(Part):
    """One end of a tunnel: a host of this contract, or somebody else's device that nobody asks."""

    host: Id | None = Field(
        default=None, description="the host, or the server outside, where the tunnel ends"
    )
    peer: Line | None = Field(
        default=None, description="instead of a host: whose device it is; it is never asked"
    )
    addresses: tuple[Address, ...] = Field(
        default=(), description="from where the other end sees it, where that is not the host's own address"
    )
    connection: Line | None = Field(
        default=None,
        description="what the tunnel is called there: the connection in swanctl.conf or ipsec.conf, the file of OpenVPN "
        "without '.conf', the public key of the peer, or the interface, of WireGuard",
    )
    networks: tuple[_Network, ...] = Field(default=(), description="the networks that lie behind this end")

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if (self.host is None) == (self.peer is None):
            raise WrongError(
                "an end of a tunnel is a host or a peer",
                "write 'host' with its id, or 'peer' and whose device it is",
            )
        return self


class Users(Part):
    """That people dial in, and from which addresses they then come."""

    pools: tuple[_Network, ...] = Field(min_length=1, description="the networks that they get addresses from")
    at_most: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = Field(
        default=None, description="how many may be connected at once, by what was bought"
    )


class Tunnel(Part):
    """A tunnel between two ends, or the end at which people dial in."""

    id: Id = Field(description="short name of the tunnel")
    kind: Literal["ipsec", "openvpn", "wireguard"] = Field(description="what it is made of")
    ends: tuple[TunnelEnd, ...] = Field(
        min_length=1, max_length=2, description="its two ends; with 'users' the one where they dial in"
    )
    expected: Literal["up", "on-demand"] = Field(
        default="up", description="whether it shall always be up, or only while somebody needs it"
    )
    users: Users | None = Field(default=None, description="that people dial in, instead of a second end")

    @model_validator(mode="after")
    def _has_its_ends(self) -> Self:
        wanted = 1 if self.users else 2
        if len(self.ends) != wanted:
            raise WrongError(
                f"a tunnel {'of users has one end' if self.users else 'has two ends'}, and here are {len(self.ends)}",
                "write the end where they dial in"
                if self.users
                else "write both; or 'users', where people dial in",
                at="ends",
            )
        if all(end.host is None for end in self.ends):
            raise WrongError(
                "none of its ends is a host of this contract", "write 'host' at one end", at="ends"
            )
        return self

    @model_validator(mode="after")
    def _is_divided(self) -> Self:
        sides = [end.networks for end in self.ends]
        if self.users:
            sides.append(self.users.pools)
        for one in sides[0]:
            for other in sides[1]:
                if one.version == other.version and one.overlaps(other):
                    raise WrongError(
                        f"{one} and {other} overlap, and lie on different sides of the tunnel",
                        "write what lies behind each end; where both have the same network, write the translated one",
                        at="ends",
                    )
        return self
