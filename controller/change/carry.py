"""How is a plan carried out, or taken back? Decided, approved, written down, sent once, heard, and told.

Before anything is sent, the plan, its hosts and the run are taken in one transaction; who comes second finds them
taken. Whatever happens afterwards, every host of the plan ends in exactly one outcome: that of the agent, or that
nobody knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.about import about_target
from agent.job import Job, Outcome, Refused, Unknown
from controller.change.notes import begun_note, ended_note
from controller.change.permit import approval_for, permit_change
from controller.change.sealing import seal_change
from controller.chronicle import Chronicle
from controller.courier.courier import Courier
from controller.grants import Assignment
from controller.ledger import Entry, What, append_many
from controller.outbox import hand_over
from controller.progress import Progress, Watch, shown
from controller.store.contracts import StoredContract
from controller.store.errors import PlanStateError
from controller.store.jobs import results
from controller.store.letters import action_json
from controller.store.plans import (
    Carried,
    Doing,
    PlanState,
    StoredPlan,
    begin,
    carried,
    end,
    end_host,
    get_plan,
    words,
)
from controller.store.runs import Run, RunState, end_run, move_run, open_run
from controller.store.store import Store
from controller.waves import sealed
from controller.work import Law, Work
from inventory.approval import Approved, check_approvals
from inventory.clause import Approval, Clause
from inventory.contract import Contract
from inventory.signing import Pins
from playbooks.catalogue import playbook_catalogue
from playbooks.plan import Plan, PlanError, read_plan

__all__ = ["Carriage", "Ground", "Ready", "carry_out", "close", "make_ready", "plan_of"]

# In seconds: looking before and afterwards, on each host; and what a whole plan may take at the most.
_LOOKS, _LONGEST = 240.0, 4 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A plan that may be carried out now: by which clause on each host, and who has agreed."""

    plan: StoredPlan
    content: Plan
    kind: Doing
    clauses: Mapping[str, Clause]
    approval: Approval
    approved: tuple[Approved, ...]
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What it stands on: the store, the contract that holds, all that decides, and whose approval counts at the agent."""

    store: Store
    stored: StoredContract
    law: Law
    pins: Pins


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriage(Ground):
    """What carries it: the courier besides, and who does it."""

    courier: Courier
    key: Mapping[str, Any]
    by: str
    watch: Watch


def plan_of(stored: StoredPlan) -> Plan:
    """What a stored plan says. Raises PlanStateError when it is not the one whose digest was kept."""
    try:
        content = read_plan(stored.text)
    except PlanError as error:
        raise PlanStateError(f"plan {stored.id} cannot be read: {error}; plan anew") from None
    if content.digest != stored.digest or content.playbook != stored.playbook:
        raise PlanStateError(
            f"plan {stored.id} is not the one that was kept under its digest: somebody changed it; plan anew"
        )
    return content


def make_ready(ground: Ground, plan: StoredPlan, kind: Doing, now: datetime) -> Ready | Mapping[str, Refused]:
    """Whether it may be done now; the refusals, by host, where the contract says no.

    An undo is a change as well, and wants approvals of its own where the contract wants any. Raises PlanStateError, and
    ApprovalError when somebody must agree first.
    """
    stored, law = ground.stored, ground.law
    content = plan_of(plan)
    if plan.shadow:
        raise PlanStateError(
            f"plan {plan.id} was made in shadow, for comparison: promote {plan.playbook} first with 'secondline playbooks "
            "promote', then plan anew"
        )
    if kind is Doing.APPLY and content.contract != stored.digest:
        raise PlanStateError(
            f"plan {plan.id} was made under revision {content.revision} of the contract, and revision {stored.revision} "
            "holds now: plan anew"
        )
    permit = permit_change(law, plan.playbook, content.hosts, now)
    if permit.refused:
        return permit.refused
    tokens = _tokens(ground.store, plan, kind)
    approval = approval_for(law, plan.playbook, content.hosts, now)
    approved = check_approvals(
        tokens,
        ground.pins,
        digest=plan.digest,
        playbook=plan.playbook,
        customer=plan.customer,
        hosts=content.hosts,
        approval=approval,
        requested_by=plan.requested_by,
        edited_by=plan.edited_by,
        contract=law.contract,
        now=now,
    )
    return Ready(
        plan=plan,
        content=content,
        kind=kind,
        clauses=permit.clauses,
        approval=approval,
        approved=approved,
        tokens=tokens,
    )


def _tokens(store: Store, plan: StoredPlan, kind: Doing) -> tuple[str, ...]:
    """The approvals that are not used up: those for an undo were given after the plan was begun."""
    begun = [one.began for one in carried(store, plan.id) if one.kind is Doing.APPLY]
    since = max(begun, default=None) if kind is Doing.UNDO else None
    return tuple(
        word.token
        for word in words(store, plan.id)
        if word.kind == "approval" and word.token and (since is None or word.at >= since)
    )


async def carry_out(carriage: Carriage, ready: Ready, run: str) -> PlanState:
    """Send it once, under the run's id, which the caller holds; gives how it ended. Raises PlanStateError."""
    now, seconds = datetime.now(UTC), _seconds(ready.content)
    plan, law = ready.plan, carriage.law
    jobs = {
        Job(id=f"{host}/{plan.playbook}", host=host, collector=plan.playbook): ready.clauses[host]
        for host in ready.content.hosts
    }
    work = Work(
        jobs=jobs,
        refused=(),
        decisions=(),
        abouts={job.host: about_target(law.contract, job.host) for job in jobs},
    )
    order = seal_change(
        law,
        carriage.stored,
        plan,
        ready.kind,
        jobs,
        ready.tokens,
        run=run,
        key=carriage.key,
        seconds=seconds,
        now=now,
    )
    await asyncio.to_thread(_begin, carriage, ready, tuple(jobs), order, run, now)
    async with Chronicle(carriage.store, run, work, carriage.by, carriage.watch, plan=plan.id) as chronicle:
        for job in jobs:
            carriage.watch(Progress(host=job.host, collector=job.collector, state="waiting"))
        sending = asyncio.create_task(
            carriage.courier.carry(order.agent, order.order, chronicle.listener(order.grant, order.agent))
        )
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            chronicle.stopping(carriage.by)
            moved = asyncio.to_thread(move_run, carriage.store, run, RunState.STOPPING)
            await asyncio.gather(carriage.courier.cancel(), moved)
            await asyncio.gather(sending, return_exceptions=True)
        chronicle.close_open_jobs(jobs)
    return await asyncio.to_thread(close, carriage.store, law.contract, plan, ready.kind, run)


