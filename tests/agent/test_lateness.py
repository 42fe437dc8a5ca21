"""What a busy agent adds to an answer's time is seen, and is neither the host's time nor its silence."""

from __future__ import annotations

import asyncio
import time

import pytest

from agent.sessions.lateness import heard, late, within


async def _busy(seconds: float) -> None:
    """Keep the loop from everything else, and let it come to itself."""
    time.sleep(seconds)  # noqa: ASYNC251 - that is the fault.
    await asyncio.sleep(0)


async def test_who_is_kept_busy_is_late_by_about_that() -> None:
    before = late()
    await asyncio.sleep(0.05)
    await _busy(0.4)
    assert late() - before >= 0.3


async def test_who_only_waits_is_hardly_late() -> None:
    before, began = late(), heard()
    await asyncio.sleep(0.5)
    assert late() - before < 0.3
    assert heard() - began > 0.2


async def test_an_answer_that_comes_after_we_were_busy_is_still_in_time() -> None:
    late()
    await asyncio.sleep(0.05)
    async with within(0.3):
        await _busy(0.5)
        # With a plain timeout the time would have been over here.
        await asyncio.sleep(0.15)


async def test_a_silence_ends_when_its_time_is_over() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with within(0.2):
            await asyncio.sleep(60)
    assert time.monotonic() - began < 10


async def test_who_is_busy_all_the_time_does_not_wait_for_ever() -> None:
    began = time.monotonic()

    async def waiting() -> None:
        async with within(0.1):
            while time.monotonic() - began < 20:
                await _busy(0.05)

    with pytest.raises(TimeoutError):
        await waiting()
    assert time.monotonic() - began < 10
