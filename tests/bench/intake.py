"""How long does a ticket wait from the ring until its run begins, with much else going on and very much waiting?

The curve's other end is an empty installation in the same run: what waits shall not be felt. The run itself is not part
of it; from there to its first question is the benchmark `start`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from controller.store.arrivals import ring
from controller.store.schema import intake
from controller.store.store import Store, open_store
from controller.triggers.intake import Intake, Order
from controller.triggers.rules import Limits, rules_from
from inventory.contract import Contract
from tests.bench.row import Row, at_most
from tests.controller.triggers.paper import contract
from tests.controller.triggers.standin_desk import FileDesk

__all__ = ["measure"]

_ACTIVE, _WAITING, _RINGS = 20, 10_000, 60
_TEXT = "Der VPN-Tunnel nach Kiel ist weg."


@dataclass
class _Place:
    """An installation whose runs last until the end, with the moments at which they began."""

    store: Store
    desk: FileDesk
    began: dict[str, float] = field(default_factory=dict)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def worker(self) -> Intake:
        return Intake(
            store=self.store,
            desks=self.desk.opened,
            contracts=_contract,
            rules=rules_from([{"name": "all"}]),
            limits=Limits(at_once=1000, at_once_each=1),
            runner=self.run,
        )

    async def run(self, order: Order) -> None:
        async with self.news:
            self.began[order.ticket] = time.perf_counter()
            self.news.notify_all()
        if order.ticket.startswith("active"):
            await asyncio.Event().wait()

    def ring(self, ticket: str) -> None:
        ring(self.store, "d", ticket, f"opened-{ticket}", datetime.now(UTC))

    async def wait(self, ticket: str) -> float:
        async with self.news:
            await self.news.wait_for(lambda: ticket in self.began)
        return self.began[ticket]


def _contract(customer: str) -> Contract:
    # Each ticket is a customer's of its own: no storm joins what is measured.
    return contract().model_copy(update={"customer": customer})


@contextmanager
def _place() -> Iterator[_Place]:
    with tempfile.TemporaryDirectory(prefix="bench-intake-") as folder:
        store = open_store(Path(folder) / "home")
        yield _Place(store, FileDesk(Path(folder) / "desk.sqlite3").make())
        store.close()


def measure() -> list[Row]:
    """The 95th percentile from ring to begin: alone, beside 20 runs, and with 10,000 tickets waiting or ready as well."""
    alone = asyncio.run(_ninety_fifth(active=0, waiting=0))
    beside = asyncio.run(_ninety_fifth(active=_ACTIVE, waiting=0))
    behind = asyncio.run(_ninety_fifth(active=_ACTIVE, waiting=_WAITING))
    flooded = asyncio.run(_ninety_fifth(active=_ACTIVE, waiting=_WAITING, state="ready"))
    return [
        at_most("ring to run, beside 20 runs / alone", "s (p95)", beside, alone, 2.0),
        at_most("ring to run, 10,000 waiting / alone", "s (p95)", behind, alone, 2.0),
        at_most("ring to run, 10,000 ready of another / alone", "s (p95)", flooded, alone, 2.0),
    ]


async def _ninety_fifth(*, active: int, waiting: int, state: str = "waiting") -> float:
    with _place() as place:
        numbers = [f"active{n}" for n in range(active)], [f"t{n}" for n in range(_RINGS)]
        place.desk.add_many([(n, n, _TEXT) for group in numbers for n in group])
        working = asyncio.create_task(place.worker().work(asyncio.Event()))
        for number in numbers[0]:
            place.ring(number)
        for number in numbers[0]:
            await place.wait(number)
        # From here on the first customer has all runs that it may have.
        _let_wait(place.store, waiting, state)
        took = []
        for number in numbers[1]:
            rung = time.perf_counter()
            place.ring(number)
            took.append(await place.wait(number) - rung)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    return sorted(took)[int(len(took) * 0.95)]


def _let_wait(store: Store, count: int, state: str) -> None:
    """Tickets that a rule lets wait until tomorrow; or that are ready, of a customer who has all runs that it may have."""
    now = datetime.now(UTC)
    same: dict[str, object] = {
        **dict.fromkeys(("holder", "alike", "run", "note", "why"), ""),
        "words": [],
        "hosts": [],
        "tries": 0,
        "rule": "late",
        "symptom": "vpn",
        "confidence": 0.9,
        "state": state,
        "next_at": now + timedelta(days=1 if state == "waiting" else 0),
    }
    rows = [
        {"desk": "d", "event": f"w{n}", "ticket": f"w{n}", "received": now, "customer": "active0", **same}
        for n in range(count)
    ]
    if rows:
        with store.write() as connection:
            connection.execute(insert(intake), rows)
