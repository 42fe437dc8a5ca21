"""What the agent must refuse: orders of every kind that do not hold, and that nobody may be reached by them."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from agent.job import Broken, NoAnswer, Refused, Seen
from agent.nursling import Nursery
from agent.order import Order
from collectors import Kind, Phase
from inventory.grant import Target
from inventory.read import digest
from inventory.token import new_key
from tests.agent.orders import Desk, Heard, is_alive, job, performed
from tests.fleet import PORT, Fleet

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(1) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery() as ready:
        yield ready


@pytest.fixture
def desk(fleet: Fleet, tmp_path: Path) -> Desk:
    return Desk.over(fleet, tmp_path)


@dataclass
class Witness:
    """Listens where the contract says that a host is (`here`) and elsewhere, and counts who comes."""

    desk: Desk
    here: str
    other: str
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
def witness(desk: Desk, fleet: Fleet) -> Iterator[Witness]:
    here, other = fleet.address(50_000), fleet.address(50_001)
    hosts = [host | {"addresses": [here]} for host in desk.paper["hosts"][:1]]
    desk.paper = {**desk.paper, "hosts": hosts}
    with contextlib.ExitStack() as stack:
        listening = tuple(
            stack.enter_context(socket.create_server((address, PORT))) for address in (here, other)
        )
        for listener in listening:
            listener.setblocking(False)
        yield Witness(desk, here, other, listening)


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


REFUSED: dict[str, Callable[[Witness], Order]] = {
    "sealed by a foreign key": lambda at: at.desk.order(job("h0"), key=new_key()),
    "for another agent": lambda at: at.desk.order(job("h0"), agent="elsewhere-1"),
    "expired": lambda at: at.desk.order(job("h0"), not_before=_now(-600), expires=_now(-1)),
    "not valid yet": lambda at: at.desk.order(job("h0"), not_before=_now(600), expires=_now(700)),
    "valid for a week": lambda at: at.desk.order(job("h0"), expires=_now(7 * 86400)),
    "no grant at all": lambda at: Order(
        token="", contract=at.desk.text, signatures=(), jobs=(job("h0"),), seconds=60
    ),
    "under another text of the contract": lambda at: at.desk.order(
        job("h0"), text=_rewritten(at.desk, name="Andere GmbH")
    ),
    "under a text that is no contract": lambda at: at.desk.order(
        job("h0"), text="hosts: everything", contract=digest("hosts: everything")
    ),
    "for another revision": lambda at: at.desk.order(job("h0"), revision=2),
    "for another customer": lambda at: at.desk.order(job("h0"), customer="other"),
    "with another address": lambda at: at.desk.order(job("h0"), targets=_target(at.other)),
    "with one more address": lambda at: at.desk.order(
        job("h0"), targets={"h0": Target(addresses=(at.here, at.other), ports={"ssh": PORT})}
    ),
    "with another port": lambda at: at.desk.order(job("h0"), targets=_target(at.here, PORT + 1)),
    "with a way in that the contract does not name": lambda at: at.desk.order(
        job("h0"), targets={"h0": Target(addresses=(at.here,), ports={"ssh": PORT, "dns": 53})}
    ),
    "for another host than the job's": lambda at: at.desk.order(
        job("h0"), targets={"h9": Target(addresses=(at.here,), ports={"ssh": PORT})}
    ),
    "for an area that the contract does not cover": lambda at: at.desk.order(job("h0", "dns.answers")),
    "for no area at all": lambda at: at.desk.order(job("h0", "")),
}


@pytest.mark.parametrize("order", REFUSED.values(), ids=REFUSED.keys())
async def test_an_order_that_does_not_hold_is_refused_and_reaches_no_host(
    order: Callable[[Witness], Order], witness: Witness, nursery: Nursery
) -> None:
    given = order(witness)
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
    assert "collector" in outcome.error
    assert witness.visits() == 0


async def test_a_question_that_the_grant_does_not_name_is_refused_by_the_worker(
    witness: Witness, nursery: Nursery
) -> None:
    order = witness.desk.order(job("h0", "linux.disk"), deeds=("linux.load",))
    heard = await performed(witness.desk.agent(nursery), order)
    assert heard.outcomes["h0/linux.disk"] == Refused("not-in-grant", by="worker")
    assert witness.visits() == 0


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
