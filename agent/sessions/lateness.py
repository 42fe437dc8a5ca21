"""How late are we ourselves? What a busy agent adds to an answer's time is none of the host's.

Beside a conversation somebody asks to be woken every few milliseconds. What the waking comes too late is time in which an
answer could lie here without being heard.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

__all__ = ["Lateness", "watched"]

_EVERY = 0.02


@dataclass(slots=True)
class Lateness:
    """seconds: how long the loop, or the machine, let us wait in all."""

    seconds: float = 0.0


@asynccontextmanager
async def watched() -> AsyncIterator[Lateness]:
    """Watch how late we are while the block runs."""
    late = Lateness()
    task = asyncio.create_task(_watch(late))
    try:
        yield late
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _watch(late: Lateness) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        before = clock()
        try:
            await asyncio.sleep(_EVERY)
        finally:
            late.seconds += max(0.0, clock() - before - _EVERY)
