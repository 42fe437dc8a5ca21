"""A stand-in for NetBox: it follows the documented REST API over real HTTP or HTTPS, and is no NetBox.

What it follows is the page "REST API Overview" of NetBox's documentation (netboxlabs.com/docs/netbox, under
"Integrations", as of versions 3.5 to 4.5): lists as `count`, `next`, `previous` and `results`; `limit` and
`offset`, with 50 rows where nobody asks and never more than MAX_PAGE_SIZE; `Authorization: Token …`, or
`Bearer nbt_…` for tokens of the second version; 403 with `detail` for a token that is none; 400 for a filter's
value that does not exist. It answers wrongly where a test asks for it (`Trouble`).
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.tls import Identity

__all__ = ["TOKEN", "StandIn", "Trouble", "device", "standing_in"]

TOKEN = "0123456789abcdef0123456789abcdef01234567"
_DEVICES, _MACHINES = "/api/dcim/devices/", "/api/virtualization/virtual-machines/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """How it misbehaves. following: what each page calls the next one; redirect: where it sends everybody."""

    following: str = ""
    redirect: str = ""
    body: bytes | None = None
    endless: bool = False
    empty_pages: bool = False
    silent: bool = False
    status: int = 200


@dataclass(slots=True)
class StandIn:
    """One that runs. asked: the path, query and Authorization of each request that came."""

    url: str = ""
    devices: list[dict[str, Any]] = field(default_factory=list)
    machines: list[dict[str, Any]] = field(default_factory=list)
    token: str = f"Token {TOKEN}"
    most: int = 1000
    below: str = ""
    trouble: Trouble = field(default_factory=Trouble)
    asked: list[tuple[str, dict[str, list[str]], str]] = field(default_factory=list)


def device(number: int, **other: Any) -> dict[str, Any]:  # noqa: ANN401
    """A device as NetBox 4 has it."""
    name = f"sw{number}.musterbau.example"
    return {
        "id": number,
        "display": name,
        "name": name,
        "role": {"id": 1, "name": "Web server", "slug": "web-server"},
        "tenant": {"id": 1, "name": "Musterbau", "slug": "musterbau"},
        "platform": {"id": 1, "name": "Debian 12", "slug": "debian-12"},
        "site": {"id": 1, "name": "Hamburg", "slug": "hamburg"},
        "status": {"value": "active", "label": "Active"},
        "primary_ip4": {"id": number, "address": f"10.21.{number // 250}.{number % 250 + 1}/16"},
        "primary_ip6": None,
        "tags": [],
    } | other


@contextmanager
def standing_in(
    *devices: dict[str, Any],
    identity: Identity | None = None,
    **other: Any,  # noqa: ANN401
) -> Iterator[StandIn]:
    """Run one on loopback; over TLS when there is an identity."""
    stand_in = StandIn(devices=list(devices), **other)

    class Handler(_Answers):
        of = stand_in

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if identity is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity.certificate, identity.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if identity is None else "https"
    stand_in.url = f"{scheme}://127.0.0.1:{server.server_address[1]}{stand_in.below}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Answers(BaseHTTPRequestHandler):
    of: StandIn

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = parse_qs(asked.query)
        self.of.asked.append((asked.path, query, self.headers.get("Authorization", "")))
        trouble = self.of.trouble
        if trouble.silent:
            # Until the other side has had enough.
            self.connection.settimeout(20)
            self.rfile.read(1)
        elif trouble.redirect:
            self._send(302, b"", Location=trouble.redirect)
        elif trouble.body is not None or trouble.status != 200:
            self._send(trouble.status, trouble.body or b"{}")
        else:
            self._list(asked.path.removeprefix(self.of.below), query)

    def _list(self, path: str, query: dict[str, list[str]]) -> None:
        rows = {_DEVICES: self.of.devices, _MACHINES: self.of.machines}.get(path)
        if self.headers.get("Authorization") != self.of.token:
            self._send(403, b'{"detail": "Invalid token"}')
        elif rows is None:
            self._send(404, b'{"detail": "Not found."}')
        elif (tenant := query.get("tenant", [""])[0]) not in {"", "musterbau", "nobody"}:
            self._send(400, json.dumps({"tenant": [f"Select a valid choice. {tenant} is none."]}).encode())
        else:
            kept = [row for row in rows if not tenant or (row["tenant"] or {}).get("slug") == tenant]
            self._page(path, kept, query)

    def _page(self, path: str, rows: list[dict[str, Any]], query: dict[str, list[str]]) -> None:
        limit = min(int(query.get("limit", ["50"])[0]) or self.of.most, self.of.most)
        offset = int(query.get("offset", ["0"])[0])
        trouble = self.of.trouble
        more = offset + limit < len(rows) or trouble.endless or trouble.empty_pages
        following = f"{self.of.url}{path}?{urlencode({'limit': limit, 'offset': offset + limit})}"
        page = [] if trouble.empty_pages else rows if trouble.endless else rows[offset : offset + limit]
        answer = {
            "count": len(rows),
            "next": (trouble.following or following) if more else None,
            "previous": None,
            "results": page,
        }
        self._send(200, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in (
            {"Content-Type": "application/json", "Content-Length": str(len(body))} | headers
        ).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: what came is in `asked`."""
