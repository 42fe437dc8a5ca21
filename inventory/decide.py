"""May this be done to this host now? The only place where permission is computed.

`decide` is pure and total: it looks at the contract, the request and the time, and it always answers. It
answers the page, the controller and the agent alike. Deny is the default; everything that is not clearly
allowed is refused with a reason code that stays the same over the years.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inventory.contract import Clause, Contract, Day, Window

__all__ = [
    "Allowed",
    "Change",
    "Decision",
    "Deed",
    "Diagnose",
    "Reason",
    "Refused",
    "Request",
    "decide",
    "is_open",
]


class Reason(StrEnum):
    """Why something is refused: public and stable."""

    NO_CONTRACT = "no-contract"
    OTHER_CUSTOMER = "other-customer"
    NO_TIME_ZONE = "no-time-zone"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    UNKNOWN_HOST = "unknown-host"
    NO_CLAUSE = "no-clause"
    AREA_NOT_COVERED = "area-not-covered"
    PLAYBOOK_NOT_COVERED = "playbook-not-covered"
    OUTSIDE_IS_READ_ONLY = "outside-is-read-only"
    WINDOW_CLOSED = "window-closed"


@dataclass(frozen=True, slots=True)
class Diagnose:
    """To ask questions of one area."""

    area: str


@dataclass(frozen=True, slots=True)
class Change:
    """To run one playbook."""

    playbook: str


Deed = Diagnose | Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who is asked for what: a customer, one host of the customer's, one deed."""

    customer: str
    host: str
    deed: Deed


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes, by this clause."""

    clause: Clause


@dataclass(frozen=True, slots=True)
class Refused:
    """No; `clauses` are those that would allow it if the reason fell away."""

    reason: Reason
    clauses: tuple[str, ...] = ()


Decision = Allowed | Refused


def decide(contract: Contract | None, request: Request, now: datetime) -> Decision:
    """Say whether the contract allows the request at this moment, and by which clause.

    >>> decide(None, Request(customer="m", host="web1", deed=Diagnose("linux")), datetime.now())
    Refused(reason=<Reason.NO_CONTRACT: 'no-contract'>, clauses=())
    """
    if contract is None:
        return Refused(Reason.NO_CONTRACT)
    if request.customer != contract.customer:
        return Refused(Reason.OTHER_CUSTOMER)
    if now.tzinfo is None or now.utcoffset() is None:
        return Refused(Reason.NO_TIME_ZONE)
    local = now.astimezone(contract.zone_info)
    if local.date() < contract.valid.start:
        return Refused(Reason.NOT_YET_VALID)
    if local.date() > contract.valid.until:
        return Refused(Reason.EXPIRED)
    if request.host not in contract.targets:
        return Refused(Reason.UNKNOWN_HOST)
    return _by_clauses(contract.clauses_of.get(request.host, ()), request, local)


def _by_clauses(clauses: tuple[Clause, ...], request: Request, local: datetime) -> Decision:
    if not clauses:
        return Refused(Reason.NO_CLAUSE)
    covering = tuple(clause for clause in clauses if _covers(clause, request))
    if not covering:
        return _not_covered(clauses, request)
    for clause in covering:
        if is_open(clause.windows, local):
            return Allowed(clause)
    return Refused(Reason.WINDOW_CLOSED, tuple(clause.id for clause in covering))


def _covers(clause: Clause, request: Request) -> bool:
    match request.deed:
        case Diagnose(area):
            return area in clause.diagnose
        case Change(playbook):
            return playbook in clause.change and request.host not in clause.outside


def _not_covered(clauses: tuple[Clause, ...], request: Request) -> Refused:
    named = tuple(clause.id for clause in clauses)
    match request.deed:
        case Diagnose():
            return Refused(Reason.AREA_NOT_COVERED, named)
        case Change():
            outside = all(request.host in clause.outside for clause in clauses)
            return Refused(Reason.OUTSIDE_IS_READ_ONLY if outside else Reason.PLAYBOOK_NOT_COVERED, named)


_DAYS = tuple(Day)


def is_open(windows: Iterable[Window], local: datetime) -> bool:
    """Say whether a local time lies in one of the windows; no windows at all means at any time.

    A window's last minute belongs to it: 'until 23:59' runs to the end of the day.
    """
    windows = tuple(windows)
    minute = local.time().replace(second=0, microsecond=0, tzinfo=None)
    day = _DAYS[local.weekday()]
    return not windows or any(day in w.days and w.start <= minute <= w.until for w in windows)
