"""May this plan be carried out here and now? Plan, grant, contract and approvals, before anything is opened.

The agent trusts the controller for nothing but the question: whether it is this plan that was approved, whether its
hosts and its playbook are covered now, and whether an approval was used before is found out here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.admission import Admitted
from agent.again import fits_contract
from agent.job import Job, Refused
from agent.memory import Memory
from agent.order import Order
from agent.post import Post
from agent.refusal import Hold, HoldError
from inventory.approval import Approved, check_approvals, strictest
from inventory.contract import Clause
from inventory.decide import Allowed, Change, Request, decide
from inventory.decide import Refused as Denied
from playbooks.catalogue import playbook_catalogue
from playbooks.plan import Plan, PlanError, read_plan
from playbooks.playbook import Playbook, WantedError

__all__ = ["Assent", "assent", "change_of", "decide_change", "spend"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assent:
    """A plan that may be carried out (or taken back), its playbook with the parameters, and the clause for each host."""

    plan: Plan
    book: Playbook[Any, Any]
    wanted: Any
    jobs: Mapping[str, Job]
    clauses: Mapping[str, Clause]
    approved: tuple[Approved, ...]
    undo: bool


def change_of(customer: str, host: str, playbook: str) -> Request:
    return Request(customer=customer, host=host, deed=Change(playbook))


def assent(order: Order, admitted: Admitted, post: Post) -> Assent | dict[Job, Refused]:
    """Hold an order of a change against grant, contract, ceiling and approvals.

    Gives why each job is refused when a host is not allowed: a plan is carried out as it was approved, on all its hosts,
    or not at all. Raises HoldError, ApprovalError.
    """
    plan, book = _plan_of(order, admitted)
    try:
        wanted = book.read(plan.wanted)
    except WantedError as error:
        raise HoldError(Hold.PARAMETERS, str(error)) from None
    grant, now = admitted.leave.grant, datetime.now(UTC)
    decided = {job: decide_change(admitted, post, job, now) for job in order.jobs}
    if refused := {job: one for job, one in decided.items() if isinstance(one, Refused)}:
        rest = Refused(
            Hold.NOT_WHOLE,
            by="agent",
            detail=f"the plan is for {len(plan.parts)} hosts, and {next(iter(refused)).host} may not be changed now",
        )
        return {job: refused.get(job, rest) for job in order.jobs}
    clauses = {job.host: one for job, one in decided.items() if isinstance(one, Clause)}
    approved = check_approvals(
        order.approvals,
        post.pins,
        digest=plan.digest,
        playbook=plan.playbook,
        customer=plan.customer,
        hosts=plan.hosts,
        approval=strictest(clause.approval for clause in clauses.values()),
        requested_by=grant.requested_by,
        edited_by=grant.edited_by,
        contract=admitted.contract,
        now=now,
    )
    return Assent(
        plan=plan,
        book=book,
        wanted=wanted,
        jobs={job.host: job for job in order.jobs},
        clauses=clauses,
        approved=approved,
        undo=grant.undo,
    )


def decide_change(admitted: Admitted, post: Post, job: Job, now: datetime) -> Clause | Refused:
    """The clause that lets this host be changed at this moment, or why it is refused. Pure."""
    contract, leave = admitted.contract, admitted.leave
    request = change_of(leave.grant.customer, job.host, job.collector)
    match decide(contract, request, now, post.ceiling):
        case Denied() as denied:
            return Refused(
                denied.reason, denied.clauses, by="agent", detail=post.ceiling_trouble or denied.beyond
            )
        case Allowed(clause):
            return fits_contract(contract, post.ceiling, leave, job.host, clause)


def spend(approved: tuple[Approved, ...], memory: Memory) -> None:
    """Take the approvals as used, on the disk before this returns. Raises HoldError when one was used before."""
    memory.spend_approvals({one.id: one.expires.timestamp() for one in approved})


def _plan_of(order: Order, admitted: Admitted) -> tuple[Plan, Playbook[Any, Any]]:
    """The plan that the grant names, and its playbook as this agent knows it. Raises HoldError."""
    grant = admitted.leave.grant
    try:
        plan = read_plan(order.plan)
    except PlanError as error:
        raise HoldError(Hold.OTHER_PLAN, str(error)) from None
    if plan.digest != grant.plan:
        raise HoldError(Hold.OTHER_PLAN, "the grant was given for another plan: nothing of this one is done")
    book = playbook_catalogue().get(plan.playbook)
    if book is None:
        raise HoldError(Hold.NO_PLAYBOOK, f"this agent does not know {plan.playbook!r}: update it")
    if grant.deeds != (plan.playbook,) or plan.customer != grant.customer:
        raise HoldError(Hold.OTHER_PLAN, "the grant names another playbook or customer than the plan")
    if not grant.undo and (plan.contract, plan.revision) != (grant.contract, grant.revision):
        raise HoldError(
            Hold.OTHER_PLAN,
            f"the plan was made under revision {plan.revision} of the contract, and now there is another: plan again",
        )
    if plan.asked != book.asked or not set(plan.tags) <= set(book.treats):
        raise HoldError(
            Hold.OTHER_PLAN,
            f"the plan asks for other things afterwards than {book.name} does here: plan again",
        )
    told = [(job.host, job.collector, job.wanted) for job in order.jobs]
    if told != [(host, plan.playbook, None) for host in plan.hosts] or set(plan.hosts) != set(grant.targets):
        raise HoldError(Hold.OTHER_PLAN, "the order names other hosts than the plan: nothing is done")
    return plan, book
