"""Is every page behind its walls, in the reader's language, and shown to those alone who may see it?"""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from controller.office import open_office
from controller.web.access import Person, Role
from controller.web.app import make_app
from tests.controller.web.doors import Fixed

EVA = Person(id="eva", name="Eva Eng", roles={"musterbau": Role.ENGINEER})
CARL = Person(id="carl", name="Carl Customer", roles={"musterbau": Role.CUSTOMER})


@pytest.fixture
def door() -> Fixed:
    return Fixed(EVA)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, door: Fixed) -> TestClient:
    monkeypatch.setenv("SECONDLINE_HOME", str(tmp_path))
    return TestClient(make_app(open_office(print), door), follow_redirects=False)


def test_an_engineer_finds_the_inbox_in_german_unless_the_browser_says_otherwise(client: TestClient) -> None:
    german = client.get("/", headers={"accept-language": "fr"})
    assert german.status_code == 200
    assert '<html lang="de">' in german.text
    assert "Nichts wartet." in german.text
    assert "Nothing waits." in client.get("/", headers={"accept-language": "en-GB,de;q=0.5"}).text


def test_pages_run_no_script_of_anybody_else(client: TestClient) -> None:
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert client.get("/htmx/htmx-2.min.js").status_code == 200


def test_who_is_not_logged_in_is_sent_to_the_door(client: TestClient, door: Fixed) -> None:
    door.who = None
    assert client.get("/").headers["location"] == "/login?next=/"


def test_what_somebody_may_not_see_is_not_there_for_them(client: TestClient, door: Fixed) -> None:
    door.who = CARL
    assert client.get("/").headers["location"] == "/portal"
    assert client.get("/customers").status_code == 404
    assert client.get("/plans").status_code == 404
