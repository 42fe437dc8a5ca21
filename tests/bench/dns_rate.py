"""How many questions a second can one DNS session have answered on one core, beside the plain library?"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import dns.asyncquery
import dns.message

from agent.sessions.dns import DnsSession
from collectors.exchange import Exchange
from inventory.grant import Door
from tests.bench.row import Row, at_least
from tests.dnslab.real import nsd

__all__ = ["measure"]

QUESTIONS, AT_ONCE, ROUNDS = 6_000, 64, 3
# What the project asks for; a contract allows a server far fewer, and the session keeps to that.
WANTED = 2_000.0
_ZONE = "rate.test"


def _zone() -> str:
    hosts = "\n".join(f"h{n} IN A 192.0.2.{n % 250 + 1}" for n in range(QUESTIONS))
    return (
        f"$ORIGIN {_ZONE}.\n$TTL 300\n@ IN SOA ns admin 1 7200 3600 1209600 300\n@ IN NS ns\n"
        f"ns IN A 192.0.2.1\n{hosts}\n"
    )


async def _ours(door: Door) -> int:
    """Every answer is read, kept as an exchange, and counted."""
    kept: list[Exchange] = []
    session = DnsSession((door,), kept.append, rate=1_000_000)
    answered = 0

    async def ask(name: str) -> None:
        nonlocal answered
        answer = await session.ask(name, "A")
        answered += answer.rcode == "NOERROR"

    await _many(ask)
    return answered if len(kept) == QUESTIONS else 0


async def _plain(door: Door) -> int:
    answered = 0

    async def ask(name: str) -> None:
        nonlocal answered
        query = dns.message.make_query(name, "A", use_edns=0, payload=1232)
        reply = await dns.asyncquery.udp(query, str(door.address), timeout=3, port=door.port)
        answered += reply.rcode() == 0

    await _many(ask)
    return answered


async def _many(ask: Callable[[str], Awaitable[None]]) -> None:
    names = iter(range(QUESTIONS))

    async def one_after_another() -> None:
        for number in names:
            await ask(f"h{number}.{_ZONE}.")

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))


def _timed(asking: Callable[[Door], Awaitable[int]], door: Door) -> float:
    async def ask() -> int:
        return await asking(door)

    start = time.perf_counter()
    answered = asyncio.run(ask())
    took = time.perf_counter() - start
    if answered != QUESTIONS:
        raise RuntimeError(f"{answered} of {QUESTIONS} questions were answered")
    return QUESTIONS / took


def measure() -> list[Row]:
    """Answered questions a second by the clock, best of three, ours and the library's in turn, on one core of ours."""
    folder = Path(tempfile.mkdtemp(prefix="bench-dns-"))
    cores = os.sched_getaffinity(0)
    try:
        with nsd(folder / "nsd", "127.0.0.1", {_ZONE: _zone()}) as door:
            os.sched_setaffinity(0, {min(cores)})
            rounds = [(_timed(_ours, door), _timed(_plain, door)) for _ in range(ROUNDS)]
    finally:
        os.sched_setaffinity(0, cores)
        shutil.rmtree(folder)
    ours, peer = (max(column) for column in zip(*rounds, strict=True))
    return [
        at_least("dns session on one core", "answers/s", ours, WANTED),
        at_least("dns session beside dnspython", "answers/s", ours, peer, 0.5),
    ]
