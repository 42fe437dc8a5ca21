"""How late are we ourselves? What a busy agent, or a busy machine, adds to an answer's time is none of the host's.

Somebody asks the loop to be woken every few milliseconds. What the waking comes too late is time in which an answer can
lie here without being heard: it counts neither as the host's time nor as its silence.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

__all__ = ["heard", "late", "within"]

_EVERY = 0.02
# So much every timer is late, on every machine.
_USUAL = 0.002
# Who is late all the time does not wait for ever: a wait becomes at most so many times as long.
_MOST = 4.0


class _Watch:
    """How late one loop was so far, in seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._total = loop, 0.0
        self._wait()

    def _wait(self) -> None:
        self._due = self._loop.time() + _EVERY + _USUAL
        self._loop.call_at(self._due - _USUAL, self._wake)

    def _wake(self) -> None:
        self._total = self.so_far()
        self._wait()

    def so_far(self) -> float:
        return self._total + max(0.0, self._loop.time() - self._due)


_WATCHES: WeakKeyDictionary[asyncio.AbstractEventLoop, _Watch] = WeakKeyDictionary()


def late() -> float:
    """Seconds by which this loop has been late in all, since it was first asked."""
    loop = asyncio.get_running_loop()
    watch = _WATCHES.get(loop)
    if watch is None:
        watch = _WATCHES[loop] = _Watch(loop)
    return watch.so_far()


def heard() -> float:
    """A watch that stands still while nothing can be heard here, in seconds; within one loop."""
    return time.monotonic() - late()


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """As `asyncio.timeout`, for so many seconds in which something could be heard. Raises TimeoutError."""
    loop, before, allowed = asyncio.get_running_loop(), late(), seconds
    timer: asyncio.TimerHandle | None = None

    def over() -> None:
        nonlocal timer, allowed
        owed = min(seconds + late() - before, seconds * _MOST) - allowed
        if owed > _USUAL:
            allowed += owed
            timer = loop.call_later(owed, over)
        else:
            limit.reschedule(loop.time())

    async with asyncio.timeout(None) as limit:
        timer = loop.call_later(seconds, over)
        try:
            yield
        finally:
            timer.cancel()
