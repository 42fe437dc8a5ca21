"""From when on will it be allowed, and until when is it? `decide`, looked at along the calendar.

A decision changes only where a window or a day of the contract's local time begins or ends, or where the clocks
change. Only those moments are tried, so that the answer is exact: over an hour that is skipped or comes twice, and
over a day that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, pairwise
from zoneinfo import ZoneInfo

from inventory.ceiling import Ceiling
from inventory.contract import Contract
from inventory.decide import Allowed, Decision, Reason, Request, decide_under_all, resolver_requests

__all__ = ["closes", "closes_within", "opens"]

_OF_TIME = frozenset({Reason.NOT_YET_VALID, Reason.EXPIRED, Reason.WINDOW_CLOSED})

_FIRST, _LAST = (end.replace(tzinfo=UTC) for end in (datetime.min, datetime.max))  # noqa: DTZ901 - the calendar's ends.
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


def opens(
    contracts: Sequence[Contract], request: Request, now: datetime, ceiling: Ceiling | None
) -> datetime | None:
    """The first moment, from now on, at which the request is allowed; `now` itself where it is already.

    contracts: as for `decide_under_all`. It is in the first one's zone: turn it into UTC before you count with it.
    None: never, as long as contracts and ceiling stay as they are.
    """
    if not contracts:
        return None
    asked = _Asked(contracts, request, ceiling)
    begin, end = _begin(now), asked.end
    start = max(begin, *(_near(contract.valid.start, -2) for contract in contracts))
    # Two contracts of two zones may meet only in winter: but what has not met in a year never does.
    waits = asked.along(start, min(end, start + min(60 * _WEEK, _LAST - start)))
    for moment, decision in chain([(begin, asked.decide(now))], waits):
        if isinstance(decision, Allowed):
            return moment.astimezone(contracts[0].zone_info)
        if decision.reason not in _OF_TIME:
            return None
    return None


def closes(
    contracts: Sequence[Contract], request: Request, now: datetime, ceiling: Ceiling | None
) -> datetime | None:
    """The first moment from which on a request that is allowed now is allowed no more, by whichever clause.

    It is in the first contract's zone. None: it has no end before the calendar ends. Raises ValueError for a
    request that is not allowed now: its end would be taken for that of a permission.
    """
    asked = _Asked(contracts, request, ceiling)
    if not isinstance(asked.decide(now), Allowed):
        raise ValueError("not allowed at this moment: ask `opens` first")  # noqa: TRY004 - no type is wrong.
    begin, end = _begin(now), asked.end
    # What a contract allows for four weeks on end it allows in every minute of a week, so that only its own end
    # ends it. In one week alone the clocks may skip the very minute that is not allowed.
    weeks = min(begin + min(4 * _WEEK, _LAST - begin), end)
    last_days = max(weeks, min(_near(contract.valid.until, -2) for contract in contracts))
    spell = chain(asked.along(begin, weeks), asked.along(last_days, end))
    ended = next((moment for moment, decision in spell if not isinstance(decision, Allowed)), None)
    try:
        return ended and ended.astimezone(contracts[0].zone_info)
    except OverflowError:
        return None


def closes_within(
    contracts: Sequence[Contract],
    requests: Iterable[Request],
    now: datetime,
    span: timedelta,
    ceiling_of: Callable[[str], Ceiling | None],
) -> dict[Request, datetime]:
    """Which of these requests, all allowed now, will be allowed no more before `span` is over, and from when on (UTC).

    Hosts that are covered alike are worked out once: a run over many of them asks for little.
    """
    alike: dict[tuple[object, ...], datetime | None] = {}
    found: dict[Request, datetime] = {}
    for request in requests:
        key = (request.deed, *(_covers(contract, request.host) for contract in contracts))
        if key not in alike:
            asked, begin = _Asked(contracts, request, ceiling_of(request.host)), _begin(now)
            spell = asked.along(begin, begin + span)
            ended = (moment for moment, decision in spell if not isinstance(decision, Allowed))
            alike[key] = next(ended, None)
        if (end := alike[key]) is not None:
            found[request] = end
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, and all that it is decided by but the time."""

    contracts: Sequence[Contract]
    request: Request
    ceiling: Ceiling | None

    @property
    def end(self) -> datetime:
        """When one of the contracts is surely over: clocks that go back may bring its last day once more."""
        return min(_near(contract.valid.until, 3) for contract in self.contracts)

    def decide(self, moment: datetime) -> Decision:
        return decide_under_all(self.contracts, self.request, moment, self.ceiling)

    def along(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, Decision]]:
        """The decision at each moment after `begin` and up to `end` at which it may change, in order."""
        clocks = [(contract.zone_info, _walls(contract, self.request.host)) for contract in self.contracts]
        while begin < end:
            until = min(begin + min(_WEEK, _LAST - begin), end)
            for moment in sorted(
                {edge for zone, walls in clocks for edge in _edges(zone, walls, begin, until)}
            ):
                yield moment, self.decide(moment)
            begin = until


