"""Does anything but the provider's own, fresh word about this very log-in let somebody in? Against a provider that lies."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from controller.office import Office, open_office
from controller.people import bind
from controller.store.people import Account, add_account, logins
from controller.web.app import make_app
from controller.web.local import LocalDoor
from tests.oidc.standin import OddProvider, odd_provider

pytestmark = pytest.mark.slow
_ENDED = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Tried:
    """One installation at a provider that lies, and a browser."""

    odd: OddProvider
    office: Office
    client: TestClient

    def begun(self, more: str = "") -> dict[str, str]:
        """Begin a log-in; gives what the browser carries to the provider."""
        sent = self.client.get(f"/login/oidc{more}").headers["location"]
        found = {name: values[0] for name, values in parse_qs(urlsplit(sent).query).items()}
        self.odd.nonce = found["nonce"]
        return found

    def back(self, carried: dict[str, str], **more: str) -> httpx2.Response:
        words = {"code": "c", "state": carried["state"], **more}
        return self.client.get("/login/oidc/back", params=words)

    @property
    def is_in(self) -> bool:
        return bool(logins(self.office.store, "eva"))


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tried]:
    with odd_provider() as odd:
        monkeypatch.setenv("SECONDLINE_HOME", str(tmp_path))
        (tmp_path / "credentials").mkdir(mode=0o700)
        secret = tmp_path / "credentials" / "oidc"
        secret.touch(mode=0o600)
        secret.write_text("the-secret-of-the-client")
        (tmp_path / "settings.toml").write_text(
            f'[oidc]\nissuer = "{odd.issuer}"\nclient = "secondline"\nsecret = "file:oidc"\nsecond = ["two"]\n'
            'address = "https://secondline.test"\n'
        )
        office = open_office(print)
        add_account(
            office.store, Account(id="eva", name="Eva", added=datetime.now(UTC), roles={"*": "engineer"})
        )
        bind(office.store, "eva", (odd.issuer, "eva@provider"), by="root")
        app = make_app(office, LocalDoor(office))
        yield Tried(odd, office, TestClient(app, base_url="https://secondline.test", follow_redirects=False))


def test_an_honest_provider_lets_somebody_in(tried: Tried) -> None:
    carried = tried.begun("?next=/account")
    assert carried["redirect_uri"] == "https://secondline.test/login/oidc/back"
    assert (carried["code_challenge_method"], carried["scope"]) == ("S256", "openid")
    answer = tried.back(carried)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert tried.is_in
    (asked,) = tried.odd.asked
    assert asked["client_secret"] == "the-secret-of-the-client"
    assert asked["code_verifier"] not in carried.values()
    # What one came back with counts once.
    assert tried.back(carried).status_code == 400


def _other_key(odd: OddProvider) -> None:
    odd.signs = RSAKey.generate_key(2048, {"kid": "one"})


def _none(odd: OddProvider) -> None:
    odd.head = lambda head: head | {"alg": "none"}


def _shared(odd: OddProvider) -> None:
    """The public key, which everybody knows, taken for a shared secret."""
    odd.signs = odd.key.as_pem(private=False)
    odd.head = lambda head: head | {"alg": "HS256"}


def _client_secret(odd: OddProvider) -> None:
    odd.signs = b"the-secret-of-the-client"
    odd.head = lambda head: head | {"alg": "HS256"}


def _without(name: str) -> dict[str, Any]:
    return {"claims": lambda claims: {key: value for key, value in claims.items() if key != name}}


def _with(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - claims are JSON.
    return {"claims": lambda claims: claims | more}


def _at(**more: int) -> dict[str, Any]:
    """Times, as seconds from now on."""
    return {
        "claims": lambda claims: claims | {name: int(time.time()) + after for name, after in more.items()}
    }


_LIES: dict[str, Any] = {
    "another key": _other_key,
    "no signature": _none,
    "public key as a secret": _shared,
    "the client's secret as a key": _client_secret,
    "another nonce": _with(nonce="other"),
    "no nonce": _without("nonce"),
    "another client": _with(aud="other"),
    "several clients, none of them named as the one": _with(aud=["secondline", "other"]),
    "made for another of several": _with(aud=["secondline", "other"], azp="other"),
    "no client": _without("aud"),
    "another issuer": _with(iss="https://other.test"),
    "over since an hour": _at(exp=-3600),
    "without an end": _without("exp"),
    "from tomorrow": _at(iat=86_400),
    "of another access token": _with(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "nobody": _with(sub=""),
    "a list as a person": _with(sub=["eva@provider"]),
    "an unknown key": {"head": lambda head: head | {"kid": "two"}},
    "no token": {"token": b'{"access_token": "at"}'},
    "no JSON": {"token": b"<html>"},
    "a list": {"token": b"[]"},
    "an error": {"token": b'{"error": "invalid_grant", "error_description": "<b>no</b>"}', "status": 400},
    "an endless answer": {"token": b"[" * 2_000_000},
    "no keys": {"listed": []},
    "keys that are none": {"listed": [{"kty": "RSA"}, {"kty": "oct", "k": "AA"}, 7]},
}


@pytest.mark.parametrize("name", _LIES)
def test_a_lie_lets_nobody_in(tried: Tried, name: str, caplog: pytest.LogCaptureFixture) -> None:
    lie = _LIES[name]
    if callable(lie):
        lie(tried.odd)
    else:
        for key, value in lie.items():
            setattr(tried.odd, key, value)
    with caplog.at_level(logging.WARNING):
        answer = tried.back(tried.begun())
    assert answer.status_code == 502
    assert not tried.is_in
    assert "<b>" not in answer.text
    (said,) = [record.getMessage() for record in caplog.records if "provider" in record.getMessage()]
    assert "the-secret-of-the-client" not in said
    assert tried.odd.nonce not in said


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://other.test"},
        {"token_endpoint": "http://other.test/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_provider_that_speaks_for_another_or_in_the_clear_is_not_asked(
    tried: Tried, said: dict[str, Any]
) -> None:
    tried.odd.said = lambda found: found | said
    assert tried.client.get("/login/oidc").status_code == 502
    assert not tried.odd.asked


def test_an_answer_of_another_provider_is_none(tried: Tried) -> None:
    assert tried.back(tried.begun(), iss="https://other.test").status_code == 502
    tried.odd.said = lambda found: found | {"authorization_response_iss_parameter_supported": True}
    assert not tried.odd.asked
    assert not tried.is_in


def test_what_was_not_begun_here_is_not_looked_at(tried: Tried) -> None:
    carried = tried.begun()
    assert tried.back(carried | {"state": "other"}).status_code == 400
    # That one try has spent it.
    assert tried.back(carried).status_code == 400
    assert not tried.odd.asked


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"auth_time": 5, "acr": "two"}, 303),
        ({"acr": "two"}, 502),
        ({"auth_time": -3600, "acr": "two"}, 502),
        ({"auth_time": 5}, 502),
        ({"auth_time": 5, "acr": "one"}, 502),
        ({"auth_time": "now", "acr": "two"}, 502),
    ],
)
def test_a_proof_is_fresh_and_of_the_kind_that_is_wanted(
    tried: Tried, claims: dict[str, Any], status: int
) -> None:
    assert tried.back(tried.begun()).status_code == 303
    carried = tried.begun("?prove=true&next=/account")
    assert (carried["prompt"], carried["max_age"], carried["acr_values"]) == ("login", "0", "two")
    proved = claims.get("auth_time")
    # Seconds from now on, where it is a time at all.
    told = claims | ({"auth_time": int(time.time()) + proved} if isinstance(proved, int) else {})
    tried.odd.claims = lambda found: found | told
    assert tried.back(carried).status_code == status
    (login,) = logins(tried.office.store, "eva")
    assert (login.proved is not None) == (status == 303)


def test_only_a_logout_token_of_now_ends_log_ins(tried: Tried) -> None:
    tried.back(tried.begun())
    assert tried.is_in
    tried.odd.nonce = ""
    good = {"events": {_ENDED: {}}, "jti": "1"}
    tried.odd.claims = lambda found: {key: value for key, value in found.items() if key != "nonce"}

    provider = TestClient(tried.client.app, base_url="https://secondline.test")

    def told(**more: Any) -> int:  # noqa: ANN401 - claims are JSON.
        token = tried.odd.signed(good | more)
        status: int = provider.post("/logout/oidc/told", data={"logout_token": token}).status_code
        return status

    assert told(events={}) == 400
    assert told(events="x") == 400
    assert told(aud="other") == 400
    assert told(iss="https://other.test") == 400
    assert told(iat=int(time.time()) - 3600) == 400
    assert provider.post("/logout/oidc/told", data={"logout_token": "x"}).status_code == 400
    assert told(sub="nobody") == 200
    assert tried.is_in
    assert told() == 200
    assert not tried.is_in


def test_strange_keys_are_looked_up_once_and_not_each_time(tried: Tried) -> None:
    tried.odd.head = lambda head: head | {"kid": "two"}
    for _ in range(5):
        tried.back(tried.begun())
    assert tried.odd.looked == 2


def test_where_only_the_provider_counts_no_password_does(tried: Tried) -> None:
    file = tried.office.settings.home / "settings.toml"
    file.write_text(f"{file.read_text()}only = true\n")
    office = open_office(print)
    client = TestClient(make_app(office, LocalDoor(office)), base_url="https://secondline.test")
    assert 'name="password"' not in client.get("/login").text
    assert client.post("/login", data={"name": "eva", "password": "x"}).status_code == 404
