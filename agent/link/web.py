"""How does an agent speak to its controller's web address? Enrolment, and raw answers: they never pass the broker.

One connection at a time, kept open, over TLS that is verified (the machine's authorities, or the one that was given). A bundle that was cut off goes on where it
was cut. Whoever reads this knows that it is from this agent: every request carries a token of the agent's key.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.link.line import LineDownError, NotAnyMoreError
from inventory.token import seal_token

__all__ = ["EVIDENCE_TYPE", "Web"]

EVIDENCE_TYPE = "evidence+jws"
_PATIENCE = 20.0
_CHUNK = 256 << 10
_LONGEST_ANSWER = 1 << 20


class Web:
    """One controller's address. Not for several threads at once."""

    def __init__(self, url: str, authority: Path | None = None) -> None:
        """Raises ValueError for an address that is none, OSError for an authority that cannot be read."""
        parts = urlsplit(url)
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise ValueError(f"{url!r} is no web address: write https://…")
        if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError(f"{url!r} is not protected: write https://…")
        self._path = parts.path.rstrip("/")
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            trust = ssl.create_default_context(cafile=str(authority) if authority else None)
            trust.minimum_version = ssl.TLSVersion.TLSv1_2
            self._connection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=_PATIENCE, context=trust
            )
        else:
            self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=_PATIENCE)

    def close(self) -> None:
        self._connection.close()

    def post(self, path: str, content: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Send JSON, and give status and JSON. Raises LineDownError."""
        status, _, body = self._send(
            "POST", path, json.dumps(content).encode(), {"Content-Type": "application/json"}
        )
        try:
            said = json.loads(body)
        except ValueError:
            raise LineDownError(f"{path} answered with {status}, and not in JSON") from None
        return status, said if isinstance(said, dict) else {}

    def upload(self, content: bytes, *, seat: str, errand: str, attempt: int, key: Mapping[str, Any]) -> str:
        """Bring raw answers there; gives their SHA-256. Raises LineDownError, NotAnyMoreError."""
        sha256 = hashlib.sha256(content).hexdigest()
        claims = {"seat": seat, "errand": errand, "attempt": attempt, "sha256": sha256, "size": len(content)}
        token = seal_token(json.dumps({**claims, "at": int(time.time())}).encode(), key, EVIDENCE_TYPE)
        path, head = f"/sites/evidence/{sha256}", {"Authorization": f"Secondline {token}"}
        status, heads, _ = self._send("HEAD", path, b"", head)
        if status == 404:
            offset = 0
        elif status == 200:
            offset = int(heads.get("upload-offset", "0"))
        else:
            raise _refused(status, heads)
        if offset < len(content) or not content:
            there = {**head, "Upload-Offset": str(offset), "Upload-Length": str(len(content))}
            status, heads, _ = self._send("PUT", path, content[offset:], there)
            if status not in {200, 201}:
                raise _refused(status, heads)
        return sha256

    def _send(
        self, method: str, path: str, body: bytes, head: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        try:
            self._connection.request(method, self._path + path, body, dict(head))
            answer = self._connection.getresponse()
            said = answer.read(_LONGEST_ANSWER)
            if answer.read(1):
                self._connection.close()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, said
        except (OSError, http.client.HTTPException) as error:
            # The next request opens a new connection.
            self._connection.close()
            raise LineDownError(f"the controller's web address does not answer: {error}") from None


def _refused(status: int, heads: Mapping[str, str]) -> Exception:
    why = heads.get("x-reason", "")
    if status in {401, 403, 409, 413, 422}:
        return NotAnyMoreError(f"the controller does not take the answers ({status}): {why}")
    return LineDownError(f"the controller's web address answers with {status}: {why}")
