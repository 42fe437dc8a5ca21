"""How do servers come into a run that the contract knows by name only? Looked up first, then asked like others.

The look-ups are work under grants of their own. What came of them goes through the same rule as at the agent
(`inventory.resolution`); only what passes it is sealed into a grant, for this run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agent.job import Job, NoAnswer, Outcome, Refused, Result
from agent.lookups import QUESTION, Heard, heard, said_of
from collectors import Kind, Phase
from controller.work import NO_QUESTION, Law, Work, law_addresses
from inventory.contract import Contract
from inventory.decide import Refused as Denied
from inventory.resolution import Ip, Pinned, Turned, Unknown, agreed, looked_up, pin, settle

__all__ = ["Parts", "Settlement", "addresses_in", "parted", "settled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A run's work. lookups: asked first. named: asked when those are answered. plain: needs no look-up."""

    lookups: Work
    named: Work
    plain: Work


def parted(contract: Contract, work: Work) -> Parts:
    """Cut the work into what must be looked up, what waits for it, and the rest."""
    named = looked_up(contract)
    sorts: dict[str, dict[Job, object]] = {"lookups": {}, "named": {}, "plain": {}}
    for job, clause in work.jobs.items():
        sort = "named" if job.host in named else "lookups" if job.collector == QUESTION else "plain"
        sorts[sort][job] = clause
    cut = {sort: replace(work, jobs={job: work.jobs[job] for job in jobs}) for sort, jobs in sorts.items()}
    return Parts(**cut)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What became of the servers that are known by name only.

    law: with the addresses that count in this run. work: what may be asked. ended: what may not, or has no address.
    """

    law: Law
    work: Work
    ended: tuple[Result, ...]


def settled(law: Law, named: Work, results: Iterable[Result], now: datetime) -> Settlement:
    """Apply the rule to what was looked up, and decide again: time has passed."""
    told = heard(results)
    outcomes, found = {}, {}
    for host in dict.fromkeys(job.host for job in named.jobs):
        settlement = _settle(law, host, told)
        if isinstance(settlement, Pinned):
            found[host] = settlement.addresses
        else:
            outcomes[host] = _outcome(settlement)
    pinned = replace(
        law, contract=pin(law.contract, found), waiting=_waiting(law, found) if law.waiting else None
    )
    allowed, ended = {}, []
    for job, clause in named.jobs.items():
        outcome = outcomes.get(job.host) or _denied(pinned, job, now)
        if outcome is None:
            allowed[job] = clause
        else:
            ended.append(Result(job=job, outcome=outcome, began=now, took=0.0))
    return Settlement(law=pinned, work=replace(named, jobs=allowed), ended=tuple(ended))


def _settle(law: Law, host: str, told: Heard) -> Pinned | Turned | Unknown:
    ceiling = law.ceiling_of(host)
    if ceiling is None:
        return Unknown("the agent has no ceiling any more")
    return settle(law.contract, host, said_of(law.contract, host, told), ceiling)


def _outcome(settlement: Turned | Unknown) -> Outcome:
    match settlement:
        case Turned(reason, beyond):
            return Refused(reason, detail=beyond)
        case Unknown(detail):
            return NoAnswer(Kind.NO_ADDRESS, Phase.CONNECT, detail)


def _denied(law: Law, job: Job, now: datetime) -> Refused | None:
    decision = law.decide(job.host, job.collector.partition(".")[0], now)
    if isinstance(decision, Denied):
        return Refused(decision.reason, decision.clauses, detail=decision.beyond)
    # A revision that waits for a second person names the server otherwise.
    return None if law_addresses(law, job.host) else Refused(NO_QUESTION, (decision.clause.id,))


def _waiting(law: Law, found: Mapping[str, Sequence[Ip]]) -> Contract | None:
    """The revision that waits, with the same addresses where it knows the server by the same name and resolvers."""
    if law.waiting is None:
        return None
    now, later = looked_up(law.contract), looked_up(law.waiting)
    same = {
        host: settlement
        for host, settlement in found.items()
        if host in later
        and (later[host].name, set(later[host].resolved_by)) == (now[host].name, set(now[host].resolved_by))
    }
    return pin(law.waiting, same)


def addresses_in(contract: Contract, results: Iterable[Result]) -> Contract:
    """The contract as a run saw it: with what all resolvers of a name said in it."""
    told = heard(results)
    said = {host: said_of(contract, host, told) for host in looked_up(contract)}
    whole = {
        host: one for host, one in said.items() if len(one) == len(set(looked_up(contract)[host].resolved_by))
    }
    return pin(contract, {host: agreed(one) for host, one in whole.items()})
