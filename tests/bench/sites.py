"""Agents elsewhere: how soon is an order theirs, how many orders a second come through, and what does one that waits take?

Against aims of our own, as the peers of the field are other things: no named peer leases single orders over a broker.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from controller.store.errands import get_errand
from tests.bench.row import Row, at_least, at_most
from tests.bench.ssh_hosts import resident
from tests.controller.courier.desk import Desk, Seated, desk_in, heard_of
from tests.fleet import Fleet
from tests.home import contract_over
from tests.sites import Installation

__all__ = ["measure", "measure_idle"]

_SINGLE, _MANY = 60, 400


def measure() -> list[Row]:
    """Through a real nats-server and a store in SQLite; the agent does nothing with an order but end it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return asyncio.run(_measured(Path(folder)))


async def _measured(folder: Path) -> list[Row]:
    async with desk_in(folder) as desk:
        mine = desk.seat("acme", "muc-1")
        await heard_of(lambda: "acme=muc-1" in desk.exchange._known)
        taken: dict[str, float] = {}
        async with mine.line() as line:

            async def serve(errand: str) -> bool:
                leased = await line.lease(errand)
                if leased is not None:
                    taken[leased.errand] = time.perf_counter()
                    await line.end(leased.errand, leased.attempt, 0, whole=True)
                return True

            calling = asyncio.create_task(line.calls(serve, asyncio.Semaphore(4)))
            waits = sorted([await _one(desk, mine, number, taken) for number in range(_SINGLE)])
            rate = await _rate(desk, mine, taken)
            calling.cancel()
    return [
        at_most(
            "order to an idle agent elsewhere, p95, against a second", "s", waits[int(_SINGLE * 0.95)], 1.0
        ),
        at_least("orders through NATS and SQLite, against 20 a second", "1/s", rate, 20.0),
    ]


async def _one(desk: Desk, mine: Seated, number: int, taken: dict[str, float]) -> float:
    """From the moment at which an order is written down to that at which the agent has it."""
    id_ = f"{number:032x}"
    began = time.perf_counter()
    await asyncio.to_thread(desk.send, id_, mine.seat.customer, mine.seat.agent)
    await heard_of(lambda: id_ in taken)
    return taken[id_] - began


async def _rate(desk: Desk, mine: Seated, taken: dict[str, float]) -> float:
    ids = [f"{number:032x}" for number in range(1000, 1000 + _MANY)]
    began = time.perf_counter()
    for id_ in ids:
        await asyncio.to_thread(desk.send, id_, mine.seat.customer, mine.seat.agent)
    await heard_of(lambda: all(id_ in taken for id_ in ids), 120)
    took = time.perf_counter() - began
    one = get_errand(desk.store, ids[-1])
    if one is None or one.attempt != 1:
        raise RuntimeError("an order was given out twice")
    return _MANY / took


def measure_idle() -> list[Row]:
    """The proportional set sizes of an agent's whole process tree, when it has nothing to do."""
    with Fleet(1) as fleet, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        contract = contract_over(fleet)
        with Installation(Path(folder) / "sites") as sites:
            agent = sites.agent(contract, fleet)
            agent.await_line()
            time.sleep(3)
            if agent.process is None:
                raise RuntimeError(agent.log)
            took = resident(agent.process.pid)
    return [at_most("memory of an idle agent, against 60 MB", "MB", took, 60.0)]
