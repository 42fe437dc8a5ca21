"""How is a ticket system stood in for? A real HTTP server on loopback, in a thread of its own, that can fail on demand.

A stand-in is written from the vendor's documents, and strict: what is not documented gets the error that the vendor
gives. It is no proof that the vendor's system behaves so; only the real one can be that.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["TOKEN", "Chaos", "now_ms", "served"]

# What every stand-in takes for a good secret.
TOKEN: Final = "s3cret-standin-token"

_KINDS = ("busy", "before", "after", "half")


@dataclass(slots=True)
class Chaos:
    """Lets a share of requests fail: before anything is done, after it was done, and with half of an answer.

    seen: method and path of all that came; failed: how often in which way.
    later: for how long it asks to be left in peace.
    """

    app: ASGIApp
    share: float = 0.0
    later: bytes = b"0"
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - a seed for a test.
    seen: list[str] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_KINDS, 0))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.seen.append(f"{scope['method']} {scope['path']}")
        if self.chance.random() >= self.share:
            await self.app(scope, receive, send)
            return
        kind = _KINDS[sum(self.failed.values()) % len(_KINDS)]
        self.failed[kind] += 1
        if kind == "busy":
            # Not for long: in these tests the hours go by in no time.
            await _answer(send, 429, {b"retry-after": self.later})
        elif kind == "before":
            await _answer(send, 503, {})
        else:
            sent: list[Message] = []

            async def keep(message: Message) -> None:
                sent.append(message)

            await self.app(scope, receive, keep)
            await _broken(kind, sent, send)


async def _broken(kind: str, sent: list[Message], send: Send) -> None:
    """It was done, and whoever asked does not get to know it."""
    body = b"".join(message.get("body", b"") for message in sent)
    if kind == "after":
        await _answer(send, 500, {})
    else:
        start = {**sent[0], "headers": [(b"content-length", str(len(body) + 10).encode())]}
        await send(start)
        # An answer that does not end makes the server close the connection.
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


async def _answer(send: Send, status: int, headers: dict[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers.items())})
    await send({"type": "http.response.body", "body": b"later"})


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve an application on a free port of loopback; gives its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > until or not thread.is_alive():
            raise TimeoutError("the stand-in did not start")
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def now_ms() -> datetime:
    """Now, as exact as these systems write it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
