"""Is permission computed right? Against an oracle that was written from the words of the contract alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inventory.contract import Clause, Contract, Day, Window
from inventory.decide import Allowed, Change, Decision, Diagnose, Reason, Refused, Request, decide
from inventory.explain import explain, hours
from inventory.read import read
from inventory.schema import example
from tests.inventory.strategies import AREAS, HOSTS, OUTSIDE, PLAYBOOKS, contracts, moments, requests
from tests.law import WIDE

MONDAY_NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


def oracle(contract: Contract, request: Request, now: datetime) -> set[str]:
    """The ids of all clauses that allow the request: the words of the contract, one after the other."""
    if now.utcoffset() is None or request.customer != contract.customer:
        return set()
    try:
        local = (now - now.utcoffset()).replace(tzinfo=UTC).astimezone(ZoneInfo(contract.timezone))  # type: ignore[operator]  # utcoffset is not None here.
    except OverflowError:
        return set()
    if not contract.valid.start <= date(local.year, local.month, local.day) <= contract.valid.until:
        return set()
    return {clause.id for clause in contract.clauses if _allows(contract, clause, request, local)}


def _allows(contract: Contract, clause: Clause, request: Request, local: datetime) -> bool:
    host = next((h for h in contract.hosts if h.id == request.host), None)
    server = next((o for o in contract.outside if o.id == request.host), None)
    named = host is not None and (host.id in clause.hosts or bool(set(host.roles) & set(clause.roles)))
    asked = server is not None and server.id in clause.outside
    match request.deed:
        case Diagnose(area):
            permitted = (named or asked) and area in clause.diagnose
        case Change(playbook):
            permitted = named and playbook in clause.change
    return permitted and (not clause.windows or any(_within(window, local) for window in clause.windows))


def _within(window: Window, local: datetime) -> bool:
    names = ["mo", "tu", "we", "th", "fr", "sa", "su"]
    if names[local.isoweekday() - 1] not in {day.value for day in window.days}:
        return False
    said = local.hour * 60 + local.minute
    return (
        window.start.hour * 60 + window.start.minute <= said <= window.until.hour * 60 + window.until.minute
    )


def universe(contract: Contract) -> Iterator[Request]:
    for host in (*HOSTS, *OUTSIDE):
        for area in AREAS:
            yield Request(customer=contract.customer, host=host, deed=Diagnose(area))
        for playbook in PLAYBOOKS:
            yield Request(customer=contract.customer, host=host, deed=Change(playbook))


def allowed(contract: Contract, now: datetime) -> set[Request]:
    return {r for r in universe(contract) if isinstance(decide(contract, r, now, WIDE), Allowed)}


@given(contracts(), requests, moments)
def test_it_agrees_with_the_oracle(contract: Contract, request: Request, now: datetime) -> None:
    expected = oracle(contract, request, now)
    match decide(contract, request, now, WIDE):
        case Allowed(clause):
            # The first in the contract's order is the one that is named.
            assert clause.id == next(c.id for c in contract.clauses if c.id in expected)
        case Refused():
            assert expected == set()


@given(contracts(), moments)
def test_it_agrees_with_the_oracle_on_everything_at_once(contract: Contract, now: datetime) -> None:
    assert allowed(contract, now) == {r for r in universe(contract) if oracle(contract, r, now)}


@given(st.one_of(st.none(), contracts()), requests, moments, st.sampled_from(["de", "en"]))
def test_it_always_answers_and_the_answer_can_be_explained(
    contract: Contract | None, request: Request, now: datetime, language: str
) -> None:
    decision = decide(contract, request, now, WIDE)
    text = explain(decision, "de" if language == "de" else "en")
    assert text
    assert decide(contract, request, now, WIDE) == decision


@given(contracts(), moments, st.data())
def test_without_a_clause_never_more_is_allowed(
    contract: Contract, now: datetime, data: st.DataObject
) -> None:
    assume(len(contract.clauses) > 1)
    gone = data.draw(st.sampled_from(contract.clauses))
    fewer = contract.model_copy(update={"clauses": tuple(c for c in contract.clauses if c is not gone)})
    assert allowed(fewer, now) <= allowed(contract, now)


@given(contracts(), moments, st.sampled_from(HOSTS))
def test_without_a_host_never_more_is_allowed(contract: Contract, now: datetime, gone: str) -> None:
    before = allowed(contract, now)
    fewer = contract.model_copy(update={"hosts": tuple(h for h in contract.hosts if h.id != gone)})
    after = allowed(fewer, now)
    assert after == {request for request in before if request.host != gone}


@given(contracts(), moments, st.data())
def test_in_a_narrower_window_never_more_is_allowed(
    contract: Contract, now: datetime, data: st.DataObject
) -> None:
    clause = data.draw(st.sampled_from(contract.clauses))
    narrow = {"days": [data.draw(st.sampled_from(Day)).value], "from": "10:00", "until": "11:00"}
    if clause.windows:
        kept = data.draw(st.sampled_from(clause.windows))
        narrow = {
            "days": [data.draw(st.sampled_from(kept.days)).value],
            "from": f"{kept.start:%H:%M}",
            "until": f"{kept.until:%H:%M}",
        }
    changed = clause.model_copy(update={"windows": (Window.model_validate(narrow),)})
    narrower = contract.model_copy(
        update={"clauses": tuple(changed if c is clause else c for c in contract.clauses)}
    )
    assert allowed(narrower, now) <= allowed(contract, now)


def test_a_copy_forgets_what_was_computed_for_the_original() -> None:
    contract = read(example())
    asked = Request(customer="musterbau", host="web1", deed=Diagnose("linux"))
    assert isinstance(decide(contract, asked, MONDAY_NOON, WIDE), Allowed)
    without = contract.model_copy(update={"clauses": contract.clauses[1:]})
    assert decide(without, asked, MONDAY_NOON, WIDE) == Refused(Reason.NO_CLAUSE)


def test_a_server_outside_is_never_changed_even_if_a_clause_calls_it_a_host() -> None:
    contract = read(example())
    sly = contract.clauses[2].model_copy(update={"hosts": ("registry",), "windows": ()})
    contract = contract.model_copy(update={"clauses": (*contract.clauses, sly)})
    asked = Request(customer="musterbau", host="registry", deed=Change("dns.restart_resolver"))
    assert decide(contract, asked, MONDAY_NOON, WIDE) == Refused(Reason.OUTSIDE_IS_READ_ONLY, ("3.2",))


def test_an_id_that_stands_for_two_targets_is_not_covered() -> None:
    contract = read(example())
    twin = contract.hosts[1].model_copy(update={"id": "web1"})
    contract = contract.model_copy(update={"hosts": (*contract.hosts, twin)})
    asked = Request(customer="musterbau", host="web1", deed=Diagnose("linux"))
    assert decide(contract, asked, MONDAY_NOON, WIDE) == Refused(Reason.NO_CLAUSE)


def _at(text: str) -> Decision:
    asked = Request(customer="musterbau", host="web1", deed=Diagnose("linux"))
    return decide(read(example()), asked, datetime.fromisoformat(text), WIDE)


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-11-23T06:59:59+01:00", False),
        ("2026-11-23T07:00:00+01:00", True),
        ("2026-11-23T18:00:59+01:00", True),
        ("2026-11-23T18:01:00+01:00", False),
        ("2026-11-22T12:00:00+01:00", False),
        # Winter and summer time: 05:30 in UTC is 06:30 or 07:30 in Berlin.
        ("2026-03-27T05:30:00+00:00", False),
        ("2026-03-30T05:30:00+00:00", True),
        # The first and last moments of the contract, which ends on a Friday; the other side of the world.
        ("2027-12-31T17:59:00+01:00", True),
        ("2028-01-03T12:00:00+01:00", False),
        ("2026-11-23T20:30:00+14:00", True),
    ],
)
def test_windows_are_local_time_of_the_contract(moment: str, open_: bool) -> None:
    assert isinstance(_at(moment), Allowed) == open_


@pytest.mark.parametrize(
    ("request_", "now", "expected"),
    [
        (("other", "web1", Diagnose("linux")), MONDAY_NOON, Refused(Reason.OTHER_CUSTOMER)),
        (
            ("musterbau", "web1", Diagnose("linux")),
            MONDAY_NOON.replace(tzinfo=None),
            Refused(Reason.NO_TIME_ZONE),
        ),
        (
            ("musterbau", "web1", Diagnose("linux")),
            MONDAY_NOON - timedelta(600),
            Refused(Reason.NOT_YET_VALID),
        ),
        (("musterbau", "web1", Diagnose("linux")), MONDAY_NOON + timedelta(600), Refused(Reason.EXPIRED)),
        (
            ("musterbau", "web1", Diagnose("linux")),
            datetime.min.replace(tzinfo=UTC),
            Refused(Reason.NOT_YET_VALID),
        ),
        (("musterbau", "web1", Diagnose("linux")), datetime.max.replace(tzinfo=UTC), Refused(Reason.EXPIRED)),
        (("musterbau", "WEB1", Diagnose("linux")), MONDAY_NOON, Refused(Reason.UNKNOWN_HOST)),
        (("musterbau", "10.20.1.11", Diagnose("linux")), MONDAY_NOON, Refused(Reason.UNKNOWN_HOST)),
        (("musterbau", "web1", Diagnose("voip")), MONDAY_NOON, Refused(Reason.AREA_NOT_COVERED, ("3.1",))),
        (("musterbau", "web1", Change("x")), MONDAY_NOON, Refused(Reason.PLAYBOOK_NOT_COVERED, ("3.1",))),
        (("musterbau", "registry", Change("x")), MONDAY_NOON, Refused(Reason.OUTSIDE_IS_READ_ONLY, ("3.2",))),
        (
            ("musterbau", "dns1", Change("dns.restart_resolver")),
            MONDAY_NOON,
            Refused(Reason.WINDOW_CLOSED, ("4.1",)),
        ),
    ],
)
def test_a_refusal_names_its_reason_and_the_clauses(
    request_: tuple[str, str, Diagnose | Change], now: datetime, expected: Refused
) -> None:
    customer, host, deed = request_
    request = Request(customer=customer, host=host, deed=deed)
    assert decide(read(example()), request, now, WIDE) == expected


def test_an_explanation_names_the_clauses_and_their_hours() -> None:
    contract = read(example())
    area = decide(
        contract, Request(customer="musterbau", host="web1", deed=Diagnose("voip")), MONDAY_NOON, WIDE
    )
    assert "clause 3.1" in explain(area, "en")
    assert "Klausel 3.1" in explain(area, "de")
    change = Change("dns.restart_resolver")
    closed = decide(contract, Request(customer="musterbau", host="dns1", deed=change), MONDAY_NOON, WIDE)
    assert "Tue, Thu 19:00\N{EN DASH}23:59" in explain(closed, "en")
    assert "Di, Do 19:00\N{EN DASH}23:59" in explain(closed, "de")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_in_both_languages(reason: Reason) -> None:
    german, english = explain(Refused(reason), "de"), explain(Refused(reason), "en")
    assert german != english
    assert "{" not in german + english


def test_hours_are_written_for_people() -> None:
    window = Window.model_validate(
        {"days": ["su", "mo", "fr", "tu", "sa"], "from": "08:00", "until": "12:30"}
    )
    assert hours([window], "de") == "Mo, Di, Fr\N{EN DASH}So 08:00\N{EN DASH}12:30"


def test_a_decision_is_looked_up_and_never_searched_for() -> None:
    contract = read(example())
    first, clause = contract.hosts[0], contract.clauses[0]
    many = tuple(first.model_copy(update={"id": f"h{n}", "roles": (f"r{n % 100}",)}) for n in range(10_000))
    each = tuple(clause.model_copy(update={"id": f"c{n}", "roles": (f"r{n}",)}) for n in range(100))
    contract = contract.model_copy(update={"hosts": many, "clauses": each})
    decisions = [
        decide(contract, Request(customer="musterbau", host=host.id, deed=Diagnose("dns")), MONDAY_NOON, WIDE)
        for host in many
    ]
    assert [d.clause.id for d in decisions if isinstance(d, Allowed)] == [
        f"c{n % 100}" for n in range(10_000)
    ]
    # Hosts that are covered alike share what was worked out for them: one clause to try, of a hundred.
    shared = {id(cover): cover for cover in contract.covers.values()}
    assert len(shared) == 100
    assert all(len(cover.diagnose["dns"].tries) == 1 for cover in shared.values())
