"""Which machine is this? An SSH server is greeted and shows its key; nobody logs in."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Executor
from datetime import UTC, datetime
from functools import partial

from agent.sessions.login import Greeted, learn_host_key
from agent.sessions.opening import Record
from collectors.exchange import Exchange
from collectors.session import Unanswered

__all__ = ["GreetingSession"]


class GreetingSession:
    """A `Greeting` for one host. The key exchange blocks a thread of its own."""

    def __init__(self, at: Greeted, record: Record, threads: Executor, *, outdated: bool = False) -> None:
        """outdated: whether the contract permits what the library has given up."""
        self._at, self._record, self._threads, self._outdated = at, record, threads, outdated

    async def host_key(self) -> str:
        """See `collectors.session.Greeting.host_key`; serves once."""
        began, start = datetime.now(UTC), time.monotonic()
        key, missed = "", None
        try:
            learn = partial(learn_host_key, self._at, outdated=self._outdated)
            key = await asyncio.get_running_loop().run_in_executor(self._threads, learn)
        except Unanswered as reason:
            missed = reason
        exchange = Exchange(
            session="greeting",
            question=("host-key",),
            began=began,
            took=time.monotonic() - start,
            parts={"key": key.encode("ascii")} if key else {},
            unanswered=(missed.kind, missed.phase, missed.detail) if missed else None,
        )
        self._record(exchange)
        exchange.settle()
        return key

    def close(self) -> None:
        self._at.sock.close()
