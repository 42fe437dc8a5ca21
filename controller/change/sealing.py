"""How does a plan become an order? One grant for one plan, for one agent, that ends when it must."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from agent.job import Job
from agent.order import Order
from controller.grants import Assignment, targets_of
from controller.store.contracts import StoredContract
from controller.store.plans import Doing, StoredPlan
from controller.work import Law, agent_of
from inventory.clause import Clause
from inventory.decide import Change, Request
from inventory.grant import Grant, seal
from inventory.outlook.when import closes_within

__all__ = ["seal_change"]

_SPARE = 60.0


def seal_change(  # noqa: PLR0913, PLR0917 - what a grant consists of.
    law: Law,
    stored: StoredContract,
    plan: StoredPlan,
    kind: Doing,
    jobs: Mapping[Job, Clause],
    approvals: Sequence[str],
    *,
    run: str,
    key: Mapping[str, Any],
    seconds: float,
    now: datetime,
) -> Assignment:
    """Seal the one grant under which a plan is carried out or taken back. All jobs are of one agent."""
    contract, span = law.contract, timedelta(seconds=seconds + _SPARE)
    requests = [
        Request(customer=contract.customer, host=job.host, deed=Change(plan.playbook)) for job in jobs
    ]
    ends = closes_within(law.contracts, requests, now, span, law.ceiling_of)
    expires = min([now + span, *ends.values()])
    agent = agent_of(contract, next(iter(jobs)).host)
    grant = Grant(
        id=secrets.token_hex(16),
        run=run,
        ticket=plan.ticket,
        customer=contract.customer,
        agent=agent,
        contract=stored.digest,
        revision=contract.revision,
        deeds=(plan.playbook,),
        plan=plan.digest,
        undo=kind is Doing.UNDO,
        requested_by=plan.requested_by,
        edited_by=plan.edited_by,
        targets=targets_of(law, tuple(jobs), now),
        shares={clause.id: clause.at_once for clause in jobs.values()},
        not_before=int(time.time()),
        expires=int(expires.timestamp()),
    )
    order = Order(
        token=seal(grant, key),
        contract=stored.text,
        signatures=stored.signatures,
        jobs=tuple(jobs),
        seconds=seconds,
        plan=plan.text,
        approvals=tuple(approvals),
    )
    return Assignment(agent=agent, grant=grant.id, order=order)
