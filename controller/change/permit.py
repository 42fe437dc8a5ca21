"""May this change be planned here, carried out here, and who has to agree? `decide`, asked for playbooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.job import Refused
from agent.refusal import Hold
from controller.work import Law, agent_of
from inventory.approval import Approvers, approvers, strictest
from inventory.clause import Approval, Clause
from inventory.decide import Allowed, Change, Decision, Reason, Request, decide_under_all
from inventory.decide import Refused as Denied
from inventory.outlook.when import opens
from inventory.signing import Pins

__all__ = [
    "Permit",
    "agents_of",
    "approval_for",
    "must_agree",
    "next_time",
    "permit_change",
    "permit_planning",
]


@dataclass(frozen=True, slots=True)
class Permit:
    """By which clause each host may be touched, and why the others may not."""

    clauses: Mapping[str, Clause]
    refused: Mapping[str, Refused]


def permit_planning(law: Law, playbook: str, hosts: Sequence[str], now: datetime) -> Permit:
    """Whether a playbook's state may be looked at: its area may be diagnosed there now, and some clause names it there."""
    clauses: dict[str, Clause] = {}
    refused: dict[str, Refused] = {}
    for host in hosts:
        looked = law.decide(host, playbook.partition(".")[0], now)
        change = decide_under_all(law.contracts, _request(law, playbook, host), now, law.ceiling_of(host))
        match looked, change:
            case Denied(), _:
                refused[host] = _why(law, playbook, host, looked)
            # Outside its window a change may be planned, not made.
            case Allowed(clause), (Allowed() | Denied(Reason.WINDOW_CLOSED)):
                clauses[host] = clause
            case _, Denied():
                refused[host] = _why(law, playbook, host, change)
    return Permit(clauses, refused)


def permit_change(law: Law, playbook: str, hosts: Sequence[str], now: datetime) -> Permit:
    """Whether a playbook may be carried out on these hosts at this moment, and by which clause on each."""
    clauses: dict[str, Clause] = {}
    refused: dict[str, Refused] = {}
    for host in hosts:
        decision = decide_under_all(law.contracts, _request(law, playbook, host), now, law.ceiling_of(host))
        hindered, why = law.hindrance(host, playbook.partition(".")[0])
        if isinstance(decision, Denied):
            refused[host] = _why(law, playbook, host, decision)
        elif hindered:
            refused[host] = Refused(hindered, (decision.clause.id,), detail=why)
        else:
            clauses[host] = decision.clause
    return Permit(clauses, refused)


def approval_for(law: Law, playbook: str, hosts: Iterable[str], now: datetime) -> Approval:
    """Whose yes is needed: what the strictest clause says of those that allow it now; where none does, of all that may.

    A waiting revision counts too: it narrows what holds from its import on.
    """
    demanded: list[Approval] = []
    for host in hosts:
        request = _request(law, playbook, host)
        for contract in law.contracts:
            decision: Decision = decide_under_all((contract,), request, now, law.ceiling_of(host))
            cover = contract.covers.get(host)
            covering = cover.change.get(playbook) if cover else None
            if isinstance(decision, Allowed):
                demanded.append(decision.clause.approval)
            elif covering:
                demanded += [clause.approval for clause in covering.clauses]
    return strictest(demanded)


def must_agree(law: Law, pins: Pins, *, requested_by: str, edited_by: Sequence[str]) -> Approvers:
    """Whose yes counts, by name."""
    return approvers(pins, law.contract, requested_by=requested_by, edited_by=edited_by)


def next_time(law: Law, playbook: str, hosts: Iterable[str], now: datetime) -> datetime | None:
    """From when on it may be carried out on all of these hosts; None: never, as things are."""
    moment = now
    # Each host may have windows of its own; what they have in common is found where none moves the moment any more.
    for _ in range(50):
        later = moment
        for host in hosts:
            opened = opens(law.contracts, _request(law, playbook, host), later, law.ceiling_of(host))
            if opened is None:
                return None
            later = max(later, opened)
        if later == moment:
            return moment.astimezone(law.contract.zone_info)
        moment = later
    return None


def agents_of(law: Law, hosts: Iterable[str]) -> tuple[str, ...]:
    """The agents that serve these hosts, each once."""
    return tuple(dict.fromkeys(agent_of(law.contract, host) for host in hosts))


def _request(law: Law, playbook: str, host: str) -> Request:
    return Request(customer=law.contract.customer, host=host, deed=Change(playbook))


def _why(law: Law, playbook: str, host: str, denied: Denied) -> Refused:
    reason: str = denied.reason
    detail = denied.beyond
    if denied.reason is Reason.NO_CEILING:
        hindered, why = law.hindrance(host, playbook.partition(".")[0])
        reason, detail = hindered or Hold.NO_AGENT, why
    return Refused(reason, denied.clauses, detail=detail)
