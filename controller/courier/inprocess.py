"""How does it work on one machine? The agent lives in the controller's own process: nothing to install."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agent.agent import Agent, Event, Order
from agent.credentials import Credentials
from agent.nursling import Nursery

__all__ = ["InProcess"]


class InProcess:
    """A `Courier` that stands in for the agent of every site."""

    def __init__(
        self, keys: tuple[Mapping[str, Any], ...], credentials: Credentials, nursery: Nursery
    ) -> None:
        self._keys, self._credentials, self._nursery = keys, credentials, nursery
        self._agents: dict[str, Agent] = {}

    async def carry(self, agent: str, order: Order, tell: Callable[[Event], None]) -> None:
        """See `controller.courier.courier.Courier.carry`."""
        if agent not in self._agents:
            self._agents[agent] = Agent(agent, self._keys, self._credentials, self._nursery)
        await self._agents[agent].perform(order, tell)

    async def cancel(self) -> None:
        """See `controller.courier.courier.Courier.cancel`."""
        for agent in self._agents.values():
            await agent.stop()
