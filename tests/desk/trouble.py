"""What may stand between Secondline and a ticket system? A server on loopback that misbehaves on demand.

It passes requests on to the real system, or answers as told: one `Trouble` for the requests it is meant for.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

__all__ = ["Between", "between", "canned", "cut_after", "endless", "half_of", "silent"]

# Gets the raw request, what the real system answers when called, and the way back.
Trouble = Callable[[bytes, Callable[[], Awaitable[bytes]], asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Between:
    """A running server. seen: first lines of the requests that came; auth: how many carried a token."""

    port: int = 0
    seen: list[str] = field(default_factory=list)
    tokens: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def count(self, pattern: str) -> int:
        return sum(1 for line in self.seen if re.search(pattern, line))


@asynccontextmanager
async def between(upstream: str, trouble: Trouble | None = None, *, when: str = "") -> AsyncIterator[Between]:
    """Listen on loopback. upstream: the real system's address; when: a pattern for the first line."""
    state = Between()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _request(reader)
            first = request.partition(b"\r\n")[0].decode("latin-1")
            state.seen.append(first)
            state.tokens += b"authorization: token" in request.lower()

            async def real() -> bytes:
                return await _forward(upstream, request)

            if trouble is not None and re.search(when, first):
                await trouble(request, real, writer)
            else:
                writer.write(await real())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    state.port = server.sockets[0].getsockname()[1]
    async with server:
        yield state


def canned(status: str, body: str = "", **headers: str) -> Trouble:
    """Answer this and ask nobody."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    answer = ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    async def trouble(_: bytes, __: Callable[[], Awaitable[bytes]], writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return trouble


async def cut_after(_: bytes, real: Callable[[], Awaitable[bytes]], writer: asyncio.StreamWriter) -> None:
    """The real system does it, and its answer gets lost."""
    await real()
    writer.transport.abort()


async def half_of(_: bytes, real: Callable[[], Awaitable[bytes]], writer: asyncio.StreamWriter) -> None:
    """The real system does it, and half of its answer gets lost."""
    answer = await real()
    writer.write(answer[: answer.index(b"\r\n\r\n") + 6])


async def silent(_: bytes, __: Callable[[], Awaitable[bytes]], ___: asyncio.StreamWriter) -> None:
    """Take the request and say nothing for long."""
    await asyncio.sleep(30)


async def endless(_: bytes, __: Callable[[], Awaitable[bytes]], writer: asyncio.StreamWriter) -> None:
    """Answer without an end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
    while True:
        writer.write(b"1," * 32_768)
        await writer.drain()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


async def _forward(upstream: str, request: bytes) -> bytes:
    host, _, port = upstream.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(re.sub(rb"(?i)\r\nconnection: [^\r]*", b"\r\nConnection: close", request, count=1))
    await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer
