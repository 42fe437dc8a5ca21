"""What a busy agent adds to an answer's time is seen, and is next to nothing where it is not busy."""

from __future__ import annotations

import asyncio
import time

from agent.sessions.lateness import watched


async def test_who_is_kept_busy_is_late_by_about_that() -> None:
    async with watched() as late:
        await asyncio.sleep(0.05)
        time.sleep(0.4)  # noqa: ASYNC251 - that is the fault.
        await asyncio.sleep(0)
    assert late.seconds >= 0.3


async def test_who_only_waits_is_hardly_late() -> None:
    async with watched() as late:
        await asyncio.sleep(0.5)
    assert late.seconds < 0.3
