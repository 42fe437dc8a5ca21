"""Contracts, requests and moments of every kind, made by Hypothesis from small alphabets that collide."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from inventory.contract import Approval, Contract, Day
from inventory.decide import Change, Deed, Diagnose, Request

HOSTS = ("h1", "h2", "h3", "h4")
OUTSIDE = ("o1", "o2")
ROLES = ("web", "dns", "pbx")
AREAS = ("linux", "dns", "voip")
PLAYBOOKS = ("dns.restart", "linux.clean")
ZONES = ("Europe/Berlin", "UTC", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu", "Australia/Lord_Howe")

some = st.lists  # Reads better below: some(of what).


def _names(values: tuple[str, ...], least: int = 0) -> st.SearchStrategy[list[str]]:
    return some(st.sampled_from(values), min_size=least, max_size=len(values), unique=True)


def _window(minutes: tuple[int, int], days: list[Day]) -> dict[str, object]:
    start, until = (time(m // 60, m % 60) for m in sorted(minutes))
    return {"days": [day.value for day in days], "from": f"{start:%H:%M}", "until": f"{until:%H:%M}"}


minute = st.integers(0, 1439)
windows = st.builds(
    _window,
    st.tuples(minute, minute).filter(lambda pair: pair[0] != pair[1]),
    some(st.sampled_from(Day), min_size=1, max_size=7, unique=True),
)


@st.composite
def clauses(draw: st.DrawFn, number: int) -> dict[str, object]:
    """One clause that the model accepts: its windows stand on different days, so that none overlap."""
    outside = draw(_names(OUTSIDE))
    hosts, roles = draw(_names(HOSTS)), draw(_names(ROLES))
    change = [] if outside else draw(_names(PLAYBOOKS))
    if not (outside or hosts or roles):
        hosts = [draw(st.sampled_from(HOSTS))]
    spans = draw(some(windows, max_size=2))
    if len(spans) == 2:
        spans[0]["days"], spans[1]["days"] = ["mo", "tu", "sa"], ["we", "th", "su"]
    return {
        "id": f"{number}",
        "text": "a promise",
        "hosts": hosts,
        "roles": roles,
        "outside": outside,
        "diagnose": draw(_names(AREAS, 0 if change else 1)),
        "change": change,
        "windows": spans,
        "approval": draw(st.sampled_from(Approval)).value,
        "at_once": draw(st.sampled_from([1, 2, 3, 50])),
    }


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    """A contract of four hosts and two outside servers, with up to four clauses."""
    start = draw(st.dates(date(2020, 1, 1), date(2030, 1, 1)))
    return Contract.model_validate(
        {
            "contract": "K",
            "customer": "k",
            "name": "K",
            "revision": 1,
            "valid": {
                "from": start,
                "until": draw(st.sampled_from([start, start + timedelta(400), date(9999, 12, 31)])),
            },
            "timezone": draw(st.sampled_from(ZONES)),
            "contacts": [{"id": "c", "name": "C", "email": "c@k.example", "approves": ["change"]}],
            "sites": [{"id": "s", "name": "S", "agent": "a"}],
            "hosts": [
                {
                    "id": host,
                    "name": f"{host}.k.example",
                    "addresses": [f"10.0.0.{number}"],
                    "site": "s",
                    "environment": "server",
                    "roles": draw(_names(ROLES)),
                    "platform": "linux",
                }
                for number, host in enumerate(HOSTS, 1)
            ],
            "outside": [
                {"id": server, "name": f"{server}.example", "addresses": [f"192.0.2.{number}"]}
                for number, server in enumerate(OUTSIDE, 1)
            ],
            "clauses": [draw(clauses(number)) for number in range(draw(st.integers(1, 4)))],
        }
    )


deeds: st.SearchStrategy[Deed] = st.one_of(
    st.builds(Diagnose, st.one_of(st.sampled_from(AREAS), st.text(max_size=5))),
    st.builds(Change, st.one_of(st.sampled_from(PLAYBOOKS), st.text(max_size=5))),
)
requests = st.builds(
    Request,
    customer=st.one_of(st.just("k"), st.just("k"), st.just("k"), st.text(max_size=3)),
    host=st.one_of(st.sampled_from((*HOSTS, *OUTSIDE)), st.text(max_size=5)),
    deed=deeds,
)
_offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_zones = st.one_of(st.just(UTC), _offsets, st.sampled_from(ZONES).map(ZoneInfo))


def _between(first: str, last: str) -> st.SearchStrategy[datetime]:
    return st.datetimes(datetime.fromisoformat(first), datetime.fromisoformat(last), timezones=_zones)


# Any moment at all, and more often one at which a contract may hold.
moments = st.one_of(
    _between("2019-12-01", "2031-06-01"),
    st.datetimes(timezones=st.one_of(st.none(), _zones)),
    _between("2026-03-28", "2026-03-30"),
    _between("2026-10-24", "2026-10-26"),
)
