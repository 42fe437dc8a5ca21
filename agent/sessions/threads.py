"""How is blocking work kept on a leash? A thread with a limit, and a way to end what it waits for."""

from __future__ import annotations

import asyncio
import contextlib
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
        with contextlib.suppress(Exception):  # its outcome no longer matters, only that it ends
            await asyncio.wait_for(running, 1.0)
        raise Unanswered(Kind.TIMED_OUT, f"no answer within {limit:g} s") from None
    except asyncio.CancelledError:
        give_up()
        running.add_done_callback(lambda done: done.cancelled() or done.exception())
        raise
