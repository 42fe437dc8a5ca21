"""How many hosts of a clause are open at once? The agent's own count, over all of its workers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

__all__ = ["Shares"]


class Shares:
    """Hands out parts of each clause's `at_once`, and never more than all of it."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def taken(self, limits: Mapping[str, tuple[int, int]]) -> AsyncIterator[dict[str, int]]:
        """Take a part of every clause, waiting while one has nothing left.

        limits: clause -> (hosts wanted at once, hosts that the contract allows at once).
        """
        async with self._changed:
            await self._changed.wait_for(
                lambda: all(self._taken[clause] < most for clause, (_, most) in limits.items())
            )
            shares = {
                clause: max(1, min(wanted, most - self._taken[clause]))
                for clause, (wanted, most) in limits.items()
            }
            self._taken.update(shares)
        try:
            yield shares
        finally:
            async with self._changed:
                self._taken.subtract(shares)
                self._changed.notify_all()