def _seconds(content: Plan) -> float:
    """For how long there is leave: what its hosts may take one after the other, looked at before and afterwards."""
    settles = playbook_catalogue()[content.playbook].settle
    return min(_LONGEST, sum(part.seconds + settles + _LOOKS for part in content.parts))


def _begin(  # noqa: PLR0913, PLR0917 - one transaction's worth of facts.
    carriage: Carriage, ready: Ready, jobs: Sequence[Job], order: Assignment, run: str, now: datetime
) -> None:
    store, plan, contract = carriage.store, ready.plan, carriage.law.contract
    # A ledger that does not hold is told before anything is begun.
    append_many(store, ())
    people = tuple(one.person for one in ready.approved)
    note = action_json(store, begun_note(contract, plan, ready.kind, people))
    fresh = Run(
        id=run,
        ticket=plan.ticket,
        desk=plan.desk,
        customer=contract.customer,
        contract=carriage.stored.digest,
        revision=contract.revision,
        asked_by=carriage.by,
        state=RunState.RUNNING,
        began=now,
        deadline=now + timedelta(seconds=_seconds(ready.content)),
        kind=ready.kind.value,
    )
    with store.write(durable=True) as connection:
        clauses = {host: clause.id for host, clause in ready.clauses.items()}
        begin(connection, plan, ready.kind, clauses, run=run, now=now)
        open_run(connection, fresh, jobs)
        hand_over(connection, note, run_id=run, desk=plan.desk, ticket=plan.ticket, now=now)
    begun = Entry(
        what=What.CHANGE_BEGUN,
        who=carriage.by,
        run=run,
        facts={
            "plan": plan.id,
            "digest": plan.digest,
            "deed": f"change {plan.playbook}",
            "kind": ready.kind.value,
            "people": ", ".join(people),
            "requested_by": plan.requested_by,
        },
    )
    allowed = [
        Entry(
            what=What.DECIDED_ALLOWED,
            who="controller",
            run=run,
            host=host,
            clause=clause.id,
            facts={"deed": f"change {plan.playbook}"},
        )
        for host, clause in ready.clauses.items()
    ]
    append_many(store, (begun, *allowed, *sealed((order,), run)))


def close(store: Store, contract: Contract | None, plan: StoredPlan, kind: Doing, run: str) -> PlanState:
    """End a plan's run from what is written down: every host that has no end ends as not known. Told to the ticket.

    Also what ends a run whose process is gone. All of that or nothing; ledger first. contract: None when its text is
    gone; then the ticket is told nothing, as nobody knows what it may see.
    """
    now = datetime.now(UTC)
    said = {result.job.host: result.outcome for result in results(store, run)}
    ended = [
        Carried(
            host=one.host,
            kind=kind,
            clause=one.clause,
            began=one.began,
            outcome=said.get(one.host)
            or Unknown(0, "the process that did it ended before it was written down"),
            ended=now,
        )
        for one in carried(store, plan.id)
        if one.kind is kind and one.ended is None
    ]
    append_many(store, (_ended(plan, kind, run, one) for one in ended))
    with store.write(durable=True) as connection:
        for one in ended:
            end_host(connection, plan.id, one)
        state = end(connection, plan.id, kind)
        outcomes: dict[str, Outcome | None] = {one.host: one.outcome for one in ended}
        end_run(connection, run, RunState.DONE, ended=now, summary={"plan": plan.id, "state": state.value})
        if contract is not None:
            note = action_json(store, ended_note(contract, plan, kind, state, outcomes))
            hand_over(connection, note, run_id=run, desk=plan.desk, ticket=plan.ticket, now=now)
    return get_plan(store, plan.id).state


def _ended(plan: StoredPlan, kind: Doing, run: str, one: Carried) -> Entry:
    outcome = one.outcome or Unknown(0, "")
    state, detail = shown(outcome)
    return Entry(
        what=What.CHANGE_ENDED,
        who="controller",
        run=run,
        host=one.host,
        clause=one.clause,
        facts={
            "plan": plan.id,
            "digest": plan.digest,
            "kind": kind.value,
            "state": state,
            "detail": detail[:500],
        },
    )
