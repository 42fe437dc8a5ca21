"""What shall be asked of whom? From contract and wishes to jobs and sealed grants; refusals are kept."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from agent.about import about_target
from agent.agent import Order
from agent.job import Job, Refused, Result
from collectors import About
from collectors.catalogue import catalogue
from inventory.contract import Clause, Contract, Host, Outside
from inventory.decide import Allowed, Decision, Diagnose, Request, decide
from inventory.grant import Grant, Target, seal

__all__ = ["NO_QUESTION", "Assignment", "Decided", "Work", "assign", "plan_work"]

# The reason why a host that was asked for by name is not asked: no question fits it and its ways in.
NO_QUESTION = "no-question"
# A grant serves one worker; a large run is cut into several.
_HOSTS_A_GRANT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One decision that was taken for a run: host, area, answer."""

    host: str
    area: str
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The jobs that the contract allows, with their clause, and what it refuses."""

    jobs: Mapping[Job, Clause]
    refused: tuple[Result, ...]
    decisions: tuple[Decided, ...]
    abouts: Mapping[str, About]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One order for one agent, with the id of its grant."""

    agent: str
    grant: str
    order: Order


def plan_work(
    contract: Contract, hosts: Sequence[str], areas: Sequence[str], collectors: Sequence[str], now: datetime
) -> Work:
    """Decide for every host and area, and give the jobs that are allowed.

    hosts: the ids asked for; empty for all that the contract names. areas: empty for all there are, or
    those of `collectors`, which narrow the questions to those named.
    Nothing that was asked for is dropped: what is refused is in `refused`, once for a host and area.
    """
    known = catalogue()
    wanted = tuple(dict.fromkeys(name.partition(".")[0] for name in collectors))
    jobs: dict[Job, Clause] = {}
    refused: list[Result] = []
    decisions: list[Decided] = []
    abouts: dict[str, About] = {}
    for host in dict.fromkeys(hosts) or contract.targets:
        if host in contract.targets:
            abouts[host] = about_target(contract, host)
        before = len(decisions)
        for area in dict.fromkeys(areas) or wanted or known.areas:
            names = _suitable(contract, host, area, abouts.get(host))
            if collectors:
                names = tuple(name for name in names if name in collectors)
            if not names and host in contract.targets:
                continue
            decision = decide(
                contract, Request(customer=contract.customer, host=host, deed=Diagnose(area)), now
            )
            decisions.append(Decided(host=host, area=area, decision=decision))
            match decision:
                case Allowed(clause):
                    jobs |= {Job(id=f"{host}/{name}", host=host, collector=name): clause for name in names}
                case _:
                    job = Job(id=f"{host}/{area}", host=host, collector=area)
                    outcome = Refused(decision.reason, decision.clauses)
                    refused.append(Result(job=job, outcome=outcome, began=now, took=0.0))
        if hosts and len(decisions) == before:
            # Somebody asked for this host by name: that there is nothing to ask it is said, too.
            job = Job(id=f"{host}/any", host=host, collector="any")
            refused.append(Result(job=job, outcome=Refused(NO_QUESTION), began=now, took=0.0))
    return Work(jobs=jobs, refused=tuple(refused), decisions=tuple(decisions), abouts=abouts)


def _suitable(contract: Contract, host: str, area: str, about: About | None) -> tuple[str, ...]:
    """The questions of an area that make sense for a host and for which the contract names a way in."""
    target = contract.targets.get(host)
    if about is None or target is None:
        return ()
    ways = _ports(target)
    return tuple(
        c.name
        for c in catalogue().collectors.values()
        if c.area == area and c.suits(about) and _WAY.get(c.session.__name__) in ways
    )


# The way in that each session needs, as a grant names it.
_WAY = {"Shell": "ssh", "Resolver": "dns"}


def _ports(target: Host | Outside) -> dict[str, int]:
    ports = {}
    if isinstance(target, Host) and target.ssh is not None:
        ports["ssh"] = target.ssh.port
    if target.dns is not None:
        ports["dns"] = target.dns.port
    return ports


def assign(  # noqa: PLR0913 - what a grant consists of.
    contract: Contract,
    text: str,
    work: Work,
    *,
    run: str,
    ticket: str,
    digest: str,
    key: Mapping[str, Any],
    seconds: float,
) -> tuple[Assignment, ...]:
    """Cut the work into grants: by agent, then into parts of at most a hundred hosts, and seal them."""
    by_agent: dict[str, dict[str, list[Job]]] = {}
    for job in work.jobs:
        by_agent.setdefault(_agent_of(contract, job.host), {}).setdefault(job.host, []).append(job)
    assignments = []
    for agent, hosts in by_agent.items():
        count = ceil(len(hosts) / _HOSTS_A_GRANT)
        names = tuple(hosts)
        for part in range(count):
            jobs = tuple(job for host in names[part::count] for job in hosts[host])
            grant = _grant(
                contract,
                work,
                jobs,
                count,
                run=run,
                ticket=ticket,
                digest=digest,
                agent=agent,
                seconds=seconds,
            )
            order = Order(token=seal(grant, key), contract=text, jobs=jobs, seconds=seconds)
            assignments.append(Assignment(agent=agent, grant=grant.id, order=order))
    return tuple(assignments)


def _agent_of(contract: Contract, host: str) -> str:
    """The agent of the host's site; servers outside are asked by the first site's."""
    target = contract.targets[host]
    sites = {site.id: site.agent for site in contract.sites}
    return sites[target.site] if isinstance(target, Host) else contract.sites[0].agent


def _grant(  # noqa: PLR0913 - what a grant consists of.
    contract: Contract,
    work: Work,
    jobs: Sequence[Job],
    count: int,
    *,
    run: str,
    ticket: str,
    digest: str,
    agent: str,
    seconds: float,
) -> Grant:
    now = int(time.time())
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
        targets={job.host: _target(contract.targets[job.host]) for job in jobs},
        shares={name: max(1, clause.at_once // count) for name, clause in clauses.items()},
        not_before=now,
        expires=now + ceil(seconds) + 60,
    )


def _target(item: Host | Outside) -> Target:
    return Target(addresses=tuple(str(address) for address in item.addresses), ports=_ports(item))
