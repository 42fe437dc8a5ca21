"""When does it open and close? Against an oracle that asks `decide` again, minute by minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inventory.contract import Contract
from inventory.decide import Allowed, Change, Diagnose, Request, decide
from inventory.read import read
from inventory.schema import example
from inventory.when import closes, opens
from tests.inventory.strategies import contracts, requests
from tests.law import WIDE

MINUTE, BIT = timedelta(minutes=1), timedelta(microseconds=1)
SPAN = timedelta(days=1.5)

# Where clocks change oddly: a day that does not exist, half an hour, an hour before midnight, and the common ways.
ODD = {
    "Pacific/Apia": "2011-12-30",
    "Australia/Lord_Howe": "2026-10-04",
    "America/St_Johns": "2010-11-07",
    "Europe/Berlin": "2026-03-29",
    "Africa/Cairo": "2026-04-24",
    "America/Sao_Paulo": "2018-02-18",
    "Pacific/Kwajalein": "1993-08-21",
}


@st.composite
def contracts_in_odd_days(draw: st.DrawFn) -> Contract:
    """A contract that holds when the clocks of its zone change, and may begin or end on that very day."""
    zone = draw(st.sampled_from(sorted(ODD)))
    day = date.fromisoformat(ODD[zone])
    start = day - timedelta(draw(st.sampled_from([400, 3, 2, 1, 0])))
    until = day + timedelta(draw(st.sampled_from([0, 1, 2, 400])))
    contract = draw(contracts())
    valid = contract.valid.model_copy(update={"start": start, "until": until})
    return contract.model_copy(update={"timezone": zone, "valid": valid})


@st.composite
def asked(draw: st.DrawFn) -> tuple[Contract, Request, datetime]:
    """A contract, a request, and a moment about the contract's first or last day or a change of the clocks."""
    contract = draw(st.one_of(contracts(), contracts_in_odd_days()))
    days = [contract.valid.start, min(contract.valid.until, date(2060, 1, 1))]
    if contract.timezone in ODD:
        days.append(max(contract.valid.start, date.fromisoformat(ODD[contract.timezone])))
    near = datetime.combine(draw(st.sampled_from(days)), datetime.min.time(), UTC)
    # What a clause covers, more often than what hardly any does.
    covered = [
        Request(customer="k", host=host, deed=deed)
        for host, cover in contract.covers.items()
        for deeds in (map(Diagnose, cover.diagnose), map(Change, cover.change))
        for deed in deeds
    ]
    rare = not covered or not draw(st.integers(0, 3))
    request = draw(requests if rare else st.sampled_from(covered))
    return contract, request, near + draw(st.timedeltas(timedelta(-3), timedelta(3)))


def is_allowed(contract: Contract, request: Request, moment: datetime) -> bool:
    return isinstance(decide(contract, request, moment, WIDE), Allowed)


def utc(moment: datetime | None) -> datetime:
    """In UTC, as two moments of one zone are compared and counted by what its clocks show."""
    assert moment is not None
    return moment.astimezone(UTC)


def minutes(now: datetime) -> Iterator[datetime]:
    """Now, and then the beginning of every minute for some days."""
    yield now
    first = now.replace(second=0, microsecond=0) + MINUTE
    yield from takewhile(lambda moment: moment <= now + SPAN, (first + n * MINUTE for n in range(2_200)))


def first(contract: Contract, request: Request, now: datetime, *, allowed: bool) -> datetime | None:
    return next((m for m in minutes(now) if is_allowed(contract, request, m) == allowed), None)


@given(asked())
def test_it_opens_when_the_decision_first_says_so(question: tuple[Contract, Request, datetime]) -> None:
    contract, request, now = question
    said, found = opens((contract,), request, now, WIDE), first(contract, request, now, allowed=True)
    if found is None:
        assert said is None or said > now + SPAN
    else:
        assert utc(said) == found
    if said is not None:
        assert said.tzinfo is contract.zone_info
        assert is_allowed(contract, request, said)
        assert utc(said) == now or not is_allowed(contract, request, utc(said) - BIT)


