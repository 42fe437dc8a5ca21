"""Is a desk heard when it rings, once, and nobody else?"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from controller.desks.ring import MAX_RING
from controller.office import Office, open_office
from controller.store.arrivals import arrivals
from controller.web.access import Person, Role
from controller.web.app import make_app
from tests.controller.web.doors import Fixed

SECRET = "a secret that is long enough"
_SETTINGS = """\
desk = "helpdesk"
[desks.helpdesk]
kind = "rt"
url = "https://rt.example"
credential = "file:rt.token"
ring = "file:rt.ring"
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("SECONDLINE_HOME", str(tmp_path))
    (tmp_path / "settings.toml").write_text(_SETTINGS, "utf-8")
    (tmp_path / "credentials").mkdir(mode=0o700)
    held = tmp_path / "credentials" / "rt.ring"
    held.touch(mode=0o600)
    held.write_text(SECRET, "utf-8")
    return open_office(print)


@pytest.fixture
def door() -> Fixed:
    return Fixed(None)


@pytest.fixture
def client(office: Office, door: Fixed) -> TestClient:
    return TestClient(make_app(office, door), follow_redirects=False)


def _signed(body: bytes, at: int = 0, secret: str = SECRET) -> dict[str, str]:
    at = at or int(time.time())
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"x-secondline-signature": f"t={at},v1={digest}"}


def test_a_ring_is_written_down_once_and_answered_at_once(office: Office, client: TestClient) -> None:
    body = json.dumps({"ticket": "4711", "event": "created"}).encode()
    headers = _signed(body)
    first = client.post("/desks/helpdesk/ring", content=body, headers=headers)
    again = client.post("/desks/helpdesk/ring", content=body, headers=headers)
    assert (first.status_code, first.json()) == (202, {"known": False})
    assert (again.status_code, again.json()) == (202, {"known": True})
    assert [(row.desk, row.ticket) for row in arrivals(office.store)] == [("helpdesk", "4711")]


def test_who_is_not_the_desk_is_not_heard(office: Office, client: TestClient) -> None:
    body = json.dumps({"ticket": "4711", "event": "created"}).encode()
    other = body.replace(b"4711", b"4712")
    long_ago = int(time.time()) - 3600
    for content, headers in (
        (body, {}),
        (body, _signed(body, secret="another secret of that length")),
        (other, _signed(body)),
        (body, _signed(body, at=long_ago)),
    ):
        answer = client.post("/desks/helpdesk/ring", content=content, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["refused"]
    assert client.post("/desks/builtin/ring", content=body).status_code == 404
    assert client.post("/desks/nowhere/ring", content=body).status_code == 404
    assert not arrivals(office.store)


def test_too_much_is_not_read_to_its_end(client: TestClient) -> None:
    answer = client.post("/desks/helpdesk/ring", content=b"x" * (MAX_RING + 1))
    assert (answer.status_code, answer.json()) == (413, {"refused": "too-large"})


@pytest.mark.slow
def test_it_says_whether_it_lives_and_is_ready(client: TestClient) -> None:
    assert client.get("/healthz").text == "ok\n"
    closed = client.get("/readyz")
    assert (closed.status_code, closed.json()) == (503, {"missing": ["workers"]})
    with client:
        assert client.get("/readyz").json() == {"missing": []}


def test_what_is_measured_names_nobody_and_is_for_operators(client: TestClient, door: Fixed) -> None:
    assert client.get("/api/metrics").status_code == 401
    door.who = Person(id="eva", name="Eva Eng", roles={"*": Role.ENGINEER})
    assert client.get("/api/metrics").status_code == 404
    door.who = Person(id="ada", name="Ada Admin", roles={"*": Role.ADMINISTRATOR})
    client.get("/customers/musterbau")
    told = client.get("/api/metrics").text
    assert 'route="/customers/{customer}"' in told
    assert "secondline_waiting 0.0" in told
    assert "musterbau" not in told
    assert "Eva" not in told


def test_each_answer_has_a_number_by_which_the_log_knows_it(client: TestClient) -> None:
    numbers = {client.get("/healthz").headers["x-request-id"] for _ in range(3)}
    assert len(numbers) == 3
