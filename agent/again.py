"""What of this order does the agent itself allow? Decided again, on its own reading, before anything is opened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agent.admission import Admitted
from agent.job import Job, Refused
from agent.refusal import Hold
from inventory.ceiling import Ceiling
from inventory.contract import Clause, Contract
from inventory.decide import Allowed, Diagnose, Reason, Request, decide
from inventory.decide import Refused as Denied
from inventory.grant import Leave
from inventory.kdcs import WAY, Kdcs, kdcs_of, may_give_tickets

__all__ = ["decide_again", "fits_contract", "kdcs_again", "request_of"]

_NOT_AS_CONTRACT = "the grant names addresses or ports that contract and ceiling do not"


def decide_again(
    admitted: Admitted, ceiling: Ceiling | None, jobs: Iterable[Job], now: datetime, trouble: str = ""
) -> dict[Job, Clause | Refused]:
    """The clause that allows each job at this moment, or why it is refused. Pure.

    trouble: why there is no ceiling.
    """
    contract, leave = admitted.contract, admitted.leave
    answers: dict[Job, Clause | Refused] = {}
    for job in jobs:
        match decide(contract, request_of(leave.grant.customer, job), now, ceiling):
            case Denied() as denied:
                answers[job] = Refused(
                    denied.reason, denied.clauses, by="agent", detail=trouble or denied.beyond
                )
            case Allowed() if job.wanted is not None and (
                wrong := _not_to_be_planned(contract, ceiling, job)
            ):
                answers[job] = wrong
            case Allowed(clause):
                answers[job] = fits_contract(contract, ceiling, leave, job.host, clause)
    return answers


def fits_contract(
    contract: Contract, ceiling: Ceiling | None, leave: Leave, host: str, clause: Clause
) -> Clause | Refused:
    """The clause again, where the grant reaches the host as contract and ceiling do. Pure."""
    if ceiling is not None and _within(contract, ceiling, leave, host):
        return clause
    return Refused(Hold.NOT_AS_CONTRACT, (clause.id,), by="agent", detail=_NOT_AS_CONTRACT)


def _not_to_be_planned(contract: Contract, ceiling: Ceiling | None, job: Job) -> Refused | None:
    """A playbook is planned where some clause names it for the host, and the ceiling does; its window may be shut by now."""
    cover = contract.covers[job.host]
    if cover.outside or job.collector not in cover.change:
        reason = Reason.OUTSIDE_IS_READ_ONLY if cover.outside else Reason.PLAYBOOK_NOT_COVERED
        return Refused(reason, cover.names, by="agent")
    named = cover.change[job.collector].names
    if ceiling is None or job.collector not in ceiling.playbooks:
        return Refused(Reason.ABOVE_CEILING, named, by="agent", detail=f"playbook {job.collector}")
    return None


def kdcs_again(
    admitted: Admitted, ceiling: Ceiling | None, jobs: Iterable[Job], now: datetime
) -> dict[str, Kdcs]:
    """For each host that is logged in to by Kerberos: which KDCs the agent itself lets be asked at this moment. Pure."""
    contract, leave = admitted.contract, admitted.leave

    def is_granted(kdc: str) -> bool:
        fits = ceiling is not None and _within(contract, ceiling, leave, kdc)
        return fits and bool(leave.doors(kdc, WAY))

    return {
        host: may_give_tickets((contract,), host, now, ceiling, is_granted)
        for host in dict.fromkeys(job.host for job in jobs)
        if kdcs_of(contract, host)
    }


def request_of(customer: str, job: Job) -> Request:
    """What a job asks for: the area stands before its question's first dot."""
    area = job.collector.partition(".")[0]
    return Request(customer=customer, host=job.host, deed=Diagnose(area))


def _within(contract: Contract, ceiling: Ceiling, leave: Leave, host: str) -> bool:
    """The grant may name fewer addresses and ways in than contract and ceiling, never others."""
    granted = leave.grant.targets.get(host)
    if granted is None:
        return False
    reach = ceiling.reach(contract.targets[host])
    return (
        set(granted.addresses) <= {str(address) for address in reach.addresses}
        and granted.ports.items() <= reach.ports.items()
    )
