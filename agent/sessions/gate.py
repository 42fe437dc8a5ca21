"""How many hosts at once? As many as the processor can serve, not counting those that keep us waiting."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

__all__ = ["Gate"]


class Gate:
    """A semaphore whose places are given back when somebody stays too long.

    A host costs processor time while it answers at once; one that is inside for longer than `patience`
    seconds is far away, slow or hanging, costs little, and must not delay the others.
    """

    def __init__(self, places: int, patience: float = 0.5) -> None:
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

    def _free(self, task: asyncio.Task[object] | None) -> None:
        timer = self._inside.pop(task, None)
        if timer is not None:
            timer.cancel()
            self._places.release()
