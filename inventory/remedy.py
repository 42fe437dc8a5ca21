"""What would have to change in the contract, so that this may be done? Never more than that.

A remedy is a tuple of steps that are all needed. It is narrow: it permits the one deed on the one host, and what
would open anything for another host is not proposed. Therefore a clause is touched only where it names that host
alone, or permits that deed alone; anything else needs a clause of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import count
from string import ascii_lowercase

from pydantic import ValidationError

from inventory.contract import Approval, Clause, Contract, Outside
from inventory.decide import Allowed, Change, Deed, Diagnose, Reason, Request, decide, deed_name
from inventory.when import opens

__all__ = ["Enlist", "Extend", "NewClause", "NewHost", "Renew", "Step", "Wait", "remedy", "with_hosts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing has to change: the clause allows it from this moment on."""

    clause: str
    opens: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """Add the deed to a clause that names this host and nobody else."""

    clause: str
    deed: Deed
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enlist:
    """Name the hosts in a clause that permits this deed and nothing else. outside: under 'outside'."""

    clause: str
    deed: Deed
    hosts: tuple[str, ...]
    outside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClause:
    """Add this clause; its number and its words are for people to choose.

    near: the clause whose windows it takes. It permits the deed, but not on the host; or it covers the host and
    others, but not the deed. None: there is none, and the new clause has no windows.
    """

    clause: Clause
    deed: Deed
    near: Clause | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHost:
    """Add the hosts under 'hosts'."""

    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renew:
    """The contract's last day must be this one or a later one."""

    until: date


Step = Wait | Extend | Enlist | NewClause | NewHost | Renew


def remedy(contract: Contract, request: Request, now: datetime) -> tuple[Step, ...]:
    """The steps that are needed, all of them, until the request is allowed at some moment from now on.

    () where it is allowed now, and where no change of this contract can ever allow it: servers outside are never
    changed, and another customer's hosts are not this contract's.
    """
    decision = decide(contract, request, now)
    if isinstance(decision, Allowed) or decision.reason in _NOT_HERE:
        return ()
    found = _covered(contract, request)
    if found is None:
        return ()
    steps, clauses = found
    if not steps and (moment := opens(contract, request, now)):
        return (Wait(clause=_by(contract, request, moment), opens=moment),)
    moment = opens(_endless(contract, request, clauses), request, now)
    if moment is None:
        return ()
    if moment.date() > contract.valid.until:
        return (Renew(until=moment.date()), *steps)
    return steps


_NOT_HERE = frozenset({Reason.NO_CONTRACT, Reason.OTHER_CUSTOMER, Reason.NO_TIME_ZONE})


def with_hosts(steps: tuple[Step, ...], hosts: tuple[str, ...]) -> tuple[Step, ...]:
    """The same steps for other hosts that are covered alike. With () it is what the steps of all have in common.

    >>> with_hosts((NewHost(hosts=("web1",)),), ("web2", "web3"))
    (NewHost(hosts=('web2', 'web3')),)
    """
    return tuple(_with_hosts(step, hosts) for step in steps)


def _with_hosts(step: Step, hosts: tuple[str, ...]) -> Step:
    match step:
        case Enlist() | NewHost():
            return replace(step, hosts=hosts)
        case NewClause(clause=clause):
            key = "outside" if clause.outside else "hosts"
            return replace(step, clause=clause.model_copy(update={key: hosts}))
        case Wait() | Extend() | Renew():
            return step


def _by(contract: Contract, request: Request, moment: datetime) -> str:
    decision = decide(contract, request, moment)
    return decision.clause.id if isinstance(decision, Allowed) else ""


