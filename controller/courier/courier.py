"""How do orders reach agents? One small port, so that one machine and many sites run the same product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from agent.order import Event, Order

__all__ = ["Courier"]


class Courier(Protocol):
    """Carries orders to agents and their events back."""

    async def carry(self, agent: str, order: Order, tell: Callable[[Event], None]) -> None:
        """Have an agent perform an order; every job ends in exactly one `result` event."""
        ...

    async def cancel(self) -> None:
        """Stop everything that was carried; returns when it is confirmed that nothing works any more."""
        ...
