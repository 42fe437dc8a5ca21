"""Does somebody get in by a real OpenID provider, prove anew who they are, and get out again, here and there?"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from sqlalchemy import select

from controller.office import Office, open_office
from controller.people import bind
from controller.store.people import (
    Account,
    add_account,
    change_account,
    get_account,
    invite,
    logins,
)
from controller.store.schema import ledger
from controller.web.app import make_app
from controller.web.local import LocalDoor
from tests.oidc.real import Browser, RealProvider, free_port, real_provider

pytestmark = pytest.mark.slow


@dataclass
class Site:
    """The pages as they are served, and the provider."""

    office: Office
    url: str
    provider: RealProvider
    opened: contextlib.ExitStack

    def browser(self, name: str = "eva@provider") -> Browser:
        client = httpx.Client(base_url=self.url, follow_redirects=True, timeout=20)
        return Browser(self.opened.enter_context(client), name)

    def said(self) -> list[tuple[str, str, str]]:
        wanted = select(ledger.c.what, ledger.c.who, ledger.c.facts).order_by(ledger.c.number)
        with self.office.store.read() as connection:
            rows = connection.execute(wanted).all()
        words = {"logged-in", "login-failed", "logged-out"}
        return [(what, who, str(dict(facts).get("how", ""))) for what, who, facts in rows if what in words]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with real_provider(url) as provider:
        monkeypatch.setenv("SECONDLINE_HOME", str(tmp_path))
        folder = tmp_path / "credentials"
        folder.mkdir(mode=0o700)
        secret = folder / "oidc"
        secret.touch(mode=0o600)
        secret.write_text(provider.secret)
        (tmp_path / "settings.toml").write_text(
            f'[oidc]\nissuer = "{provider.issuer}"\nclient = "secondline"\nsecret = "file:oidc"\n'
            f'address = "{url}"\nname = "Musterkonto"\n'
        )
        office = open_office(print)
        server = uvicorn.Server(
            uvicorn.Config(
                make_app(office, LocalDoor(office, secure=False)), port=port, log_config=None, lifespan="off"
            )
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            until = time.monotonic() + 20
            while not server.started:
                assert time.monotonic() < until
                time.sleep(0.01)
            with contextlib.ExitStack() as opened:
                yield Site(office, url, provider, opened)
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture
def eva(site: Site) -> str:
    roles = {"musterbau": "engineer", "*": "administrator"}
    add_account(site.office.store, Account(id="eva", name="Eva Eng", added=datetime.now(UTC), roles=roles))
    return "eva"


def _known(site: Site, who: str, subject: str = "eva@provider") -> None:
    bind(site.office.store, who, (site.provider.issuer, subject), by="root")


def test_who_is_known_gets_in_where_they_wanted_to_go(site: Site, eva: str) -> None:
    _known(site, eva)
    browser = site.browser()
    assert "Musterkonto" in browser.client.get("/account").text
    page = browser.go("/login/oidc?next=/account")
    assert (page.status_code, page.url.path) == (200, "/account")
    assert len(logins(site.office.store, eva)) == 1
    assert site.said() == [("logged-in", "eva", "provider")]


def test_who_is_not_known_is_told_by_what_they_could_be(site: Site, eva: str) -> None:
    browser = site.browser("<b>somebody")
    page = browser.go("/login/oidc")
    assert page.status_code == 403
    assert "&lt;b&gt;somebody" in page.text
    assert "<b>somebody" not in page.text
    assert browser.client.get("/account").url.path == "/login"
    _known(site, eva)
    change_account(site.office.store, eva, disabled=True)
    page = site.browser().go("/login/oidc")
    assert page.status_code == 403
    assert "eva@provider" not in page.text
    assert [said[0] for said in site.said()] == ["login-failed"] * 2
    assert not logins(site.office.store, eva)


def test_a_link_that_invites_binds_a_person_once(site: Site, eva: str) -> None:
    secret = invite(site.office.store, eva, datetime.now(UTC) + timedelta(hours=1))
    browser = site.browser()
    link = re.search(
        r'href="(/login/oidc\?invitation=[^"]+)"', browser.client.get(f"/invitation/{secret}").text
    )
    assert link
    assert browser.go(link[1]).status_code == 200
    account = get_account(site.office.store, eva)
    assert account is not None
    assert (account.issuer, account.subject) == (site.provider.issuer, "eva@provider")
    assert site.browser().go(link[1]).status_code == 404
    # And the same person at the provider is nobody else here.
    add_account(
        site.office.store,
        Account(id="finn", name="Finn", added=datetime.now(UTC), roles={"musterbau": "engineer"}),
    )
    other = invite(site.office.store, "finn", datetime.now(UTC) + timedelta(hours=1))
    assert site.browser().go(f"/login/oidc?invitation={other}").status_code == 409
    assert site.browser("finn@provider").go(f"/login/oidc?invitation={other}").status_code == 200


def test_what_counts_needs_a_fresh_proof_at_the_provider(site: Site, eva: str) -> None:
    _known(site, eva)
    browser = site.browser()
    browser.go("/login/oidc")
    (login,) = logins(site.office.store, eva)
    assert login.proved is None
    asked = browser.client.get("/login/second?next=/account").text
    assert "authenticator" not in asked
    # Nobody sets up a factor of their own on a log-in that they found open.
    csrf = re.search(r'name="csrf" value="(\w+)"', browser.client.get("/account").text)
    assert csrf
    sent = browser.client.post(
        "/account/second", data={"csrf": csrf[1], "sealed": "x", "code": "1"}, follow_redirects=False
    )
    assert sent.headers["location"].startswith("/login/second")
    link = re.search(r'href="(/login/oidc\?prove=[^"]+)"', asked)
    assert link
    # Logged in at the provider as they are, they have to log in there once more.
    first = browser.client.get(link[1].replace("&amp;", "&"))
    assert 'name="prompt" value="login"' in first.text
    page = browser.go(link[1].replace("&amp;", "&"))
    assert (page.status_code, page.url.path) == (200, "/account")
    (login,) = logins(site.office.store, eva)
    assert login.proved is not None


def test_somebody_elses_proof_is_none(site: Site, eva: str) -> None:
    _known(site, eva)
    browser = site.browser()
    browser.go("/login/oidc")
    add_account(site.office.store, Account(id="finn", name="Finn", added=datetime.now(UTC), roles={}))
    _known(site, "finn", "finn@provider")
    # Whoever sits there now is somebody else, and the provider has forgotten who was there before.
    held = browser.client.cookies["secondline"]
    browser.client.cookies.clear()
    browser.client.cookies.set("secondline", held)
    browser.name = "finn@provider"
    assert browser.go("/login/oidc?prove=true&next=/account").status_code == 403
    (login,) = logins(site.office.store, eva)
    assert login.proved is None
    assert not logins(site.office.store, "finn")


def test_a_log_out_is_one_at_the_provider_as_well(site: Site, eva: str) -> None:
    _known(site, eva)
    browser, elsewhere = site.browser(), site.browser()
    browser.go("/login/oidc")
    elsewhere.go("/login/oidc")
    assert len(logins(site.office.store, eva)) == 2
    csrf = re.search(r'name="csrf" value="(\w+)"', browser.client.get("/account").text)
    assert csrf
    left = browser.client.post("/logout", data={"csrf": csrf[1]})
    assert 'href="/logout/oidc"' in left.text
    question = browser.client.get("/logout/oidc")
    assert str(question.url).startswith(site.provider.issuer)
    secret = re.search(r'name="xsrf" value="(\w+)"', question.text)
    assert secret
    back = browser.client.post(
        f"{site.provider.issuer}/session/end/confirm", data={"xsrf": secret[1], "logout": "yes"}
    )
    assert str(back.url).startswith(f"{site.url}/login")
    # The provider has told us behind the browser's back: whoever is still logged in as them is out.
    until = time.monotonic() + 20
    while logins(site.office.store, eva):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert ("logged-out", "eva", "by the provider") in site.said()
    assert 'name="prompt" value="login"' in browser.client.get("/login/oidc").text


def test_another_browser_cannot_finish_what_one_began(site: Site, eva: str) -> None:
    _known(site, eva)
    thief, victim = site.browser("mallory@provider"), site.browser()
    sent = thief.client.get("/login/oidc", follow_redirects=False).headers["location"]
    thief.client.follow_redirects = False
    page = thief.client.get(sent)
    while "/login/oidc/back" not in page.headers.get("location", ""):
        form = re.search(r'action="([^"]+)"', page.text)
        if page.is_redirect:
            page = thief.client.get(str(httpx.URL(str(page.url)).join(page.headers["location"])))
        else:
            assert form
            kind = re.search(r'name="prompt" value="(\w+)"', page.text)
            assert kind
            data = {"prompt": kind[1], "login": "mallory@provider", "password": "any"}
            page = thief.client.post(str(httpx.URL(str(page.url)).join(form[1])), data=data)
    answer = page.headers["location"]
    assert victim.client.get(answer).status_code == 400
    assert not victim.client.cookies.get("secondline")


def test_keys_that_are_new_are_looked_up_and_a_provider_that_is_down_is_told(site: Site, eva: str) -> None:
    _known(site, eva)
    assert site.browser().go("/login/oidc?next=/account").url.path == "/account"
    site.provider.stop()
    down = httpx.get(f"{site.url}/login/oidc", follow_redirects=False)
    # What it said of itself still holds for a while: the browser finds out by itself that nobody is there.
    assert down.status_code == 303
    site.provider.start()
    back = site.browser().go("/login/oidc?next=/account")
    assert (back.status_code, back.url.path) == (200, "/account")