@given(asked())
def test_it_closes_when_the_decision_first_says_no(question: tuple[Contract, Request, datetime]) -> None:
    contract, request, now = question
    opened = opens((contract,), request, now, WIDE)
    assume(opened is not None)
    begin = utc(opened)
    said, found = closes((contract,), request, begin, WIDE), first(contract, request, begin, allowed=False)
    if found is None:
        assert said is None or said > begin + SPAN
    else:
        assert utc(said) == found
    if said is None:
        assert contract.valid.until == date.max
    else:
        assert not is_allowed(contract, request, said)
        assert is_allowed(contract, request, utc(said) - BIT)


@given(contracts(), requests)
def test_what_never_opens_is_allowed_in_no_minute_of_the_weeks_that_follow(
    contract: Contract, request: Request
) -> None:
    now = datetime.combine(contract.valid.start, datetime.min.time(), UTC) - timedelta(1)
    assume(opens((contract,), request, now, WIDE) is None)
    assert not any(is_allowed(contract, request, now + n * 13 * MINUTE) for n in range(2 * 7 * 111))


# --- Single cases, worked out by hand.

LINUX = Request(customer="musterbau", host="web1", deed=Diagnose("linux"))


def over(
    windows: str, *, zone: str = "Europe/Berlin", start: str = "2000-01-01", until: str = "2027-12-31"
) -> Contract:
    """The example's contract with other windows for clause 3.1, and clause 3.1 alone covers web1."""
    head, _, rest = example().partition('    windows:\n      - {days: [mo, tu, we, th, fr], from: "07:00"')
    tail = rest[rest.index("    at_once: 20") :]
    text = (head + windows + tail).replace("Europe/Berlin", zone)
    return read(
        text.replace("from: 2026-01-01", f"from: {start}").replace("until: 2027-12-31", f"until: {until}")
    )


def at(*spans: str) -> str:
    """Windows in YAML: 'su 02:15 02:45'."""
    each = (span.split() for span in spans)
    lines = (
        f'      - {{days: [{days}], from: "{start}", until: "{until}"}}\n' for days, start, until in each
    )
    return "    windows:\n" + "".join(lines)


@pytest.mark.parametrize(
    ("windows", "zone", "now", "opened", "closed"),
    [
        # An hour that is skipped: the window of that Sunday does not exist, the next one does.
        ("su 02:15 02:45", "Europe/Berlin", "2026-03-29T00:00+01:00", "2026-04-05T02:15+02:00", "2026-04-05T02:46+02:00"),
        # The clocks jump into the window, and out of it.
        ("su 02:15 04:00", "Europe/Berlin", "2026-03-29T00:00+01:00", "2026-03-29T03:00+02:00", "2026-03-29T04:01+02:00"),
        ("su 01:00 02:30", "Europe/Berlin", "2026-03-29T00:00+01:00", "2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"),
        # An hour that comes twice: so does the window.
        ("su 02:15 02:45", "Europe/Berlin", "2026-10-25T00:00+02:00", "2026-10-25T02:15+02:00", "2026-10-25T02:46+02:00"),
        ("su 02:15 02:45", "Europe/Berlin", "2026-10-25T02:50+02:00", "2026-10-25T02:15+01:00", "2026-10-25T02:46+01:00"),
        ("su 01:00 02:59", "Europe/Berlin", "2026-10-25T00:00+02:00", "2026-10-25T01:00+02:00", "2026-10-25T03:00+01:00"),
        # Half an hour; a day that does not exist, a Friday.
        ("su 02:00 02:20", "Australia/Lord_Howe", "2026-10-04T00:00+10:30", "2026-10-11T02:00+11:00", "2026-10-11T02:21+11:00"),
        ("fr 10:00 11:00", "Pacific/Apia", "2011-12-29T12:00-10:00", "2012-01-06T10:00+14:00", "2012-01-06T11:01+14:00"),
        # Clocks that were 44 minutes and 30 seconds behind.
        ("mo 10:00 10:09", "Africa/Monrovia", "1971-12-01T00:00Z", "1971-12-06T10:44:30Z", "1971-12-06T10:54:30Z"),
        # Until the end of the day, and on from its beginning: one span.
        ("mo 20:00 23:59,tu 00:00 01:00", "Europe/Berlin", "2026-11-23T12:00+01:00", "2026-11-23T20:00+01:00", "2026-11-24T01:01+01:00"),
    ],
)  # fmt: skip
def test_clocks_change_and_windows_are_where_they_are(
    windows: str, zone: str, now: str, opened: str, closed: str
) -> None:
    contract = over(at(*windows.split(",")), zone=zone, start="1970-01-01")
    begin = opens((contract,), LINUX, datetime.fromisoformat(now), WIDE)
    assert utc(begin) == datetime.fromisoformat(opened)
    assert utc(closes((contract,), LINUX, utc(begin), WIDE)) == datetime.fromisoformat(closed)


