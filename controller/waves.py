"""How is a part of the work asked? In waves: each is sealed, written down, carried to the agents, and heard."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agent.job import Result
from agent.order import Event
from controller.chronicle import Chronicle
from controller.courier.courier import Courier
from controller.diagnosis import findings_of
from controller.grants import Assignment, assign
from controller.ledger import Entry, What, append_many
from controller.names import Parts, parted, settled
from controller.path import Chain
from controller.progress import Progress, Watch
from controller.store.contracts import StoredContract
from controller.store.jobs import add_jobs, results
from controller.store.runs import RunState, move_run
from controller.store.store import Store
from controller.work import Law, Work

__all__ = ["Asking", "Sealing", "Wave", "cancelled_during", "sealed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """A part of a run's work, sealed. lookups, plain: what can be sent at once, of each sort."""

    work: Work
    parts: Parts
    lookups: tuple[Assignment, ...]
    plain: tuple[Assignment, ...]

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        return (*self.lookups, *self.plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """What every grant of a run has in common. until: when the run's time is over."""

    stored: StoredContract
    run: str
    ticket: str
    accounts: tuple[str, ...]
    key: Mapping[str, Any]
    until: datetime

    def wave(self, law: Law, work: Work, now: datetime) -> Wave:
        parts = parted(law.contract, work)
        lookups, plain = (self.assign(law, part, now) for part in (parts.lookups, parts.plain))
        return Wave(work=work, parts=parts, lookups=lookups, plain=plain)

    def assign(self, law: Law, work: Work, now: datetime) -> tuple[Assignment, ...]:
        seconds = max(1.0, (self.until - now).total_seconds())
        return assign(
            law,
            self.stored,
            work,
            run=self.run,
            ticket=self.ticket,
            key=self.key,
            seconds=seconds,
            now=now,
            accounts=self.accounts,
        )


@dataclass(frozen=True, slots=True)
class _Named:
    """The servers of a run that are known by name only."""

    store: Store
    law: Law
    work: Work
    sealing: Sealing
    courier: Courier
    chronicle: Chronicle
    results: list[Result] = field(default_factory=list)

    async def ask(self, lookups: Sequence[Assignment]) -> None:
        """Look the names up, once; then ask where the answers may lead."""
        await asyncio.gather(*map(self.look_up, lookups))
        if self.chronicle.stopped:
            return
        now = datetime.now(UTC)
        settlement = settled(self.law, self.work, self.results, now)
        self.chronicle.end(settlement.ended)
        assignments = self.sealing.assign(settlement.law, settlement.work, now)
        await asyncio.to_thread(append_many, self.store, sealed(assignments, self.sealing.run))
        if not self.chronicle.stopped:
            await asyncio.gather(
                *(
                    self.courier.carry(one.agent, one.order, self.chronicle.listener(one.grant, one.agent))
                    for one in assignments
                )
            )

    async def look_up(self, one: Assignment) -> None:
        """Have one agent ask, and hear what it is told."""
        tell = self.chronicle.listener(one.grant, one.agent)

        def hear(event: Event) -> None:
            if event.result is not None:
                self.results.append(event.result)
            tell(event)

        await self.courier.carry(one.agent, one.order, hear)


@dataclass(frozen=True, slots=True)
class Asking:
    """What every wave of a run is asked with."""

    store: Store
    law: Law
    sealing: Sealing
    courier: Courier
    chronicle: Chronicle
    watch: Watch

    async def ask(self, wave: Wave, who: str, *, stopped: bool) -> bool:
        """Have one wave asked, until every job of it has ended. Says whether somebody stopped the run.

        stopped: it was stopped already, so that nothing is sent.
        """
        for job in wave.work.jobs:
            self.watch(Progress(host=job.host, collector=job.collector, state="waiting"))
        carried = [] if stopped else [asyncio.create_task(one) for one in self._sendings(wave)]
        together = asyncio.gather(*carried)
        try:
            # What was carried is ended by its courier, which knows when nothing works any more, and not from here.
            await asyncio.shield(together)
        except asyncio.CancelledError:
            stopped = True
        if stopped:
            self.chronicle.stopping(who)
            moved = asyncio.to_thread(move_run, self.store, self.sealing.run, RunState.STOPPING)
            await asyncio.gather(self.courier.cancel(), moved)
            # All of it is over then; what it was stopped with is no error, and was asked for.
            await asyncio.gather(together, *carried, return_exceptions=True)
        self.chronicle.close_open_jobs(wave.work.jobs)
        return stopped

    def _sendings(self, wave: Wave) -> Iterator[Coroutine[Any, Any, None]]:
        for one in wave.plain:
            yield self.courier.carry(one.agent, one.order, self.chronicle.listener(one.grant, one.agent))
        named = _Named(self.store, self.law, wave.parts.named, self.sealing, self.courier, self.chronicle)
        if wave.parts.named.jobs:
            yield named.ask(wave.lookups)
        else:
            yield from map(named.look_up, wave.lookups)

    async def next_wave(self, chain: Chain) -> tuple[Wave | None, bool]:
        """What the chain asks next, given all answers so far, sealed and written down; None at its end.

        And whether somebody stopped the run meanwhile: then what was written down is still to be ended.
        """
        if not chain.has_steps or datetime.now(UTC) >= self.sealing.until:
            return None, False
        task = asyncio.create_task(self._next(chain))
        stopped = await cancelled_during(task)
        return task.result(), stopped

    async def _next(self, chain: Chain) -> Wave | None:
        await self.chronicle.written()
        return await asyncio.to_thread(self._opened, chain)

    def _opened(self, chain: Chain) -> Wave | None:
        run, contract = self.sealing.run, self.law.contract
        ended = results(self.store, run)
        work = chain.after(ended, findings_of(ended, {host.id: host.site for host in contract.hosts}))
        if work is None:
            return None
        wave = self.sealing.wave(self.law, work, datetime.now(UTC))
        add_jobs(self.store, run, work.jobs)
        append_many(self.store, sealed(wave.assignments, run))
        return wave


async def cancelled_during(task: asyncio.Task[Any]) -> bool:
    """Let a task come to its end, and say whether somebody wanted to stop meanwhile."""
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        return True
    return False


def sealed(assignments: Sequence[Assignment], run: str) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            what=What.GRANT_SEALED,
            who="controller",
            run=run,
            facts={
                "grant": one.grant,
                "agent": one.agent,
                "hosts": len({job.host for job in one.order.jobs}),
                "deeds": len({job.collector for job in one.order.jobs}),
            },
        )
        for one in assignments
    )
