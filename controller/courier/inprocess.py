"""How does it work on one machine? The agent lives in the controller's own process: nothing to install."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from agent.agent import Agent
from agent.credentials import Credentials
from agent.job import Refused, Result
from agent.nursling import Nursery
from agent.order import Event, Order
from agent.post import load_post
from agent.refusal import HoldError

__all__ = ["InProcess"]


class InProcess:
    """A `Courier` that stands in for the agent of every site, each under its own law in `agents/NAME`."""

    def __init__(self, home: Path, credentials: Credentials, nursery: Nursery) -> None:
        self._home, self._credentials, self._nursery = home, credentials, nursery
        self._agents: dict[str, Agent] = {}

    async def carry(self, agent: str, order: Order, tell: Callable[[Event], None]) -> None:
        """See `controller.courier.courier.Courier.carry`."""
        if agent not in self._agents:
            try:
                post = load_post(self._home, agent)
            except HoldError as reason:
                for job in order.jobs:
                    outcome = Refused(reason.reason, by="agent", detail=str(reason))
                    result = Result(job=job, outcome=outcome, began=datetime.now(UTC), took=0.0)
                    tell(Event(what="result", result=result))
                return
            self._agents[agent] = Agent(post, self._credentials, self._nursery)
        await self._agents[agent].perform(order, tell)

    async def cancel(self) -> None:
        """See `controller.courier.courier.Courier.cancel`."""
        for agent in self._agents.values():
            await agent.stop()
