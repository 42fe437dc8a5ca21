"""How is blocking work kept on a leash? A thread with a limit, and a way to end what it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from collectors.session import Kind, Unanswered

__all__ = ["in_thread"]

T = TypeVar("T")


async def in_thread(
    threads: ThreadPoolExecutor, work: Callable[[], T], give_up: Callable[[], object], limit: float
) -> T:
    """Run blocking work with a limit; past it (or when stopped) `give_up` ends what the work waits for."""
    running = asyncio.get_running_loop().run_in_executor(threads, work)
    try:
        async with asyncio.timeout(limit):
            return await asyncio.shield(running)
    except TimeoutError:
        give_up()
        running.add_done_callback(_let_go)
        await asyncio.wait((running,), timeout=1.0)
        raise Unanswered(Kind.TIMED_OUT, f"no answer within {limit:g} s") from None
    except asyncio.CancelledError:
        give_up()
        running.add_done_callback(_let_go)
        raise


def _let_go(done: asyncio.Future[T]) -> None:
    """Its outcome no longer matters, only that it ends."""
    if not done.cancelled():
        done.exception()
