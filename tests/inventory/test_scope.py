"""Does the scope say who may be asked until when, and for the rest when and how it could be?"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings

from controller.choice import named
from controller.cli.scope import print_scope
from inventory.ceiling import Ceiling
from inventory.contract import Contract
from inventory.decide import Allowed, Change, Deed, Diagnose, Request, decide
from inventory.outlook.advice import advise
from inventory.outlook.amendment import Amendment, Approve, Lift, NewClause, Wait
from inventory.outlook.remedy import remedy
from inventory.outlook.scope import ScopeRow, reasons, scope_json, scope_rows
from inventory.outlook.when import closes, opens
from inventory.read import read
from inventory.schema import example
from tests.inventory.strategies import AREAS, HOSTS, OUTSIDE, PLAYBOOKS, contracts, moments
from tests.law import WIDE

MONDAY_NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
DNS, LINUX, VOIP, RESTART = (
    Diagnose("dns"),
    Diagnose("linux"),
    Diagnose("voip"),
    Change("dns.restart_resolver"),
)


def wide_open(_host: str) -> Ceiling:
    return WIDE


def rows_of(now: datetime, *deeds: Deed, host: str | None = None) -> tuple[ScopeRow, ...]:
    contract = read(example())
    hosts = tuple(contract.targets) if host is None else named(contract, host)
    return scope_rows((contract,), hosts, deeds, now, ceiling_of=wide_open)


def test_the_scope_shows_every_deed_of_every_target() -> None:
    rows = rows_of(MONDAY_NOON, DNS, LINUX)
    assert [(row.host, row.deed, row.allowed, row.clause) for row in rows] == [
        ("web1", DNS, True, "3.1"),
        ("web1", LINUX, True, "3.1"),
        ("dns1", DNS, True, "3.1"),
        ("dns1", LINUX, True, "3.1"),
        ("dns2", DNS, True, "3.1"),
        ("dns2", LINUX, True, "3.1"),
        ("registry", DNS, True, "3.2"),
        ("registry", LINUX, False, "3.2"),
    ]
    assert rows[0].address == "10.20.1.11 fd20::11"


def test_outside_the_hours_the_scope_says_when() -> None:
    contract = read(example())
    (row,) = scope_rows((contract,), ("dns1",), (DNS,), SUNDAY, language="de", ceiling_of=wide_open)
    assert row.reason == "window-closed"
    assert "Mo\N{EN DASH}Fr 07:00\N{EN DASH}18:00; Sa 08:00\N{EN DASH}12:00" in row.explanation
    assert row.allowed_from == datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    assert row.allowed_until == datetime(2026, 11, 23, 17, 1, tzinfo=UTC)
    assert list(reasons([row], "de")) == [
        (row.explanation, ("Klausel 3.1 erlaubt es ab Mo 23.11.2026 07:00.",))
    ]


@pytest.mark.parametrize("host", ["web1", "WEB1.musterbau.example.", "10.20.1.11", "fd20::11"])
def test_one_host_is_found_by_id_name_or_address(host: str) -> None:
    assert [row.host for row in rows_of(MONDAY_NOON, DNS, host=host)] == ["web1"]


@pytest.mark.parametrize("host", ["web2", "10.20.1.12", "", "*"])
def test_a_host_that_nobody_knows_is_refused_and_not_left_out(host: str) -> None:
    rows = rows_of(MONDAY_NOON, DNS, host=host)
    assert [(row.host, row.reason) for row in rows] == [(host, "unknown-host")]


def test_the_scope_is_printed_and_given_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_of(MONDAY_NOON, DNS, VOIP, RESTART)
    print_scope(rows)
    lines = capsys.readouterr().out.splitlines()
    (web,) = [line for line in lines if line.startswith("web1") and " dns " in line]
    assert web.split()[-4:] == ["now", "Mon", "2026-11-23", "18:01"]
    (registry,) = [line for line in lines if line.startswith("registry") and " dns " in line]
    assert registry.split()[-4:] == ["now", "Sat", "2028-01-01", "00:00"]
    assert "  Add 'voip' to 'diagnose' of clause 3.2, which names registry alone." in lines
    # One clause for the hosts that it is alike for, as it stands in the file.
    start = lines.index('  - id: "3.1a"')
    assert lines[start + 2 : start + 4] == ["    hosts: [web1, dns2]", "    diagnose: [voip]"]
    said = json.loads(json.dumps(scope_json(rows)))
    assert [(row["area"], row["playbook"], row["allowed"]) for row in said[:3]] == [
        ("dns", "", True),
        ("voip", "", False),
        ("", "dns.restart_resolver", False),
    ]
    assert (said[0]["allowed_from"], said[0]["allowed_until"]) == (None, "2026-11-23T18:01:00+01:00")
    assert said[0]["change"] == []
    (new,) = said[1]["change"]
    assert (new["kind"], new["near"]) == ("new-clause", "3.1")
    assert "hosts: [web1]\n" in new["yaml"]
    (add,) = said[2]["change"]
    assert (add["kind"], add["clause"], add["key"], add["add"]) == ("extend-clause", "4.1", "hosts", ["web1"])
    (wait,) = said[5]["change"]
    assert (wait["kind"], wait["from"]) == ("wait", said[5]["allowed_from"])
    assert said[5]["allowed_from"] == "2026-11-24T19:00:00+01:00"


@settings(max_examples=20)  # Each is a hundred questions.
@given(contracts(), moments)
def test_what_is_worked_out_once_for_all_that_are_alike_is_right_for_each(
    contract: Contract, now: datetime
) -> None:
    deeds: list[Deed] = [Diagnose(area) for area in (*AREAS, "wlan")]
    deeds += [Change(playbook) for playbook in PLAYBOOKS]
    for row in scope_rows((contract,), (*HOSTS, *OUTSIDE, "h9", "h8", ""), deeds, now, ceiling_of=wide_open):
        request = Request(customer=contract.customer, host=row.host, deed=row.deed)
        opened = opens((contract,), request, now, WIDE)
        assert row.allowed == isinstance(decide(contract, request, now, WIDE), Allowed)
        assert row.allowed_from == (None if row.allowed else opened)
        assert row.allowed_until == (closes((contract,), request, opened, WIDE) if opened else None)
        assert row.change == remedy((contract,), request, now, WIDE)


def test_ten_thousand_hosts_are_looked_at_as_often_as_they_are_covered_differently() -> None:
    contract = read(example())
    many = tuple(contract.hosts[0].model_copy(update={"id": f"h{number}"}) for number in range(10_000))
    contract = contract.model_copy(update={"hosts": many})
    rows = scope_rows((contract,), tuple(contract.targets), (DNS, VOIP), SUNDAY, ceiling_of=wide_open)
    # Hosts that are covered alike share what was worked out for them.
    assert len({id(row.allowed_from) for row in rows if row.deed == DNS and row.host != "registry"}) == 1
    assert len(list(reasons(rows))) == 3


def test_a_contract_that_is_over_is_told_once_and_what_it_needs_for_each() -> None:
    ((line, changes),) = reasons(rows_of(MONDAY_NOON + timedelta(3650), DNS, LINUX))
    assert line.startswith("The contract has ended. The same for dns1, dns2, registry.")
    assert changes == (
        "The contract must be renewed: 'valid: until' 2036-11-20 or later.",
        "registry: Add 'linux' to 'diagnose' of clause 3.2, which names registry alone.",
    )


def revised(**update: object) -> Contract:
    contract = read(example())
    return contract.model_copy(update={"revision": 4, **update})


def test_what_waits_for_a_second_person_narrows_and_what_it_lacks_is_named() -> None:
    """Revision 4 leaves business hours on Saturday out, and clause 3.2."""
    before = read(example())
    first, second, third = before.clauses
    weekdays = first.model_copy(update={"windows": first.windows[:1]})
    waiting = revised(clauses=(weekdays, third))
    saturday = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
    alone, both = (
        scope_rows(contracts, ("web1", "registry"), (DNS,), saturday, ceiling_of=wide_open)
        for contracts in ((before,), (before, waiting))
    )
    assert [(row.allowed, row.change) for row in alone] == [(True, ()), (True, ())]
    web, registry = both
    assert (web.allowed, web.allowed_from) == (False, datetime(2026, 11, 30, 6, 0, tzinfo=UTC))
    (new,) = registry.change
    assert isinstance(new, NewClause)
    assert new.clause.outside == ("registry",)
    # The other way round the revision allows more, and it is the revision that is missing.
    (more,) = scope_rows(
        (waiting, revised(revision=5)), ("registry",), (DNS,), saturday, ceiling_of=wide_open
    )
    assert more.change == (Approve(revision=5),)
    assert second.id == "3.2"


def test_a_ceiling_stands_beside_what_the_contract_lacks() -> None:
    contract = read(example())
    low = Ceiling.model_validate(WIDE.model_dump() | {"never": ("10.20.1.53/32",), "areas": ("linux", "dns")})

    def below(*deeds: Deed, ceiling: Ceiling | None = low) -> list[tuple[Amendment, ...]]:
        rows = scope_rows((contract,), ("web1", "dns1"), deeds, SUNDAY, ceiling_of=lambda _: ceiling)
        return [row.change for row in rows]

    (wait,), lift = below(LINUX)
    assert isinstance(wait, Wait)
    assert lift == (Lift(beyond="address 10.20.1.53"),)
    for steps in below(VOIP):
        assert [type(step) for step in steps] == [NewClause, Lift]
        assert steps[1] == Lift(beyond="area voip")
    assert below(LINUX, ceiling=None) == [(Lift(beyond=""),)] * 2
    (said,) = {advise(step, "de") for step in lift}
    assert said.endswith("die die IT des Kunden pflegt: Adresse 10.20.1.53.")


def test_windows_of_two_revisions_that_never_meet_never_open() -> None:
    before = read(example())
    night = before.clauses[0].model_copy(update={"windows": before.clauses[2].windows})
    both = (before, revised(clauses=(night, *before.clauses[1:])))
    request = Request(customer="musterbau", host="web1", deed=LINUX)
    assert opens(both, request, SUNDAY, WIDE) is None
    assert remedy(both, request, SUNDAY, WIDE) == (Approve(revision=4),)
