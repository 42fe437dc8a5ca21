"""What did this customer buy? One YAML file a customer and revision, typed and closed.

A reader of the file should recognise the paper contract. The models below are the whole format;
`inventory.schema` publishes them as a JSON Schema and `inventory.read` turns text into a `Contract` or
names every mistake with its line.
"""

from __future__ import annotations

import re
from datetime import date, time
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = [
    "Agreement",
    "Approval",
    "Clause",
    "Contact",
    "Contract",
    "Day",
    "DnsReach",
    "Environment",
    "Host",
    "Outside",
    "Redaction",
    "Site",
    "SshReach",
    "Window",
    "Zone",
]

_ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_DNS_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_CREDENTIAL = re.compile(r"(?:file|age):[^\s]+|env:[A-Z][A-Z0-9_]*|keyring:[^\s/]+/[^\s/]+")
_HOST_KEY = re.compile(r"(?:ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|ssh-rsa) [A-Za-z0-9+/]+={0,2}")


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError(f"{text!r} is not an id: write small letters, digits, '.', '_' or '-', like 'web1'")
    return text


def _address(value: object) -> IPv4Address | IPv6Address:
    """A single, plain, unicast address: what a packet can be sent to and nothing else."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not an address: write it in quotes, like '10.1.2.3'")  # noqa: TRY004
    try:
        address = ip_address(value)
    except ValueError:
        raise ValueError(_why_no_address(value)) from None
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address.scope_id):
        raise ValueError(f"{value!r}: write the plain address, without a zone id or an IPv4-mapped form")
    if address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255":
        raise ValueError(
            f"{value!r} is not the address of one host: multicast, broadcast and 0.0.0.0 never are"
        )
    return address


def _why_no_address(value: str) -> str:
    if "*" in value or "?" in value:
        return f"{value!r} is a wildcard: a contract names each host, write one address a line"
    if "/" in value:
        return f"{value!r} is a network: a contract names each host, write one address a line"
    if re.search(r"[a-zA-Z]", value) and ":" not in value:
        return f"{value!r} is a name: names can be answered by anybody, write the address it stands for"
    return f"{value!r} is not an IPv4 or IPv6 address: write it like '10.1.2.3' or 'fd00::5'"


def _dns_name(text: str) -> str:
    name = text.lower().rstrip(".")
    if not name or len(name) > 253 or not all(_DNS_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(f"{text!r} is not a DNS name: write it like 'musterbau.example', without wildcards")
    return name


def _zone_name(text: str) -> str:
    return "." if text == "." else _dns_name(text)


def _credential(text: str) -> str:
    if not _CREDENTIAL.fullmatch(text):
        raise ValueError(
            "a credential is named, never written here: "
            "use 'file:NAME', 'age:NAME', 'env:VARIABLE' or 'keyring:SERVICE/USER'"
        )
    return text


def _host_key(text: str) -> str:
    if not _HOST_KEY.fullmatch(text):
        raise ValueError("write the key as in known_hosts, type and base64: 'ssh-ed25519 AAAAC3…'")
    return text


def _timezone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError(f"{text!r} is not a time zone: write it like 'Europe/Berlin'")
    return text


def _clock(value: object) -> object:
    """YAML reads 07:00 as the number 420 (base sixty): tell the author, do not guess."""
    if isinstance(value, int):
        raise ValueError("write the time in quotes, like '07:00'")  # noqa: TRY004
    return value


Id = Annotated[str, AfterValidator(_id)]
Address = Annotated[IPv4Address | IPv6Address, BeforeValidator(_address)]
DnsName = Annotated[str, AfterValidator(_dns_name)]
ZoneName = Annotated[str, AfterValidator(_zone_name)]
CredentialRef = Annotated[str, AfterValidator(_credential)]
HostKey = Annotated[str, AfterValidator(_host_key)]
Line = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Clock = Annotated[time, BeforeValidator(_clock)]


class Part(BaseModel):
    """Closed and frozen: an unknown key is an error, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Environment(StrEnum):
    CLIENT = "client"
    SERVER = "server"
    NETWORK = "network"
    VOICE = "voice"


class Approval(StrEnum):
    """Whose yes a change needs before it is made."""

    NONE = "none"
    COLLEAGUE = "colleague"
    CUSTOMER = "customer"
    BOTH = "both"


class Day(StrEnum):
    MO = "mo"
    TU = "tu"
    WE = "we"
    TH = "th"
    FR = "fr"
    SA = "sa"
    SU = "su"


class Contact(Part):
    """One of the customer's people."""

    id: Id
    name: Line
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    approves: tuple[Literal["change", "report"], ...] = ()


class Site(Part):
    """A place of the customer's, and the agent that stands there."""

    id: Id
    name: Line
    agent: Id
    resolvers: tuple[Id, ...] = Field(
        default=(), description="hosts whose DNS service the site's hosts shall ask"
    )
    gateways: tuple[Address, ...] = Field(
        default=(), description="default gateways that the site's hosts shall use"
    )


class SshReach(Part):
    """How a host is reached over SSH."""

    port: Port = 22
    user: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_.-]{0,31}$")]
    credential: CredentialRef
    host_keys: tuple[HostKey, ...] = Field(min_length=1, description="pinned: any other key stops the run")


class DnsReach(Part):
    """That a host answers DNS, and on which port."""

    port: Port = 53


