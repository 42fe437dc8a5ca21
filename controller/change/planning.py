"""What would be changed, and how? The agent looks at each host, and what it would do there becomes one plan."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.about import about_target
from agent.job import Job, Outcome, Planned, Refused, Result
from controller.change.notes import made_note
from controller.change.permit import agents_of, permit_planning
from controller.chronicle import Chronicle
from controller.courier.courier import Courier
from controller.ledger import Entry, LedgerFact, What, append_many
from controller.outbox import hand_over
from controller.progress import Watch
from controller.store.contracts import StoredContract
from controller.store.jobs import results
from controller.store.letters import action_json
from controller.store.plans import StoredPlan, add_plan
from controller.store.runs import Run, RunState, create_run, end_run
from controller.store.store import Store
from controller.waves import Asking, Sealing, sealed
from controller.work import Decided, Law, Work
from inventory.contract import Contract
from inventory.decide import Allowed
from playbooks.plan import PART, Part, Plan
from playbooks.playbook import Playbook

__all__ = ["Looked", "Wanted", "look", "make_plan", "one_agent", "store_plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which change somebody wants, for which ticket, where, and with which parameters (as JSON).

    person: who asks, by the name beside their key. by: the login. shadow: only to be compared.
    """

    ticket: str
    desk: str
    subject: str
    by: str
    person: str
    playbook: Playbook[Any, Any]
    hosts: tuple[str, ...]
    said: Mapping[str, Any]
    shadow: bool = False
    seconds: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What looking gave: by host. run: in which it was done."""

    run: str
    outcomes: Mapping[str, Outcome]

    @property
    def parts(self) -> tuple[Part, ...] | None:
        """What would be done on each host; None where one of them has no part."""
        parts = [
            PART.validate_python(dict(one.part)) for one in self.outcomes.values() if isinstance(one, Planned)
        ]
        return tuple(parts) if parts and len(parts) == len(self.outcomes) else None


async def look(  # noqa: PLR0913 - what a run stands on.
    store: Store,
    stored: StoredContract,
    law: Law,
    wanted: Wanted,
    *,
    run: str,
    courier: Courier,
    key: Mapping[str, Any],
    watch: Watch,
) -> Looked:
    """Have the agents look at the hosts, and keep what they saw under the run's id, which the caller holds."""
    now = datetime.now(UTC)
    until = now + timedelta(seconds=wanted.seconds)
    work = _work(law, wanted, now)
    sealing = Sealing(stored=stored, run=run, ticket=wanted.ticket, accounts=(), key=key, until=until)
    wave = sealing.wave(law, work, now)
    fresh = Run(
        id=run,
        ticket=wanted.ticket,
        desk=wanted.desk,
        customer=law.contract.customer,
        contract=stored.digest,
        revision=law.contract.revision,
        asked_by=wanted.by,
        state=RunState.RUNNING,
        began=now,
        deadline=until,
        subject=wanted.subject,
        kind="plan",
    )
    await asyncio.to_thread(
        create_run, store, fresh, (*(r.job for r in work.refused), *work.jobs), work.refused
    )
    entries = (_asked(wanted, work, run, until), *_decided(work, run), *sealed(wave.assignments, run))
    await asyncio.to_thread(append_many, store, entries)
    async with Chronicle(store, run, work, wanted.by, watch) as chronicle:
        await Asking(store, law, sealing, courier, chronicle, watch).ask(wave, wanted.by, stopped=False)
    ended = await asyncio.to_thread(results, store, run)
    said = {result.job.host: result.outcome for result in ended}
    return Looked(run=run, outcomes={host: said[host] for host in wanted.hosts if host in said})


def _work(law: Law, wanted: Wanted, now: datetime) -> Work:
    name, contract = wanted.playbook.name, law.contract
    permit = permit_planning(law, name, wanted.hosts, now)
    jobs = {_job(wanted, host): clause for host, clause in permit.clauses.items()}
    refused = tuple(
        Result(job=_job(wanted, host), outcome=outcome, began=now, took=0.0)
        for host, outcome in permit.refused.items()
    )
    return Work(
        jobs=jobs,
        refused=refused,
        decisions=tuple(
            Decided(host=host, area=wanted.playbook.area, decision=Allowed(clause))
            for host, clause in permit.clauses.items()
        ),
        abouts={job.host: about_target(contract, job.host) for job in jobs},
    )


