"""May everybody do what `access.RIGHTS` says, at every route there is, and nobody anything else?

All routes are walked, whoever added them: a route without a right, or with a word in its path that nobody can make an
object for (`objects.py`), fails here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from controller.office import Office, open_office
from controller.store.server import Server
from controller.web.access import EVERY_CUSTOMER, RIGHTS, Person, Right, Role
from controller.web.app import make_app
from tests.controller.web.doors import Fixed
from tests.controller.web.objects import CUSTOMER, MAKERS, OTHER, made
from tests.fleet import Fleet
from tests.home import contract_over, home_for

pytestmark = pytest.mark.slow

# What is served without anybody being asked for: the description of the interface, style, script.
_OPEN = {"/api/openapi.json", "/static", "/htmx"}
# Rights that are no customer's: another customer's administrator has them as well.
_NOBODYS = {Right.PUBLIC, Right.OWN}


@dataclass(frozen=True, slots=True)
class Walk:
    """An application with one object of each kind in it, and whoever stands before its door."""

    office: Office
    app: FastAPI
    client: TestClient
    door: Fixed
    objects: dict[str, str]

    def made(self, words: Collection[str]) -> dict[str, str]:
        return made(self.office, self.app.state.underway, words)

    def ask(self, way: Way, who: Person | None, objects: dict[str, str] | None = None) -> int:
        self.door.who = who
        headers = {"content-type": "application/json"} if way.path.startswith("/api/") else {}
        where = way.to(self.objects if objects is None else objects)
        return self.client.request(way.method, where, headers=headers).status_code


@dataclass(frozen=True, slots=True)
class Way:
    """One route by one method."""

    method: str
    path: str
    right: Right

    @property
    def words(self) -> list[str]:
        return re.findall(r"{(\w+)", self.path)

    def to(self, objects: dict[str, str]) -> str:
        return re.sub(r"{(\w+)[^}]*}", lambda found: objects[found[1]], self.path)


def rights_of(dependant: Dependant) -> set[Right]:
    """Every right that a route asks for, wherever among its dependencies."""
    right = getattr(dependant.call, "right", None)
    found = {right} if isinstance(right, Right) else set()
    return found.union(*map(rights_of, dependant.dependencies))


def ways(app: FastAPI) -> Iterator[Way]:
    """Every route of an application by every method. Raises LookupError for one that asks for no right, or for two."""
    for one in iter_route_contexts(app.routes):
        if one.path in _OPEN:
            continue
        dependant = getattr(one, "dependant", None)
        rights = rights_of(dependant) if dependant else set()
        if len(rights) != 1:
            raise LookupError(f"{one.path} asks for {rights or 'no right'}: let it depend on needs(Right.…)")
        for method in sorted(one.methods or ()):
            yield Way(method, str(one.path), *rights)


@pytest.fixture(scope="module")
def walk(common_server: Server | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with Fleet(1) as fleet, pytest.MonkeyPatch.context() as patch:
        paper: dict[str, Any] = contract_over(fleet)
        paper["contacts"] = [
            {"id": "carl", "name": "Carl Customer", "email": "carl@fleet.test", "approves": ["change"]}
        ]
        home = home_for(tmp_path_factory.mktemp("home") / "h", fleet, paper, common_server)
        patch.setenv("SECONDLINE_HOME", str(home))
        office, door = open_office(print), Fixed(None)
        app = make_app(office, door)
        client = TestClient(app, follow_redirects=False, raise_server_exceptions=False)
        yield Walk(office, app, client, door, made(office, app.state.underway, MAKERS))
        office.store.close()


def _forgotten() -> str:
    return "nobody was asked"


def _one(role: Role, customer: str) -> Person:
    return Person(id="somebody", name="Some Body", roles={customer: role})


def test_every_route_says_what_right_it_needs_and_names_only_what_can_be_made(walk: Walk) -> None:
    found = list(ways(walk.app))
    assert len(found) > 30
    assert not {word for way in found for word in way.words} - MAKERS.keys()


def test_a_route_without_a_right_is_found(walk: Walk) -> None:
    forgetful = make_app(walk.office, Fixed(None))
    forgetful.add_api_route("/forgotten", _forgotten, methods=["GET"])
    with pytest.raises(LookupError, match="/forgotten asks for no right"):
        list(ways(forgetful))


def test_nobody_gets_anywhere_but_to_the_door(walk: Walk) -> None:
    for way in ways(walk.app):
        status = walk.ask(way, None)
        if way.right is not Right.PUBLIC:
            assert status == (401 if way.path.startswith("/api/") else 303), way


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("customer", [CUSTOMER, EVERY_CUSTOMER])
def test_whoever_lacks_the_right_finds_nothing_and_whoever_has_it_is_let_in(
    walk: Walk, role: Role, customer: str
) -> None:
    for way in ways(walk.app):
        if way.right in _NOBODYS:
            continue
        allowed = way.right in RIGHTS[role]
        # Some routes use up what is there: each finds its own.
        mine = walk.made(way.words) if allowed else walk.objects
        status = walk.ask(way, _one(role, customer), mine)
        if allowed:
            assert status not in {401, 403, 404, 405}, (way, status)
            assert status < 500, (way, status)
        else:
            assert status == 404, way


@pytest.mark.parametrize("role", list(Role))
def test_of_another_customer_nobody_learns_even_that_there_is_something(walk: Walk, role: Role) -> None:
    missing = {word: f"no-{word}" for word in walk.objects} | {"ticket": "999999", "desk": "builtin"}
    named = [way for way in ways(walk.app) if way.words and way.right not in _NOBODYS]
    assert len(named) > 10
    for way in named:
        foreign = walk.ask(way, _one(role, OTHER))
        assert foreign >= 400, way
        assert foreign == walk.ask(way, _one(role, OTHER), missing), way
        if {"customer", "run", "work", "plan"} & set(way.words):
            assert foreign == 404, way


@pytest.mark.parametrize("right", [Right.SEE_RUNS, Right.SEE_EVIDENCE])
def test_a_program_does_what_it_was_given_and_nothing_more(walk: Walk, right: Right) -> None:
    program = replace(_one(Role.ENGINEER, CUSTOMER), rights=frozenset({right}))
    for way in ways(walk.app):
        if way.right is Right.PUBLIC:
            continue
        mine = walk.made(way.words)
        assert (walk.ask(way, program, mine) == 404) == (way.right is not right), way


def test_a_list_holds_nothing_of_another_customer(walk: Walk) -> None:
    for path, role in (
        ("/api/v1/runs", Role.ENGINEER),
        ("/api/v1/tickets", Role.ENGINEER),
        ("/api/v1/people", Role.ADMINISTRATOR),
    ):
        shown = {}
        for customer in (CUSTOMER, OTHER):
            walk.door.who = _one(role, customer)
            shown[customer] = walk.client.get(path).json()
        assert shown[CUSTOMER], path
        assert shown[OTHER] == [], path
