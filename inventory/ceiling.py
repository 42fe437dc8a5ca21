"""What may ever be reached from here, whatever a contract says? The customer's own bound at one agent.

A TOML file that the customer's IT keeps beside the agent. It can only take away: `decide` allows what the contract
and the ceiling both allow, at the addresses and ports that both name. A ceiling that is missing, empty or not wholly right allows nothing.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_network
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError

from inventory.clause import Part
from inventory.contract import Host, Outside
from inventory.fields import Id, Port, WrongError
from inventory.sip_reach import LAST, MEDIA, PortSpan
from inventory.spans import Spans, without

__all__ = ["Ceiling", "CeilingError", "Network", "Reach", "read_ceiling", "read_network", "ways"]

_LARGEST = 1_000_000


class CeilingError(Exception):
    """The text is no ceiling; the message names every mistake."""


def read_network(value: object) -> IPv4Network | IPv6Network:
    """A network with its host bits zero, or one address. Raises WrongError."""
    kind = IPv6Network if isinstance(value, str) and ":" in value else IPv4Network
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    try:
        if isinstance(value, str) and "%" not in value:
            return kind(value)
    except ValueError:
        pass
    raise WrongError(
        f"{value!r} is no network", "write it like '10.20.0.0/16' or 'fd20::/64', host bits zero"
    )


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(read_network)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where a target may be reached: its addresses, and the port of each way in ('ssh', 'dns', 'ldap', …)."""

    addresses: tuple[IPv4Address | IPv6Address, ...]
    ports: dict[str, int]


def ways(target: Host | Outside) -> dict[str, int]:
    """The ways in that a contract names for a target, with their ports."""
    host = target if isinstance(target, Host) else None
    named = {
        "ssh": host.ssh if host else None,
        "dns": target.dns,
        "winrm": host.winrm if host else None,
        "snmp": host.snmp if host else None,
        "path": host.path if host else None,
    }
    directory, sip = (host.directory if host else None), target.sip
    return {
        **{way: reach.port for way, reach in named.items() if reach is not None},
        **(directory.ways if directory else {}),
        **(host.vpn.ways if host and host.vpn else {}),
        **(sip.ways if sip else {}),
    }


