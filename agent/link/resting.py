"""Who forks workers where hardly anybody asks for one? A nursery that is there while there is work, and ends after a rest.

What it has loaded for its workers is more than all the rest of an idle agent. The first order after a rest waits for it, about a
second; one that ended by itself is started anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal, Self

from agent.nursling import Nursery, Process

__all__ = ["RestingNursery"]

_REST = 300.0


class RestingNursery:
    """As `Nursery` to whoever wants a worker. rest: seconds without one after which it ends."""

    def __init__(self, rest: float = _REST) -> None:
        self._rest = rest
        self._nursery: Nursery | None = None
        self._turn = asyncio.Lock()
        self._ending = False
        self._alive: set[asyncio.Task[Literal[True]]] = set()
        self._resting: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether there is one just now."""
        return self._nursery is not None and self._nursery.lives

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ending = True
        self._wake()
        async with self._turn:
            await self._end()
        await asyncio.gather(*self._alive)

    async def spawn(self, name: str) -> Process:
        """Fork one worker. Raises OSError when that cannot be done."""
        async with self._turn:
            self._wake()
            if self._nursery is None or not self._nursery.lives:
                await self._end()
                self._nursery = await self._begun()
            process = await self._nursery.spawn(name)
            living = asyncio.create_task(process.gone.wait())
            self._alive.add(living)
            living.add_done_callback(self._over)
        return process

    @staticmethod
    async def _begun() -> Nursery:
        try:
            return await Nursery().__aenter__()
        except RuntimeError as error:
            raise ConnectionResetError(str(error)) from None

    def _over(self, living: asyncio.Task[Literal[True]]) -> None:
        self._alive.discard(living)
        if not self._alive and not self._ending:
            self._wake()
            self._resting = asyncio.create_task(self._rested())

    async def _rested(self) -> None:
        await asyncio.sleep(self._rest)
        async with self._turn:
            if not self._alive:
                # From here on nobody wakes it: who wants one waits for the turn.
                self._resting = None
                await self._end()

    def _wake(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None

    async def _end(self) -> None:
        nursery, self._nursery = self._nursery, None
        if nursery is not None:
            with contextlib.suppress(OSError):
                await nursery.__aexit__()
