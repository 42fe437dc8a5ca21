"""Who gets in, who does not, and what does a thief of a cookie, a database or a page get?"""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from starlette.testclient import TestClient

from controller.office import Office, open_office
from controller.store.people import Account, add_account, change_account, invite, set_roles
from controller.web.app import make_app
from controller.web.local import LocalDoor
from controller.web.logs import JsonLines
from controller.web.proofs import PasswordError, hash_password
from controller.web.throttle import Throttle

pytestmark = pytest.mark.slow

WORDS = "korrekt pferd batterie heftklammer"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("SECONDLINE_HOME", str(tmp_path))
    return open_office(print)


@pytest.fixture
def client(office: Office) -> TestClient:
    app = make_app(office, LocalDoor(office))
    return TestClient(app, base_url="https://secondline.test", follow_redirects=False)


@pytest.fixture
def eva(office: Office, client: TestClient) -> str:
    add_account(
        office.store,
        Account(id="eva", name="Eva Eng", added=datetime.now(UTC), roles={"musterbau": "engineer"}),
    )
    link = f"/invitation/{invite(office.store, 'eva', datetime.now(UTC) + timedelta(hours=1))}"
    assert client.get(link).status_code == 200
    assert client.post(link, data={"password": WORDS, "again": WORDS}).headers["location"] == "/login"
    # A link counts once.
    assert client.post(link, data={"password": WORDS, "again": WORDS}).status_code == 404
    return "eva"


def _enter(client: TestClient, name: str, password: str = WORDS, there: str = "/") -> int:
    return client.post("/login", data={"name": name, "password": password, "next": there}).status_code


def _csrf(client: TestClient, path: str = "/account") -> str:
    found = re.search(r'name="csrf" value="(\w+)"', client.get(path).text)
    assert found
    return found[1]


def test_who_knows_the_password_gets_in_and_nobody_else(client: TestClient, eva: str) -> None:
    assert client.get("/").headers["location"] == "/login?next=/"
    assert _enter(client, eva, "korrekt pferd batterie") == 401
    assert _enter(client, "nobody") == 401
    assert _enter(client, eva) == 303
    assert client.get("/").status_code == 200


def test_the_cookie_is_for_this_server_and_no_script(client: TestClient, eva: str) -> None:
    client.post("/login", data={"name": eva, "password": WORDS})
    sent = client.post("/login", data={"name": eva, "password": WORDS, "csrf": _csrf(client)}).headers[
        "set-cookie"
    ]
    assert sent.startswith("__Host-secondline=")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(sent.split("; "))


def test_a_log_in_is_never_one_that_was_there_before(client: TestClient, eva: str) -> None:
    client.cookies.set("__Host-secondline", "planted-by-somebody-else")
    first = client.post("/login", data={"name": eva, "password": WORDS, "csrf": ""})
    assert first.status_code == 403
    client.cookies.clear()
    assert _enter(client, eva) == 303
    assert client.cookies["__Host-secondline"] != "planted-by-somebody-else"


def test_a_stolen_database_opens_no_door(office: Office, client: TestClient, eva: str) -> None:
    assert _enter(client, eva) == 303
    held = client.cookies["__Host-secondline"]
    with sqlite3.connect(office.store.home / "secondline.sqlite3") as database:
        dump = "\n".join(database.iterdump())
    assert held not in dump
    assert WORDS not in dump
    assert "$argon2id$" in dump


