"""What did this customer buy? One YAML file a customer and revision, typed and closed.

A reader of the file should recognise the paper contract. The models below are the whole format;
`inventory.schema` publishes them as a JSON Schema and `inventory.read` turns text into a `Contract` or
names every mistake with its line.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from inventory.clause import Approval, Clause, Cover, Covering, Day, Part, Window, cover, naming
from inventory.fields import (
    Address,
    Date,
    DnsName,
    Email,
    Id,
    Line,
    TimeZone,
    WrongError,
)
from inventory.probe_reach import PathReach, VpnReach
from inventory.reach import (
    CaptureReach,
    DirectoryReach,
    DnsReach,
    KerberosLogin,
    SshReach,
    Uplink,
    WinrmReach,
)
from inventory.sip_reach import SipReach
from inventory.snmp_reach import SnmpReach
from inventory.tunnel import Tunnel, TunnelEnd, Users
from inventory.voice import Phone, Registrar
from inventory.zone import Mail, Names, Zone

__all__ = [
    "Agreement",
    "Approval",
    "Clause",
    "Contact",
    "Contract",
    "Cover",
    "Covering",
    "Data",
    "Day",
    "DirectoryReach",
    "DnsReach",
    "Domain",
    "Environment",
    "Host",
    "KerberosLogin",
    "Mail",
    "Names",
    "Outside",
    "PathReach",
    "Phone",
    "Redaction",
    "Registrar",
    "SipReach",
    "Site",
    "SnmpReach",
    "SpanningTree",
    "SshReach",
    "Tunnel",
    "TunnelEnd",
    "Uplink",
    "Users",
    "VpnReach",
    "Window",
    "WinrmReach",
    "Zone",
]


class Environment(StrEnum):
    CLIENT = "client"
    SERVER = "server"
    NETWORK = "network"
    VOICE = "voice"


class Contact(Part):
    """One of the customer's people."""

    id: Id = Field(description="short name of this person within the contract")
    name: Line = Field(description="the person's name")
    email: Email = Field(description="where reports and questions are sent")
    approves: tuple[Literal["change", "report"], ...] = Field(
        default=(), description="what this person may say yes to on the customer's behalf"
    )


class SpanningTree(Part):
    """Which switch of a site shall be the root of spanning tree."""

    root: Id = Field(description="the switch that shall be the root")
    backup: Id | None = Field(
        default=None, description="the switch that shall be the root when that one fails"
    )


class Site(Part):
    """A place of the customer's, and the agent that stands there."""

    id: Id = Field(description="short name of the site")
    name: Line = Field(description="the site as people call it")
    agent: Id = Field(description="the agent that reaches the hosts of this site")
    resolvers: tuple[Id, ...] = Field(
        default=(), description="hosts or outside servers whose DNS service the site's hosts shall ask"
    )
    gateways: tuple[Address, ...] = Field(
        default=(), description="default gateways that the site's hosts shall use"
    )
    spanning_tree: SpanningTree | None = Field(
        default=None, description="which of the site's switches shall be the root of spanning tree"
    )


class Host(Part):
    """One system that the contract covers. It is reached at its pinned addresses and nowhere else."""

    id: Id = Field(description="short name of the host; unique among hosts and outside servers")
    name: DnsName = Field(description="its DNS name, to be shown and compared, never to be looked up")
    addresses: tuple[Address, ...] = Field(
        min_length=1, description="the addresses at which it may be reached; no names, no networks"
    )
    site: Id = Field(description="the site where it stands")
    environment: Environment = Field(description="what sort of system it is")
    roles: tuple[Id, ...] = Field(
        default=(), description="what it does, such as dns-server; clauses name these"
    )
    platform: Id = Field(description="its operating system, such as linux")
    ssh: SshReach | None = Field(default=None, description="how it is reached over SSH, if it may be")
    dns: DnsReach | None = Field(default=None, description="that it answers DNS questions")
    directory: DirectoryReach | None = Field(
        default=None, description="that it is a domain controller, and how its directory is read"
    )
    winrm: WinrmReach | None = Field(
        default=None, description="how Windows is asked by PowerShell, if it may be"
    )
    snmp: SnmpReach | None = Field(default=None, description="how its SNMP agent is asked, if it may be")
    vpn: VpnReach | None = Field(
        default=None, description="which VPN services of it may be tried by a stranger's first packet"
    )
    path: PathReach | None = Field(default=None, description="that the size of packets to it may be measured")
    sip: SipReach | None = Field(
        default=None, description="that it is a telephone system or trunk, and how it is asked over SIP"
    )
    capture: CaptureReach | None = Field(
        default=None, description="that calls may be captured on it, and how much of them; needs 'ssh'"
    )
    uplinks: tuple[Uplink, ...] = Field(
        default=(), description="its ports to providers, for what is said about queues"
    )
    registrar: Registrar | None = Field(
        default=None, description="of a telephone server: the phones that shall be registered there"
    )


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain of Active Directory, as the hosts that are its controllers say it together."""

    name: str
    controllers: tuple[Host, ...]


_OUTSIDE: JsonDict = {
    "oneOf": [
        {"required": [key], "properties": {key: {"minItems": 1}}} for key in ("addresses", "resolved_by")
    ]
}


class Outside(Part):
    """A server outside the customer's network that may be asked, read-only, where a clause names it.

    It has addresses, or a name that is looked up once at the beginning of a run (`inventory.resolution`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, json_schema_extra=_OUTSIDE)

    id: Id = Field(description="short name of the server; unique among hosts and outside servers")
    name: DnsName = Field(description="its DNS name: to be shown, or with 'resolved_by' to be looked up")
    addresses: tuple[Address, ...] = Field(
        default=(),
        description="the addresses at which it may be asked; no names, no networks",
    )
    resolved_by: tuple[Id, ...] = Field(
        default=(),
        description="instead of addresses: hosts or outside servers that are asked for them as a run begins; "
        "what all of them say counts",
    )
    dns: DnsReach | None = Field(default=None, description="that it answers DNS questions")
    sip: SipReach | None = Field(
        default=None, description="that it is a provider's trunk, and how it is asked over SIP"
    )

    @model_validator(mode="after")
    def _known_in_one_way(self) -> Self:
        if self.addresses and self.resolved_by:
            raise WrongError(
                "the server has addresses, and is looked up by name as well",
                "remove 'addresses' or 'resolved_by'",
                at="resolved_by",
            )
        if not (self.addresses or self.resolved_by):
            raise WrongError(
                "nobody knows where this server is",
                "write its 'addresses', or 'resolved_by' and who knows them",
            )
        return self


