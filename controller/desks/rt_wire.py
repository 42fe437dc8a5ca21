"""How is Request Tracker spoken to? REST 2 over HTTPS, one request at a time, with every way to fail named.

The token goes to the configured address and to no other: redirects elsewhere are refused, proxies and
`.netrc` of the environment are not used, and nothing here prints headers.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx

from controller.desks.desk import (
    DeskError,
    DeskRefusedError,
    DeskUnavailableError,
    DeskUnclearError,
    TicketChangedError,
    TicketGoneError,
)

__all__ = ["Answer", "RtWire"]

_MAX_ANSWER = 16 * 1024 * 1024
_MAX_REDIRECTS = 3
_MAX_WAIT = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: its JSON document and its headers."""

    document: Any
    headers: httpx.Headers


class RtWire:
    """One Request Tracker. deadline: seconds for a request with the whole of its answer.

    ca: a PEM file with who is trusted to name the server; the system's authorities when None.
    """

    def __init__(self, url: str, token: str, *, ca: Path | None = None, deadline: float = 30.0) -> None:
        self.url = _checked(url)
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise DeskRefusedError(f"the token for {self.url} is empty or holds what no token holds")
        self._deadline = deadline
        self._client = httpx.AsyncClient(
            headers={
                "Authorization": f"token {token}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "secondline",
            },
            verify=_trusting(ca, self.url),
            trust_env=False,
            follow_redirects=False,
            # Connecting and the TLS handshake, each: what fails there has certainly changed nothing.
            timeout=httpx.Timeout(deadline, connect=min(10.0, deadline / 2)),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def look(
        self, path: str, query: Mapping[str, str] | None = None, *, search: object = None
    ) -> Answer:
        """Ask for something; `search` is sent as the body of a search. Changes nothing, so may be repeated."""
        method = "GET" if search is None else "POST"
        url = f"{self.url}/REST/2.0/{path}"
        for _ in range(_MAX_REDIRECTS):
            answer = await self._send(method, url, query=query, body=search, changes=False)
            if not isinstance(answer, str):
                return answer
            url, query = answer, None
        raise DeskRefusedError(f"{self.url} redirects in a circle: check the address in the settings")

    async def change(
        self, method: str, path: str, body: object, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Change something. Raises DeskUnclearError when it is not known whether it happened."""
        url = f"{self.url}/REST/2.0/{path}"
        answer = await self._send(method, url, body=body, headers=headers, changes=True)
        if isinstance(answer, str):
            raise DeskRefusedError(
                f"{self.url} redirects changes to {answer}: either that is the address for the settings, "
                "or something between wants a login that a token is not enough for"
            )
        return answer

    async def _send(  # noqa: PLR0913 - the parts of a request.
        self,
        method: str,
        url: str,
        *,
        changes: bool,
        query: Mapping[str, str] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | str:
        """Send one request; gives the answer, or the address on the same server where it is."""
        lost = DeskUnclearError if changes else DeskUnavailableError
        request = self._client.build_request(
            method, url, params=query, json=body, headers=None if headers is None else dict(headers)
        )
        try:
            async with asyncio.timeout(self._deadline):
                response = await self._client.send(request, stream=True)
                try:
                    content = await _whole(response)
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise DeskUnavailableError(f"{self.url} cannot be reached: {_why(error)}") from None
        except TimeoutError:
            raise lost(f"{self.url} did not answer within {self._deadline:g} seconds") from None
        except httpx.RequestError as error:
            raise lost(f"{self.url} broke off: {_why(error)}") from None
        if content is None:
            raise lost(f"{self.url} answered with more than {_MAX_ANSWER} bytes")
        if response.has_redirect_location:
            return self._elsewhere(response)
        if not response.is_success:
            raise _failure(response, content, changes=changes)
        return Answer(_document(content, lost, self.url), response.headers)

    def _elsewhere(self, response: httpx.Response) -> str:
        try:
            target = response.url.join(response.headers["Location"])
        except httpx.InvalidURL:
            raise DeskRefusedError(f"{self.url} redirects to something that is not an address") from None
        home = httpx.URL(self.url)
        if (target.scheme, target.host, target.port) != (home.scheme, home.host, home.port):
            raise DeskRefusedError(
                f"{self.url} redirects to {target.scheme}://{target.netloc.decode()}: "
                "if that is right, write it in the settings"
            )
        return str(target)


def _checked(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise DeskRefusedError(f"{url!r} is not an address: {error}") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo or parsed.query:
        raise DeskRefusedError(f"{url!r} is not the address of a server: write it like 'https://rt.example'")
    if parsed.scheme == "http" and not _loopback(parsed.host):
        raise DeskRefusedError(f"{url!r} would send the token in the clear: use https")
    return url.rstrip("/")


def _trusting(ca: Path | None, url: str) -> ssl.SSLContext:
    """Trust this CA alone, or those of the system when there is none."""
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise DeskRefusedError(
            f"the CA file {ca} for {url} cannot be used: {error.strerror or error}"
        ) from None


def _why(error: httpx.RequestError) -> str:
    said = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in said:
        why = said.partition("certificate verify failed: ")[2].partition(" (_ssl")[0]
        return f"its certificate is not trusted ({why or said}): 'ca' in the settings names who is"
    return said


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _whole(response: httpx.Response) -> bytes | None:
    """The body; None when it is longer than an answer may be."""
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > _MAX_ANSWER:
            return None
    return bytes(content)


def _document(content: bytes, lost: type[DeskError], url: str) -> Any:  # noqa: ANN401 - JSON.
    try:
        # Some versions write a file's name in Latin-1 into the JSON: that must not hide the rest.
        return json.loads(content.decode("utf-8", "replace"))
    except ValueError:
        raise lost(
            f"{url} answered with something that is not JSON: is there another server between?"
        ) from None


def _failure(response: httpx.Response, content: bytes, *, changes: bool) -> DeskError:
    """Put a bad status into words."""
    status = response.status_code
    said = f"{response.url.host} says {status}: {_message(content, response)}"
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return DeskRefusedError(f"{said}: the token is not accepted, make a new one")
        case HTTPStatus.FORBIDDEN:
            return DeskRefusedError(f"{said}: the account may not do this")
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            return TicketGoneError(said)
        case HTTPStatus.CONFLICT | HTTPStatus.PRECONDITION_FAILED:
            return TicketChangedError(f"{said}: somebody changed the ticket meanwhile")
        case HTTPStatus.TOO_MANY_REQUESTS:
            return DeskUnavailableError(f"{said}: too many requests", after=_after(response))
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
            return DeskUnclearError(said) if changes else DeskUnavailableError(said, after=_after(response))
        case _:
            return DeskRefusedError(said)


def _message(content: bytes, response: httpx.Response) -> str:
    """The server's own words, short and on one line."""
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    words = document.get("message") if isinstance(document, dict) else None
    text = words if isinstance(words, str) else response.reason_phrase
    return " ".join("".join(c if c.isprintable() else " " for c in text[:300]).split())


def _after(response: httpx.Response) -> float:
    """Seconds to wait, when the server says so as a number."""
    value = response.headers.get("Retry-After", "")
    return min(float(value), _MAX_WAIT) if value.isascii() and value.isdigit() else 0.0
