"""Is the process that forks workers there when somebody wants one, and gone when nobody does?"""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from agent.link.resting import RestingNursery
from agent.nursling import Process
from tests.agent.test_nursery import children

pytestmark = pytest.mark.slow


def _up(nursery: RestingNursery) -> bool:
    return nursery.is_up


async def _gone(before: set[int]) -> None:
    """Wait until there is no process that was not there before."""
    async with asyncio.timeout(20):
        while set(children(os.getpid())) != before:  # noqa: ASYNC110 - nobody tells when a process has ended.
            await asyncio.sleep(0.02)


async def _ended(*workers: Process) -> None:
    for worker in workers:
        worker.kill()
        worker.channel.close()
        async with asyncio.timeout(20):
            await worker.gone.wait()


async def test_it_comes_with_the_first_worker_and_goes_after_a_rest() -> None:
    before = set(children(os.getpid()))
    async with RestingNursery(rest=0.3) as nursery:
        assert not _up(nursery)
        one, two = await asyncio.gather(nursery.spawn("one"), nursery.spawn("two"))
        assert _up(nursery)
        await _ended(one)
        # Whoever works keeps it, however long.
        await asyncio.sleep(1)
        assert _up(nursery)
        await _ended(two)
        await _gone(before)
        assert not _up(nursery)
        three = await nursery.spawn("three")
        await _ended(three)
        # A worker before the rest is over has it stay.
        four = await nursery.spawn("four")
        await asyncio.sleep(0.6)
        assert _up(nursery)
        await _ended(four)
    assert set(children(os.getpid())) == before


async def test_one_that_was_killed_is_started_anew() -> None:
    before = set(children(os.getpid()))
    async with RestingNursery() as nursery:
        worker = await nursery.spawn("one")
        (cradle,) = set(children(os.getpid())) - before
        os.kill(cradle, signal.SIGKILL)
        async with asyncio.timeout(20):
            await worker.gone.wait()
        worker.channel.close()
        assert not _up(nursery)
        again = await nursery.spawn("two")
        await _ended(again)
    assert set(children(os.getpid())) == before
