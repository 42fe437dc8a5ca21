"""Who gave leave for this, for which hosts, until when? The sealed leave that a session demands.

A grant is a compact JWS (RFC 7515) signed with Ed25519 (RFC 8037, RFC 9864), type `grant+jws`. The
controller seals it; the agent and again the worker verify it. Only `verify` makes a `Leave`, and no session
opens without one.

Stricter than the RFC where it costs nothing: the header holds exactly `alg`, `typ` and `kid`; a token has
one spelling, so that no second text carries the same signature; every claim is there and of its own type.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from inventory.fields import Port, unicast

__all__ = ["Door", "Grant", "GrantRefusedError", "Leave", "Target", "new_key", "seal", "verify"]

_TYPE = "grant+jws"
_VERSION = 1
_LEEWAY = 30
_LONGEST = 24 * 3600
_LARGEST = 4_000_000

# Three parts of base64url; the header is short, and of the signature's last character only the bits that
# count may be set.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,400}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")


class _Registry(jws.JWSRegistry):
    """The library's own limits are for web logins; a grant names many hosts."""

    max_payload_length = _LARGEST


_REGISTRY = _Registry(algorithms=["Ed25519"])


class GrantRefusedError(Exception):
    """The grant does not hold: nothing may be opened under it."""


def _one_address(text: str) -> str:
    return str(unicast(text))


class Target(BaseModel):
    """One host of a grant: its pinned addresses and the port of each way in (`ssh`, `dns`)."""

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
    deeds: tuple[str, ...] = Field(description="collectors that may be asked", min_length=1)
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
        return tuple(Door(ip_address(a), target.ports[way]) for a in target.addresses)

    def all_doors(self) -> frozenset[Door]:
        """Every address and port that anything may be sent to under this grant."""
        return frozenset(
            door
            for host, target in self.grant.targets.items()
            for way in target.ports
            for door in self.doors(host, way)
        )

    def permits(self, host: str, deed: str) -> bool:
        return host in self.grant.targets and deed in self.grant.deeds


def new_key() -> Mapping[str, Any]:
    """Make a signing key, as a private JWK (RFC 7517)."""
    return OKPKey.generate_key("Ed25519", private=True, auto_kid=True).as_dict(private=True)


def seal(grant: Grant, key: Mapping[str, Any]) -> str:
    """Sign a grant with the controller's private JWK. Raises ValueError when it names too many hosts."""
    private = OKPKey.import_key(dict(key))
    header = {"alg": "Ed25519", "typ": _TYPE, "kid": private.kid}
    content = grant.model_dump_json().encode()
    if len(content) > _LARGEST // 4 * 3:
        raise ValueError(f"a grant of {len(content)} bytes is too large: cut the run into several")
    return jws.serialize_compact(header, content, private, registry=_REGISTRY)


def verify(token: str, keys: tuple[Mapping[str, Any], ...], *, agent: str, now: float | None = None) -> Leave:
    """Check signature, type, agent and time; give the leave or raise `GrantRefusedError`.

    keys: the pinned public JWKs; two while a key is being changed.
    now: seconds since the epoch; the clock's when not given.
    """
    moment = time.time() if now is None else now
    grant = _open(token, keys)
    if grant.version != _VERSION:
        raise GrantRefusedError(f"the grant is of version {grant.version}; this agent speaks {_VERSION} only")
    if grant.agent != agent:
        raise GrantRefusedError(f"the grant is for agent {grant.agent!r}, this is {agent!r}")
    if grant.expires - grant.not_before > _LONGEST:
        raise GrantRefusedError("the grant would hold for more than a day: it should live for minutes")
    if not moment >= grant.not_before - _LEEWAY:
        raise GrantRefusedError("the grant is not valid yet: compare the clocks of controller and agent")
    if not moment < grant.expires:
        raise GrantRefusedError("the grant has expired: start the run again")
    return Leave(grant)


def _open(token: str, keys: tuple[Mapping[str, Any], ...]) -> Grant:
    """The content of a token that one of the keys has signed."""
    if len(token) > _LARGEST or not _TOKEN.fullmatch(token):
        raise GrantRefusedError("this is no grant: not three parts of base64url")
    for jwk in keys:
        key = _pinned(jwk)
        try:
            message = jws.deserialize_compact(token, key, registry=_REGISTRY)
        except (JoseError, ValueError):
            continue
        if message.headers() != {"alg": "Ed25519", "typ": _TYPE, "kid": key.kid}:
            raise GrantRefusedError("this is signed, but it is not a grant")
        return _content(message.payload)
    raise GrantRefusedError("the grant's signature fits none of the pinned keys")


def _pinned(jwk: Mapping[str, Any]) -> OKPKey:
    try:
        return OKPKey.import_key({name: value for name, value in jwk.items() if name != "d"})
    except (JoseError, ValueError, TypeError, KeyError):
        raise GrantRefusedError(
            "a pinned key is not readable: pin the controller's public key again"
        ) from None


def _content(payload: bytes) -> Grant:
    try:
        grant = Grant.model_validate_json(payload, strict=True)
    except ValidationError:
        raise GrantRefusedError("the grant is signed, but its content is not a grant") from None
    # The defaults are for who makes a grant; what is sealed says everything itself.
    if "version" not in grant.model_fields_set:
        raise GrantRefusedError("the grant is signed, but it does not say its version")
    return grant
