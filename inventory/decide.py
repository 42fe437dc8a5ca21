"""May this be done to this host now? The only place where permission is computed.

`decide` is pure and total: it looks at the contract, the request, the time and the ceiling of the agent that would
go there, and it always answers. It answers the page, the controller and the agent alike. Deny is the default;
everything that is not clearly allowed is refused with a reason code that stays the same over the years.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from inventory.ceiling import Ceiling
from inventory.contract import Clause, Contract, Cover, Day, Outside, Window

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
    "decide_under_all",
    "deed_name",
    "is_open",
    "resolver_requests",
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
    NO_CEILING = "no-ceiling"
    ABOVE_CEILING = "above-ceiling"
    RESOLVER_NOT_COVERED = "resolver-not-covered"
    RESOLVES_INSIDE = "resolves-inside"
    RESOLVERS_DISAGREE = "resolvers-disagree"


@dataclass(frozen=True, slots=True)
class Diagnose:
    """To ask questions of one area."""

    area: str


@dataclass(frozen=True, slots=True)
class Change:
    """To run one playbook."""

    playbook: str


Deed = Diagnose | Change


def deed_name(deed: Deed) -> str:
    """The name of the area or of the playbook."""
    match deed:
        case Diagnose(area):
            return area
        case Change(playbook):
            return playbook


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
    """No. Two refusals are equal when reason and clauses are; the rest is for the explanation.

    clauses: those that cover the host, or (`window-closed`) that would allow the deed at another time.
    request: what was asked. windows: when the clauses named would allow it, in the contract's local time.
    beyond: what lies above the ceiling, such as 'address 10.1.2.3' or 'area dns'.
    """

    reason: Reason
    clauses: tuple[str, ...] = ()
    request: Request | None = field(default=None, compare=False, repr=False)
    windows: tuple[Window, ...] = field(default=(), compare=False, repr=False)
    beyond: str = field(default="", compare=False, repr=False)


Decision = Allowed | Refused


def decide(contract: Contract | None, request: Request, now: datetime, ceiling: Ceiling | None) -> Decision:
    """Say whether the contract allows the request at this moment, and by which clause.

    now: with its time zone; of several clauses the first that allows is named.
    ceiling: of the agent that serves the host; without one nothing is allowed. It is looked at last, so that a
    refusal names what the contract lacks first.

    >>> decide(None, Request(customer="m", host="web1", deed=Diagnose("linux")), datetime.now(UTC), None)
    Refused(reason=<Reason.NO_CONTRACT: 'no-contract'>, clauses=())
    """
    if contract is None:
        return Refused(Reason.NO_CONTRACT, request=request)
    if request.customer != contract.customer:
        return Refused(Reason.OTHER_CUSTOMER, request=request)
    if now.tzinfo is None or now.utcoffset() is None:
        return Refused(Reason.NO_TIME_ZONE, request=request)
    local = _local(now, contract.zone_info)
    day = local.date()
    if day < contract.valid.start or local == _BEFORE:
        return Refused(Reason.NOT_YET_VALID, request=request)
    if day > contract.valid.until or local == _AFTER:
        return Refused(Reason.EXPIRED, request=request)
    if request.host not in contract.targets:
        return Refused(Reason.UNKNOWN_HOST, request=request)
    cover = contract.covers.get(request.host)
    if cover is None:
        return Refused(Reason.NO_CLAUSE, request=request)
    decision = _by_cover(cover, request, local)
    if isinstance(decision, Refused):
        return decision
    below = _below(ceiling, contract, request, decision)
    return below if isinstance(below, Refused) else _by_resolvers(contract, request, now, ceiling) or below


def decide_under_all(
    contracts: Sequence[Contract], request: Request, now: datetime, ceiling: Ceiling | None
) -> Decision:
    """Allow what every one of the contracts allows; it is the first one's clause that is named.

    A revision that waits for a second person narrows what holds from its import on.
    """
    decisions = [decide(contract, request, now, ceiling) for contract in contracts or (None,)]
    return next((one for one in decisions if isinstance(one, Refused)), decisions[0])


_BEFORE, _AFTER = datetime.min, datetime.max  # noqa: DTZ901 - they mark the ends of the calendar.


def _local(now: datetime, zone: ZoneInfo) -> datetime:
    """The contract's local time, by way of UTC, so that an hour that a clock change skips stays skipped.

    At either end of the calendar there is no local time: `_BEFORE` or `_AFTER` stands for it.
    """
    try:
        return now.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return _BEFORE if now.year < 5000 else _AFTER


def _by_cover(cover: Cover, request: Request, local: datetime) -> Decision:
    match request.deed:
        case Diagnose(area):
            covering, reason = cover.diagnose.get(area), Reason.AREA_NOT_COVERED
        case Change(playbook):
            covering = cover.change.get(playbook)
            reason = Reason.OUTSIDE_IS_READ_ONLY if cover.outside else Reason.PLAYBOOK_NOT_COVERED
    if covering is None:
        return Refused(reason, cover.names, request)
    for clause in covering.tries:
        if is_open(clause.windows, local):
            return Allowed(clause)
    return Refused(Reason.WINDOW_CLOSED, covering.names, request, covering.windows)


def _below(ceiling: Ceiling | None, contract: Contract, request: Request, allowed: Allowed) -> Decision:
    """What the contract allows, unless the customer's own bound at the agent takes it away."""
    named = (allowed.clause.id,)
    if ceiling is None:
        return Refused(Reason.NO_CEILING, named, request)
    match request.deed:
        case Diagnose(area):
            beyond = "" if area in ceiling.areas else f"area {area}"
        case Change(playbook):
            beyond = "" if playbook in ceiling.playbooks else f"playbook {playbook}"
    beyond = beyond or ceiling.beyond(contract.customer, contract.targets[request.host])
    return Refused(Reason.ABOVE_CEILING, named, request, beyond=beyond) if beyond else allowed


