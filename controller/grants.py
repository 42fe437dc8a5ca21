"""How does work become orders? One agent's share at a time, in grants that are sealed and end when they must."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from agent.job import Job
from agent.order import Order
from controller.store.contracts import StoredContract
from controller.work import Law, Work, agent_of, is_by_ticket, law_addresses, only_greets, open_ports
from inventory.decide import Request
from inventory.grant import Grant, Target, seal
from inventory.kdcs import AREA, WAY, may_give_tickets
from inventory.outlook.when import closes_within

__all__ = ["Assignment", "assign", "targets_of"]

# A grant serves one worker; a large run is cut into several.
_HOSTS_A_GRANT = 100
# A grant outlives what it may take by this much, in seconds: its turn may come late.
_SPARE = 60.0
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One order for one agent, with the id of its grant."""

    agent: str
    grant: str
    order: Order


def assign(  # noqa: PLR0913 - what a grant consists of.
    law: Law,
    stored: StoredContract,
    work: Work,
    *,
    run: str,
    ticket: str,
    key: Mapping[str, Any],
    seconds: float,
    now: datetime,
    accounts: tuple[str, ...] = (),
) -> tuple[Assignment, ...]:
    """Cut the work into grants: by agent, then into parts of at most a hundred hosts, and seal them.

    accounts: of whom the ticket speaks.
    """
    ends = _ends(law, work, now, timedelta(seconds=seconds + _SPARE))
    # What will be allowed no more before the grant is over has a grant of its own, which ends when it must.
    parts: dict[tuple[str, datetime | None], dict[str, list[Job]]] = {}
    for job in work.jobs:
        agent = agent_of(law.contract, job.host)
        parts.setdefault((agent, ends.get(job)), {}).setdefault(job.host, []).append(job)
    assignments = []
    for (agent, end), hosts in parts.items():
        count = ceil(len(hosts) / _HOSTS_A_GRANT)
        names = tuple(hosts)
        for part in range(count):
            jobs = tuple(job for host in names[part::count] for job in hosts[host])
            grant = _grant(
                law,
                work,
                jobs,
                count,
                run=run,
                ticket=ticket,
                digest=stored.digest,
                agent=agent,
                moment=now,
                expires=min(now + timedelta(seconds=seconds + _SPARE), end or _NEVER),
            )
            order = Order(
                token=seal(grant, key),
                contract=stored.text,
                signatures=stored.signatures,
                jobs=jobs,
                seconds=seconds,
                accounts=accounts,
            )
            assignments.append(Assignment(agent=agent, grant=grant.id, order=order))
    return tuple(assignments)


def _ends(law: Law, work: Work, now: datetime, span: timedelta) -> dict[Job, datetime]:
    """The jobs that will be allowed no more before a grant of this length is over, and from when on."""
    asked = {
        job: (law.request(job.host, job.collector.partition(".")[0]), *_kdc_requests(law, job, now))
        for job in work.jobs
    }
    every = dict.fromkeys(request for requests in asked.values() for request in requests)
    ends = closes_within(law.contracts, every, now, span, law.ceiling_of)
    firsts = {job: [ends[one] for one in requests if one in ends] for job, requests in asked.items()}
    return {job: min(moments) for job, moments in firsts.items() if moments}


def _kdc_requests(law: Law, job: Job, now: datetime) -> tuple[Request, ...]:
    """What must go on being allowed for the ticket of a job's log-in."""
    if not is_by_ticket(job.collector):
        return ()
    kdcs = may_give_tickets(law.contracts, job.host, now, law.ceiling_of(job.host)).open
    return tuple(law.request(kdc, AREA) for kdc in kdcs)


def _grant(  # noqa: PLR0913 - what a grant consists of.
    law: Law,
    work: Work,
    jobs: Sequence[Job],
    count: int,
    *,
    run: str,
    ticket: str,
    digest: str,
    agent: str,
    moment: datetime,
    expires: datetime,
) -> Grant:
    now, contract = int(time.time()), law.contract
    clauses = {work.jobs[job].id: work.jobs[job] for job in jobs}
    return Grant(
        id=secrets.token_hex(16),
        run=run,
        ticket=ticket,
        customer=contract.customer,
        agent=agent,
        contract=digest,
        revision=contract.revision,
        deeds=tuple(dict.fromkeys(job.collector for job in jobs)),
        targets=targets_of(law, jobs, moment),
        shares={name: max(1, clause.at_once // count) for name, clause in clauses.items()},
        not_before=now,
        expires=int(expires.timestamp()),
    )


def targets_of(law: Law, jobs: Sequence[Job], now: datetime) -> dict[str, Target]:
    """Every door that these jobs may need: of their hosts, and of the KDCs for their log-ins."""
    greeted = {job.host for job in jobs if only_greets(job.collector)}
    hosts = {
        host: _target(law, host, unpinned=host in greeted) for host in dict.fromkeys(job.host for job in jobs)
    }
    return {**_kdc_targets(law, jobs, now), **hosts}


def _kdc_targets(law: Law, jobs: Sequence[Job], now: datetime) -> dict[str, Target]:
    """The Kerberos door, and no other, of each KDC that may be asked for a ticket of these log-ins."""
    return {
        kdc: Target(
            addresses=tuple(map(str, law_addresses(law, kdc))),
            ports={WAY: open_ports(law, kdc, unpinned=True)[WAY]},
        )
        for host in dict.fromkeys(job.host for job in jobs if is_by_ticket(job.collector))
        for kdc in may_give_tickets(law.contracts, host, now, law.ceiling_of(host)).open
        if law_addresses(law, kdc)
    }


def _target(law: Law, host: str, *, unpinned: bool) -> Target:
    return Target(
        addresses=tuple(map(str, law_addresses(law, host))), ports=open_ports(law, host, unpinned=unpinned)
    )