@pytest.mark.parametrize(
    ("windows", "until", "now", "opened", "closed"),
    [
        # The contract's first and last day cut what the windows allow.
        ("", "2027-12-31", "2025-12-01T00:00Z", "2026-01-01T00:00+01:00", "2028-01-01T00:00+01:00"),
        ("fr 20:00 23:59,sa 00:00 04:00", "2027-12-31", "2027-12-31T12:00Z", "2027-12-31T20:00+01:00", "2028-01-01T00:00+01:00"),
        # A window all day and every day has no other end than the contract's.
        ("mo 00:00 23:59,tu 00:00 23:59,we 00:00 23:59,th 00:00 23:59,fr 00:00 23:59,sa 00:00 23:59,su 00:00 23:59", "2099-12-31", "2026-06-01T00:00Z", "2026-06-01T00:00Z", "2100-01-01T00:00+01:00"),
        # It ends before the next window.
        ("mo 10:00 11:00", "2027-12-31", "2027-12-27T12:00Z", None, None),
        # There is no end.
        ("", "9999-12-31", "2026-06-01T00:00Z", "2026-06-01T00:00Z", None),
        # Far beyond the contract, and at both ends of the calendar.
        ("", "2027-12-31", "9999-12-31T23:59:59-05:00", None, None),
        ("", "2027-12-31", "0001-01-01T00:00+05:00", "2026-01-01T00:00+01:00", "2028-01-01T00:00+01:00"),
    ],
)  # fmt: skip
def test_the_contract_begins_and_ends(
    windows: str, until: str, now: str, opened: str | None, closed: str | None
) -> None:
    spans = (
        at(*windows.replace("'", "").replace("mo,tu,we,th,fr,sa,su", "mo;tu;we;th;fr;sa;su").split(","))
        if windows
        else ""
    )
    contract = over(spans.replace(";", ", "), start="2026-01-01", until=until)
    begin = opens((contract,), LINUX, datetime.fromisoformat(now), WIDE)
    assert begin == (datetime.fromisoformat(opened) if opened else None)
    if begin:
        assert closes((contract,), LINUX, begin, WIDE) == (datetime.fromisoformat(closed) if closed else None)


def test_two_clauses_whose_windows_adjoin_are_one_span() -> None:
    text = example().replace(
        "hosts: [dns1]\n    change: [dns.restart_resolver]", "hosts: [web1]\n    diagnose: [linux]"
    )
    contract = read(text.replace('from: "19:00", until: "23:59"', 'from: "18:01", until: "23:59"'))
    tuesday = datetime(2026, 11, 24, 12, 0, tzinfo=contract.zone_info)
    assert closes((contract,), LINUX, tuesday, WIDE) == datetime(
        2026, 11, 25, 0, 0, tzinfo=contract.zone_info
    )
    assert closes((contract,), LINUX, tuesday + timedelta(1), WIDE) == datetime(
        2026, 11, 25, 18, 1, tzinfo=contract.zone_info
    )


def test_what_is_not_allowed_has_no_end_and_what_has_no_zone_never_opens() -> None:
    contract = read(example())
    sunday = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    with pytest.raises(ValueError, match="not allowed at this moment"):
        closes((contract,), LINUX, sunday, WIDE)
    assert opens((contract,), LINUX, sunday, WIDE) is not None
    assert opens((contract,), LINUX, sunday.replace(tzinfo=None), WIDE) is None
