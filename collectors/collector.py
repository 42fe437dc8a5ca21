"""What does an author write? A question with its judge, or a comparison of several readings.

The signature is the declaration: `host: Shell` tells the agent what to open, the return annotation is the
reading's type. Declaring registers nothing; `collectors.catalogue` builds the table.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

from pydantic import TypeAdapter

from collectors.finding import Finding
from collectors.session import SESSIONS, Cli, Shell
from collectors.telephony import SipTransport
from collectors.tunnel_facts import Behind, TunnelFacts
from inventory.platforms import NETWORK

__all__ = [
    "About",
    "CaptureBounds",
    "Collector",
    "DomainFacts",
    "PhonePlan",
    "RegistrarPlan",
    "Server",
    "SipFacts",
    "Survey",
    "TreePlan",
    "Uplink",
    "ZoneFacts",
    "collector",
    "survey",
]

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A host as others know it: its id in the contract, its name, its addresses."""

    id: str
    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """What the contract says of a port to a provider.

    port: its name on the device. mbits: what was bought, in the direction away from here, in Mbit/s; calls: how many
    shall fit at once, with which codec and how many ms of speech a packet.
    """

    port: str
    mbits: int
    calls: int = 0
    codec: Literal["g711", "g722", "g729"] = "g711"
    packet_ms: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonePlan:
    """A number that shall be registered; networks: from where, as '10.1.2.0/24' (none: from anywhere)."""

    number: str
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarPlan:
    """What the contract says of a telephone server. domain: that the phones register with, '' for any."""

    domain: str = ""
    phones: tuple[PhonePlan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureBounds:
    """How much of its calls may be captured on a host: seconds, packets, ports of SIP, first and last port of voice."""

    seconds: int
    packets: int
    signalling: tuple[int, ...]
    media: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFacts:
    """What the contract says about a DNS zone that concerns a host.

    mail: it takes or sends mail; selectors: of DKIM. public: names that everybody must find; differ: those that may be
    something else inside than outside; both in full. wildcard: any name is meant to exist. cloud: services that need it.
    is_two_sided: servers inside and servers outside answer for it, and may not be asked by the same people.
    """

    name: str
    servers: tuple[Server, ...]
    parents: tuple[Server, ...] = ()
    reverse: tuple[str, ...] = ()
    hosts: tuple[Server, ...] = ()
    mail: bool = False
    selectors: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    differ: tuple[str, ...] = ()
    wildcard: bool = False
    cloud: tuple[str, ...] = ()
    is_two_sided: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFacts:
    """What the contract says about a domain of Active Directory: its name, its controllers, and other hosts named in it."""

    name: str
    controllers: tuple[Server, ...]
    members: tuple[Server, ...] = ()

    @property
    def hosts(self) -> tuple[Server, ...]:
        """Everybody that the contract knows in it."""
        return (*self.controllers, *self.members)

    @property
    def base(self) -> str:
        """Where the domain's own entries lie.

        >>> DomainFacts(name="ad.musterbau.test", controllers=()).base
        'DC=ad,DC=musterbau,DC=test'
        """
        return ",".join(f"DC={label}" for label in self.name.split("."))


@dataclass(frozen=True, slots=True, kw_only=True)
class SipFacts:
    """What the contract says of a telephone system: its domain, and how it is reached. user: of tests, '' for none.

    authorities: who signs its certificate, in PEM. srv: the domain that phones look up to find it, '' for none.
    """

    domain: str
    transport: SipTransport
    port: int
    user: str = ""
    authorities: tuple[str, ...] = ()
    srv: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SipServers:
    """Who serves a domain's telephony, as the contract knows it: the systems, with their ports and transports."""

    domain: str
    servers: tuple[tuple[Server, SipFacts], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreePlan:
    """Which switch shall be the root of spanning tree at a site, and which one after it: ids of hosts, '' for no plan."""

    root: str
    backup: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the contract says about the host that is asked: names and addresses, no secret.

    names: of servers outside that are known by name only, and that this host is asked for.
    domain: whose controller or member the host is, or whose names it answers for. account: with which the directory
    is read. authorities: who signs the controller's certificate, in PEM. accounts: those that the ticket speaks of.
    spanning_tree: what is planned at the host's site.
    uplinks: its ports to providers. tunnels: those that end at it. behind: behind whose ends it stands.
    sip: of a telephone system; telephony: those that phones find by a name's look-up. registrar: which phones shall be registered there.
    """

    id: str
    name: str
    addresses: tuple[str, ...]
    platform: str
    environment: str
    roles: tuple[str, ...] = ()
    resolvers: tuple[Server, ...] = ()
    gateways: tuple[str, ...] = ()
    zones: tuple[ZoneFacts, ...] = ()
    names: tuple[str, ...] = ()
    domain: DomainFacts | None = None
    account: str = ""
    authorities: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    spanning_tree: TreePlan | None = None
    uplinks: tuple[Uplink, ...] = ()
    tunnels: tuple[TunnelFacts, ...] = ()
    behind: tuple[Behind, ...] = ()
    registrar: RegistrarPlan | None = None
    capture: CaptureBounds | None = None
    sip: SipFacts | None = None
    telephony: tuple[SipServers, ...] = ()

    @property
    def serves(self) -> tuple[ZoneFacts, ...]:
        """The zones that this host shall answer for."""
        return tuple(zone for zone in self.zones if self.id in {server.id for server in zone.servers})


@dataclass(frozen=True, eq=False)
class Collector(Generic[R]):
    """A named question that changes nothing.

    name: 'area.question'; asks: the question in English and German; sessions: the Protocols to open, in order;
    reading: the dataclass it returns; platforms / role: which hosts it is for (empty: any that can be reached by its session);
    on_request: asked only when somebody names it.
    """

    name: str
    asks: tuple[str, str]
    ask: Callable[..., Awaitable[R]]
    judge: Callable[[R], Iterator[Finding]]
    sessions: tuple[type, ...]
    reading: type[R]
    platforms: tuple[str, ...]
    role: str
    wants_about: bool
    deadline: float
    on_request: bool = False

    @property
    def area(self) -> str:
        return self.name.partition(".")[0]

    @cached_property
    def adapter(self) -> TypeAdapter[R]:
        """Turns the reading into JSON and back."""
        return TypeAdapter(self.reading)

    def suits(self, about: About) -> bool:
        """Say whether the question makes sense for a host."""
        return (not self.platforms or about.platform in self.platforms) and (
            not self.role or self.role in about.roles
        )

    async def __call__(self, sessions: Sequence[object], about: About) -> R:
        return await (self.ask(*sessions, about) if self.wants_about else self.ask(*sessions))


@dataclass(frozen=True, eq=False)
class Survey(Generic[R]):
    """A pure comparison of one collector's readings on several hosts, by host id; of several, one mapping each."""

    name: str
    over: tuple[Collector[Any], ...]
    compare: Callable[..., Iterator[Finding]]


def collector(  # noqa: PLR0913 - each says one thing about the question.
    name: str,
    *,
    asks: tuple[str, str],
    judge: Callable[[R], Iterator[Finding]],
    platform: str | tuple[str, ...] = "",
    role: str = "",
    deadline: float = 30.0,
    on_request: bool = False,
) -> Callable[[Callable[..., Awaitable[R]]], Collector[R]]:
    """Declare a question.

    asks: what it wants to know, in English and German, as a report shows it. platform: one or several; what asks
    by the command line of network devices is for all of these when it names none. deadline: seconds for the
    whole of it, with the session already open. on_request: it is no part of a run unless it is named.
    """

    def declare(ask: Callable[..., Awaitable[R]]) -> Collector[R]:
        hints = typing.get_type_hints(ask)
        kinds = [hints.get(parameter) for parameter in inspect.signature(ask).parameters]
        wants_about = kinds[-1:] == [About]
        sessions = tuple(kind for kind in kinds if kind in SESSIONS and isinstance(kind, type))
        reading = hints.get("return")
        if not sessions or len(sessions) + wants_about != len(kinds) or not isinstance(reading, type):
            raise TypeError(
                f"{name}: annotate the sessions to open, then perhaps `about: About`, and the reading that is returned"
            )
        if Shell in sessions and len(sessions) > 1:
            raise TypeError(f"{name}: a command line is asked alone, in a thread of its own")
        platforms = (platform,) if isinstance(platform, str) and platform else tuple(platform)
        return Collector(
            name=name,
            asks=asks,
            ask=ask,
            judge=judge,
            sessions=sessions,
            reading=reading,
            platforms=platforms or (NETWORK if Cli in sessions else ()),
            role=role,
            wants_about=wants_about,
            deadline=deadline,
            on_request=on_request,
        )

    return declare


def survey(
    name: str, *, over: Collector[R] | tuple[Collector[Any], ...]
) -> Callable[[Callable[..., Iterator[Finding]]], Survey[R]]:
    """Declare a comparison over the readings of one collector, or of several: then one mapping each, in order."""

    def declare(compare: Callable[..., Iterator[Finding]]) -> Survey[R]:
        return Survey(name=name, over=over if isinstance(over, tuple) else (over,), compare=compare)

    return declare
