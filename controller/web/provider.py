"""What does the provider of log-ins say? OpenID Connect Core 1.0 by the code flow with PKCE (RFC 7636), nothing of it believed unseen.

Whom the provider knows is decided there; who may do what here stays in our own store: no claim gives a role.
"""

from __future__ import annotations

import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwk, jws, jwt
from joserfc.errors import JoseError

from controller.nearby import is_private
from controller.settings import OidcSettings

__all__ = ["Begun", "Identity", "Provider", "ProviderError"]

# No shared secret and no "none": what the provider signs with must be its own.
_ALGORITHMS = (
    *("RS256", "RS384", "RS512"),
    *("PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
    "EdDSA",
)
_KEY_TYPES = frozenset({"RSA", "EC", "OKP"})
_MOST_BYTES, _MOST_KEYS = 1_000_000, 50
# Seconds: for one answer in all; by which clocks may differ; for which what was found out holds; between two looks at the keys.
_DEADLINE, _SKEW, _HOLDS, _BETWEEN = 15.0, 60, 3600.0, 30.0
_ENDED = "http://schemas.openid.net/event/backchannel-logout"


class ProviderError(Exception):
    """The provider cannot be asked, or what it says does not count; the message says why, without anything secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A log-in on its way. url: where the browser goes; the rest is kept by the browser, sealed, until it comes back."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom the provider vouches for. authenticated: when they last proved it there, if it says so; acr: how."""

    issuer: str
    subject: str
    authenticated: datetime | None
    acr: str


@dataclass(slots=True)
class _Known:
    """What was found out, and when (of a clock that only goes on)."""

    value: Any
    at: float


@dataclass(slots=True)
class Provider:
    """One provider. secret: gives the client's secret when it is needed, empty for none. Raises OSError for a bad 'ca'."""

    settings: OidcSettings
    secret: Callable[[], str]
    trust: ssl.SSLContext = field(init=False)
    _said: _Known | None = None
    _keys: _Known | None = None
    _looked: float = -_BETWEEN
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.trust = ssl.create_default_context(cafile=self.settings.ca)

    @property
    def back(self) -> str:
        """Where the provider sends browsers back to: registered there, to the letter."""
        return f"{self.settings.address.rstrip('/')}/login/oidc/back"

    def begin(self, *, prove: bool, language: str) -> Begun:
        """Begin a log-in. prove: the person shall prove anew who they are, however lately they did. Raises ProviderError."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        asked = {
            "response_type": "code",
            "client_id": self.settings.client,
            "redirect_uri": self.back,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
            "ui_locales": language,
        }
        if prove:
            asked |= {"prompt": "login", "max_age": "0"}
            if self.settings.second:
                asked["acr_values"] = " ".join(self.settings.second)
        point = self._metadata()["authorization_endpoint"]
        return Begun(url=_asking(point, asked), state=state, nonce=nonce, verifier=verifier)

    def check_sender(self, issuer: str | None) -> None:
        """See that an answer came from this provider and no other (RFC 9207). Raises ProviderError."""
        is_promised = self._metadata().get("authorization_response_iss_parameter_supported") is True
        if issuer != self.settings.issuer and (issuer is not None or is_promised):
            raise ProviderError("the answer comes from another provider")

    def redeem(self, code: str, begun: Begun, *, proved_since: datetime | None) -> Identity:
        """Take a code for the person it stands for. proved_since: when a fresh proof was asked for. Raises ProviderError."""
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.back,
            "code_verifier": begun.verifier,
        }
        metadata, secret = self._metadata(), self.secret()
        auth = None
        ways = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret and "client_secret_basic" in ways:
            # RFC 6749, section 2.3.1: both are encoded as in a form, first.
            auth = httpx.BasicAuth(quote_plus(self.settings.client), quote_plus(secret))
        else:
            asked |= {"client_id": self.settings.client, **({"client_secret": secret} if secret else {})}
        answer = self._ask("POST", metadata["token_endpoint"], data=asked, auth=auth)
        raw, access = answer.get("id_token"), answer.get("access_token")
        if not isinstance(raw, str):
            raise ProviderError("the provider gave no ID token: is 'openid' among the scopes of this client?")
        token = self._verified(raw)
        self._check(token, nonce=begun.nonce, access=access if isinstance(access, str) else "")
        identity = _identity(token.claims)
        if proved_since is not None:
            self._check_proof(identity, proved_since)
        return identity

    def leave_url(self, language: str) -> str:
        """Where a browser ends its log-in at the provider as well; empty where it has no such place. Raises ProviderError."""
        point = self._metadata().get("end_session_endpoint")
        if not isinstance(point, str):
            return ""
        self._check_url(point)
        asked = {
            "client_id": self.settings.client,
            "post_logout_redirect_uri": f"{self.settings.address.rstrip('/')}/login",
            "ui_locales": language,
        }
        return _asking(point, asked)

    def ended(self, raw: str) -> str:
        """The subject whose log-ins shall end, by a logout token (Back-Channel Logout 1.0). Raises ProviderError."""
        token = self._verified(raw)
        claims = token.claims
        events = claims.get("events")
        if not isinstance(events, Mapping) or _ENDED not in events or "nonce" in claims:
            raise ProviderError("this is no logout token")
        if claims.get("iss") != self.settings.issuer or not _is_for(claims.get("aud"), self.settings.client):
            raise ProviderError("this logout token is another's")
        issued = claims.get("iat")
        if not isinstance(issued, int | float) or abs(time.time() - issued) > 2 * _SKEW:
            raise ProviderError("this logout token is not of now")
        return _identity(claims).subject

    def _check_proof(self, identity: Identity, since: datetime) -> None:
        if identity.authenticated is None:
            raise ProviderError(
                "the provider does not say when the person last proved who they are (auth_time)"
            )
        if identity.authenticated.timestamp() < since.timestamp() - _SKEW:
            raise ProviderError("the provider did not have the person prove anew who they are")
        if self.settings.second and identity.acr not in self.settings.second:
            raise ProviderError(
                "the provider did not ask for the second factor that the settings want ('second')"
            )

    def _check(self, token: jwt.Token, *, nonce: str, access: str) -> None:
        wanted = {
            "iss": {"essential": True, "value": self.settings.issuer},
            "aud": {"essential": True, "value": self.settings.client},
            "nonce": {"essential": True, "value": nonce},
        }
        known = {"nonce": nonce, "client_id": self.settings.client, "access_token": access}
        claims = CodeIDToken(token.claims, token.header, options=wanted, params=known)
        try:
            claims.validate(leeway=_SKEW)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderError(f"the ID token does not count: {error}") from None

    def _verified(self, raw: str) -> jwt.Token:
        """A token whose signature is one of the provider's keys. Raises ProviderError."""
        try:
            named = jws.extract_compact(raw.encode()).headers().get("kid")
            keys = self._fitting(named)
            for place, key in enumerate(keys, 1):
                try:
                    return jwt.decode(raw, key, algorithms=_ALGORITHMS)
                except (JoseError, ValueError, TypeError):
                    if place == len(keys):
                        raise
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderError(f"the token is not one of the provider's: {error}") from None
        raise ProviderError("the provider has no key that fits the token")

    def _fitting(self, named: object) -> list[jwk.Key]:
        """The keys of a name; all of them where the token names none. Keys that are new are looked for, now and then."""
        for is_fresh in (False, True):
            found = [key for key in self._present_keys(fresh=is_fresh) if named is None or key.kid == named]
            if found:
                return found
        return []

    def _present_keys(self, *, fresh: bool) -> tuple[jwk.Key, ...]:
        with self._lock:
            known, now = self._keys, time.monotonic()
            may_look = fresh and now - self._looked > _BETWEEN
            if known is None or now - known.at > _HOLDS or may_look:
                self._looked = now if fresh else self._looked
                content = self._ask("GET", self._metadata()["jwks_uri"]).get("keys")
                listed = content if isinstance(content, list) else []
                known = self._keys = _Known(tuple(_keys(listed)), now)
        keys: tuple[jwk.Key, ...] = known.value
        return keys

    def _metadata(self) -> Mapping[str, Any]:
        """What the provider says of itself (Discovery 1.0, section 4). Raises ProviderError."""
        known, now = self._said, time.monotonic()
        if known is not None and now - known.at < _HOLDS:
            found: Mapping[str, Any] = known.value
            return found
        place = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        said: Mapping[str, Any] = OpenIDProviderMetadata(self._ask("GET", place))
        if said.get("issuer") != self.settings.issuer:
            raise ProviderError(
                f"{place} speaks of the issuer {said.get('issuer')!r}: write that, to the letter"
            )
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            point = said.get(name)
            if not isinstance(point, str):
                raise ProviderError(f"{place} has no {name}")
            self._check_url(point)
        self._said = _Known(said, now)
        return said

    @staticmethod
    def _check_url(url: str) -> None:
        if not is_private(url):
            raise ProviderError(f"the provider names {url}, which others could listen to: it must be https")

    def _client(self) -> httpx.Client:
        return httpx.Client(
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "secondline"},
            verify=self.trust,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(_DEADLINE / 3),
        )

    def _ask(
        self, method: str, url: str, *, data: Mapping[str, str] | None = None, auth: httpx.Auth | None = None
    ) -> Mapping[str, Any]:
        """A JSON object of the provider's. Raises ProviderError."""
        self._check_url(url)
        until, content = time.monotonic() + _DEADLINE, bytearray()
        try:
            with self._client() as client, client.stream(method, url, data=data, auth=auth) as response:
                for chunk in response.iter_raw():
                    content += chunk
                    if len(content) > _MOST_BYTES or time.monotonic() > until:
                        raise ProviderError(f"{url} does not come to an end")
        except httpx.HTTPError as error:
            raise ProviderError(f"{url} does not answer: {str(error) or type(error).__name__}") from None
        try:
            said = json.loads(content)
        except ValueError:
            said = None
        if not response.is_success:
            # Of what an error says, the one word of its standard is shown, and nothing else.
            word = said.get("error") if isinstance(said, dict) else None
            known = (
                word if isinstance(word, str) and word.replace("_", "").isalpha() and len(word) < 60 else ""
            )
            raise ProviderError(f"{url} answers {response.status_code} {known}".rstrip())
        if not isinstance(said, dict):
            raise ProviderError(f"{url} answers with something that is no JSON object")
        return said


