"""Third-party collectors that want out, in the whole product: what does the agent say of them, and who is reached?"""

from __future__ import annotations

import select
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from agent.agent import Agent
from agent.credentials import Credentials
from agent.job import Refused, Seen
from agent.nursling import Nursery
from agent.post import load_post
from inventory.grant import Target
from tests.agent.orders import AGENT, Desk, Heard, is_alive, job, performed
from tests.fleet import Fleet

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(2) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery("tests.agent.hostile_nursery") as ready:
        yield ready


@pytest.fixture
def elsewhere() -> Iterator[socket.socket]:
    """A listener that no grant names."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.78", 0))
        listener.listen()
        yield listener


@pytest.fixture
def desk(fleet: Fleet, tmp_path: Path, elsewhere: socket.socket) -> Desk:
    made = Desk.over(fleet, tmp_path)
    address, port = elsewhere.getsockname()
    named = f"to-{address.replace('.', '-')}-{port}.fleet.test"
    first, *others = made.paper["hosts"]
    made.paper = {**made.paper, "hosts": [first | {"name": named}, *others]}
    return made


def _is_reached(listener: socket.socket) -> bool:
    return bool(select.select([listener], (), (), 0)[0])


def _told(heard: Heard, what: str) -> list[str]:
    return [event.detail for event in heard.events if event.what == what]


def _where(elsewhere: socket.socket) -> str:
    address, port = elsewhere.getsockname()
    return f"('{address}', {port})"


async def test_what_a_collector_tried_and_swallowed_is_its_own_refusal(
    desk: Desk, nursery: Nursery, elsewhere: socket.socket
) -> None:
    order = desk.order(job("h0", "linux.plain"), job("h0", "linux.good"), job("h1", "linux.good"))
    heard = await performed(desk.agent(nursery), order)
    outcome = heard.outcomes["h0/linux.plain"]
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.by) == ("wall", "worker")
    assert outcome.detail == f"the first wall: connect, socket.connect: {_where(elsewhere)}"
    assert isinstance(heard.outcomes["h0/linux.good"], Seen)
    assert isinstance(heard.outcomes["h1/linux.good"], Seen)
    (blocked,) = [event for event in heard.events if event.what == "blocked"]
    assert (blocked.job, blocked.detail) == (
        "h0/linux.plain",
        f"python: connect, socket.connect: {_where(elsewhere)}",
    )
    assert not _is_reached(elsewhere)


@pytest.mark.parametrize(
    ("name", "call"), [("native", "connect to 127.0.0.78"), ("process", "clone"), ("thread", "kill")]
)
async def test_who_gets_past_the_first_wall_ends_at_the_second(
    name: str, call: str, desk: Desk, nursery: Nursery, elsewhere: socket.socket
) -> None:
    heard = await performed(desk.agent(nursery), desk.order(job("h0", f"linux.{name}")))
    outcome = heard.outcomes[f"h0/linux.{name}"]
    assert isinstance(outcome, Refused)
    assert outcome.reason == "wall"
    assert outcome.detail.startswith(f"the kernel's wall: {call}")
    assert [detail for detail in _told(heard, "blocked") if detail.startswith(f"kernel: {call}")]
    assert heard.pids("worker") == heard.pids("gone")
    assert not is_alive(heard.pids("gone")[0])
    assert not _is_reached(elsewhere)


@pytest.mark.parametrize("name", ["plain", "native"])
@pytest.mark.parametrize("host", ["h1", "unknown"])
async def test_what_a_grant_names_beside_the_allowed_hosts_is_no_door(
    host: str, name: str, desk: Desk, nursery: Nursery, elsewhere: socket.socket
) -> None:
    """A stolen controller seals a place of its own choice into a grant, and nothing is asked there openly."""
    address, port = elsewhere.getsockname()
    targets = {"h0": desk.target("h0"), host: Target(addresses=(address,), ports={"ssh": port})}
    heard = await performed(desk.agent(nursery), desk.order(job("h0", f"linux.{name}"), targets=targets))
    outcome = heard.outcomes[f"h0/linux.{name}"]
    assert not _is_reached(elsewhere)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "wall"


async def test_with_the_first_wall_alone_the_same_gets_out(
    desk: Desk, nursery: Nursery, elsewhere: socket.socket
) -> None:
    """What the second wall is for; and an agent may be told to do without."""
    desk.agent(nursery)
    told_to = replace(load_post(desk.home, AGENT), walls="python")
    agent = Agent(told_to, Credentials(desk.credentials), nursery)
    heard = await performed(agent, desk.order(job("h0", "linux.native")))
    assert isinstance(heard.outcomes["h0/linux.native"], Seen)
    assert _is_reached(elsewhere)
    assert _told(heard, "walls") == ["python alone, as this agent is told to"]


async def test_the_machine_s_own_files_are_refused_and_no_defect(desk: Desk, nursery: Nursery) -> None:
    heard = await performed(desk.agent(nursery), desk.order(job("h0", "linux.secrets")))
    outcome = heard.outcomes["h0/linux.secrets"]
    assert isinstance(outcome, Refused)
    assert outcome.reason == "wall"
    assert "/etc/passwd" in outcome.detail


async def test_a_breach_leaves_other_orders_alone(desk: Desk, nursery: Nursery) -> None:
    agent = desk.agent(nursery)
    await performed(agent, desk.order(job("h0", "linux.native")))
    heard = await performed(agent, desk.order(job("h0", "linux.good"), job("h1", "linux.good")))
    assert {type(outcome) for outcome in heard.outcomes.values()} == {Seen}
    assert _told(heard, "walls")[0].startswith("python, seccomp, landlock")
