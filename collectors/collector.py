"""What does an author write? A question with its judge, or a comparison of several readings.

The signature is the declaration: `host: Shell` tells the agent what to open, the return annotation is the
reading's type. Declaring registers nothing; `collectors.catalogue` builds the table.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from collectors.finding import Finding
from collectors.session import SESSIONS

__all__ = ["About", "Collector", "Server", "Survey", "ZoneFacts", "collector", "survey"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A host as others know it: its id in the contract, its name, its addresses."""

    id: str
    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFacts:
    """What the contract says about a DNS zone that concerns a host."""

    name: str
    servers: tuple[Server, ...]
    parents: tuple[Server, ...] = ()
    reverse: tuple[str, ...] = ()
    hosts: tuple[Server, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the contract says about the host that is asked: names and addresses, no secret.

    names: of servers outside that are known by name only, and that this host is asked for.
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


@dataclass(frozen=True, eq=False)
class Collector(Generic[R]):
    """A named question that changes nothing.

    name: 'area.question'; asks: the question in English and German; session: the Protocol to open; reading: the
    dataclass it returns; platform / role: which hosts it is for (empty: any that can be reached by its session);
    on_request: asked only when somebody names it.
    """

    name: str
    asks: tuple[str, str]
    ask: Callable[..., Awaitable[R]]
    judge: Callable[[R], Iterator[Finding]]
    session: type
    reading: type[R]
    platform: str
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
        return (not self.platform or self.platform == about.platform) and (
            not self.role or self.role in about.roles
        )

    async def __call__(self, host: object, about: About) -> R:
        return await (self.ask(host, about) if self.wants_about else self.ask(host))


@dataclass(frozen=True, eq=False)
class Survey(Generic[R]):
    """A pure comparison of one collector's readings on several hosts, by host id."""

    name: str
    over: Collector[R]
    compare: Callable[[Mapping[str, R]], Iterator[Finding]]


def collector(  # noqa: PLR0913 - each says one thing about the question.
    name: str,
    *,
    asks: tuple[str, str],
    judge: Callable[[R], Iterator[Finding]],
    platform: str = "",
    role: str = "",
    deadline: float = 30.0,
    on_request: bool = False,
) -> Callable[[Callable[..., Awaitable[R]]], Collector[R]]:
    """Declare a question.

    asks: what it wants to know, in English and German, as a report shows it. deadline: seconds for the
    whole of it, with the session already open. on_request: it is no part of a run unless it is named.
    """

    def declare(ask: Callable[..., Awaitable[R]]) -> Collector[R]:
        hints = typing.get_type_hints(ask)
        parameters = list(inspect.signature(ask).parameters)
        session, reading = hints.get(parameters[0]) if parameters else None, hints.get("return")
        if session not in SESSIONS or not isinstance(reading, type):
            raise TypeError(f"{name}: annotate the session to open and the reading that is returned")
        wants_about = len(parameters) > 1
        if wants_about and hints.get(parameters[1]) is not About:
            raise TypeError(f"{name}: the second parameter, if there is one, is `about: About`")
        return Collector(
            name=name,
            asks=asks,
            ask=ask,
            judge=judge,
            session=session,
            reading=reading,
            platform=platform,
            role=role,
            wants_about=wants_about,
            deadline=deadline,
            on_request=on_request,
        )

    return declare


def survey(
    name: str, *, over: Collector[R]
) -> Callable[[Callable[[Mapping[str, R]], Iterator[Finding]]], Survey[R]]:
    """Declare a comparison over the readings of one collector."""

    def declare(compare: Callable[[Mapping[str, R]], Iterator[Finding]]) -> Survey[R]:
        return Survey(name=name, over=over, compare=compare)

    return declare