class Ceiling(Part):
    """The bound. What is not written is not allowed."""

    customers: tuple[Id, ...] = Field(min_length=1, description="whose contracts count here, by id")
    networks: tuple[Network, ...] = Field(min_length=1, description="where hosts may have their addresses")
    never: tuple[Network, ...] = Field(default=(), description="what of these is out of reach all the same")
    outside: tuple[Network, ...] = Field(
        default=(), description="where servers outside may be that are looked up by name; none: nowhere"
    )
    ports: tuple[Port, ...] = Field(min_length=1, description="ports that may be spoken to, TCP and UDP")
    media: tuple[PortSpan, ...] = Field(
        default=(), description="spans of UDP ports that the sound of a test call may go to; none: nowhere"
    )
    areas: tuple[Id, ...] = Field(default=(), description="areas that may be diagnosed")
    playbooks: tuple[Id, ...] = Field(default=(), description="playbooks that may be run")

    def reach(self, target: Host | Outside) -> Reach:
        """What of a target's addresses and ways in lies below the ceiling."""
        named = isinstance(target, Outside) and target.resolved_by
        holds = self.holds_outside if named else self._holds
        return Reach(
            addresses=tuple(address for address in target.addresses if holds(address)),
            ports=self._below(ways(target)),
        )

    def beyond(self, customer: str, target: Host | Outside) -> str:
        """What keeps a target above the ceiling, '' when some address and way in of it lies below."""
        if customer not in self.customers:
            return f"customer {customer}"
        if isinstance(target, Outside) and target.resolved_by and not self.outside:
            return f"name {target.name}"
        reach = self.reach(target)
        if target.addresses and not reach.addresses:
            return f"address {target.addresses[0]}"
        named = ways(target)
        return f"port {next(iter(named.values()))}" if named and not reach.ports else ""

    def is_inside(self, address: IPv4Address | IPv6Address) -> bool:
        """Say whether an address is the customer's own, or one that is out of reach."""
        number, version = int(address), address.version
        return self._within[version].holds(number) or self._without[version].holds(number)

    def holds_outside(self, address: IPv4Address | IPv6Address) -> bool:
        """Say whether a server that is looked up by name may have this address.

        A wide network, such as 0.0.0.0/0, never means what lies nearby: that must be named for itself.
        """
        number, version = int(address), address.version
        if self.is_inside(address) or not self._outside[version].holds(number):
            return False
        near = next((one for one in _NEARBY if address in one), None)
        return near is None or any(
            address in one and one.version == near.version and _lies_in(one, near) for one in self.outside
        )

    def all_within(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Every address that may ever be reached, exactly, in as few networks as can be: by address or by name."""
        own = (*self.networks, *self.never)
        near = tuple(one for one in self.outside if any(_lies_in(one, other) for other in _NEARBY))
        wide = tuple(one for one in self.outside if one not in near)
        kept = ((self.networks, self.never), (near, own), (wide, (*own, *_NEARBY)))
        pieces = [piece for some, cut in kept for piece in without(some, cut)]
        v4 = collapse_addresses(one for one in pieces if isinstance(one, IPv4Network))
        v6 = collapse_addresses(one for one in pieces if isinstance(one, IPv6Network))
        return (*v4, *v6)

    def _holds(self, address: IPv4Address | IPv6Address) -> bool:
        number, version = int(address), address.version
        return self._within[version].holds(number) and not self._without[version].holds(number)

    def _below(self, named: dict[str, int]) -> dict[str, int]:
        """The ways in that are not taken away. The sound's are many ports, and go together or not at all."""
        first, last = named.get(MEDIA, 0), named.get(LAST, 0)
        is_heard = any(low <= first <= last <= high for low, high in self.media)
        return {
            way: port
            for way, port in named.items()
            if (is_heard if way in {MEDIA, LAST} else port in self._ports)
        }

    @cached_property
    def _ports(self) -> frozenset[int]:
        return frozenset(self.ports)

    @cached_property
    def _within(self) -> dict[int, Spans]:
        return {version: Spans(self.networks, version) for version in (4, 6)}

    @cached_property
    def _without(self) -> dict[int, Spans]:
        return {version: Spans(self.never, version) for version in (4, 6)}

    @cached_property
    def _outside(self) -> dict[int, Spans]:
        return {version: Spans(self.outside, version) for version in (4, 6)}


# Private, shared and loopback addresses, and those that carry another address within (RFC 6890, 6052, 3056, 4380).
_NEARBY = tuple(
    map(
        ip_network,
        (
            *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "240.0.0.0/4"),
            *("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fc00::/7", "fec0::/10"),
        ),
    )
)


def _lies_in(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    return one.network_address in other and one.broadcast_address in other


def read_ceiling(raw: bytes) -> Ceiling:
    r"""Read a ceiling, wholly. Raises CeilingError.

    >>> text = b'customers = ["musterbau"]\nnetworks = ["10.20.0.0/16"]\nports = [22, 53]\nareas = ["linux"]'
    >>> read_ceiling(text).areas
    ('linux',)
    """
    if len(raw) > _LARGEST:
        raise CeilingError("the file is longer than 1 MB")
    try:
        data = tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise CeilingError("this is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise CeilingError(f"this is not TOML: {error}") from None
    if not data:
        raise CeilingError("the file is empty: it allows nothing")
    try:
        return Ceiling.model_validate(data)
    except ValidationError as error:
        raise CeilingError("; ".join(_said(error))) from None


def _said(error: ValidationError) -> list[str]:
    said = []
    for detail in error.errors(include_url=False):
        place = ".".join(str(step) for step in detail["loc"])
        wrong = detail.get("ctx", {}).get("error")
        match detail["type"]:
            case "missing":
                what = "is missing"
            case "extra_forbidden":
                what = f"is unknown here; possible are: {', '.join(Ceiling.model_fields)}"
            case _:
                what = str(wrong) if isinstance(wrong, WrongError) else detail["msg"]
        said.append(f"{place}: {what}")
    return said