def _asking(point: str, words: Mapping[str, str]) -> str:
    return f"{point}{'&' if urlsplit(point).query else '?'}{urlencode(words)}"


def _keys(listed: list[Any]) -> Iterator[jwk.Key]:
    """Those that can be used; what is odd in a list of keys spoils none of the others."""
    for one in listed[:_MOST_KEYS]:
        if not isinstance(one, dict) or one.get("kty") not in _KEY_TYPES or one.get("use", "sig") != "sig":
            continue
        try:
            yield jwk.import_key(one)
        except (JoseError, ValueError, TypeError, KeyError):
            continue


def _identity(claims: Mapping[str, Any]) -> Identity:
    subject, proved, acr = claims.get("sub"), claims.get("auth_time"), claims.get("acr")
    # Core 1.0, section 2: at most 255 characters of ASCII.
    if (
        not isinstance(subject, str)
        or not 0 < len(subject) < 256
        or not (subject.isascii() and subject.isprintable())
    ):
        raise ProviderError("the token names nobody (sub)")
    is_time = isinstance(proved, int | float) and 0 < proved < 2**36
    return Identity(
        issuer=str(claims.get("iss")),
        subject=subject,
        authenticated=datetime.fromtimestamp(float(proved or 0), UTC) if is_time else None,
        acr=acr if isinstance(acr, str) else "",
    )


def _is_for(audience: object, client: str) -> bool:
    return client in audience if isinstance(audience, list) else audience == client
