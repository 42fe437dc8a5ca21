"""How does a ticket become a report? Ticket, contract, decisions, grants, jobs, diagnosis, report, note.

Everything that is decided, sealed, opened and asked goes to the ledger; every answer is kept as evidence; every
job that was asked for ends in exactly one result, whatever happens on the way.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.about import about_target
from agent.job import Result
from collectors import Finding
from collectors.catalogue import catalogue
from collectors.exchange import Exchange
from controller.capture import Handed, capture_about, hear, is_capture
from controller.change.proposing import approval_in, proposals
from controller.chronicle import Chronicle
from controller.courier.courier import Courier
from controller.diagnosis import findings_of, rank
from controller.ledger import Entry, What, append_many, touches
from controller.names import addresses_in
from controller.path import Chain, path_of
from controller.progress import Progress, Watch
from controller.reports.model import Remedy, Report, Touch
from controller.store.contracts import StoredContract
from controller.store.errors import ExpiredError
from controller.store.exchanges import evidence
from controller.store.jobs import results
from controller.store.runs import Run, RunState, create_run, get_run
from controller.store.store import Store
from controller.waves import Asking, Sealing, Wave, cancelled_during, sealed
from controller.work import Law, Work, plan_work
from inventory.contract import Contract
from inventory.decide import Allowed
from inventory.resolution import looked_up

__all__ = ["Asked", "new_run", "report_of", "take_readings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants to know: for which ticket, of which hosts, areas and questions (empty: all), within how long.

    accounts: of whom the ticket speaks. symptom: whose chain of questions is followed; empty: all at once.
    captures: recordings of packets that came with the ticket.
    """

    ticket: str
    subject: str
    desk: str
    by: str
    hosts: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    collectors: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    symptom: str = ""
    captures: tuple[Handed, ...] = ()
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
    work = plan_work(law, asked.hosts, asked.areas, asked.collectors, now)
    chain = Chain(work, asked.symptom, looked_up(law.contract))
    sealing = Sealing(
        stored=stored,
        run=run,
        ticket=asked.ticket,
        accounts=asked.accounts,
        key=key,
        until=now + timedelta(seconds=asked.seconds),
    )
    first = sealing.wave(law, chain.first(), now)
    opening = asyncio.create_task(
        asyncio.to_thread(_open_run, store, stored, law.contract, asked, work, first, run, now)
    )
    stopped = await cancelled_during(opening)
    for refused in work.refused:
        watch(Progress(host=refused.job.host, collector=refused.job.collector, state="refused"))
    async with Chronicle(store, run, work, asked.by, watch) as chronicle:
        asking = Asking(store, law, sealing, courier, chronicle, watch)
        hearing = [asyncio.create_task(hear(one, asked.seconds)) for one in asked.captures]
        wave: Wave | None = first
        while wave is not None:
            stopped = await asking.ask(wave, asked.by, stopped=stopped)
            stopped = await _heard(hearing, chronicle, stopped=stopped)
            # Who stops it now ends what comes next before it is sent; at the chain's end it is over anyway.
            wave, stopped = (None, stopped) if stopped else await asking.next_wave(chain)


async def _heard(
    hearing: list[asyncio.Task[tuple[Result, Exchange]]], chronicle: Chronicle, *, stopped: bool
) -> bool:
    """Wait for the captures, once. Says whether somebody stopped the run: then their processes are ended."""
    waiting, hearing[:] = list(hearing), []
    if stopped:
        for task in waiting:
            task.cancel()
    together = asyncio.ensure_future(asyncio.gather(*waiting))
    try:
        await asyncio.shield(together)
    except asyncio.CancelledError:
        stopped = True
        for task in waiting:
            task.cancel()
    for result, exchange in await asyncio.gather(*waiting):
        chronicle.capture(result, exchange)
    return stopped


def _open_run(  # noqa: PLR0913, PLR0917 - one transaction's worth of facts.
    store: Store,
    stored: StoredContract,
    contract: Contract,
    asked: Asked,
    work: Work,
    first: Wave,
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
        symptom=asked.symptom,
    )
    planned = (*(r.job for r in work.refused), *first.work.jobs, *(one.job for one in asked.captures))
    create_run(store, fresh, planned, work.refused)
    entries = (*_decided(work, run), *sealed(first.assignments, run))
    append_many(store, (_asked(asked, work, run, deadline), *entries))


def _asked(asked: Asked, work: Work, run: str, deadline: datetime) -> Entry:
    return Entry(
        what=What.ASKED,
        who=asked.by,
        run=run,
        facts={
            "ticket": asked.ticket,
            "desk": asked.desk,
            "areas": " ".join(asked.areas),
            "symptom": asked.symptom,
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
            host: capture_about(host) if is_capture(host) else about_target(contract, host, run.accounts)
            for host in asked
            if host in contract.targets or is_capture(host)
        },
        causes=rank(found),
        findings=found,
        path=path_of(run.symptom, ended, found),
        results=ended,
        evidence=evidence(store, run_id),
        touched=touched,
        clauses={clause.id: clause.text for clause in contract.clauses},
        questions={collector.name: collector.asks for collector in catalogue().collectors.values()},
        stopped=_EARLY.get(ending or run.state, ""),
        remedies=_remedies(contract, run.ticket, found, asked),
    )


def _remedies(
    contract: Contract, ticket: str, found: Sequence[Finding], asked: Iterable[str]
) -> tuple[Remedy, ...]:
    """What Secondline itself can do about it, and who would have to agree."""
    hosts = {host: about_target(contract, host) for host in asked if host in contract.targets}
    return tuple(
        Remedy(
            playbook=one.playbook,
            does=one.known.does,
            notices=one.known.notices,
            risk=one.known.risk.value,
            hosts=one.hosts,
            tags=one.tags,
            approval=str(approval_in(contract, one) or ""),
            command=one.words(ticket),
        )
        for one in proposals(found, hosts, contract)
    )


def _last_sign(run: Run, ended: Sequence[Result], touched: Sequence[Touch]) -> datetime:
    """When a run whose process is gone was last heard of."""
    heard = (result.began + timedelta(seconds=result.took) for result in ended)
    return max((run.began, *heard, *(touch.at for touch in touched)))
