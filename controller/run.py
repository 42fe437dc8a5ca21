"""How does a ticket become a report? Ticket, contract, decisions, grants, jobs, diagnosis, report, note.

Everything that is decided, sealed, opened and asked goes to the ledger; every answer is kept as evidence; every
job that was asked for ends in exactly one result, whatever happens on the way.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.about import about_target
from agent.job import Result
from agent.order import Event
from collectors.catalogue import catalogue
from controller.chronicle import Chronicle
from controller.courier.courier import Courier
from controller.diagnosis import findings_of, rank
from controller.ledger import Entry, What, append_many, touches
from controller.names import addresses_in, parted, settled
from controller.progress import Progress, Watch
from controller.reports.model import Report, Touch
from controller.store.contracts import StoredContract
from controller.store.errors import ExpiredError
from controller.store.exchanges import evidence
from controller.store.jobs import results
from controller.store.runs import Run, RunState, create_run, get_run, move_run
from controller.store.store import Store
from controller.work import Assignment, Law, Work, assign, plan_work
from inventory.contract import Contract
from inventory.decide import Allowed

__all__ = ["Asked", "new_run", "report_of", "take_readings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants to know: for which ticket, of which hosts, areas and questions (empty: all), within how long.

    accounts: of whom the ticket speaks.
    """

    ticket: str
    subject: str
    desk: str
    by: str
    hosts: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    collectors: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    seconds: float = 300.0


def new_run(now: datetime) -> str:
    """An id for a run: sorts by time, and is given once."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


async def take_readings(  # noqa: PLR0913 - what a run stands on.
    store: Store,
    stored: StoredContract,
    law: Law,
    asked: Asked,
    *,
    run: str,
    courier: Courier,
    key: Mapping[str, Any],
    watch: Watch,
) -> None:
    """Decide, ask, and keep the answers under the run's id, which the caller holds (`controller.store.living`).

    A cancelled run is stopped and still written down, whenever that happens.
    """
    now = datetime.now(UTC)
    contract = law.contract
    work = plan_work(law, asked.hosts, asked.areas, asked.collectors, now)
    parts = parted(contract, work)
    sealing = _Sealing(
        stored=stored,
        run=run,
        ticket=asked.ticket,
        accounts=asked.accounts,
        key=key,
        until=now + timedelta(seconds=asked.seconds),
    )
    first, plain = (sealing.assign(law, part, now) for part in (parts.lookups, parts.plain))
    opening = asyncio.create_task(
        asyncio.to_thread(_open_run, store, stored, contract, asked, work, (*first, *plain), run, now)
    )
    stopped = await _cancelled_during(opening)
    for refused in work.refused:
        watch(Progress(host=refused.job.host, collector=refused.job.collector, state="refused"))
    for job in work.jobs:
        watch(Progress(host=job.host, collector=job.collector, state="waiting"))
    async with Chronicle(store, run, work, asked.by, watch) as chronicle:
        named = _Named(store, law, parts.named, sealing, courier, chronicle)
        carried = [
            asyncio.create_task(courier.carry(one.agent, one.order, chronicle.listener(one.grant, one.agent)))
            for one in (() if stopped else plain)
        ]
        if parts.named.jobs and not stopped:
            carried.append(asyncio.create_task(named.ask(first)))
        elif not stopped:
            carried += [asyncio.create_task(named.look_up(one)) for one in first]
        try:
            await asyncio.gather(*carried)
        except asyncio.CancelledError:
            stopped = True
        if stopped:
            chronicle.stopping(asked.by)
            await asyncio.gather(courier.cancel(), asyncio.to_thread(move_run, store, run, RunState.STOPPING))
            await asyncio.gather(*carried, return_exceptions=True)
        chronicle.close_open_jobs(work.jobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sealing:
    """What every grant of a run has in common. until: when the run's time is over."""

    stored: StoredContract
    run: str
    ticket: str
    accounts: tuple[str, ...]
    key: Mapping[str, Any]
    until: datetime

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
    sealing: _Sealing
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
        await asyncio.to_thread(append_many, self.store, _sealed(assignments, self.sealing.run))
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


async def _cancelled_during(task: asyncio.Task[None]) -> bool:
    """Let a task come to its end, and say whether somebody wanted to stop meanwhile."""
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        return True
    return False