def _job(wanted: Wanted, host: str) -> Job:
    name = wanted.playbook.name
    return Job(id=f"{host}/{name}", host=host, collector=name, wanted=dict(wanted.said))


def _asked(wanted: Wanted, work: Work, run: str, until: datetime) -> Entry:
    facts: dict[str, LedgerFact] = {
        "ticket": wanted.ticket,
        "desk": wanted.desk,
        "areas": wanted.playbook.area,
        "hosts": len(wanted.hosts),
        "jobs": len(work.jobs),
        "deadline": until.isoformat(),
    }
    return Entry(what=What.ASKED, who=wanted.by, run=run, facts=facts)


def _decided(work: Work, run: str) -> tuple[Entry, ...]:
    allowed = [
        Entry(
            what=What.DECIDED_ALLOWED,
            who="controller",
            run=run,
            host=job.host,
            clause=clause.id,
            facts={"deed": f"plan {job.collector}"},
        )
        for job, clause in work.jobs.items()
    ]
    refused = [
        Entry(
            what=What.DECIDED_REFUSED,
            who="controller",
            run=run,
            host=result.job.host,
            facts={
                "reason": str(result.outcome.reason),
                "clauses": " ".join(result.outcome.clauses),
                "by": "controller",
                "deed": f"plan {result.job.collector}",
            },
        )
        for result in work.refused
        if isinstance(result.outcome, Refused)
    ]
    return (*allowed, *refused)


def make_plan(contract: Contract, stored: StoredContract, wanted: Wanted, parts: Sequence[Part]) -> Plan:
    """One plan of what would be done on each host, the first of them alone and before all others."""
    return Plan(
        playbook=wanted.playbook.name,
        customer=contract.customer,
        contract=stored.digest,
        revision=contract.revision,
        wanted=dict(wanted.said),
        tags=wanted.playbook.treats,
        asked=wanted.playbook.asked,
        parts=tuple(parts),
    )


def store_plan(  # noqa: PLR0913 - what a plan is kept with.
    store: Store,
    contract: Contract,
    wanted: Wanted,
    looked: Looked,
    plan: Plan | None,
    *,
    more: Sequence[str] = (),
) -> StoredPlan | None:
    """End the run of a look; keep the plan, and tell the ticket of it: all of that or nothing.

    plan: None where there is none. more: further lines for the ticket's note. Ledger first: rather twice there than never.
    """
    now = datetime.now(UTC)
    fresh = None if plan is None else _stored(wanted, looked, plan, contract, now)
    note = fresh and plan and action_json(store, made_note(contract, fresh, plan, more))
    entries = [Entry(what=What.RUN_ENDED, who="controller", run=looked.run, facts={"state": "done"})]
    if fresh is not None and plan is not None:
        facts: dict[str, LedgerFact] = {
            "plan": fresh.id,
            "digest": fresh.digest,
            "ticket": fresh.ticket,
            "playbook": fresh.playbook,
            "hosts": len(plan.parts),
            "requested_by": fresh.requested_by,
            "shadow": fresh.shadow,
        }
        entries.insert(0, Entry(what=What.PLAN_MADE, who=wanted.by, run=looked.run, facts=facts))
    append_many(store, entries)
    with store.write(durable=True) as connection:
        end_run(connection, looked.run, RunState.DONE, ended=now, summary={"plan": fresh.id if fresh else ""})
        if fresh is not None and note:
            add_plan(connection, fresh)
            hand_over(connection, note, run_id=looked.run, desk=wanted.desk, ticket=wanted.ticket, now=now)
    return fresh


def _stored(wanted: Wanted, looked: Looked, plan: Plan, contract: Contract, now: datetime) -> StoredPlan:
    return StoredPlan(
        id=looked.run,
        digest=plan.digest,
        text=plan.text,
        customer=contract.customer,
        desk=wanted.desk,
        ticket=wanted.ticket,
        playbook=plan.playbook,
        requested_by=wanted.person,
        made=now,
        made_in=looked.run,
        shadow=wanted.shadow,
    )


def one_agent(law: Law, hosts: Sequence[str]) -> str:
    """Why these hosts cannot stand in one plan; '' when they can."""
    agents = agents_of(law, hosts)
    if len(agents) < 2:
        return ""
    return f"these hosts are served by several agents ({', '.join(agents)}): make a plan for each"