class Redaction(Part):
    """What the customer's copy of a report does not show."""

    accounts: Annotated[bool, Field(strict=True)] = Field(default=True, description="hide names of accounts")
    addresses: Annotated[bool, Field(strict=True)] = Field(default=False, description="hide addresses")
    names: Annotated[bool, Field(strict=True)] = Field(default=False, description="hide names of hosts")
    also: tuple[Line, ...] = Field(
        default=(), description="further words that never leave, such as a project name"
    )


class Data(Part):
    """How the customer's data is treated."""

    redact: Redaction = Field(
        default=Redaction.model_construct(), description="what the customer's copy of a report hides"
    )
    keep_days: Annotated[int, Field(ge=1, le=3650, strict=True)] = Field(
        default=90, description="days after which evidence is deleted"
    )


class Agreement(Part):
    """From when until when, both days included."""

    start: Date = Field(alias="from", description="first day")
    until: Date = Field(description="last day")

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.until < self.start:
            raise WrongError(
                f"the contract ends on {self.until}, before it begins on {self.start}",
                "write the earlier day as 'from'",
                at="until",
            )
        return self


class Contract(Part):
    """The whole of one customer's contract in one revision."""

    contract: Line = Field(description="the contract's number on paper")
    customer: Id = Field(description="short name of the customer")
    name: Line = Field(description="the customer's name")
    revision: Annotated[int, Field(ge=1, strict=True)] = Field(
        description="counts up with every change; a lower one is never accepted again"
    )
    valid: Agreement = Field(description="first and last day of the contract")
    timezone: TimeZone = Field(
        default="Europe/Berlin", description="all windows and days are in this time zone"
    )
    language: Literal["de", "en"] = Field(default="de", description="language of reports")
    contacts: tuple[Contact, ...] = Field(default=(), description="the customer's people")
    sites: tuple[Site, ...] = Field(min_length=1, description="the customer's places")
    hosts: tuple[Host, ...] = Field(min_length=1, description="the systems that the contract covers")
    outside: tuple[Outside, ...] = Field(default=(), description="servers elsewhere that may be asked")
    zones: tuple[Zone, ...] = Field(default=(), description="the customer's DNS zones")
    tunnels: tuple[Tunnel, ...] = Field(
        default=(), description="tunnels between places, and where people dial in from home"
    )
    clauses: tuple[Clause, ...] = Field(min_length=1, description="what may be done, to which hosts, when")
    data: Data = Field(default=Data.model_construct(), description="how the customer's data is treated")

    @cached_property
    def targets(self) -> dict[str, Host | Outside]:
        """Everything that can be asked, by id."""
        everything: tuple[Host | Outside, ...] = (*self.hosts, *self.outside)
        return {item.id: item for item in everything}

    @cached_property
    def domains(self) -> tuple[Domain, ...]:
        """The domains of Active Directory whose controllers stand in the contract, in the order of their first."""
        found: dict[str, list[Host]] = {}
        for host in self.hosts:
            if host.directory is not None:
                found.setdefault(host.directory.domain, []).append(host)
        return tuple(Domain(name, tuple(hosts)) for name, hosts in found.items())

    @cached_property
    def covers(self) -> dict[str, Cover]:
        """What is covered, by the id of each target that a clause names.

        An id that stands for two targets is covered by nothing, and `outside` never covers a host.
        """
        named = Counter([*(h.id for h in self.hosts), *(o.id for o in self.outside)])
        by_host, by_role, by_outside = (naming(self.clauses, key) for key in ("hosts", "roles", "outside"))
        shared: dict[tuple[frozenset[int], bool], Cover] = {}
        found: dict[str, Cover] = {}
        for target in self.targets.values():
            if isinstance(target, Host):
                roles = (by_role[role] for role in target.roles if role in by_role)
                numbers, outside = by_host.get(target.id, frozenset()).union(*roles), False
            else:
                numbers, outside = by_outside.get(target.id, frozenset()), True
            if numbers and named[target.id] == 1:
                key = numbers, outside
                found[target.id] = shared.get(key) or shared.setdefault(key, cover(self.clauses, *key))
        return found

    @cached_property
    def clauses_of(self) -> dict[str, tuple[Clause, ...]]:
        """The clauses that cover a target, by its id, in the contract's order."""
        return {target: cover.clauses for target, cover in self.covers.items()}

    @cached_property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)
