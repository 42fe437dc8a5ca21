"""What does this NetBox hold? Its REST API over HTTPS, page by page, with every way to fail named.

The token goes to the given address and to no other: redirects and 'next' pages elsewhere are refused, and proxies
and `.netrc` of the environment are not used. Only GET is ever sent.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import httpx

from controller.nearby import is_loopback
from inventory.source import LARGEST
from inventory.sources.netbox import PATHS, Page, Row, page
from inventory.sources.seen import MOST_HOSTS, SourceError

__all__ = ["NetBox"]

_LIMIT = 500
_MAX_REDIRECTS = 3


class NetBox:
    """One NetBox. deadline: seconds for a request with the whole of its answer.

    ca: a PEM file with who is trusted to name the server; the system's authorities when None.
    """

    def __init__(self, url: str, token: str, *, ca: Path | None = None, deadline: float = 30.0) -> None:
        self._url = _checked(url)
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise SourceError(f"the token for {url} is empty or holds what no token holds")
        self._deadline = deadline
        # Tokens of the second version, from NetBox 4.5 on, begin so and are sent otherwise.
        scheme = "Bearer" if token.startswith("nbt_") else "Token"
        self._headers = {
            "Authorization": f"{scheme} {token}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "secondline",
        }
        self._trust = _trusting(ca, url)

    async def rows(self, tenant: str = "") -> dict[str, list[Row]]:
        """Every device and virtual machine, by the path at which they are. Raises SourceError."""
        async with httpx.AsyncClient(
            headers=self._headers,
            verify=self._trust,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(self._deadline, connect=min(10.0, self._deadline / 2)),
        ) as client:
            return {path: await self._all(client, path, tenant) for path in PATHS}

    async def _all(self, client: httpx.AsyncClient, path: str, tenant: str) -> list[Row]:
        """All rows below one path. Where the next page begins is counted here, and not believed."""
        rows: list[Row] = []
        while True:
            query = {"limit": str(_LIMIT), "offset": str(len(rows))} | ({"tenant": tenant} if tenant else {})
            answer = await self._page(client, path, query)
            rows += answer.rows
            if answer.following is None:
                return rows
            self._at_home(answer.following, "has its next page at")
            if not answer.rows or len(rows) > MOST_HOSTS:
                raise SourceError(
                    f"{self._url.host} has no end of {path}: more than {MOST_HOSTS}, or empty pages"
                )

    async def _page(self, client: httpx.AsyncClient, path: str, query: Mapping[str, str]) -> Page:
        url = self._url.join(path).copy_merge_params(query)
        for _ in range(_MAX_REDIRECTS):
            answer = await self._get(client, url)
            if isinstance(answer, bytes):
                return page(answer)
            url = answer
        raise SourceError(f"{self._url} redirects in a circle: check the address")

    async def _get(self, client: httpx.AsyncClient, url: httpx.URL) -> bytes | httpx.URL:
        try:
            async with asyncio.timeout(self._deadline), client.stream("GET", url) as response:
                content = bytearray()
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > LARGEST:
                        raise SourceError(f"{url.host} answered with more than {LARGEST // 1_000_000} MB")
        except TimeoutError:
            raise SourceError(f"{url.host} did not answer within {self._deadline:g} seconds") from None
        except httpx.RequestError as error:
            raise SourceError(f"{url.host} cannot be asked: {_why(error)}") from None
        if response.has_redirect_location:
            return self._at_home(response.headers["Location"], "redirects to", url)
        if not response.is_success:
            raise SourceError(_failure(response))
        return bytes(content)

    def _at_home(self, where: str, what: str, begins: httpx.URL | None = None) -> httpx.URL:
        """The address, if it is on the same server."""
        try:
            target = (begins or self._url).join(where)
        except httpx.InvalidURL:
            raise SourceError(f"{self._url.host} {what} something that is not an address") from None
        home = self._url
        if (target.scheme, target.host, target.port) != (home.scheme, home.host, home.port):
            raise SourceError(
                f"{home.host} {what} {target.scheme}://{target.netloc.decode()[:200]}, and the token goes nowhere "
                "else: give the address that NetBox itself has in its settings"
            )
        return target


def _checked(url: str) -> httpx.URL:
    """The address of a NetBox, with a '/' at its end, so that paths go below it."""
    try:
        parsed = httpx.URL(url.rstrip("/") + "/")
    except httpx.InvalidURL as error:
        raise SourceError(f"{url!r} is not an address: {error}") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo or parsed.query:
        raise SourceError(f"{url!r} is not the address of a NetBox: write it like 'https://netbox.example'")
    if "/api/" in parsed.path:
        raise SourceError(f"{url!r} is a page below a NetBox: leave out everything from '/api' on")
    if parsed.scheme == "http" and not is_loopback(parsed.host):
        raise SourceError(f"{url!r} would send the token in the clear: use https")
    return parsed


def _trusting(ca: Path | None, url: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise SourceError(f"the CA file {ca} for {url} cannot be used: {error.strerror or error}") from None


def _why(error: httpx.RequestError) -> str:
    said = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in said:
        why = said.partition("certificate verify failed: ")[2].partition(" (_ssl")[0]
        return f"its certificate is not trusted ({why or said}): --ca names a file with who is"
    return said


def _failure(response: httpx.Response) -> str:
    """Put a bad status into words; NetBox answers 403 also to a token that it does not know."""
    said = f"{response.url.host} says {response.status_code}"
    match response.status_code:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return f"{said}: the token is not accepted, or may not view devices and virtual machines"
        case HTTPStatus.NOT_FOUND:
            return f"{said} to {response.url.path}: is this the address of a NetBox?"
        case HTTPStatus.BAD_REQUEST:
            return f"{said}: it does not know what is asked for; is there such a tenant?"
        case _:
            return f"{said}: try again later, or ask who runs it"
