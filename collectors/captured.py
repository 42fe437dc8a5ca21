"""How is a recording of packets read? As a stream of bytes that somebody handed over; no host is asked for it."""

from __future__ import annotations

from typing import BinaryIO, Protocol

__all__ = ["Captured"]


class Captured(Protocol):
    """A recording of packets that somebody handed over. Nobody is asked, and nothing is sent."""

    async def content(self) -> BinaryIO:
        """Its bytes, from the beginning. Raises Unanswered (`cut-off`) where only a part of them was kept."""
        ...