def _covered(contract: Contract, request: Request) -> tuple[tuple[Step, ...], tuple[Clause, ...]] | None:
    """What must change apart from any time, and the clauses that then cover the deed on the host."""
    target, cover = contract.targets.get(request.host), contract.covers.get(request.host)
    outside = isinstance(target, Outside)
    match request.deed:
        case Diagnose(area):
            covering = cover and cover.diagnose.get(area)
        case Change(playbook):
            if outside:
                return None
            covering = cover and cover.change.get(playbook)
    if covering:
        return (), covering.clauses
    clauses = cover.clauses if cover else ()
    new = _new_clause(contract, request, clauses, outside=outside)
    if new is None:
        return None
    first: tuple[Step, ...] = () if target else (NewHost(hosts=(request.host,)),)
    for clause in clauses:
        if _names_alone(clause, request.host) and _takes(clause, request.deed):
            step = Extend(clause=clause.id, deed=request.deed, host=request.host)
            return (step,), (new.clause.model_copy(update={"windows": clause.windows}),)
    for clause in contract.clauses:
        alone = (*clause.diagnose, *clause.change) == (deed_name(request.deed),)
        if alone and _takes(clause, request.deed) and _speaks_of(clause, outside=outside):
            hosts = (request.host,)
            return (*first, Enlist(clause=clause.id, deed=request.deed, hosts=hosts, outside=outside)), (
                clause,
            )
    return (*first, new), (new.clause,)


def _permits(clause: Clause, deed: Deed) -> bool:
    match deed:
        case Diagnose(area):
            return area in clause.diagnose
        case Change(playbook):
            return playbook in clause.change


def _names_alone(clause: Clause, host: str) -> bool:
    """Whether a clause is this host's own. One that names a role is not: the next host may have the role too."""
    return (*clause.hosts, *clause.outside) == (host,) and not clause.roles


def _speaks_of(clause: Clause, *, outside: bool) -> bool:
    """Whether a clause is about servers elsewhere, or about the customer's own hosts: its times are meant for them."""
    return bool(clause.outside) if outside else bool(clause.hosts or clause.roles)


def _takes(clause: Clause, deed: Deed) -> bool:
    """Whether a deed of this kind fits in. Nothing more is changed without approval by the way."""
    match deed:
        case Diagnose():
            return bool(clause.diagnose)
        case Change():
            return bool(clause.change) and clause.approval is not Approval.NONE


def _new_clause(
    contract: Contract, request: Request, covering: tuple[Clause, ...], *, outside: bool
) -> NewClause | None:
    """A clause for the deed on the host alone; None where no contract can name one of them."""
    deed = request.deed
    like = (clause for clause in contract.clauses if _speaks_of(clause, outside=outside))
    permits = next((clause for clause in like if _permits(clause, deed)), None)
    near = permits or next((clause for clause in covering if _takes(clause, deed)), None)
    asks = isinstance(deed, Diagnose)
    try:
        clause = Clause(
            id=_free(contract, near),
            text=_text(contract, deed),
            hosts=() if outside else (request.host,),
            outside=(request.host,) if outside else (),
            diagnose=(deed_name(deed),) if asks else (),
            change=() if asks else (deed_name(deed),),
            windows=near.windows if near else (),
            # As the customer has agreed for the same playbook elsewhere; the strictest, where that is none.
            approval=permits.approval if permits and _takes(permits, deed) and not asks else Approval.BOTH,
        )
    except ValidationError:
        return None
    return NewClause(clause=clause, deed=deed, near=near)


def _text(contract: Contract, deed: Deed) -> str:
    german, word = contract.language == "de", deed_name(deed)
    match deed:
        case Diagnose():
            return f"Untersuchung im Bereich {word}" if german else f"Diagnosis of {word}"
        case Change():
            return f"Ausführung von {word}" if german else f"Run of {word}"


def _free(contract: Contract, near: Clause | None) -> str:
    """A number that no clause has: '3.1a' beside 3.1, as lawyers count, or the next whole one."""
    taken = {clause.id for clause in contract.clauses}
    beside = (f"{near.id[:39]}{letter}" for letter in ascii_lowercase) if near else iter(())
    numbers = (str(number) for number in count(len(taken) + 1))
    return next((name for name in beside if name not in taken), None) or next(
        name for name in numbers if name not in taken
    )


def _endless(contract: Contract, request: Request, clauses: tuple[Clause, ...]) -> Contract:
    """The contract with these clauses for this host alone, and without a last day."""
    host = contract.hosts[0].model_copy(update={"id": request.host, "roles": ()})
    own = tuple(
        clause.model_copy(update={"hosts": (request.host,), "roles": (), "outside": ()}) for clause in clauses
    )
    valid = contract.valid.model_copy(update={"until": date.max})
    return contract.model_copy(update={"hosts": (host,), "outside": (), "clauses": own, "valid": valid})
