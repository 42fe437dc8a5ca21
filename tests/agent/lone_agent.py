"""An agent that somebody else kills: reads an order from standard input, and tells its workers' pids."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from agent.agent import Agent
from agent.credentials import Credentials
from agent.job import Job
from agent.nursling import Nursery
from agent.order import Event, Order
from agent.post import load_post


def _tell(event: Event) -> None:
    if event.what in {"worker", "started"}:
        sys.stdout.write(f"{event.what} {event.detail}\n")
        sys.stdout.flush()


async def _perform() -> None:
    told = json.load(sys.stdin)
    jobs = tuple(Job(**one) for one in told["jobs"])
    order = Order(
        token=told["token"],
        contract=told["contract"],
        signatures=tuple(told["signatures"]),
        jobs=jobs,
        seconds=60,
    )
    home = Path(told["home"])
    async with Nursery() as nursery:
        agent = Agent(load_post(home, told["agent"]), Credentials(home / "credentials"), nursery)
        await agent.perform(order, _tell)


if __name__ == "__main__":
    asyncio.run(_perform())
