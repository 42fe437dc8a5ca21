"""Does every worker end when it shall, whatever happens to the nursery, to the agent or to itself?"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from agent.job import Broken
from agent.nursling import Nursery
from tests.agent.orders import AGENT, PIN, Desk, Heard, job
from tests.fleet import Fleet
from tests.law import agents_for

pytestmark = pytest.mark.slow

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """One host that answers, and one that accepts and stays silent: whoever asks it, waits."""
    with Fleet(1, hanging=1) as running:
        yield running


def processes() -> dict[int, int]:
    """Every process that runs (no zombies) -> its parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                found[int(entry.name)] = int(parent)
    return found


def children(pid: int) -> list[int]:
    return [child for child, parent in processes().items() if parent == pid]


def gone_within(seconds: float, *pids: int) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not processes().keys() & set(pids):
            return True
        time.sleep(0.02)
    return False


async def test_a_worker_is_a_child_of_the_nursery_and_leads_its_own_group() -> None:
    async with Nursery() as nursery:
        before = set(children(os.getpid()))
        worker = await nursery.spawn("one")
        assert processes()[worker.pid] in before
        assert os.getpgid(worker.pid) == worker.pid
        worker.kill()
        await asyncio.wait_for(worker.gone.wait(), 5)
        assert worker.pid not in processes()
        worker.channel.close()


async def test_killing_a_worker_twice_does_no_harm() -> None:
    async with Nursery() as nursery:
        worker = await nursery.spawn("one")
        worker.kill()
        worker.kill()
        await asyncio.wait_for(worker.gone.wait(), 5)
        worker.kill()
        other = await nursery.spawn("two")
        assert other.pid in processes()
        worker.channel.close()
        other.channel.close()


async def test_a_worker_whose_channel_ends_ends_too() -> None:
    async with Nursery() as nursery:
        worker = await nursery.spawn("one")
        worker.channel.close()
        await asyncio.wait_for(worker.gone.wait(), 5)


async def test_when_the_nursery_is_closed_its_workers_are_gone() -> None:
    async with Nursery() as nursery:
        workers = [await nursery.spawn(name) for name in ("one", "two", "three")]
    for worker in workers:
        worker.channel.close()
    assert await asyncio.to_thread(gone_within, 3, *(worker.pid for worker in workers))


async def test_a_ctrl_c_does_not_end_the_nursery() -> None:
    known = set(children(os.getpid()))
    async with Nursery() as nursery:
        (pid,) = set(children(os.getpid())) - known
        os.kill(pid, signal.SIGINT)
        worker = await asyncio.wait_for(nursery.spawn("one"), 5)
        worker.channel.close()


async def test_when_the_nursery_is_killed_its_workers_are_gone_and_the_jobs_are_answered(
    fleet: Fleet, tmp_path: Path
) -> None:
    desk, heard = Desk.over(fleet, tmp_path), Heard()
    known = set(children(os.getpid()))
    async with Nursery() as nursery:
        (pid,) = set(children(os.getpid())) - known
        work = asyncio.create_task(desk.agent(nursery).perform(desk.order(job("h1")), heard.tell))
        await asyncio.wait_for(heard.started.wait(), 10)
        os.kill(pid, signal.SIGKILL)
        await asyncio.wait_for(work, 10)
        assert await asyncio.to_thread(gone_within, 3, *heard.pids("worker"))
    assert isinstance(heard.outcomes["h1/linux.load"], Broken)


async def test_without_a_nursery_jobs_are_answered_all_the_same(fleet: Fleet, tmp_path: Path) -> None:
    desk, heard = Desk.over(fleet, tmp_path), Heard()
    known = set(children(os.getpid()))
    async with Nursery() as nursery:
        (pid,) = set(children(os.getpid())) - known
        os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(gone_within, 3, pid)
        await asyncio.wait_for(desk.agent(nursery).perform(desk.order(job("h0")), heard.tell), 10)
    assert isinstance(heard.outcomes["h0/linux.load"], Broken)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
def test_when_the_agent_dies_nursery_and_workers_are_gone(
    how: signal.Signals, fleet: Fleet, tmp_path: Path
) -> None:
    desk = Desk.over(fleet, tmp_path)
    agents_for(desk.home, desk.contract, controller=(PIN,))
    order = desk.order(job("h1"))
    told = {
        "token": order.token,
        "contract": order.contract,
        "jobs": [asdict(one) for one in order.jobs],
        "signatures": order.signatures,
        "agent": AGENT,
        "home": str(desk.home),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.agent.lone_agent"],
        cwd=TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as lone:
        if lone.stdin is None or lone.stdout is None:
            raise RuntimeError("both were asked for")
        lone.stdin.write(json.dumps(told))
        lone.stdin.close()
        worker = int(lone.stdout.readline().split()[1])
        assert lone.stdout.readline().startswith("started")
        (nursery,) = children(lone.pid)
        assert worker in children(nursery)
        lone.send_signal(how)
        lone.wait(10)
    assert gone_within(5, nursery, worker)
