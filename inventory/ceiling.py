"""What may ever be reached from here, whatever a contract says? The customer's own bound at one agent.

A TOML file that the customer's IT keeps beside the agent. It can only take away: `decide` allows what the contract
and the ceiling both allow. A ceiling that is missing, empty or not wholly right allows nothing.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError

from inventory.clause import Part
from inventory.contract import Host, Outside
from inventory.fields import Id, Port, WrongError

__all__ = ["Ceiling", "CeilingError", "read_ceiling"]

_LARGEST = 1_000_000


class CeilingError(Exception):
    """The text is no ceiling; the message names every mistake."""


def _network(value: object) -> IPv4Network | IPv6Network:
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


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


class Ceiling(Part):
    """The bound. What is not written is not allowed."""

    customers: tuple[Id, ...] = Field(min_length=1, description="whose contracts count here, by id")
    networks: tuple[Network, ...] = Field(min_length=1, description="where hosts may have their addresses")
    never: tuple[Network, ...] = Field(default=(), description="what of these is out of reach all the same")
    ports: tuple[Port, ...] = Field(min_length=1, description="ports that may be spoken to, TCP and UDP")
    areas: tuple[Id, ...] = Field(default=(), description="areas that may be diagnosed")
    playbooks: tuple[Id, ...] = Field(default=(), description="playbooks that may be run")

    def beyond(self, customer: str, target: Host | Outside) -> str:
        """What of a target lies above the ceiling, '' for nothing: one address too many is too many."""
        if customer not in self.customers:
            return f"customer {customer}"
        for address in target.addresses:
            number = int(address)
            if not self._within[address.version].holds(number) or self._without[address.version].holds(
                number
            ):
                return f"address {address}"
        for reach in (target.ssh, target.dns) if isinstance(target, Host) else (target.dns,):
            if reach is not None and reach.port not in self._ports:
                return f"port {reach.port}"
        return ""

    @cached_property
    def _ports(self) -> frozenset[int]:
        return frozenset(self.ports)

    @cached_property
    def _within(self) -> dict[int, _Spans]:
        return {version: _Spans(self.networks, version) for version in (4, 6)}

    @cached_property
    def _without(self) -> dict[int, _Spans]:
        return {version: _Spans(self.never, version) for version in (4, 6)}


class _Spans:
    """Networks of one version as disjoint spans, so that a look-up does not grow with their number."""

    def __init__(self, networks: tuple[IPv4Network | IPv6Network, ...], version: int) -> None:
        joined: list[IPv4Network] | list[IPv6Network]
        if version == 4:
            joined = list(collapse_addresses([one for one in networks if isinstance(one, IPv4Network)]))
        else:
            joined = list(collapse_addresses([one for one in networks if isinstance(one, IPv6Network)]))
        self._first = [int(one.network_address) for one in joined]
        self._last = [int(one.broadcast_address) for one in joined]

    def holds(self, number: int) -> bool:
        place = bisect_right(self._first, number)
        return place > 0 and number <= self._last[place - 1]


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
