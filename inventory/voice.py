"""Whom does a telephone server know? The phones that shall be registered there, and from where. Nothing is permitted by it."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from inventory.clause import Part
from inventory.fields import DnsName, WrongError

__all__ = ["Phone", "Registrar"]


def _network(value: object) -> IPv4Network | IPv6Network:
    """Raises WrongError."""
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    try:
        if isinstance(value, str):
            return ip_network(value)
    except ValueError:
        pass
    raise WrongError(f"{value!r} is no network", "write it with its length, in quotes, like '10.1.2.0/24'")


Network = Annotated[
    IPv4Network | IPv6Network,
    BeforeValidator(_network),
    WithJsonSchema(
        {"type": "string", "pattern": "^[0-9a-fA-F.:]+(/[0-9]{1,3})?$", "examples": ["10.1.2.0/24"]}
    ),
]


class Phone(Part):
    """One number that shall be registered."""

    number: Annotated[str, Field(pattern=r"^[A-Za-z0-9+*#._-]{1,64}$")] = Field(
        description="the number or account that the phone registers, without the domain"
    )
    networks: tuple[Network, ...] = Field(
        default=(), description="where it may register from; none: from anywhere"
    )


class Registrar(Part):
    """What a telephone server (PBX, SIP registrar) is for: its domain, and the phones that shall be registered there."""

    domain: DnsName | None = Field(
        default=None, description="the domain that the phones register with; none: any will do"
    )
    phones: tuple[Phone, ...] = Field(
        default=(), description="the phones that shall be registered at any time"
    )
