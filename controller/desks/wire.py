"""How is a ticket system spoken to? JSON over HTTPS, one request at a time, with every way to fail named.

The secret goes to the configured address and to no other: redirects elsewhere are refused, proxies and
`.netrc` of the environment are not used, and nothing here prints headers. Who says "later" is left in peace
until then.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from controller.desks.desk import (
    DeskError,
    DeskRefusedError,
    DeskUnavailableError,
    DeskUnclearError,
    File,
    TicketChangedError,
    TicketGoneError,
)
from controller.nearby import is_loopback

__all__ = ["Answer", "Wire", "checked_secret"]

_MAX_ANSWER = 16 * 1024 * 1024
_MAX_REDIRECTS = 3
_MAX_WAIT = 3600.0

Query = Mapping[str, str | list[str]]

# It writes whole addresses into the log, with what is asked in them.
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: its JSON document and its headers."""

    document: Any
    headers: httpx.Headers


@dataclass(frozen=True, slots=True)
class _Raw:
    content: bytes
    headers: httpx.Headers
    status: int


class Wire:
    """One ticket system. deadline: seconds for a request with the whole of its answer.

    headers: those that say who we are; base: where its interface begins, below the address. ca: a PEM file with
    who is trusted to name the server; the system's authorities when None.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        base: str = "",
        ca: Path | None = None,
        deadline: float = 30.0,
    ) -> None:
        self.url = _checked(url)
        self.ahead: float | None = None
        self._base = f"{self.url}{base}"
        self._deadline = deadline
        self._quiet_until = 0.0
        self._client = httpx.AsyncClient(
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "secondline",
                **headers,
            },
            verify=_trusting(ca, self.url),
            trust_env=False,
            follow_redirects=False,
            # Connecting and the TLS handshake, each: what fails there has certainly changed nothing.
            timeout=httpx.Timeout(deadline, connect=min(10.0, deadline / 2)),
        )

    @property
    def now(self) -> datetime:
        """The time by the desk's own clock, as far as it has told it: to the second."""
        return datetime.now(UTC) + timedelta(seconds=self.ahead or 0.0)

    async def close(self) -> None:
        await self._client.aclose()

    async def look(self, path: str, query: Query | None = None, *, search: object = None) -> Answer:
        """Ask for something; `search` is sent as the body of a search. Changes nothing, so may be repeated."""
        method = "GET" if search is None else "POST"
        raw = await self._look(method, path, query=query, search=search, limit=_MAX_ANSWER)
        # TOPdesk says nothing at all where there is nothing.
        if raw.status == HTTPStatus.NO_CONTENT:
            return Answer(None, raw.headers)
        return Answer(_document(raw.content, DeskUnavailableError, self.url), raw.headers)

    async def fetch(self, path: str, *, limit: int, query: Query | None = None) -> bytes:
        """The bytes of a file. Raises DeskRefusedError when there are more than `limit`, and reads no further."""
        # A file is of any kind: who asks for JSON alone may be told that there is none.
        raw = await self._look("GET", path, query=query, limit=limit, headers={"Accept": "*/*"})
        return raw.content

    async def change(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        *,
        files: Sequence[File] = (),
    ) -> Answer:
        """Change something; files go as a form, one field `file` each. Raises DeskUnclearError if it may have happened."""
        raw = await self._send(
            method, f"{self._base}/{path}", body=body, headers=headers, files=files, changes=True
        )
        if isinstance(raw, str):
            raise DeskRefusedError(
                f"{self.url} redirects changes to {raw}: either that is the address for the settings, "
                "or something between wants a login that a token is not enough for"
            )
        # Some systems confirm with an empty answer.
        document = _document(raw.content, DeskUnclearError, self.url) if raw.content.strip() else None
        return Answer(document, raw.headers)

    async def put(self, path: str, file: File, query: Query) -> Answer:
        """Give one file as the body of a POST. Raises DeskUnclearError if it may have happened."""
        raw = await self._send(
            "POST",
            f"{self._base}/{path}",
            query=query,
            content=file.content,
            headers={"Content-Type": file.media_type},
            changes=True,
        )
        if isinstance(raw, str):
            raise DeskRefusedError(
                f"{self.url} redirects changes to {raw}: write that address in the settings"
            )
        return Answer(_document(raw.content, DeskUnclearError, self.url), raw.headers)

    async def _look(  # noqa: PLR0913 - the parts of a request.
        self,
        method: str,
        path: str,
        *,
        limit: int,
        query: Query | None = None,
        search: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> _Raw:
        url = f"{self._base}/{path}"
        for _ in range(_MAX_REDIRECTS):
            raw = await self._send(
                method, url, query=query, body=search, headers=headers, changes=False, limit=limit
            )
            if not isinstance(raw, str):
                return raw
            url, query = raw, None
        raise DeskRefusedError(f"{self.url} redirects in a circle: check the address in the settings")

    async def _send(  # noqa: PLR0913 - the parts of a request.
        self,
        method: str,
        url: str,
        *,
        changes: bool,
        query: Query | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        files: Sequence[File] = (),
        content: bytes | None = None,
        limit: int = _MAX_ANSWER,
    ) -> _Raw | str:
        """Send one request; gives the answer, or the address on the same server where it is."""
        if (rest := self._quiet_until - time.monotonic()) > 0:
            raise DeskUnavailableError(f"{self.url} asked not to be asked for a while", after=rest)
        lost = DeskUnclearError if changes else DeskUnavailableError
        request = self._client.build_request(
            method,
            url,
            params=None if query is None else dict(query),
            json=body,
            content=content,
            files=[("file", (file.name, file.content, file.media_type)) for file in files] or None,
            headers=None if headers is None else dict(headers),
        )
        try:
            async with asyncio.timeout(self._deadline):
                response = await self._client.send(request, stream=True)
                try:
                    came = await _whole(response, limit)
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise DeskUnavailableError(f"{self.url} cannot be reached: {_why(error)}") from None
        except TimeoutError:
            raise lost(f"{self.url} did not answer within {self._deadline:g} seconds") from None
        except httpx.RequestError as error:
            raise lost(f"{self.url} broke off: {_why(error)}") from None
        self._note_time(response)
        if came is None:
            if limit != _MAX_ANSWER:
                raise DeskRefusedError(f"the file is longer than the {limit} bytes that are wanted at most")
            raise lost(f"{self.url} answered with more than {limit} bytes")
        if response.has_redirect_location:
            return self._elsewhere(response)
        if not response.is_success:
            failure = _failure(response, came, changes=changes)
            if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                self._quiet_until = time.monotonic() + _after(response)
            raise failure
        return _Raw(came, response.headers, response.status_code)

    def _note_time(self, response: httpx.Response) -> None:
        try:
            said = parsedate_to_datetime(response.headers.get("Date", ""))
        except ValueError:
            return
        if said.tzinfo is not None:
            self.ahead = (said - datetime.now(UTC)).total_seconds()

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
        raise DeskRefusedError(
            f"{url!r} is not the address of a server: write it like 'https://desk.example'"
        )
    if parsed.scheme == "http" and not is_loopback(parsed.host):
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


async def _whole(response: httpx.Response, limit: int) -> bytes | None:
    """The body; None when it is longer than that. What is no good answer may be longer than a file may be."""
    limit = limit if response.is_success else _MAX_ANSWER
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > limit:
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
    text = _said(document) or response.reason_phrase
    return " ".join("".join(c if c.isprintable() else " " for c in text[:300]).split())


# Where systems put their words: beside the status, or one level below.
_WORDS = (
    "message",
    "error_human",
    "errorMessage",
    "errorMessages",
    "ErrorMessage",
    "error",
    "Error",
    "errors",
    "detail",
)


def _said(document: object) -> str:
    match document:
        case str():
            return document
        case list():
            return "; ".join(filter(None, map(_said, document)))
        case dict():
            return next((said for word in _WORDS if (said := _said(document.get(word)))), "")
        case _:
            return ""


def _after(response: httpx.Response) -> float:
    """Seconds to wait, which the server may say as a number or as a date."""
    value = response.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return min(float(value), _MAX_WAIT)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        return 0.0
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), _MAX_WAIT)


def checked_secret(secret: str, url: str) -> str:
    """A token or password as it may stand in a header. Raises DeskRefusedError, without showing it."""
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise DeskRefusedError(f"the token for {url} is empty or holds what no token holds")
    return secret
