"""Who gave leave for this, for which hosts, until when? The sealed leave that a session demands.

A grant is a token (`inventory.token`) of the type `grant+jws`. The controller seals it; the agent, and again what
stands around the worker, verify it. Only `verify` makes a `Leave`, and no session opens without one. Every claim
is there and of its own type; there is one version and no negotiation.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from inventory.fields import Port, unicast
from inventory.sip_reach import LAST, MEDIA
from inventory.token import Pin, TokenError, open_token, seal_token

__all__ = ["Door", "Grant", "GrantRefusedError", "Leave", "NotGranted", "Target", "seal", "verify"]

_TYPE = "grant+jws"
_VERSION = 1
_LEEWAY = 30
# The defaults of these are for who makes a grant; what is sealed says them itself.
_SAYS_ITSELF = frozenset({"version", "plan", "undo", "requested_by", "edited_by"})
_LONGEST = 24 * 3600


class NotGranted(StrEnum):
    """Why a grant gives no leave: public and stable."""

    NO_GRANT = "grant-unsigned"
    NO_CONTENT = "grant-unreadable"
    VERSION = "grant-of-another-version"
    OTHER_AGENT = "grant-for-another-agent"
    TOO_LONG = "grant-too-long"
    NOT_YET = "grant-not-yet-valid"
    EXPIRED = "grant-expired"
    NOT_NAMED = "not-in-grant"


class GrantRefusedError(Exception):
    """The grant does not hold: nothing may be opened under it."""

    def __init__(self, reason: NotGranted, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def _one_address(text: str) -> str:
    return str(unicast(text))


class Target(BaseModel):
    """One host of a grant: its pinned addresses and the port of each way in (`ssh`, `dns`).

    The sound of a test call takes every port from that of `rtp` to that of `rtp-last`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    addresses: tuple[Annotated[str, AfterValidator(_one_address)], ...] = Field(min_length=1)
    ports: dict[str, Port]


class Grant(BaseModel):
    """What is sealed: one run, one agent, a closed set of hosts, the deeds, minutes."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    version: int = _VERSION
    id: str = Field(min_length=16, description="spent once")
    run: str
    ticket: str
    customer: str
    agent: str
    contract: str = Field(description="SHA-256 of the contract's text")
    revision: int
    deeds: tuple[str, ...] = Field(
        description="collectors that may be asked, playbooks that may be planned; with a plan its playbook alone",
        min_length=1,
    )
    plan: str = Field(
        default="",
        pattern=r"^(?:[0-9a-f]{64})?$",
        description="digest of the plan that may be carried out; '': none",
    )
    undo: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="that the plan is to be taken back where it was carried out"
    )
    requested_by: str = Field(default="", description="who asks for the change: nobody approves their own")
    edited_by: tuple[str, ...] = Field(default=(), description="who changed the plan: nor do they approve it")
    targets: dict[str, Target] = Field(min_length=1)
    shares: dict[str, int] = Field(
        default={}, description="clause -> how many of its hosts this grant may have open at once"
    )
    not_before: int
    expires: int


@dataclass(frozen=True, slots=True)
class Door:
    """One address and port that may be reached."""

    address: IPv4Address | IPv6Address
    port: int


@dataclass(frozen=True, slots=True)
class Leave:
    """A verified grant: the value that one must hold to open a session."""

    grant: Grant

    def doors(self, host: str, way: str) -> tuple[Door, ...]:
        """The doors of one host for one way in; empty when the grant does not name it."""
        target = self.grant.targets.get(host)
        if target is None or way not in target.ports:
            return ()
        first = target.ports[way]
        last = target.ports.get(LAST, first) if way == MEDIA else first
        return tuple(Door(ip_address(a), port) for a in target.addresses for port in range(first, last + 1))

    def doors_of(self, hosts: Collection[str]) -> frozenset[Door]:
        """Every address and port that anything may be sent to while only these hosts are asked."""
        return frozenset(
            door
            for host, target in self.grant.targets.items()
            if host in hosts
            for way in target.ports
            for door in self.doors(host, way)
        )

    def names(self, host: str) -> bool:
        return host in self.grant.targets

    def permits(self, host: str, deed: str) -> bool:
        return host in self.grant.targets and deed in self.grant.deeds


def seal(grant: Grant, key: Mapping[str, Any]) -> str:
    """Sign a grant with the controller's private JWK. Raises ValueError when it names too many hosts."""
    try:
        return seal_token(grant.model_dump_json().encode(), key, _TYPE)
    except ValueError as error:
        raise ValueError(f"the grant cannot be sealed: {error}: cut the run into several") from None


def verify(token: str, pins: tuple[Pin, ...], *, agent: str, now: float | None = None) -> Leave:
    """Check signature, type, agent and time; give the leave or raise `GrantRefusedError`.

    pins: the controller's public keys; two while a key is being changed.
    now: seconds since the epoch; the clock's when not given.
    """
    moment = time.time() if now is None else now
    try:
        payload, _ = open_token(token, pins, _TYPE)
    except TokenError as error:
        raise GrantRefusedError(NotGranted.NO_GRANT, f"this is no grant of our controller: {error}") from None
    grant = _content(payload)
    if grant.version != _VERSION:
        raise GrantRefusedError(
            NotGranted.VERSION, f"the grant is of version {grant.version}; this agent speaks {_VERSION} only"
        )
    if grant.agent != agent:
        raise GrantRefusedError(
            NotGranted.OTHER_AGENT, f"the grant is for agent {grant.agent!r}, this is {agent!r}"
        )
    if grant.expires - grant.not_before > _LONGEST:
        raise GrantRefusedError(
            NotGranted.TOO_LONG, "the grant would hold for more than a day: it should live for minutes"
        )
    if not moment >= grant.not_before - _LEEWAY:
        raise GrantRefusedError(
            NotGranted.NOT_YET, "the grant is not valid yet: compare the clocks of controller and agent"
        )
    if not moment < grant.expires:
        raise GrantRefusedError(NotGranted.EXPIRED, "the grant has expired: start the run again")
    return Leave(grant)


def _content(payload: bytes) -> Grant:
    try:
        grant = Grant.model_validate_json(payload, strict=True)
    except ValidationError:
        raise GrantRefusedError(
            NotGranted.NO_CONTENT, "the grant is signed, but its content is not a grant"
        ) from None
    if unsaid := sorted(_SAYS_ITSELF - grant.model_fields_set):
        raise GrantRefusedError(
            NotGranted.NO_CONTENT, f"the grant is signed, but it does not say its {unsaid[-1]}"
        )
    if bool(grant.plan) != bool(grant.requested_by) or (grant.plan and len(grant.deeds) != 1):
        raise GrantRefusedError(
            NotGranted.NO_CONTENT,
            "the grant of a change names its plan, its playbook alone, and who asks for it",
        )
    if grant.undo and not grant.plan:
        raise GrantRefusedError(
            NotGranted.NO_CONTENT, "the grant of an undo names the plan that is taken back"
        )
    return grant
