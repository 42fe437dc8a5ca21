"""Does a new revision widen? Against `decide` itself, asked at every moment that could tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from inventory.contract import Approval, Clause, Contract, Day
from inventory.decide import Allowed, Diagnose, Request, decide
from inventory.difference import Difference, Effect, Step, describe, difference
from inventory.explain import Language
from inventory.step import MIRRORED, NEUTRAL
from tests.inventory.revisions import revisions
from tests.inventory.strategies import AREAS, HOSTS, OUTSIDE, moments
from tests.inventory.test_decide import universe
from tests.law import WIDE

_LEAST = {
    Approval.NONE: 0b00,
    Approval.COLLEAGUE: 0b01,
    Approval.CUSTOMER: 0b10,
    Approval.BOTH: 0b11,
}
_MINUTE = timedelta(minutes=1)
MORE_OPEN = {Effect.HOST_COVERED, Effect.DEED_ADDED, Effect.WINDOW_LONGER}


def permits(contract: Contract, request: Request, now: datetime) -> Clause | None:
    """The clause that allows the request: the one place here that knows how `decide` is called."""
    decision = decide(contract, request, now, WIDE)
    return decision.clause if isinstance(decision, Allowed) else None


def telling(contract: Contract, other: Contract) -> Iterator[datetime]:
    """Moments at which something may change: the edges of validity, and of windows in its first weeks."""
    zone = ZoneInfo(contract.timezone)
    first, last = contract.valid.start, contract.valid.until
    yield from (datetime.combine(day, time(0, 0), zone) for day in (first, last))
    yield from (datetime.combine(day, time(23, 59), zone) for day in (first - timedelta(1), last))
    for window in {
        window for one in (contract, other) for clause in one.clauses for window in clause.windows
    }:
        for day in (first + timedelta(number) for number in range(3, 10)):
            if list(Day)[day.weekday()] in window.days:
                start, until = (datetime.combine(day, at, zone) for at in (window.start, window.until))
                yield from (start - _MINUTE, start, until, until + _MINUTE)


def goes_beyond(before: Contract, after: Contract, request: Request, now: datetime) -> bool:
    """Whether this request is allowed at this moment as it was not before, by the words of the contract."""
    new = permits(after, request, now)
    if new is None:
        return False
    old = permits(before, request, now)
    if old is None:
        return True
    target, was = after.targets[request.host], before.targets[request.host]
    if not set(target.addresses) <= set(was.addresses):
        return True
    if new.at_once > old.at_once:
        return True
    return not isinstance(request.deed, Diagnose) and _LEAST[old.approval] & ~_LEAST[new.approval] != 0


@given(revisions(), moments)
def test_what_does_not_widen_allows_nothing_that_was_not_allowed(
    pair: tuple[Contract, Contract], moment: datetime
) -> None:
    before, after = pair
    widens = difference(before, after).widens
    for now in (moment, *telling(after, before)):
        for request in universe(after):
            assert widens or not goes_beyond(before, after, request, now)


@given(revisions())
def test_what_is_said_to_be_open_for_longer_was_closed_before(pair: tuple[Contract, Contract]) -> None:
    before, after = pair
    assume(before.timezone == after.timezone)
    zone = ZoneInfo(after.timezone)
    valid = max(before.valid.start, after.valid.start)
    assume(min(before.valid.until, after.valid.until) - valid > timedelta(8))
    week = [valid + timedelta(day) for day in range(7)]
    assume(all(_plain(zone, datetime.combine(day, time(0, 0))) for day in week))
    for step in difference(before, after).widenings:
        if step.what in MORE_OPEN:
            for host in step.hosts:
                for deed in step.deeds:
                    request = Request(customer="k", host=host, deed=deed)
                    now = _within(step, week, zone)
                    assert permits(before, request, now) is None
                    assert permits(after, request, now) is not None


def _plain(zone: ZoneInfo, day: datetime) -> bool:
    offsets = {(day + timedelta(hours=hour)).replace(tzinfo=zone).utcoffset() for hour in range(-24, 49)}
    return len(offsets) == 1


def _within(step: Step, week: list[date], zone: ZoneInfo) -> datetime:
    if not step.windows:
        return datetime.combine(week[0], time(12, 0), zone)
    window = step.windows[-1]
    day = next(day for day in week if list(Day)[day.weekday()] in window.days)
    return datetime.combine(day, window.until, zone)


@given(revisions())
def test_what_does_not_widen_touches_no_more_hosts_at_once(pair: tuple[Contract, Contract]) -> None:
    before, after = pair
    assume(not difference(before, after).widens)
    for now in telling(after, before):
        for area in AREAS:
            requests = [Request(customer="k", host=host, deed=Diagnose(area)) for host in (*HOSTS, *OUTSIDE)]
            open_ = [request for request in requests if permits(after, request, now)]
            for count in range(2, len(open_) + 1):
                for together in combinations(open_, count):
                    if _fits(after, together, now):
                        assert _fits(before, together, now)


def _fits(contract: Contract, together: tuple[Request, ...], now: datetime) -> bool:
    """Whether all of these may be open at once: no clause counts more of them than it lets."""
    named = [permits(contract, request, now) for request in together]
    return all(clause is not None and named.count(clause) <= clause.at_once for clause in named)


@given(revisions())
def test_the_other_way_round_it_is_the_other_way_round(pair: tuple[Contract, Contract]) -> None:
    before, after = pair
    forth, back = difference(before, after), difference(after, before)
    assert bool(forth.narrowings) == back.widens
    assert bool(back.narrowings) == forth.widens
    assert {MIRRORED[step.what] for step in back.widenings} == {step.what for step in forth.narrowings}


@given(revisions())
def test_a_contract_does_not_differ_from_itself(pair: tuple[Contract, Contract]) -> None:
    _, contract = pair
    again = contract.model_copy(deep=True)
    assert difference(contract, contract) == Difference() == difference(contract, again)


@given(revisions(), moments)
def test_without_a_contract_before_everything_that_is_allowed_is_new(
    pair: tuple[Contract, Contract], moment: datetime
) -> None:
    _, contract = pair
    found = difference(None, contract)
    assert not found.narrowings
    said = {
        (host, deed)
        for step in found.widenings
        if step.what in MORE_OPEN
        for host in step.hosts
        for deed in step.deeds
    }
    for now in (moment, *telling(contract, contract)):
        for request in universe(contract):
            if permits(contract, request, now):
                assert (request.host, request.deed) in said


@given(revisions(), st.sampled_from(["de", "en"]))
def test_every_step_can_be_said(pair: tuple[Contract, Contract], language: Language) -> None:
    before, after = pair
    found = difference(before, after)
    lines = describe(found, language)
    assert sum(line[0] == "+" for line in lines) == len(found.widenings)
    assert sum(line[0] == "~" for line in lines) == len(found.neutral)
    assert all(step.what in MIRRORED for step in found.widenings)
    assert all(step.what in MIRRORED.values() for step in found.narrowings)
    assert all(step.what in NEUTRAL for step in found.neutral)