def _involved(contract: Contract, host: str) -> tuple[str, ...]:
    """The targets by which a contract's answer for one is decided: itself, and who looks up its name."""
    return (host, *(request.host for request in resolver_requests(contract, host)))


def _covers(contract: Contract, host: str) -> tuple[int, ...]:
    return tuple(id(contract.covers.get(name)) for name in _involved(contract, host))


def _walls(contract: Contract, host: str) -> set[time]:
    """The times of day at which a contract's answer for this host may change."""
    covers = (contract.covers.get(name) for name in _involved(contract, host))
    windows = [window for cover in covers if cover for clause in cover.clauses for window in clause.windows]
    return {time(), *(wall for window in windows for wall in (window.start, _next_minute(window.until)))}


def _edges(zone: ZoneInfo, walls: Iterable[time], begin: datetime, end: datetime) -> set[datetime]:
    """When the zone's clocks show one of these times, and when they change: after `begin` and up to `end`."""
    days = range(
        max(begin.toordinal() - 1, date.min.toordinal()), min(end.toordinal() + 1, date.max.toordinal()) + 1
    )
    shown = (
        datetime.combine(date.fromordinal(day), wall.replace(fold=fold), zone)
        for day in days
        for wall in walls
        for fold in (0, 1)
    )
    found = {moment for local in shown if (moment := _utc(local)) and begin < moment <= end}
    return found.union(_shifts(zone, begin, end))


def _shifts(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """When the zone's clocks change, after `begin` and up to `end`; no zone changes them twice in a day."""
    length = end - begin
    probes = [begin + number * _DAY for number in range(length // _DAY + 1)]
    for low, high in pairwise([*probes, end]):
        if _offset(zone, low) != _offset(zone, high):
            yield _shift(zone, low, high)


def _shift(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """When the zone's clocks change, between two moments that it does lie between."""
    before = _offset(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    # Clocks change at a full second, and only one lies between the two.
    return high.replace(microsecond=0)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta | None:
    """How far the zone is from UTC; None where it has no local time, at either end of the calendar."""
    try:
        return moment.astimezone(zone).utcoffset()
    except OverflowError:
        return None


def _utc(local: datetime) -> datetime | None:
    try:
        return local.astimezone(UTC)
    except OverflowError:
        return None


def _begin(now: datetime) -> datetime:
    """Now in UTC; the end of the calendar that is nearer, where it lies beyond. What has no zone counts as UTC."""
    moment = _utc(now if now.utcoffset() is not None else now.replace(tzinfo=UTC))
    return moment or (_FIRST if now.year < 5000 else _LAST)


def _near(day: date, days: int) -> datetime:
    """About so many days after a day, within the calendar."""
    ordinal = day.toordinal() + days
    if ordinal < date.min.toordinal():
        return _FIRST
    return (
        _LAST if ordinal > date.max.toordinal() else datetime.combine(date.fromordinal(ordinal), time(), UTC)
    )


def _next_minute(wall: time) -> time:
    """The end of a window's last minute, which still belongs to it."""
    minutes = (wall.hour * 60 + wall.minute + 1) % 1440
    return time(minutes // 60, minutes % 60)