class Host(Part):
    """One system that the contract covers. It is reached at its pinned addresses and nowhere else."""

    id: Id
    name: DnsName
    addresses: tuple[Address, ...] = Field(min_length=1)
    site: Id
    environment: Environment
    roles: tuple[Id, ...] = ()
    platform: Id
    ssh: SshReach | None = None
    dns: DnsReach | None = None


class Outside(Part):
    """A server outside the customer's network that may be asked, read-only, where a clause names it."""

    id: Id
    name: DnsName
    addresses: tuple[Address, ...] = Field(min_length=1)
    dns: DnsReach | None = None


class Zone(Part):
    """A DNS zone that the customer runs."""

    name: ZoneName
    servers: tuple[Id, ...] = Field(min_length=1, description="hosts that shall answer for the zone")
    parents: tuple[Id, ...] = Field(
        default=(), description="hosts or outside servers that hold the delegation"
    )
    reverse: tuple[ZoneName, ...] = Field(default=(), description="reverse zones that shall match it")


class Window(Part):
    """When: days of the week and a span of local time; `until: '24:00'` is written as '23:59'."""

    days: tuple[Day, ...] = Field(default=tuple(Day), min_length=1)
    start: Clock = Field(default=time(0, 0), alias="from")
    until: Clock = time(23, 59)

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.start.tzinfo or self.until.tzinfo:
            raise ValueError("times are local to the contract's time zone: write '07:00' without an offset")
        if self.start >= self.until:
            raise ValueError(
                f"the window ends at {self.until:%H:%M}, before it begins at {self.start:%H:%M}: "
                "write one that passes midnight as two"
            )
        if len(set(self.days)) != len(self.days):
            raise ValueError("a day is named twice in this window")
        return self


class Clause(Part):
    """One promise of the paper contract, with its number."""

    id: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
    text: Line
    hosts: tuple[Id, ...] = ()
    roles: tuple[Id, ...] = ()
    outside: tuple[Id, ...] = ()
    diagnose: tuple[Id, ...] = Field(default=(), description="areas, such as linux or dns")
    change: tuple[Id, ...] = Field(default=(), description="playbooks, by name")
    windows: tuple[Window, ...] = Field(default=(), description="none: at any time")
    approval: Approval = Approval.BOTH
    at_once: Annotated[int, Field(ge=1, le=10_000)] = Field(default=50, description="hosts at the same time")

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        if not (self.hosts or self.roles or self.outside):
            raise ValueError("the clause names nobody: write 'hosts', 'roles' or 'outside'")
        if not (self.diagnose or self.change):
            raise ValueError("the clause permits nothing: write 'diagnose' or 'change'")
        if self.outside and self.change:
            raise ValueError("servers outside the customer's network are only ever asked: remove 'change'")
        _disjoint(self.windows)
        return self


def _disjoint(windows: tuple[Window, ...]) -> None:
    for day in Day:
        spans = sorted((w.start, w.until) for w in windows if day in w.days)
        for (_, until), (start, _) in pairwise(spans):
            if start < until:
                raise ValueError(f"two windows overlap on '{day}' at {start:%H:%M}: write them as one")


class Redaction(Part):
    """What the customer's copy of a report does not show."""

    accounts: bool = True
    addresses: bool = False
    names: bool = False
    also: tuple[Line, ...] = Field(
        default=(), description="further words that never leave, such as a project name"
    )


class Data(Part):
    """How the customer's data is treated."""

    redact: Redaction = Redaction()
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 90


class Agreement(Part):
    """From when until when, both days included."""

    start: date = Field(alias="from")
    until: date

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.until < self.start:
            raise ValueError(f"the contract ends on {self.until}, before it begins on {self.start}")
        return self


class Contract(Part):
    """The whole of one customer's contract in one revision."""

    contract: Line
    customer: Id
    name: Line
    revision: Annotated[int, Field(ge=1)]
    valid: Agreement
    timezone: Annotated[str, AfterValidator(_timezone)] = "Europe/Berlin"
    language: Literal["de", "en"] = "de"
    contacts: tuple[Contact, ...] = ()
    sites: tuple[Site, ...] = Field(min_length=1)
    hosts: tuple[Host, ...] = Field(min_length=1)
    outside: tuple[Outside, ...] = ()
    zones: tuple[Zone, ...] = ()
    clauses: tuple[Clause, ...] = Field(min_length=1)
    data: Data = Data()

    @cached_property
    def targets(self) -> dict[str, Host | Outside]:
        """Everything that can be asked, by id."""
        everything: tuple[Host | Outside, ...] = (*self.hosts, *self.outside)
        return {item.id: item for item in everything}

    @cached_property
    def clauses_of(self) -> dict[str, tuple[Clause, ...]]:
        """The clauses that cover a target, by its id, in the contract's order."""
        by_role: dict[str, list[str]] = {}
        for host in self.hosts:
            for role in host.roles:
                by_role.setdefault(role, []).append(host.id)
        found: dict[str, list[Clause]] = {}
        for clause in self.clauses:
            named = (*clause.hosts, *clause.outside, *(h for r in clause.roles for h in by_role.get(r, ())))
            for target in dict.fromkeys(named):
                found.setdefault(target, []).append(clause)
        return {target: tuple(clauses) for target, clauses in found.items()}

    @cached_property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)
