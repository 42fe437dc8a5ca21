"""What do we need of a ticket system to begin by ourselves? A ticket as a rule sees it, and desks by their names."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from controller.desks.desk import Desk, Ticket

__all__ = ["Arrived", "Desks", "arrived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A ticket as a rule sees it."""

    desk: str
    ticket: Ticket


class Desks(Protocol):
    """Gives the desk of a name, opened; `Office.desk` is one."""

    def __call__(self, name: str) -> AbstractAsyncContextManager[tuple[str, Desk]]: ...


async def arrived(name: str, desk: Desk, ticket: str) -> Arrived:
    """Read a ticket. Raises DeskError."""
    return Arrived(desk=name, ticket=await desk.read(ticket))
