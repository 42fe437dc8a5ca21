"""Who lets people in, and who cannot let in more than they may?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from controller.office import Office, open_office
from controller.store.people import get_account
from controller.store.schema import ledger
from controller.web.access import Person, Role
from controller.web.app import make_app
from tests.controller.web.doors import Fixed
from tests.fleet import Fleet
from tests.home import contract_over, home_for, run_command

ADA = Person(id="ada", name="Ada Admin", roles={"*": Role.ADMINISTRATOR})
# Manages the people of one customer alone.
FRED = Person(id="fred", name="Fred", roles={"fleet": Role.ADMINISTRATOR})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with Fleet(1) as fleet:
        paper: dict[str, Any] = contract_over(fleet)
        paper["contacts"] = [
            {"id": "carl", "name": "Carl Customer", "email": "carl@fleet.test"},
            {"id": "cora", "name": "Cora Customer", "email": "cora@fleet.test", "approves": ["change"]},
        ]
        yield home_for(tmp_path_factory.mktemp("home") / "h", fleet, paper)


@pytest.fixture
def office(home: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("SECONDLINE_HOME", str(home))
    return open_office(print)


@pytest.fixture
def door() -> Fixed:
    return Fixed(ADA)


@pytest.fixture
def client(office: Office, door: Fixed) -> TestClient:
    return TestClient(make_app(office, door), follow_redirects=False)


def _add(client: TestClient, who: str, roles: dict[str, str]) -> int:
    wanted = {"id": who, "name": who.title(), "roles": roles}
    return client.post("/api/v1/people", json=wanted).status_code


def _remembered(office: Office) -> list[tuple[str, str, Any]]:
    with office.store.read() as connection:
        rows = connection.execute(select(ledger).order_by(ledger.c.number))
        return [(row.what, row.who, row.facts) for row in rows]


def test_each_change_of_rights_is_remembered_with_who_made_it(office: Office, client: TestClient) -> None:
    assert _add(client, "tom", {"fleet": "engineer"}) == 201
    changed = client.put("/api/v1/people/tom/roles", json={"roles": {"*": "auditor"}})
    assert changed.json()["roles"] == {"*": "auditor"}
    assert client.put("/api/v1/people/tom/allowed", json={"allowed": False}).json()["disabled"]
    assert _remembered(office)[-3:] == [
        ("person-added", "ada", {"person": "tom", "roles": "engineer:fleet"}),
        ("person-changed", "ada", {"person": "tom", "what": "roles", "roles": "auditor:*"}),
        ("person-changed", "ada", {"person": "tom", "what": "may not log in"}),
    ]


def test_nobody_changes_their_own_roles(office: Office, client: TestClient) -> None:
    assert _add(client, "ada", {"*": "administrator"}) == 201
    own = client.put("/api/v1/people/ada/roles", json={"roles": {"*": "engineer"}})
    assert own.status_code == 409
    assert "somebody else" in own.json()["detail"]
    kept = get_account(office.store, "ada")
    assert kept is not None
    assert kept.roles == {"*": "administrator"}


def test_whoever_manages_one_customers_people_cannot_reach_further(
    office: Office, client: TestClient, door: Fixed
) -> None:
    assert _add(client, "eve", {"*": "engineer"}) == 201
    door.who = FRED
    assert _add(client, "mine", {"fleet": "customer"}) == 201
    assert _add(client, "boss", {"*": "administrator"}) == 422
    assert _add(client, "spy", {"other": "engineer"}) == 422
    # A link would set a stronger person's password.
    assert client.post("/api/v1/people/eve/invitation").status_code == 404
    assert client.put("/api/v1/people/mine/roles", json={"roles": {"*": "engineer"}}).status_code == 422
    assert "eve" not in {one["id"] for one in client.get("/api/v1/people").json()}
    assert get_account(office.store, "boss") is None


def test_without_a_fresh_second_factor_nobody_is_let_in(
    office: Office, client: TestClient, door: Fixed
) -> None:
    door.fresh = False
    answer = client.post("/api/v1/people", json={"id": "late", "name": "Late"})
    assert answer.status_code == 403
    assert "second factor" in answer.json()["detail"]
    assert get_account(office.store, "late") is None


def test_the_customers_people_of_the_contract_are_let_in_as_what_it_says(
    office: Office, client: TestClient
) -> None:
    for contact, role in (("carl", "customer"), ("cora", "customer-approver")):
        made = client.post(f"/api/v1/customers/fleet/contacts/{contact}/invitation")
        assert made.status_code == 201, made.text
        kept = get_account(office.store, f"fleet.{contact}")
        assert kept is not None
        assert kept.roles == {"fleet": role}
    nobody = client.post("/api/v1/customers/fleet/contacts/nobody/invitation")
    assert (nobody.status_code, "carl, cora" in nobody.json()["detail"]) == (422, True)


def test_the_command_invites_a_contact_and_ends_log_ins(home: Path) -> None:
    invited = run_command(home, "people", "invite", "carl", "--customer", "fleet")
    assert invited.returncode == 0, invited.stderr
    assert invited.stdout.startswith("/invitation/")
    ended = run_command(home, "people", "sessions", "fleet.carl", "--end", "--json")
    assert (ended.returncode, ended.stdout.strip()) == (0, "[]")
    assert run_command(home, "people", "sessions", "no-one").returncode == 2
