"""Does every page of the console ask for its right, and is another customer's ticket, run and plan not there?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from controller.office import open_office
from controller.store.inbox import Sight
from controller.store.plans import StoredPlan, add_plan
from controller.store.runs import Run, RunState, create_run
from controller.store.tickets import add_ticket
from controller.web.access import Person, Right, Role
from controller.web.app import make_app
from controller.web.reach import sight_of
from tests.controller.web.doors import Fixed

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)
EVA = Person(id="eva", name="Eva Eng", roles={"musterbau": Role.ENGINEER})
OTHERS = (
    Person(id="olaf", name="Olaf Other", roles={"other": Role.ENGINEER}),
    Person(id="carl", name="Carl Customer", roles={"musterbau": Role.CUSTOMER}),
    Person(id="ada", name="Ada Admin", roles={"*": Role.ADMINISTRATOR}),
    Person(id="both", name="Barred", roles={"*": Role.ENGINEER, "musterbau": Role.AUDITOR}),
)
_PAGES = (
    "/tickets/builtin/1",
    "/runs/r1",
    "/runs/r1/report",
    "/runs/r1/compare",
    "/plans/p1",
    "/plans/p1/text",
)
_POSTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/tickets/builtin/1/diagnose", {}),
    ("/runs/r1/deliver", {"delivery": "1"}),
    ("/runs/r1/plan", {"remedy": "0"}),
    ("/plans/p1/approve", {"token": "a.b.c"}),
    ("/plans/p1/reject", {}),
    ("/plans/p1/apply", {}),
    ("/plans/p1/undo", {}),
)


@pytest.fixture
def door() -> Fixed:
    return Fixed(EVA)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, door: Fixed) -> TestClient:
    """A ticket, a run and a plan of one customer, whose contract is gone."""
    monkeypatch.setenv("SECONDLINE_HOME", str(tmp_path))
    office = open_office(print)
    add_ticket(office.store, customer="musterbau", subject="Drucker", text="", requester="r")
    fresh = Run(
        id="r1",
        ticket="1",
        desk="builtin",
        customer="musterbau",
        contract="0" * 64,
        revision=1,
        asked_by="eva",
        state=RunState.DONE,
        began=NOW,
        ended=NOW,
        subject="Drucker",
    )
    create_run(office.store, fresh)
    plan = StoredPlan(
        id="p1",
        digest="0" * 64,
        text="{}",
        customer="musterbau",
        desk="builtin",
        ticket="1",
        playbook="linux.start_service",
        requested_by="Eva Eng",
        made=NOW,
        made_in="r1",
    )
    with office.store.write() as connection:
        add_plan(connection, plan)
    return TestClient(make_app(office, door), follow_redirects=False)


def test_every_route_says_which_right_it_needs(client: TestClient) -> None:
    """What changes something needs more than to look; only what belongs to the log-in is anybody's."""
    every = [(route, getattr(route, "original_router", None)) for route in client.app.routes]  # type: ignore[attr-defined]
    inner = [one for route, router in every for one in (router.routes if router else (route,))]
    routes = [route for route in inner if isinstance(route, APIRoute)]
    assert len(routes) > 20
    for route in routes:
        rights = {
            getattr(one.call, "right", None) for one in route.dependant.dependencies if one.call is not None
        } - {None}
        assert len(rights) == 1, route.path
        if "POST" in (route.methods or ()) and route.path.split("/")[1] in {
            "tickets",
            "runs",
            "plans",
            "live",
        }:
            assert rights <= {Right.DIAGNOSE, Right.PLAN, Right.APPROVE, Right.APPLY, Right.RELEASE}, (
                route.path
            )


@pytest.mark.parametrize("person", OTHERS, ids=lambda one: one.id)
def test_another_customers_are_not_there(client: TestClient, door: Fixed, person: Person) -> None:
    assert client.get("/runs/r1").status_code == 200
    door.who = person
    # A customer reads the plans that are for their own systems, and nothing else of the console.
    own = {"/plans/p1"} if person.id == "carl" else set()
    for path in (*_PAGES, "/customers/musterbau", "/live/nothing"):
        assert client.get(path).status_code == (200 if path in own else 404), path
    for path, fields in _POSTS:
        assert client.post(path, data=fields).status_code == 404, path
    for path in ("/", "/plans", "/customers"):
        assert "musterbau" not in client.get(path).text, path


def test_who_may_see_sees_why_there_is_no_more(client: TestClient) -> None:
    """A contract that is gone, and a plan that is none: said, and nothing is offered."""
    bare = client.get("/runs/r1", headers={"accept-language": "en"})
    assert "no longer in the store" in bare.text
    plan = client.get("/plans/p1", headers={"accept-language": "en"})
    assert (plan.status_code, "cannot be read" in plan.text) == (200, True)
    assert "Carry out now" not in plan.text
    assert client.get("/runs/r1/report").status_code == 410
    wrong = client.post("/plans/p1/approve", data={"token": "a.b.c"}, headers={"accept-language": "en"})
    assert wrong.status_code == 422
    assert client.get("/runs/none").status_code == 404


def test_a_language_is_chosen_and_leads_nowhere_else(client: TestClient) -> None:
    answer = client.post("/language", data={"to": "en", "back": "/plans"})
    assert (answer.headers["location"], "language=en" in answer.headers["set-cookie"]) == ("/plans", True)
    for there in ("//evil.test/", "https://evil.test", "/\\evil.test", ""):
        answer = client.post("/language", data={"to": "xx", "back": there})
        assert answer.headers["location"] == "/"
        assert "set-cookie" not in answer.headers


def test_a_part_of_the_page_is_enough_for_its_script(client: TestClient) -> None:
    whole, part = client.get("/"), client.get("/", headers={"hx-request": "true"})
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert "Drucker" in part.text
    assert part.headers["vary"] == "HX-Request"


def test_a_role_for_one_customer_goes_before_one_for_all() -> None:
    found = sight_of(OTHERS[3])
    assert found == Sight(customers=frozenset(), others=True, barred=frozenset({"musterbau"}))
    assert not found.has("musterbau")
