"""Can a program have a ticket diagnosed, within what it was given, and does it hear what to do otherwise?"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from controller.ledger import verify
from controller.office import Office, open_office
from controller.store.people import Account, add_account, change_account, set_roles
from controller.store.plans import PlanState, get_plan
from controller.store.schema import METADATA
from controller.store.server import Server
from controller.store.tokens import make_token, revoke_token
from controller.web.app import make_app
from controller.web.local import LocalDoor
from tests.controller.web.objects import MAKERS
from tests.fleet import Fleet
from tests.home import contract_over, home_for, run_command

_ALL = ("see-tickets", "see-runs", "see-evidence", "see-scope", "see-ledger", "diagnose")


@pytest.fixture(scope="module")
def office(common_server: Server | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with Fleet(1, hanging=1) as fleet, pytest.MonkeyPatch.context() as patch:
        home = home_for(tmp_path_factory.mktemp("home") / "h", fleet, contract_over(fleet), common_server)
        patch.setenv("SECONDLINE_HOME", str(home))
        office = open_office(print)
        fresh = Account(id="eva", name="Eva Eng", added=datetime.now(UTC), roles={"*": "engineer"})
        add_account(office.store, fresh)
        yield office
        office.store.close()


@pytest.fixture(scope="module")
def client(office: Office) -> Iterator[TestClient]:
    app = make_app(office, LocalDoor(office))
    with TestClient(app, base_url="https://secondline.test", follow_redirects=False) as client:
        yield client


def _bearer(
    office: Office, *rights: str, customers: tuple[str, ...] = (), days: float = 1, who: str = "eva"
) -> dict[str, str]:
    now = datetime.now(UTC)
    made = now - timedelta(days=2)
    _, secret = make_token(
        office.store,
        who,
        "test",
        rights=rights,
        customers=customers,
        now=made,
        expires=now + timedelta(days=days),
    )
    return {"Authorization": f"Bearer {secret}"}


def _ended(client: TestClient, run: str, headers: dict[str, str]) -> dict[str, Any]:
    until = time.monotonic() + 60
    while True:
        far: dict[str, Any] = client.get(f"/api/v1/runs/{run}/progress", headers=headers).json()
        if far["standing"] in {"done", "stopped", "failed"} or time.monotonic() > until:
            return far
        time.sleep(0.1)


@pytest.mark.slow
def test_a_ticket_is_opened_diagnosed_followed_and_reported(office: Office, client: TestClient) -> None:
    mine = _bearer(office, *_ALL)
    wanted = {"customer": "fleet", "subject": "Platte voll?"}
    ticket = client.post("/api/v1/tickets", json=wanted, headers=mine)
    assert ticket.status_code == 201, ticket.text
    asked = {"hosts": ["h0"], "questions": ["linux.disk"], "language": "en"}
    begun = client.post(f"/api/v1/tickets/{ticket.json()['id']}/diagnoses", json=asked, headers=mine)
    assert begun.status_code == 202, begun.text
    run = begun.json()["run"]
    assert begun.headers["location"] == f"/api/v1/runs/{run}/progress"
    heard = client.get(f"/api/v1/runs/{run}/events", headers=mine)
    assert heard.headers["content-type"].startswith("text/event-stream")
    said = [json.loads(line[6:]) for line in heard.text.splitlines() if line.startswith("data: ")]
    assert said[-1]["standing"] == "done"
    assert {"host": "h0", "question": "linux.disk", "state": "seen"}.items() <= [
        line for one in said for line in one["lines"]
    ][-1].items()
    report = client.get(f"/api/v1/runs/{run}/report", headers=mine).json()
    assert report["schema"] == "secondline/report/1"
    stored = client.get(f"/api/v1/runs/{run}", headers=mine).json()
    assert (stored["state"], stored["asked_by"], stored["customer"]) == ("done", "Eva Eng", "fleet")
    remembered = client.get("/api/v1/customers/fleet/ledger", headers=mine, params={"limit": 1000}).json()
    assert {"asked", "grant-sealed", "run-ended"} <= {one["what"] for one in remembered if one["run"] == run}


def test_what_hangs_is_stopped_when_a_program_says_so(office: Office, client: TestClient) -> None:
    mine = _bearer(office, *_ALL)
    asked = {"hosts": ["h1"], "questions": ["linux.disk"]}
    run = client.post("/api/v1/tickets/1/diagnoses", json=asked, headers=mine).json()["run"]
    assert client.post(f"/api/v1/runs/{run}/cancel", headers=mine).status_code == 202
    assert _ended(client, run, mine)["standing"] == "stopped"


def test_the_scope_is_what_the_command_says(office: Office, client: TestClient) -> None:
    at = {"at": "2026-11-27T12:00:00Z", "host": "h0", "area": "linux"}
    here = client.get("/api/v1/customers/fleet/scope", params=at, headers=_bearer(office, "see-scope"))
    words = ("scope", "fleet", "--host", "h0", "--area", "linux", "--at", "2026-11-27T12:00:00Z", "--json")
    assert here.json() == json.loads(run_command(office.settings.home, *words).stdout)
    assert here.json()[0]["allowed"]


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"questions": ["linux.no-such"]}, "linux.no-such"),
        ({"areas": ["nothing"]}, "nothing"),
        ({"symptom": "nothing"}, "nothing"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_mistake_is_a_problem_that_says_what_to_do(
    office: Office, client: TestClient, asked: dict[str, Any], word: str
) -> None:
    answer = client.post("/api/v1/tickets/1/diagnoses", json=asked, headers=_bearer(office, "diagnose"))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 422
    assert word in answer.json()["detail"]


def test_a_token_that_holds_no_more_opens_nothing(office: Office, client: TestClient) -> None:
    gone = _bearer(office, "see-runs", days=-1)
    assert client.get("/api/v1/runs", headers=gone).status_code == 401
    now = datetime.now(UTC)
    fresh, secret = make_token(
        office.store, "eva", "x", rights=["see-runs"], customers=[], now=now, expires=now + timedelta(days=1)
    )
    mine = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/runs", headers=mine).status_code == 200
    assert revoke_token(office.store, fresh.id, now)
    said = client.get("/api/v1/runs", headers=mine)
    assert (said.status_code, said.headers["www-authenticate"]) == (401, "Bearer")
    assert "secondline people token" in said.json()["detail"]
    assert client.get("/api/v1/runs", headers={"Authorization": f"Bearer {secret}x"}).status_code == 401


def test_a_program_reaches_no_further_than_its_person_does_now(office: Office, client: TestClient) -> None:
    roles = {"fleet": "engineer", "other": "engineer"}
    add_account(office.store, Account(id="tom", name="Tom", added=datetime.now(UTC), roles=roles))
    other = _bearer(office, "see-scope", customers=("other",), who="tom")
    whole = _bearer(office, "see-scope", "see-runs", "operate", who="tom")
    scope = "/api/v1/customers/fleet/scope"
    assert client.get(scope, headers=whole, params={"host": "h0"}).status_code == 200
    assert client.get(scope, headers=other).status_code == 404
    # What the person may not do, its programs may not, whatever they were given.
    assert client.get("/api/v1/ledger", headers=whole).status_code == 404
    set_roles(office.store, "tom", {"other": "engineer"})
    assert client.get(scope, headers=whole).status_code == 404
    change_account(office.store, "tom", disabled=True)
    assert client.get("/api/v1/runs", headers=whole).status_code == 401


def test_a_token_opens_no_page_and_nothing_that_is_a_persons_own(office: Office, client: TestClient) -> None:
    mine = _bearer(office, *_ALL, "own", "manage-people", "approve")
    assert client.get("/", headers=mine).headers["location"].startswith("/login")
    assert client.get("/account/second", headers=mine).status_code == 303
    assert client.get("/api/v1/people", headers=mine).status_code == 404


def test_a_stolen_database_holds_no_token(office: Office) -> None:
    secret = _bearer(office, "see-runs")["Authorization"].removeprefix("Bearer ")
    with office.store.read() as connection:
        rows = [row for table in METADATA.sorted_tables for row in connection.execute(select(table))]
    assert "see-runs" in str(rows)
    assert secret not in str(rows)


def test_the_command_makes_lists_and_revokes_tokens(office: Office, client: TestClient) -> None:
    home = office.settings.home
    refused = run_command(home, "people", "token", "eva", "--name", "x", "--right", "approve")
    assert (refused.returncode, "diagnose" in refused.stderr) == (2, True)
    made = run_command(home, "people", "token", "eva", "--name", "check", "--right", "see-runs")
    mine = {"Authorization": f"Bearer {made.stdout.strip()}"}
    assert client.get("/api/v1/runs", headers=mine).status_code == 200
    listed = json.loads(run_command(home, "people", "tokens", "eva", "--json").stdout)
    token = next(one["token"] for one in listed if one["name"] == "check")
    assert made.stdout.strip() not in json.dumps(listed)
    assert run_command(home, "people", "revoke", token).returncode == 0
    assert client.get("/api/v1/runs", headers=mine).status_code == 401
    assert verify(office.store).holds


def test_the_description_names_every_route_and_no_page(client: TestClient) -> None:
    said = client.get("/api/openapi.json").json()
    assert all(path.startswith("/api/v1/") for path in said["paths"])
    assert "/api/v1/tickets/{ticket}/diagnoses" in said["paths"]


def test_plans_are_read_by_programs_and_changed_by_people_alone(office: Office, client: TestClient) -> None:
    plan = MAKERS["plan"](office, {})
    stored = get_plan(office.store, plan)
    reader = _bearer(office, "see-plans")
    assert plan in {one["id"] for one in client.get("/api/v1/plans", headers=reader).json()}
    shown = client.get(f"/api/v1/plans/{plan}", headers=reader).json()
    assert (shown["digest"], shown["state"], shown["said"]) == (stored.digest, "open", [])
    assert shown["content"] == json.loads(stored.text)
    assert client.get("/api/v1/plans/plan-none", headers=reader).status_code == 404
    # No token gives the second factor that these need, whatever it was given.
    for way, body in (("approve", {"token": "x"}), ("reject", {}), ("apply", {}), ("undo", {})):
        assert client.post(f"/api/v1/plans/{plan}/{way}", json=body, headers=reader).status_code in {403, 404}
    assert get_plan(office.store, plan).state is PlanState.OPEN
    assert client.get("/api/v1/plans", headers=_bearer(office, "see-runs")).status_code == 404
