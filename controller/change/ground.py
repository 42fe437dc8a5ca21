"""On what does a change stand, and where does its plan stand? Law and pins; who must agree, who has, when it may be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from controller.change.carry import Ground
from controller.change.permit import agents_of, approval_for, must_agree, next_time
from controller.change.phrases import Phrases
from controller.change.telling import moment, outcome_lines, plain
from controller.office import Office
from controller.store.plans import Carried, StoredPlan, Word, carried, words
from inventory.approval import Approvers
from inventory.clause import Approval
from playbooks.plan import Plan

__all__ = ["Standing", "ground_for", "standing_lines", "standing_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a plan stands at a moment: what is demanded, whose yes counts, what was said, when it may be done."""

    approval: Approval
    may: Approvers
    said: tuple[Word, ...]
    hosts: tuple[Carried, ...]
    next_at: datetime | None
    now: datetime


def ground_for(office: Office, customer: str, hosts: tuple[str, ...]) -> Ground:
    """What a change of this customer's hosts stands on. Raises NoContractError, HoldError."""
    stored, law = office.law_of(customer)
    known = tuple(host for host in hosts if host in law.contract.targets)
    pins = office.pins(law.contract, agents_of(law, known or tuple(law.contract.targets)[:1]))
    return Ground(store=office.store, stored=stored, law=law, pins=pins)


def standing_of(ground: Ground, stored: StoredPlan, plan: Plan, now: datetime) -> Standing:
    return Standing(
        approval=approval_for(ground.law, plan.playbook, plan.hosts, now),
        may=must_agree(ground.law, ground.pins, requested_by=stored.requested_by, edited_by=stored.edited_by),
        said=words(ground.store, stored.id),
        hosts=carried(ground.store, stored.id),
        next_at=next_time(ground.law, plan.playbook, plan.hosts, now),
        now=now,
    )


def standing_lines(stored: StoredPlan, standing: Standing, phrases: Phrases) -> Iterator[str]:
    """Who must agree, who has, when it may be done, and how far it is."""
    wanted = {
        Approval.NONE: (),
        Approval.COLLEAGUE: (standing.may.colleagues,),
        Approval.CUSTOMER: (standing.may.customers,),
        Approval.BOTH: (standing.may.colleagues, standing.may.customers),
    }[standing.approval]
    names = "; ".join(", ".join(several) or phrases.nobody for several in wanted)
    who = phrases.approvals[standing.approval]
    yield phrases.approval.format(who=f"{who} {phrases.who.format(names=plain(names))}" if wanted else who)
    for word in standing.said:
        if word.kind == "approval" and word.expires is not None:
            until = phrases.until.format(at=f"{moment(word.expires)} UTC")
            yield f"{phrases.given.format(person=plain(word.person))}, {until}"
    if stored.shadow:
        yield phrases.shadow
    if standing.next_at is None:
        yield phrases.window_never
    elif standing.next_at <= standing.now:
        yield phrases.window_now
    else:
        yield phrases.window_next.format(at=moment(standing.next_at))
    for one in standing.hosts:
        first, *rest = outcome_lines(one.outcome, phrases)
        yield f"{one.kind} {plain(one.host)}: {plain(first)}"
        yield from (f"  {plain(line)}" for line in rest)
