"""What is a worker told? The one message with which it begins, without anything heavy to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import TypeAdapter

from agent.job import Job
from collectors.collector import About
from inventory.grant import GrantRefusedError, Leave, NotGranted
from inventory.kdcs import WAY
from inventory.sip_reach import SipTransport
from inventory.snmp_reach import Authentication, Privacy
from inventory.token import Pin
from playbooks.plan import Plan, PlanError, read_plan

__all__ = [
    "START",
    "KerberosWay",
    "LdapWay",
    "SipWay",
    "SnmpUser",
    "SnmpWay",
    "SshWay",
    "Start",
    "WinrmWay",
    "doors_for",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SshWay:
    """How to log in: user, pinned host keys ('type base64'), and the secret (a private key or a password).

    enable: a network device's second password, '' when it is not to be used. legacy: whether outdated algorithms may do.
    """

    user: str
    host_keys: tuple[str, ...]
    secret: str
    enable: str = ""
    legacy: bool = False

    def __repr__(self) -> str:
        return f"SshWay(user={self.user!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapWay:
    """How to log in to a directory: user and password, the name its certificate must bear, who signs it (PEM)."""

    user: str
    secret: str
    name: str
    authorities: tuple[str, ...]
    starttls: bool = False

    def __repr__(self) -> str:
        return f"LdapWay(user={self.user!r}, name={self.name!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class KerberosWay:
    """By which realm a log-in goes, and the ids of the KDCs that the agent lets be asked now, in their order."""

    realm: str
    kdcs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WinrmWay:
    """How to log in to Windows: user and password, the name its certificate must bear, who signs it (PEM).

    kerberos: the log-in is by Kerberos and by nothing else; without it by NTLM. endpoint: the name of a constrained
    one; '' where scripts are sent to a shell.
    """

    user: str
    secret: str
    name: str
    authorities: tuple[str, ...]
    kerberos: KerberosWay | None = None
    endpoint: str = ""

    def __repr__(self) -> str:
        return f"WinrmWay(user={self.user!r}, name={self.name!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnmpUser:
    """A user of SNMP version 3, with both pass phrases: without authentication and privacy nothing is asked."""

    name: str
    authentication: Authentication
    privacy: Privacy
    authentication_phrase: str
    privacy_phrase: str

    def __repr__(self) -> str:
        return f"SnmpUser(name={self.name!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnmpWay:
    """How an SNMP agent is asked: as a user of version 3, or with a community (2c). gentle: it suffers easily."""

    user: SnmpUser | None = None
    community: str = ""
    gentle: bool = False

    def __repr__(self) -> str:
        return f"SnmpWay(user={self.user!r}, gentle={self.gentle})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SipWay:
    """How a telephone system is spoken to: as which account, under which domain, and whom a test call may reach.

    user, secret: '' where the contract names none; unusable: why the secret cannot be used, as anybody may be asked
    what it can without one. name: the host's; authorities: who signs its certificate (PEM).
    """

    domain: str
    transport: SipTransport = "udp"
    user: str = ""
    secret: str = ""
    name: str = ""
    authorities: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    unusable: str = ""

    def __repr__(self) -> str:
        return f"SipWay(domain={self.domain!r}, user={self.user!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Everything that a worker is told.

    rates: how many questions a second a DNS server may be asked, as the contract says. outdated: network devices whose
    SSH may be outdated. shares: group name -> how many of its hosts at once. walls: what must stand before a host is asked: the kernel's
    wall as well, or Python's alone. plan: `Plan.text`, where a change is carried out; hands: whether this worker does
    what the agent tells it, step by step, with the accounts for changes in `ways` and `directories`; else it asks `jobs`.
    """

    token: str
    keys: tuple[Pin, ...]
    agent: str
    seconds: float
    jobs: tuple[Job, ...]
    abouts: Mapping[str, About]
    ways: Mapping[str, SshWay]
    directories: Mapping[str, LdapWay] = field(default_factory=dict)
    windows: Mapping[str, WinrmWay] = field(default_factory=dict)
    snmp: Mapping[str, SnmpWay] = field(default_factory=dict)
    sip: Mapping[str, SipWay] = field(default_factory=dict)
    rates: Mapping[str, int] = field(default_factory=dict)
    outdated: frozenset[str] = frozenset()
    group_of: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, int] = field(default_factory=dict)
    walls: Literal["kernel", "python"] = "kernel"
    plan: str = ""
    hands: bool = False

    def plan_of(self, leave: Leave) -> Plan:
        """The plan, if it is the one that the grant was given for. Raises GrantRefusedError."""
        try:
            plan = read_plan(self.plan)
        except PlanError as error:
            raise GrantRefusedError(NotGranted.NOT_NAMED, str(error)) from None
        if plan.digest != leave.grant.plan:
            raise GrantRefusedError(NotGranted.NOT_NAMED, "the grant was given for another plan")
        return plan


START: TypeAdapter[Start] = TypeAdapter(Start)


def doors_for(start: Start, leave: Leave) -> frozenset[tuple[str, int]]:
    """The doors of the hosts that the agent lets be asked; what else a grant names stays shut.

    Of a KDC that it lets give tickets for the log-in to one of them, its Kerberos door and no other.
    """
    hosts = {job.host for job in start.jobs}
    kdcs = {
        name
        for host, way in start.windows.items()
        if host in hosts and way.kerberos is not None
        for name in way.kerberos.kdcs
    }
    doors = leave.doors_of(hosts).union(*(leave.doors(name, WAY) for name in kdcs))
    return frozenset((str(door.address), door.port) for door in doors)
