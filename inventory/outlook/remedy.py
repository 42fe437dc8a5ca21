"""What would have to change in the contract, so that this may be done? Never more than that.

A remedy is a tuple of steps that are all needed. It is narrow: it permits the one deed on the one host, and what
would open anything for another host is not proposed. Therefore a clause is touched only where it names that host
alone, or permits that deed alone; anything else needs a clause of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from ipaddress import ip_network
from itertools import count
from string import ascii_lowercase

from pydantic import ValidationError

from inventory.ceiling import Ceiling, ways
from inventory.contract import Approval, Clause, Contract, Outside
from inventory.decide import (
    Allowed,
    Change,
    Deed,
    Diagnose,
    Reason,
    Refused,
    Request,
    decide,
    decide_under_all,
    deed_name,
    resolver_requests,
)
from inventory.outlook.amendment import (
    Amendment,
    Approve,
    Enlist,
    Extend,
    Lift,
    NewClause,
    NewHost,
    Renew,
    Wait,
)
from inventory.outlook.when import opens

__all__ = ["remedy"]


def remedy(
    contracts: Sequence[Contract], request: Request, now: datetime, ceiling: Ceiling | None
) -> tuple[Amendment, ...]:
    """The steps that are needed, all of them, until the request is allowed at some moment from now on.

    contracts: the one that holds, and perhaps a revision that waits; what must change must change in the last.
    () where it is allowed now, and where no change can ever allow it: servers outside are never changed, and another
    customer's hosts are not this contract's.
    """
    decision = decide_under_all(contracts, request, now, ceiling)
    if isinstance(decision, Allowed) or decision.reason in _NOT_HERE:
        return ()
    if decision.reason is Reason.RESOLVER_NOT_COVERED:
        # What is missing is missing at the resolver; a contract that is read names one that can be asked.
        return next(
            filter(None, (remedy(contracts, one, now, ceiling) for one in _resolvers(contracts, request))), ()
        )
    if moment := opens(contracts, request, now, ceiling):
        decision = decide_under_all(contracts, request, moment, ceiling)
        return (Wait(clause=decision.clause.id, opens=moment),) if isinstance(decision, Allowed) else ()
    *older, contract = contracts
    found = _covered(contract, request)
    if found is None:
        return ()
    steps, clauses = found
    alone = _endless(contract, request, clauses)
    moment = opens((alone,), request, now, _high_enough(alone, request))
    if moment is None:
        return ()
    if moment.date() > contract.valid.until:
        steps = (Renew(until=moment.date()), *steps)
    if older and not steps:
        steps = (Approve(revision=contract.revision),)
    if request.host in contract.targets:
        # Where a new host stands, nobody knows yet.
        below = decide(alone, request, moment, ceiling)
        target = contract.targets[request.host]
        if isinstance(below, Allowed) and ceiling and (beyond := ceiling.beyond(contract.customer, target)):
            return (*steps, Lift(beyond=beyond))
        steps = (*steps, Lift(beyond=below.beyond)) if isinstance(below, Refused) else steps
    return steps


def _resolvers(contracts: Sequence[Contract], request: Request) -> tuple[Request, ...]:
    return tuple(one for contract in contracts for one in resolver_requests(contract, request.host))


_NOT_HERE = frozenset({Reason.NO_CONTRACT, Reason.OTHER_CUSTOMER, Reason.NO_TIME_ZONE})


def _covered(contract: Contract, request: Request) -> tuple[tuple[Amendment, ...], tuple[Clause, ...]] | None:
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
    first: tuple[Amendment, ...] = () if target else (NewHost(hosts=(request.host,)),)
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
    """The contract with these clauses for this target alone, and without a last day."""
    target = contract.targets.get(request.host) or contract.hosts[0].model_copy(update={"id": request.host})
    outside = isinstance(target, Outside)
    if isinstance(target, Outside):
        # Who looks its name up has clauses of its own.
        target = target.model_copy(update={"resolved_by": ()})
    alone = {
        "hosts": () if outside else (request.host,),
        "roles": (),
        "outside": (request.host,) if outside else (),
    }
    return contract.model_copy(
        update={
            "hosts": () if outside else (target,),
            "outside": (target,) if outside else (),
            "clauses": tuple(clause.model_copy(update=alone) for clause in clauses),
            "valid": contract.valid.model_copy(update={"until": date.max}),
        }
    )


def _high_enough(contract: Contract, request: Request) -> Ceiling:
    """A ceiling that takes nothing away from this request, to see what the contract alone lacks."""
    target = contract.targets[request.host]
    sip = target.sip
    return Ceiling(
        customers=(request.customer,),
        networks=tuple({ip_network(address) for address in target.addresses}) or (ip_network("::1"),),
        ports=tuple(set(ways(target).values())) or (1,),
        media=(sip.media,) if sip is not None and sip.media is not None else (),
        areas=(deed_name(request.deed),) if isinstance(request.deed, Diagnose) else (),
        playbooks=(deed_name(request.deed),) if isinstance(request.deed, Change) else (),
    )
