"""Who works off what desks rang about? One worker or several; each may be killed at any moment.

```python
ring(store, "helpdesk", "4711", "webhook-8842", datetime.now(UTC))   # by a webhook: answered at once
await Intake(store=store, desks=office.desk, contracts=contracts, rules=rules, limits=limits, runner=runner).work(stop)
```

Five loops side by side: read tickets and place them, begin runs, deliver notes, hold what is held, ask desks that do
not ring. All that they know is in the store.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby

from agent.credentials import CredentialError
from controller.desks.desk import (
    Desk,
    DeskError,
    DeskUnavailableError,
    DeskUnclearError,
    TicketChangedError,
)
from controller.desks.ticket import Cursor
from controller.outbox import DeliveryState, deliver_due, deliveries, next_due
from controller.store.arrivals import Arrival, claim, knock, next_due_at, renew, ring
from controller.store.store import Store
from controller.triggers.beginning import Beginning, Order
from controller.triggers.placing import Placing
from controller.triggers.rules import Limits, Trigger
from controller.triggers.source import Desks, arrived
from inventory.contract import Contract

__all__ = ["Intake", "Order", "Runner"]

Runner = Callable[[Order], Awaitable[None]]

# What is read at a time, and for how long it is this worker's.
_BATCH = 16
_LEASE = timedelta(seconds=90)
_HOLD = 20.0
# Seconds between two looks into the store, and for one answer of a desk.
_LOOK = 0.2
_ANSWER = 30.0
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(minutes=15)
_MOST_TRIES = 60
# What a desk tells twice is known again; what its clock lets slip would be lost.
_OVERLAP = timedelta(minutes=5)
_NOT_NOW = (DeskUnavailableError, DeskUnclearError, TicketChangedError, TimeoutError, OSError)
_OPEN = tuple(state for state in DeliveryState if not state.over)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True)
class Intake:
    """A worker. contracts: gives a customer's contract, None where there is none that can be read.

    runner: carries a run out under the order's own id. watched: desks that do not ring. clock: gives moments.
    """

    store: Store
    desks: Desks
    contracts: Callable[[str], Contract | None]
    rules: Sequence[Trigger]
    limits: Limits
    runner: Runner
    watched: Sequence[str] = ()
    clock: Callable[[], datetime] = _now
    holder: str = field(default_factory=lambda: secrets.token_hex(16))

    def __post_init__(self) -> None:
        self._placing = Placing(store=self.store, rules=self.rules, limits=self.limits, holder=self.holder)
        self._beginning = Beginning(store=self.store, limits=self.limits, holder=self.holder, lease=_LEASE)
        self._running: set[asyncio.Task[None]] = set()

    async def work(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what runs then is waited for. Raises StoreError."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._again(stop, _LOOK, self._read))
            loops.create_task(self._again(stop, _LOOK, self._start))
            loops.create_task(self._again(stop, _LOOK, self.deliver))
            loops.create_task(self._again(stop, _HOLD, self._hold))
            for name in self.watched:
                loops.create_task(self._again(stop, float(self.limits.poll), partial(self.look, name)))
        while self._running:
            self.hold()
            await asyncio.wait(self._running, timeout=_HOLD)

    async def _again(self, stop: asyncio.Event, pause: float, step: Callable[[], Awaitable[bool]]) -> None:
        while not stop.is_set():
            if not await step():
                try:
                    async with asyncio.timeout(pause):
                        await stop.wait()
                except TimeoutError:
                    continue

    async def _read(self) -> bool:
        """Read what is due; what is ready then does not wait for the next look."""
        more = await self.read()
        while more and self.start():
            continue
        return more

    async def read(self) -> bool:
        """Read what is due and place it; says whether there was something."""
        now = self.clock()
        due = next_due_at(self.store)
        if due is None or due > now:
            return False
        rows = claim(self.store, self.holder, now, _LEASE, _BATCH)
        ordered = sorted(rows, key=lambda row: row.desk)
        lanes = [(name, list(lane)) for name, lane in groupby(ordered, key=lambda row: row.desk)]
        await asyncio.gather(*(self._read_at(name, lane) for name, lane in lanes))
        return bool(rows)

    async def _read_at(self, name: str, rows: Sequence[Arrival]) -> None:
        try:
            async with self.desks(name) as (_, desk):
                await asyncio.gather(*(self._read_one(desk, row) for row in rows))
        except (DeskError, CredentialError, TimeoutError, OSError) as error:
            # A desk that cannot be opened is down, or not set up rightly: no ticket is lost by that.
            self._put_off(rows, str(error))

    async def _read_one(self, desk: Desk, row: Arrival) -> None:
        try:
            async with asyncio.timeout(_ANSWER):
                ticket = await arrived(row.desk, desk, row.ticket)
        except _NOT_NOW as error:
            self._put_off([row], str(error) or type(error).__name__)
            return
        except DeskError as error:
            self._placing.fail(row, self.clock(), str(error))
            return
        customer = ticket.ticket.customer
        self._placing.place(row, ticket, self.contracts(customer) if customer else None, self.clock())

    def _put_off(self, rows: Iterable[Arrival], why: str) -> None:
        now = self.clock()
        for row in rows:
            if row.tries >= _MOST_TRIES:
                self._placing.fail(row, now, f"given up after {row.tries} tries: {why}")
            else:
                pause = min(_FIRST_PAUSE * 2 ** min(row.tries, 10), _LONGEST_PAUSE)
                self._placing.later(row, now + pause, why)

    async def _start(self) -> bool:
        return self.start()

    def start(self) -> bool:
        """Begin one run, if something is ready and the limits allow it; says whether."""
        now = self.clock()
        self._beginning.recover(now)
        taken = self._beginning.next(now)
        if taken is None:
            return False
        row, order = taken
        task = asyncio.create_task(self._carry_out(row, order))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return True

    async def _carry_out(self, row: Arrival, order: Order) -> None:
        run = asyncio.ensure_future(self.runner(order))
        # What it raises is the run's own affair, and must not end the worker.
        await asyncio.wait({run})
        error = None if run.cancelled() else run.exception()
        why = "cancelled" if run.cancelled() else "" if error is None else f"{type(error).__name__}: {error}"
        self._beginning.end(row, self.clock(), why)

    async def _hold(self) -> bool:
        self.hold()
        return False

    def hold(self) -> None:
        """Go on holding what this worker holds."""
        renew(self.store, self.holder, self.clock() + _LEASE)

    async def deliver(self) -> bool:
        """Deliver what is due to tickets; what a desk does not take now stays in the outbox."""
        now = self.clock()
        due = next_due(self.store)
        if due is None or due > now:
            return False
        waiting = deliveries(self.store, states=_OPEN)
        tried = False
        for name in dict.fromkeys(one.desk for one in waiting if one.next_at <= now):
            try:
                async with self.desks(name) as (_, desk):
                    tried |= bool(await deliver_due(self.store, {name: desk}, now))
            except (DeskError, CredentialError, OSError):
                # It waits in the outbox, where it is shown; the other desks get theirs.
                continue
        return tried

    async def look(self, name: str) -> bool:
        """Ask a desk that does not ring what is new since it was last asked; says False: once is enough."""
        cursor, more = Cursor((knock(self.store, name) or self.clock()) - _OVERLAP), True
        try:
            async with self.desks(name) as (_, desk):
                while more:
                    changes = await desk.changed_since(cursor)
                    for one in changes.hits:
                        # A change is known by its moment: our own notes are changes too, and begin nothing anew.
                        ring(self.store, name, one.id, f"{one.id} {one.changed.isoformat()}", one.changed)
                    cursor, more = changes.cursor, changes.more
        except (DeskError, CredentialError, OSError):
            # It is asked again with the next look, from the same moment on.
            return False
        return False