def _open_run(  # noqa: PLR0913, PLR0917 - one transaction's worth of facts.
    store: Store,
    stored: StoredContract,
    contract: Contract,
    asked: Asked,
    work: Work,
    assignments: Sequence[Assignment],
    run: str,
    now: datetime,
) -> None:
    """Write down what was asked and decided, before anything is sent."""
    # A ledger that does not hold is told before there is a run.
    append_many(store, ())
    deadline = now + timedelta(seconds=asked.seconds)
    fresh = Run(
        id=run,
        ticket=asked.ticket,
        desk=asked.desk,
        customer=contract.customer,
        contract=stored.digest,
        revision=contract.revision,
        asked_by=asked.by,
        state=RunState.RUNNING,
        began=now,
        deadline=deadline,
        subject=asked.subject,
        accounts=asked.accounts,
    )
    create_run(store, fresh, (*(r.job for r in work.refused), *work.jobs), work.refused)
    append_many(store, (_asked(asked, work, run, deadline), *_decided(work, run), *_sealed(assignments, run)))


def _asked(asked: Asked, work: Work, run: str, deadline: datetime) -> Entry:
    return Entry(
        what=What.ASKED,
        who=asked.by,
        run=run,
        facts={
            "ticket": asked.ticket,
            "desk": asked.desk,
            "areas": " ".join(asked.areas),
            "hosts": len(work.abouts),
            "jobs": len(work.jobs),
            "deadline": deadline.isoformat(),
        },
    )


def _decided(work: Work, run: str) -> tuple[Entry, ...]:
    entries = []
    for decided in work.decisions:
        match decided.decision:
            case Allowed(clause):
                what, named, facts = What.DECIDED_ALLOWED, clause.id, {}
            case refused:
                what, named = What.DECIDED_REFUSED, ""
                facts = {
                    "reason": decided.why or refused.reason.value,
                    "clauses": " ".join(refused.clauses),
                    "by": "controller",
                }
        deed = f"diagnose {decided.area}"
        entries.append(
            Entry(
                what=what,
                who="controller",
                run=run,
                host=decided.host,
                clause=named,
                facts={"deed": deed, **facts},
            )
        )
    return tuple(entries)


def _sealed(assignments: Sequence[Assignment], run: str) -> tuple[Entry, ...]:
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


# Why a run ended early, as the report says it, by the state in which it ends.
_EARLY = {RunState.STOPPING: "stopped", RunState.STOPPED: "stopped", RunState.FAILED: "abandoned"}


def report_of(store: Store, run_id: str, contract: Contract, *, ending: RunState | None = None) -> Report:
    """Build the report of a run from what is stored; it says the same however often it is built.

    ending: the state in which a run is about to end, when that is not plain from its present one.
    Raises ExpiredError when its evidence was deleted, as the contract says.
    """
    run = get_run(store, run_id)
    if run.expired is not None:
        raise ExpiredError(run.id, run.expired)
    ended, touched = tuple(results(store, run_id)), touches(store, run_id)
    contract = addresses_in(contract, ended)
    sites = {host.id: host.site for host in contract.hosts}
    found = findings_of(ended, sites)
    asked = dict.fromkeys(result.job.host for result in ended)
    return Report(
        run=run.id,
        ticket=run.ticket,
        subject=run.subject,
        customer=contract.customer,
        customer_name=contract.name,
        contract=contract.contract,
        revision=run.revision,
        timezone=contract.timezone,
        language=contract.language,
        asked_by=run.asked_by,
        began=run.began,
        ended=run.ended or (_last_sign(run, ended, touched) if ending else datetime.now(UTC)),
        areas=tuple(sorted({r.job.collector.partition(".")[0] for r in ended})),
        hosts={
            host: about_target(contract, host, run.accounts) for host in asked if host in contract.targets
        },
        causes=rank(found),
        findings=found,
        results=ended,
        evidence=evidence(store, run_id),
        touched=touched,
        clauses={clause.id: clause.text for clause in contract.clauses},
        questions={collector.name: collector.asks for collector in catalogue().collectors.values()},
        stopped=_EARLY.get(ending or run.state, ""),
    )


def _last_sign(run: Run, ended: Sequence[Result], touched: Sequence[Touch]) -> datetime:
    """When a run whose process is gone was last heard of."""
    heard = (result.began + timedelta(seconds=result.took) for result in ended)
    return max((run.began, *heard, *(touch.at for touch in touched)))
