"""The agent against real hosts: what it does with good orders, and with every kind that it must refuse."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from agent.agent import Agent, Order
from agent.job import Broken, NoAnswer, Refused, Seen
from agent.nursling import Nursery
from collectors import Kind, Phase
from inventory.grant import Target, new_key
from inventory.read import digest
from tests.agent.orders import Desk, Heard, job
from tests.fleet import PORT, Fleet

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = 2
HANGING = "h2"
# Two addresses at which nobody answers with SSH; whoever connects is counted.
WITNESS, OTHER = "127.6.0.1", "127.6.0.2"


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


async def performed(agent: Agent, order: Order) -> Heard:
    heard = Heard()
    await agent.perform(order, heard.tell)
    return heard


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_good_order_answers_every_job(desk: Desk, nursery: Nursery) -> None:
    jobs = tuple(job(host, name) for host in ("h0", "h1") for name in ("linux.load", "linux.disk"))
    heard = await performed(desk.agent(nursery), desk.order(*jobs))
    assert {name: type(outcome) for name, outcome in heard.outcomes.items()} == {one.id: Seen for one in jobs}
    for event in heard.events:
        if event.result is not None:
            assert event.exchanges, "an answer comes with its evidence"
            assert event.result.took > 0
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


# --- What must be refused, and reach nobody.


@dataclass
class Witness:
    """Listens where the contract says that a host is, and counts who comes."""

    desk: Desk
    _listening: tuple[socket.socket, ...]

    def await_one(self) -> bool:
        """Wait until somebody comes, or for ten seconds."""
        return bool(select.select(self._listening, [], [], 10)[0])

    def visits(self) -> int:
        count = 0
        for listener in self._listening:
            with contextlib.suppress(BlockingIOError):
                while True:
                    listener.accept()[0].close()
                    count += 1
        return count


@pytest.fixture
def witness(desk: Desk) -> Iterator[Witness]:
    hosts = [host | {"addresses": [WITNESS]} for host in desk.paper["hosts"][:1]]
    desk.paper = {**desk.paper, "hosts": hosts}
    with contextlib.ExitStack() as stack:
        listening = tuple(
            stack.enter_context(socket.create_server((address, PORT))) for address in (WITNESS, OTHER)
        )
        for listener in listening:
            listener.setblocking(False)
        yield Witness(desk, listening)


async def test_the_witness_sees_who_comes(witness: Witness, nursery: Nursery) -> None:
    """Without this the tests below would prove nothing."""
    agent = witness.desk.agent(nursery)
    work = asyncio.create_task(performed(agent, witness.desk.order(job("h0"))))
    seen = await asyncio.to_thread(witness.await_one)
    await agent.stop()
    await work
    assert seen


def _rewritten(desk: Desk, **changes: object) -> str:
    return yaml.safe_dump({**desk.paper, **changes}, allow_unicode=True)


def _now(seconds: int) -> int:
    return int(time.time()) + seconds


def _target(address: str, port: int = PORT) -> dict[str, Target]:
    return {"h0": Target(addresses=(address,), ports={"ssh": port})}


REFUSED: dict[str, Callable[[Desk], Order]] = {
    "sealed by a foreign key": lambda desk: desk.order(job("h0"), key=new_key()),
    "for another agent": lambda desk: desk.order(job("h0"), agent="elsewhere-1"),
    "expired": lambda desk: desk.order(job("h0"), not_before=_now(-600), expires=_now(-1)),
    "not valid yet": lambda desk: desk.order(job("h0"), not_before=_now(600), expires=_now(700)),
    "valid for a week": lambda desk: desk.order(job("h0"), expires=_now(7 * 86400)),
    "no grant at all": lambda desk: Order(token="", contract=desk.text, jobs=(job("h0"),), seconds=60),
    "under another text of the contract": lambda desk: desk.order(
        job("h0"), text=_rewritten(desk, name="Andere GmbH")
    ),
    "under a text that is no contract": lambda desk: desk.order(
        job("h0"), text="hosts: everything", contract=digest("hosts: everything")
    ),
    "for another revision": lambda desk: desk.order(job("h0"), revision=2),
    "for another customer": lambda desk: desk.order(job("h0"), customer="other"),
    "with another address": lambda desk: desk.order(job("h0"), targets=_target(OTHER)),
    "with one more address": lambda desk: desk.order(
        job("h0"), targets={"h0": Target(addresses=(WITNESS, OTHER), ports={"ssh": PORT})}
    ),
    "with another port": lambda desk: desk.order(job("h0"), targets=_target(WITNESS, PORT + 1)),
    "with a way in that the contract does not name": lambda desk: desk.order(
        job("h0"), targets={"h0": Target(addresses=(WITNESS,), ports={"ssh": PORT, "dns": 53})}
    ),
    "for another host than the job's": lambda desk: desk.order(
        job("h0"), targets={"h9": Target(addresses=(WITNESS,), ports={"ssh": PORT})}
    ),
    "for an area that the contract does not cover": lambda desk: desk.order(job("h0", "dns.answers")),
    "for no area at all": lambda desk: desk.order(job("h0", "")),
}


@pytest.mark.parametrize("order", REFUSED.values(), ids=REFUSED.keys())
async def test_an_order_that_does_not_hold_is_refused_and_reaches_no_host(
    order: Callable[[Desk], Order], witness: Witness, nursery: Nursery
) -> None:
    given = order(witness.desk)
    heard = await performed(witness.desk.agent(nursery), given)
    assert heard.outcomes.keys() == {one.id for one in given.jobs}
    for outcome in heard.outcomes.values():
        assert isinstance(outcome, Refused)
        assert outcome.by == "agent"
        assert outcome.reason
    assert not heard.pids("worker"), "not even a worker is started"
    assert witness.visits() == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"valid": {"from": "2026-01-01", "until": "2026-01-02"}},
        {"valid": {"from": "2098-01-01", "until": "2099-01-02"}},
    ],
    ids=["over", "not begun"],
)
async def test_a_contract_out_of_time_is_refused_by_the_agent_too(
    changed: dict[str, object], witness: Witness, nursery: Nursery
) -> None:
    witness.desk.paper = {**witness.desk.paper, **changed}
    heard = await performed(witness.desk.agent(nursery), witness.desk.order(job("h0")))
    assert isinstance(heard.outcomes["h0/linux.load"], Refused)
    assert witness.visits() == 0


async def test_a_refused_job_leaves_the_others_alone(desk: Desk, nursery: Nursery) -> None:
    heard = await performed(desk.agent(nursery), desk.order(job("h0"), job("h0", "dns.answers")))
    assert isinstance(heard.outcomes["h0/linux.load"], Seen)
    assert heard.outcomes["h0/dns.answers"] == Refused("area-not-covered", ("§1",), by="agent")


@pytest.mark.parametrize("name", ["linux.os.system", "linux.__import__('os')", "linux.", "linux.evil"])
async def test_no_question_can_be_brought_in_over_the_wire(
    name: str, witness: Witness, nursery: Nursery
) -> None:
    heard = await performed(witness.desk.agent(nursery), witness.desk.order(job("h0", name)))
    outcome = heard.outcomes[f"h0/{name}"]
    assert isinstance(outcome, Broken)
    assert "knows no collector" in outcome.error
    assert witness.visits() == 0


async def test_a_question_that_the_grant_does_not_name_is_refused_by_the_worker(
    witness: Witness, nursery: Nursery
) -> None:
    order = witness.desk.order(job("h0", "linux.disk"), deeds=("linux.load",))
    heard = await performed(witness.desk.agent(nursery), order)
    assert heard.outcomes["h0/linux.disk"] == Refused("not-in-grant", by="worker")
    assert witness.visits() == 0


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
    began = time.monotonic()
    await agent.stop()
    assert not is_alive(pid)
    assert time.monotonic() - began < 5
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


async def test_an_agent_that_is_stopped_starts_nothing_more(witness: Witness, nursery: Nursery) -> None:
    agent = witness.desk.agent(nursery)
    await agent.stop()
    heard = await performed(agent, witness.desk.order(job("h0")))
    assert heard.outcomes == {"h0/linux.load": NoAnswer(Kind.STOPPED, Phase.ASK, "stopped")}
    assert not heard.pids("worker")
    assert witness.visits() == 0


async def test_a_stop_while_the_worker_is_born_holds_too(witness: Witness, nursery: Nursery) -> None:
    agent = witness.desk.agent(nursery)
    for turns in range(6):
        agent, heard = witness.desk.agent(nursery), Heard()
        work = asyncio.create_task(agent.perform(witness.desk.order(job("h0")), heard.tell))
        for _ in range(turns):
            await asyncio.sleep(0)
        await agent.stop()
        await asyncio.wait_for(work, 5)
        assert heard.outcomes == {"h0/linux.load": NoAnswer(Kind.STOPPED, Phase.ASK, "stopped")}
        assert not any(is_alive(pid) for pid in heard.pids("worker"))


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
    began = time.monotonic()
    heard = await performed(desk.agent(nursery), desk.order(job(HANGING), job("h0"), seconds=2.0))
    assert time.monotonic() - began < 8
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
