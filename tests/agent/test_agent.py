"""The agent against real hosts: what it does with good orders, and with every kind that it must refuse."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from agent.job import Broken, NoAnswer, Refused, Seen
from agent.nursling import Nursery
from collectors import Kind, Phase
from tests.agent.orders import Desk, Heard, is_alive, job, performed
from tests.fleet import PORT, Fleet

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

GOOD = 2
HANGING = "h2"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(GOOD, hanging=1) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery() as ready:
        yield ready


@pytest.fixture
def desk(fleet: Fleet, tmp_path: Path) -> Desk:
    return Desk.over(fleet, tmp_path)


async def test_a_good_order_answers_every_job(desk: Desk, nursery: Nursery) -> None:
    jobs = tuple(job(host, name) for host in ("h0", "h1") for name in ("linux.load", "linux.disk"))
    heard = await performed(desk.agent(nursery), desk.order(*jobs))
    assert {name: type(outcome) for name, outcome in heard.outcomes.items()} == {one.id: Seen for one in jobs}
    for event in heard.events:
        if event.result is not None:
            assert event.exchanges, "an answer comes with its evidence"
            assert event.result.took > 0
    assert sorted(e.job for e in heard.events if e.what == "started") == sorted(one.id for one in jobs)
    assert heard.pids("worker") == heard.pids("gone")
    assert not is_alive(heard.pids("gone")[0])


async def test_one_login_a_host_serves_all_its_questions(desk: Desk, nursery: Nursery) -> None:
    jobs = tuple(job("h0", name) for name in ("linux.load", "linux.disk", "linux.reboot"))
    heard = await performed(desk.agent(nursery), desk.order(*jobs))
    assert [(e.host, e.detail) for e in heard.events if e.what == "opening"] == [("h0", "shell")]


@pytest.mark.slow
async def test_a_hanging_host_keeps_no_other_waiting(desk: Desk, nursery: Nursery) -> None:
    heard = await performed(desk.agent(nursery), desk.order(job(HANGING), job("h0"), job("h1"), seconds=12))
    assert isinstance(heard.outcomes[job("h0").id], Seen)
    assert isinstance(heard.outcomes[job("h1").id], Seen)
    told = heard.outcomes[job(HANGING).id]
    assert isinstance(told, NoAnswer)
    assert (told.kind, told.phase) == (Kind.TIMED_OUT, Phase.GREET)


# --- Credentials.


async def test_a_credential_that_cannot_be_used_leaves_only_its_host_unanswered(
    desk: Desk, nursery: Nursery
) -> None:
    first, *others = desk.paper["hosts"]
    lost = first | {"ssh": first["ssh"] | {"credential": "file:lost.key"}}
    desk.paper = {**desk.paper, "hosts": [lost, *others]}
    heard = await performed(desk.agent(nursery), desk.order(job("h0"), job("h0", "linux.disk"), job("h1")))
    for name in ("h0/linux.load", "h0/linux.disk"):
        told = heard.outcomes[name]
        assert isinstance(told, NoAnswer)
        assert (told.kind, told.phase) == (Kind.CREDENTIALS_REJECTED, Phase.CONNECT)
        assert "lost.key" in told.detail
    assert isinstance(heard.outcomes["h1/linux.load"], Seen)


async def test_a_credential_that_cannot_be_used_does_not_silence_questions_without_login(
    desk: Desk, nursery: Nursery
) -> None:
    (desk.credentials / "fleet.key").unlink()
    hosts = [host | {"dns": {"port": PORT}} for host in desk.paper["hosts"][:1]]
    clauses = [clause | {"diagnose": ["linux", "dns"]} for clause in desk.paper["clauses"]]
    desk.paper = {**desk.paper, "hosts": hosts, "clauses": clauses}
    heard = await performed(desk.agent(nursery), desk.order(job("h0"), job("h0", "dns.zones")))
    told = heard.outcomes["h0/linux.load"]
    assert isinstance(told, NoAnswer)
    assert told.phase is Phase.CONNECT
    assert [e.detail for e in heard.events if e.what == "opening"] == ["resolver"]
    assert isinstance(heard.outcomes["h0/dns.zones"], Seen)


async def test_a_key_that_the_host_does_not_know_is_its_rejection(desk: Desk, nursery: Nursery) -> None:
    (desk.credentials / "fleet.key").write_text("Gelb-42-Kran")
    heard = await performed(desk.agent(nursery), desk.order(job("h0")))
    told = heard.outcomes["h0/linux.load"]
    assert isinstance(told, NoAnswer)
    assert (told.kind, told.phase) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
    assert "Gelb-42-Kran" not in repr(heard.events)


async def test_a_secret_is_in_no_process_listing_and_in_no_event(desk: Desk, nursery: Nursery) -> None:
    secret = (desk.credentials / "fleet.key").read_text()
    agent, heard = desk.agent(nursery), Heard()
    work = asyncio.create_task(agent.perform(desk.order(job(HANGING), job("h0")), heard.tell))
    await asyncio.wait_for(heard.started.wait(), 10)
    pids = [os.getpid(), *heard.pids("worker"), *_children(os.getpid())]
    listed = [text for pid in pids for text in _shown(pid)]
    await agent.stop()
    await work
    assert len(pids) >= 3
    pieces = [line for line in secret.splitlines() if len(line) > 30 and "PRIVATE" not in line]
    assert pieces
    for piece in pieces:
        assert not any(piece.encode() in text for text in listed)
        assert piece not in repr(heard.events)


def _shown(pid: int) -> list[bytes]:
    """What every account may see of a process, and what its own may."""
    return [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# --- Ending.


async def test_when_stop_returns_the_worker_is_gone_and_open_jobs_are_unanswered(
    desk: Desk, nursery: Nursery
) -> None:
    agent, heard = desk.agent(nursery), Heard()
    work = asyncio.create_task(
        agent.perform(desk.order(job(HANGING), job(HANGING, "linux.disk")), heard.tell)
    )
    await asyncio.wait_for(heard.started.wait(), 10)
    (pid,) = heard.pids("worker")
    await asyncio.wait_for(agent.stop(), 30)
    assert not is_alive(pid)
    await work
    assert heard.outcomes == {
        name: NoAnswer(Kind.STOPPED, Phase.ASK, "stopped")
        for name in (f"{HANGING}/linux.load", f"{HANGING}/linux.disk")
    }


async def test_a_worker_that_does_not_hear_the_stop_is_killed(desk: Desk, nursery: Nursery) -> None:
    agent, heard = desk.agent(nursery), Heard()
    work = asyncio.create_task(agent.perform(desk.order(job(HANGING)), heard.tell))
    await asyncio.wait_for(heard.started.wait(), 10)
    (pid,) = heard.pids("worker")
    os.kill(pid, signal.SIGSTOP)
    await asyncio.wait_for(agent.stop(), 8)
    assert not is_alive(pid)
    await work
    assert heard.outcomes == {job(HANGING).id: NoAnswer(Kind.STOPPED, Phase.ASK, "stopped")}


async def test_a_killed_worker_is_our_defect_and_others_go_on(desk: Desk, nursery: Nursery) -> None:
    agent, killed = desk.agent(nursery), Heard()
    work = asyncio.create_task(agent.perform(desk.order(job(HANGING)), killed.tell))
    await asyncio.wait_for(killed.started.wait(), 10)
    another = asyncio.create_task(performed(agent, desk.order(job("h0"), job("h1"))))
    os.kill(killed.pids("worker")[0], signal.SIGKILL)
    await asyncio.wait_for(work, 8)
    outcome = killed.outcomes[job(HANGING).id]
    assert isinstance(outcome, Broken), "a host must not be blamed for what our worker did not finish"
    assert "worker" in outcome.error
    assert {type(outcome) for outcome in (await another).outcomes.values()} == {Seen}


async def test_when_the_time_is_over_the_rest_is_unanswered_and_no_host_is_blamed(
    desk: Desk, nursery: Nursery
) -> None:
    heard = await performed(desk.agent(nursery), desk.order(job(HANGING), job("h0"), seconds=2.0))
    told = heard.outcomes[job(HANGING).id]
    assert isinstance(told, NoAnswer)
    assert told.kind is Kind.STOPPED
    assert "time" in told.detail


async def test_no_more_hosts_of_a_clause_are_open_at_once_than_it_says(desk: Desk, nursery: Nursery) -> None:
    clauses = [clause | {"at_once": 1} for clause in desk.paper["clauses"]]
    desk.paper = {**desk.paper, "clauses": clauses}
    agent = desk.agent(nursery)
    several = [performed(agent, desk.order(job(host), job(host, "linux.disk"))) for host in ("h0", "h1")]
    heard = await asyncio.gather(*several)
    spans = []
    for one in heard:
        results = [event.result for event in one.events if event.result is not None]
        assert all(isinstance(result.outcome, Seen) for result in results)
        spans.append((min(r.began for r in results), max(r.began.timestamp() + r.took for r in results)))
    (_, first_end), (second_start, _) = sorted(spans)
    assert second_start.timestamp() >= first_end - 0.05


async def test_a_grant_that_expires_while_its_order_waits_is_refused_and_no_defect(
    desk: Desk, nursery: Nursery
) -> None:
    clauses = [clause | {"at_once": 1} for clause in desk.paper["clauses"]]
    desk.paper = {**desk.paper, "clauses": clauses}
    agent, first = desk.agent(nursery), Heard()
    work = asyncio.create_task(agent.perform(desk.order(job(HANGING), seconds=3.0), first.tell))
    await asyncio.wait_for(first.started.wait(), 10)
    late = await performed(agent, desk.order(job("h0"), expires=int(time.time()) + 2))
    await work
    told = late.outcomes[job("h0").id]
    assert isinstance(told, Refused)
    assert told.by == "worker"
    assert "expired" in told.reason
