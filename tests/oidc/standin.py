"""Which provider lies? A stand-in that answers as OpenID Connect Core 1.0 says, and then as a test wants: it is none.

It has no pages: a test takes what a browser would have carried there, and comes back with any code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

__all__ = ["OddProvider", "odd_provider"]

Changed = Callable[[dict[str, Any]], dict[str, Any]]


def _same(value: dict[str, Any]) -> dict[str, Any]:
    return value


@dataclass
class OddProvider:
    """claims, head: change what the ID token holds; said: what it says of itself. token: the raw answer, instead."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signs: RSAKey | bytes | None = None
    head: Changed = _same
    claims: Changed = _same
    said: Changed = _same
    listed: list[dict[str, Any]] | None = None
    token: bytes | None = None
    status: int = 200
    nonce: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    looked: int = 0

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/.well-known/openid-configuration":
            return 200, json.dumps(self.said(self._said())).encode()
        if path == "/jwks":
            self.looked += 1
            keys = [self.key.as_dict(private=False)] if self.listed is None else self.listed
            return 200, json.dumps({"keys": keys}).encode()
        if path == "/token":
            self.asked.append({name: values[0] for name, values in parse_qs(body.decode()).items()})
            if self.token is not None:
                return self.status, self.token
            return self.status, json.dumps(
                {"id_token": self.signed(), "access_token": "at", "token_type": "Bearer"}
            ).encode()
        return 404, b"{}"

    def _said(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def signed(self, more: dict[str, Any] | None = None) -> str:
        """A token of now. more: claims in place of those."""
        now = int(time.time())
        half = hashlib.sha256(b"at").digest()[:16]
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": "secondline",
            "sub": "eva@provider",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "at_hash": _base64(half),
        }
        head = self.head({"alg": "RS256", "kid": "one"})
        claims = self.claims({**claims, **(more or {})})
        if isinstance(self.signs, bytes) or head["alg"] == "none":
            # By hand: no good library makes one.
            text = ".".join(_base64(json.dumps(one).encode()) for one in (head, claims))
            mac = hmac.digest(self.signs, text.encode(), "sha256") if isinstance(self.signs, bytes) else b""
            return f"{text}.{_base64(mac)}"
        return jwt.encode(head, claims, self.signs or self.key, algorithms=[head["alg"]])


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@contextmanager
def odd_provider() -> Iterator[OddProvider]:
    odd = OddProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        def _answer(self, body: bytes) -> None:
            status, content = odd.answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library names it.
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    odd.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield odd
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()