def test_another_site_cannot_have_a_browser_do_something(client: TestClient, eva: str) -> None:
    assert _enter(client, eva) == 303
    assert client.post("/logout").status_code == 403
    assert client.post("/logout", data={"csrf": "0" * 64}).status_code == 403
    own = {"csrf": _csrf(client)}
    assert client.post("/logout", data=own, headers={"origin": "https://evil.test"}).status_code == 403
    assert client.post("/logout", data=own, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.post("/logout", data=own, headers={"origin": "https://secondline.test"}).status_code == 303
    assert client.get("/").headers["location"].startswith("/login")


def test_nobody_is_sent_elsewhere_after_the_log_in(client: TestClient, eva: str) -> None:
    for there in ("//evil.test", "https://evil.test", "/\\evil.test", "/a\nb"):
        client.cookies.clear()
        sent = client.post("/login", data={"name": eva, "password": WORDS, "next": there})
        assert sent.headers["location"] == "/", there


def test_who_loses_a_right_or_the_account_is_out_at_once(
    office: Office, client: TestClient, eva: str
) -> None:
    assert _enter(client, eva) == 303
    set_roles(office.store, eva, {"musterbau": "auditor"})
    assert client.get("/").status_code == 303
    client.cookies.clear()
    assert _enter(client, eva) == 303
    assert client.get("/").status_code == 404
    change_account(office.store, eva, disabled=True)
    assert client.get("/").status_code == 303
    client.cookies.clear()
    assert _enter(client, eva) == 401


def _second(client: TestClient) -> pyotp.TOTP:
    page = client.get("/account/second").text
    key = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    assert key
    assert sealed
    totp = pyotp.TOTP(key[1].replace(" ", ""))
    answer = client.post(
        "/account/second", data={"csrf": _csrf(client), "sealed": sealed[1], "code": totp.now()}
    )
    assert answer.status_code == 200
    totp.codes = re.findall(r"<li><code>([\w-]+)</code>", answer.text)  # type: ignore[attr-defined]
    return totp


def test_with_a_second_factor_the_password_alone_opens_nothing(client: TestClient, eva: str) -> None:
    assert _enter(client, eva) == 303
    totp = _second(client)
    client.cookies.clear()
    assert (
        client.post("/login", data={"name": eva, "password": WORDS}).headers["location"]
        == "/login/second?next=/"
    )
    assert client.get("/").status_code == 303
    token = {"csrf": _csrf(client, "/login/second")}
    assert client.post("/login/second", data={**token, "code": "000000"}).status_code == 401
    code = totp.generate_otp(int(datetime.now(UTC).timestamp()) // 30)
    assert client.post("/login/second", data={**token, "code": code}).status_code == 303
    assert client.get("/").status_code == 200
    # Seen over somebody's shoulder, it is worth nothing.
    assert client.post("/login/second", data={**token, "code": code}).status_code == 401


def test_a_recovery_code_counts_once(client: TestClient, eva: str) -> None:
    assert _enter(client, eva) == 303
    codes = _second(client).codes  # type: ignore[attr-defined]
    assert len(set(codes)) == 10
    for expected in (303, 401):
        client.cookies.clear()
        assert _enter(client, eva) == 303
        token = {"csrf": _csrf(client, "/login/second")}
        assert client.post("/login/second", data={**token, "code": codes[0]}).status_code == expected


def test_whoever_guesses_waits_longer_each_time_and_locks_nobody_else_out() -> None:
    throttle = Throttle()
    for _ in range(6):
        throttle.failed("eva", "192.0.2.7", 1000.0)
    waits = []
    for _ in range(3):
        waits.append(throttle.wait("eva", "192.0.2.7", 1000.0))
        throttle.failed("eva", "192.0.2.7", 1000.0)
    assert waits == sorted(waits)
    assert waits[0] < waits[-1] <= 900.0
    assert throttle.wait("eva", "198.51.100.9", 1000.0) == 0.0
    assert throttle.wait("eva", "192.0.2.7", 1000.0 + 2000) == 0.0


def test_one_address_cannot_try_everybody() -> None:
    throttle = Throttle()
    for number in range(40):
        throttle.failed(f"person-{number}", f"2001:db8::{number:x}", 1000.0)
    assert throttle.wait("another", "2001:db8::1234", 1000.0) > 0.0
    assert throttle.wait("another", "2001:db8:0:1::1", 1000.0) == 0.0


@pytest.mark.parametrize("password", ["short", "password1234", "aaaaaaaaaaaa", "Passwort2026!", "x" * 500])
def test_what_is_guessed_first_is_no_password(password: str) -> None:
    with pytest.raises(PasswordError):
        hash_password(password)


def test_the_log_tells_no_secret() -> None:
    secrets = ("hunter2", "tok-123", "abc.def", "s3cr3t-link")
    text = f"password={secrets[0]} Authorization: Bearer {secrets[1]} {{'cookie': '{secrets[2]}'}} /invitation/{secrets[3]}"
    record = logging.LogRecord("x", logging.INFO, "f", 1, text, None, None)
    line = json.loads(JsonLines().format(record))
    assert not any(secret in line["says"] for secret in secrets)
    assert line["level"] == "info"
