"""What do we need of a ticket system to begin by ourselves? This file alone says it; a `Desk` may offer more or less.

`read` every desk has. A desk that says in which queue a ticket lies has `facets`; one that rings nobody is asked by
`changed_since`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from controller.desks.desk import Desk, Ticket

__all__ = ["Arrived", "Changed", "Desks", "Faceted", "Facets", "Watched", "arrived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """Where a ticket stands at its desk; empty: the desk does not say.

    known: whether 1st level's knowledge base has an answer; None: nobody looked, or the desk does not say.
    """

    queue: str = ""
    category: str = ""
    priority: str = ""
    tags: tuple[str, ...] = ()
    known: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A ticket as a rule sees it."""

    desk: str
    ticket: Ticket
    facets: Facets = Facets()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A ticket that is new or was changed. event: the same for the same change, however often it is told."""

    ticket: str
    event: str
    at: datetime


@runtime_checkable
class Faceted(Protocol):
    """A desk that says where a ticket stands."""

    async def facets(self, ticket: str) -> Facets: ...


@runtime_checkable
class Watched(Protocol):
    """A desk that can be asked what is new. Raises DeskError."""

    async def changed_since(self, since: datetime) -> Sequence[Changed]: ...


class Desks(Protocol):
    """Gives the desk of a name, opened; `Office.desk` is one."""

    def __call__(self, name: str) -> AbstractAsyncContextManager[tuple[str, Desk]]: ...


async def arrived(name: str, desk: Desk, ticket: str) -> Arrived:
    """Read a ticket with all that its desk says of it. Raises DeskError."""
    read = await desk.read(ticket)
    facets = await desk.facets(read.id) if isinstance(desk, Faceted) else Facets()
    return Arrived(desk=name, ticket=read, facets=facets)
