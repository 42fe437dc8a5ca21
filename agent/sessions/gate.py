"""How many hosts at once? As many as the processor can serve, not counting those that keep us waiting."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Gate"]

_LOOK = 0.2
_STEP = 4
_ROOM_FROM = 0.5


class Gate:
    """A semaphore that begins narrow, and widens while the machine has processor time to spare.

    Where hosts are near and quick, the processor is the limit, and more hosts at once only make its threads
    wait for each other. Where they are far and slow, it idles, and `widen` lets more in. A place is also given
    back by whoever stays longer than `patience` seconds: hosts that hang must not delay the others.
    """

    def __init__(self, places: int, patience: float = 1.5) -> None:
        self._places = asyncio.Semaphore(places)
        self._patience = patience
        self._inside: dict[asyncio.Task[object] | None, asyncio.TimerHandle] = {}

    async def __aenter__(self) -> Self:
        await self._places.acquire()
        task = asyncio.current_task()
        self._inside[task] = asyncio.get_running_loop().call_later(self._patience, self._free, task)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._free(asyncio.current_task())

    def stay(self) -> None:
        """Keep the place however long it takes: whoever is inside was waited for, and now waits itself."""
        timer = self._inside.get(asyncio.current_task())
        if timer is not None:
            timer.cancel()

    async def widen(self) -> None:
        """Let more in for as long as the machine idles; runs until it is cancelled."""
        idle, total = _processor()
        while True:
            await asyncio.sleep(_LOOK)
            idle_now, total_now = _processor()
            if self._places.locked() and idle_now - idle > _ROOM_FROM * (total_now - total):
                for _ in range(_STEP):
                    self._places.release()
            idle, total = idle_now, total_now

    def _free(self, task: asyncio.Task[object] | None) -> None:
        timer = self._inside.pop(task, None)
        if timer is not None:
            timer.cancel()
            self._places.release()


def _processor() -> tuple[int, int]:
    """Idle and whole processor time of the machine since it started, in ticks (proc(5), /proc/stat)."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    except (OSError, ValueError):
        # Where it cannot be read, it counts as idle: the hosts are the limit then.
        now = int(time.monotonic() * 100)
        return now, now
    return ticks[3] + ticks[4], sum(ticks)