def resolver_requests(contract: Contract, host: str) -> tuple[Request, ...]:
    """What must be allowed as well, so that this target's name can be looked up; nothing for one with addresses."""
    target = contract.targets.get(host)
    names = target.resolved_by if isinstance(target, Outside) else ()
    return tuple(Request(customer=contract.customer, host=name, deed=Diagnose("dns")) for name in names)


def _by_resolvers(
    contract: Contract, request: Request, now: datetime, ceiling: Ceiling | None
) -> Refused | None:
    """Why the resolvers of a name may not be asked, all of them."""
    for asked in resolver_requests(contract, request.host):
        beyond = f"resolver {asked.host}"
        server = contract.targets.get(asked.host)
        if server is None or server.dns is None or not server.addresses:
            return Refused(Reason.RESOLVER_NOT_COVERED, (), request, beyond=beyond)
        decision = decide(contract, asked, now, ceiling)
        if isinstance(decision, Refused):
            if decision.reason in _SAID_OF_THE_RESOLVER:
                return decision
            return Refused(Reason.RESOLVER_NOT_COVERED, decision.clauses, request, beyond=beyond)
    return None


# These name the resolver, its clauses and its windows themselves.
_SAID_OF_THE_RESOLVER = frozenset({Reason.WINDOW_CLOSED, Reason.ABOVE_CEILING})
_DAYS = tuple(Day)


def is_open(windows: Iterable[Window], local: datetime) -> bool:
    """Say whether a local time lies in one of the windows; no windows at all means at any time.

    A window's last minute belongs to it: 'until 23:59' runs to the end of the day.
    """
    windows = tuple(windows)
    if not windows:
        return True
    minute = local.time().replace(second=0, microsecond=0, fold=0)
    day = _DAYS[local.weekday()]
    return any(day in w.days and w.start <= minute <= w.until for w in windows)
