"""An agent that carries out a change and dies in the middle of it, or loses its worker: told on standard input where."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from agent.agent import Agent
from agent.credentials import Credentials
from agent.job import Job
from agent.nursling import Nursery
from agent.order import Event, Order
from agent.post import load_post


async def _perform() -> None:
    told = json.load(sys.stdin)
    order = Order(
        token=told["token"],
        contract=told["contract"],
        signatures=tuple(told["signatures"]),
        jobs=tuple(Job(**one) for one in told["jobs"]),
        seconds=600,
        plan=told["plan"],
    )
    home, at, who, delay = Path(told["home"]), told["at"], told["who"], float(told["delay"])
    workers: list[int] = []
    loop = asyncio.get_running_loop()

    def die() -> None:
        if who == "agent":
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            os.killpg(workers[-1], signal.SIGKILL)
        except ProcessLookupError:
            return

    def tell(event: Event) -> None:
        if event.what == "worker":
            workers.append(int(event.detail))
        if event.what == "result" and event.result is not None:
            sys.stdout.write(type(event.result.outcome).__name__ + "\n")
            sys.stdout.flush()
        if event.what == "step" and event.detail.startswith(at):
            if delay:
                loop.call_later(delay, die)
            else:
                die()

    async with Nursery() as nursery:
        agent = Agent(load_post(home, told["agent"]), Credentials(home / "credentials"), nursery)
        await agent.perform(order, tell)


if __name__ == "__main__":
    asyncio.run(_perform())
