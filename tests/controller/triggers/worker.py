"""A worker of the intake as a process of its own, to be killed: settings on standard input, endless.

Its clock runs faster than the real one, so that a lease of minutes ends in seconds; every process has the same.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controller.store.runs import Run, RunState, create_run, end_run
from controller.store.store import open_store
from controller.triggers.intake import Intake, Order
from controller.triggers.rules import Limits, rules_from
from inventory.contract import Contract
from tests.controller.triggers.paper import contract
from tests.controller.triggers.standin_desk import OPENED, FileDesk

__all__ = ["CUSTOMERS", "fast_clock"]

CUSTOMERS = ("alpha", "beta", "gamma", "delta")


def fast_clock(began: float, speed: float) -> Callable[[], datetime]:
    """Moments that pass faster. began: when it was OPENED, in seconds of the machine."""
    return lambda: OPENED + timedelta(seconds=(time.time() - began) * speed)


def _contract(customer: str) -> Contract | None:
    return contract().model_copy(update={"customer": customer}) if customer in CUSTOMERS else None


async def _main() -> None:
    told = json.loads(sys.stdin.read())
    store = open_store(Path(told["home"]))
    desk = FileDesk(Path(told["desk"]), fails=told["fails"], chance=random.Random(told["seed"]))  # noqa: S311
    clock = fast_clock(told["began"], told["speed"])

    async def run(order: Order) -> None:
        fresh = Run(
            id=order.run,
            ticket=order.ticket,
            desk=order.desk,
            customer=order.customer,
            contract="c" * 64,
            revision=1,
            asked_by=order.who,
            state=RunState.RUNNING,
            began=datetime.now(UTC),
        )
        create_run(store, fresh)
        await asyncio.sleep(told["takes"])
        with store.write() as connection:
            end_run(connection, order.run, RunState.DONE, ended=datetime.now(UTC), summary={})

    worker = Intake(
        store=store,
        desks=desk.opened,
        contracts=_contract,
        rules=rules_from([{"name": "all"}]),
        limits=Limits.model_validate(told["limits"]),
        runner=run,
        clock=clock,
    )
    await worker.work(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(_main())
