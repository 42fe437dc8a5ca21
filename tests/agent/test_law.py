"""What the agent refuses by its own law, whatever the controller seals: and that nobody is reached meanwhile."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from agent import switch
from agent.job import Outcome, Refused, Seen
from agent.memory import Memory, make_memory
from agent.nursling import Nursery
from agent.order import Order
from agent.post import CEILING, LOCAL, load_post, post_folder, write_post
from agent.refusal import Hold, HoldError
from inventory.decide import Reason
from inventory.read import read
from inventory.signing import NotSigned, Pins
from inventory.token import new_key, pin_of
from tests.agent.orders import AGENT, KEY, PIN, Desk, Heard, is_alive, job, performed
from tests.fleet import Fleet
from tests.law import ANNA, BOB, PINS, agents_for, sign

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]
LOAD = "h0/linux.load"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """One host that answers, and one that accepts and stays silent."""
    with Fleet(1, hanging=1) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery() as ready:
        yield ready


@pytest.fixture
def desk(fleet: Fleet, tmp_path: Path) -> Desk:
    made = Desk.over(fleet, tmp_path)
    agents_for(made.home, made.contract, controller=(PIN,))
    return made


@pytest.fixture
def folder(desk: Desk) -> Path:
    return post_folder(desk.home, AGENT)


@dataclass(frozen=True)
class Here:
    desk: Desk
    nursery: Nursery

    async def asked(self, order: Order | None = None) -> Outcome:
        """What comes of an order, for an agent that has just been started."""
        agent = self.desk.started(self.nursery)
        return (await performed(agent, order or self.desk.order(job("h0")))).outcomes[LOAD]

    async def refused(self, order: Order | None = None) -> str:
        outcome = await self.asked(order)
        assert isinstance(outcome, Refused)
        assert outcome.by == "agent"
        assert outcome.detail
        return outcome.reason


@pytest.fixture
def here(desk: Desk, nursery: Nursery) -> Here:
    return Here(desk, nursery)


def newer(desk: Desk, revision: int, **changes: object) -> Desk:
    return Desk({**desk.paper, "revision": revision, **changes}, desk.credentials)


# --- Grants.


async def test_a_grant_serves_once_also_after_a_restart(here: Here) -> None:
    order = here.desk.order(job("h0"))
    assert isinstance(await here.asked(order), Seen)
    assert await here.refused(order) == Hold.SPENT


async def test_of_two_agents_at_once_one_gets_it(here: Here) -> None:
    order = here.desk.order(job("h0"))
    outcomes = await asyncio.gather(*(here.asked(order) for _ in range(4)))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refused", "Refused", "Refused", "Seen"]


async def test_a_spent_grant_is_spent_although_what_it_asked_for_was_refused(here: Here) -> None:
    order = here.desk.order(job("h0", "dns.answers"))
    for expected in (Reason.AREA_NOT_COVERED, Hold.SPENT):
        heard = await performed(here.desk.started(here.nursery), order)
        outcome = heard.outcomes["h0/dns.answers"]
        assert isinstance(outcome, Refused)
        assert outcome.reason == expected


# --- Contracts.


async def test_a_contract_goes_only_forward(here: Here) -> None:
    assert isinstance(await here.asked(newer(here.desk, 5).order(job("h0"))), Seen)
    assert await here.refused(newer(here.desk, 4).order(job("h0"))) == Hold.OLDER
    other = newer(here.desk, 5, name="Andere Flotte GmbH")
    assert await here.refused(other.order(job("h0"))) == Hold.DIFFERS
    assert isinstance(await here.asked(newer(here.desk, 6).order(job("h0"))), Seen)


SIGNATURES: dict[str, tuple[Callable[[str], tuple[str, ...]], str]] = {
    "none": (lambda _: (), NotSigned.UNSIGNED),
    "a stranger's": (lambda text: sign(text, new_key()), NotSigned.UNSIGNED),
    "the controller's own": (lambda text: sign(text, KEY), NotSigned.UNSIGNED),
    "of another text": (lambda text: sign(text.replace("Flotte", "Flotter")), NotSigned.UNSIGNED),
    "one person's": (lambda text: sign(text, ANNA), NotSigned.ONE_PERSON),
    "one person's, twice": (lambda text: sign(text, ANNA) * 2, NotSigned.ONE_PERSON),
}


@pytest.mark.parametrize(("made", "reason"), SIGNATURES.values(), ids=SIGNATURES.keys())
async def test_signatures_must_be_enough(
    made: Callable[[str], tuple[str, ...]], reason: str, here: Here
) -> None:
    text = here.desk.text
    assert await here.refused(here.desk.order(job("h0"), signatures=made(text))) == reason


async def test_what_narrows_needs_one_person_and_what_widens_two(here: Here) -> None:
    assert isinstance(await here.asked(), Seen)
    shorter = newer(here.desk, 2, valid={"from": "2026-01-01", "until": "2098-12-31"})
    assert isinstance(await here.asked(shorter.order(job("h0"), signatures=sign(shorter.text, ANNA))), Seen)
    longer = newer(here.desk, 3, valid={"from": "2026-01-01", "until": "2098-12-31"}, hosts=_moved(here.desk))
    order = longer.order(job("h0"), signatures=sign(longer.text, ANNA))
    assert await here.refused(order) == NotSigned.ONE_PERSON


def _moved(desk: Desk) -> list[object]:
    first, *others = desk.paper["hosts"]
    return [first | {"addresses": [*first["addresses"], "127.9.9.9"]}, *others]


async def test_where_the_customer_must_sign_two_duty_managers_are_not_enough(
    here: Here, folder: Path
) -> None:
    carol = new_key()
    pins = Pins(duty=PINS.duty, customer=(pin_of(carol, "Carol Yilmaz"),), cosigned=True)
    write_post(folder, name=AGENT, controller=(PIN,), pins=pins, ceiling=(folder / CEILING).read_bytes())
    text = here.desk.text
    assert await here.refused(here.desk.order(job("h0"))) == NotSigned.NOT_COSIGNED
    assert isinstance(await here.asked(here.desk.order(job("h0"), signatures=sign(text, BOB, carol))), Seen)


async def test_a_key_that_is_pinned_no_more_counts_no_more(here: Here, folder: Path) -> None:
    assert isinstance(await here.asked(), Seen)
    fresh = new_key()
    pins = Pins(duty=(pin_of(fresh, "Anna Weber"),))
    write_post(folder, name=AGENT, controller=(PIN,), pins=pins, ceiling=(folder / CEILING).read_bytes())
    assert await here.refused() == NotSigned.UNSIGNED
    assert isinstance(
        await here.asked(here.desk.order(job("h0"), signatures=sign(here.desk.text, fresh))), Seen
    )


async def test_an_ended_contract_ends_up_to_its_revision(here: Here) -> None:
    memory = Memory(load_post(here.desk.home, AGENT).memory)
    memory.end(customer="fleet", revision=1, at=time.time() + 3600)
    assert isinstance(await here.asked(), Seen)
    memory.end(customer="fleet", revision=1, at=time.time() - 1)
    assert await here.refused() == Hold.ENDED
    memory.end(customer="fleet", revision=1, at=time.time() + 3600)
    assert await here.refused() == Hold.ENDED, "a later end does not undo an earlier one"
    assert isinstance(await here.asked(newer(here.desk, 2).order(job("h0"))), Seen)


# --- The agent's own folder.


async def test_a_clock_that_was_set_back_makes_no_old_grant_young(here: Here, folder: Path) -> None:
    assert isinstance(await here.asked(), Seen)
    with sqlite3.connect(folder / "memory.sqlite3") as base:
        base.execute("update clock set newest = ?", (time.time() + 120,))
    base.close()
    assert await here.refused() == Hold.CLOCK_SET_BACK


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "no ceiling": (lambda at: (at / CEILING).unlink(), Reason.NO_CEILING),
    "an empty ceiling": (lambda at: (at / CEILING).write_bytes(b""), Reason.NO_CEILING),
    "a widened ceiling": (
        lambda at: (at / CEILING).write_text((at / CEILING).read_text().replace("/32", "/1"), "utf-8"),
        Reason.NO_CEILING,
    ),
    "a ceiling that others may write": (lambda at: (at / CEILING).chmod(0o666), Reason.NO_CEILING),
    "a folder for a ceiling": (lambda at: _folder(at / CEILING), Reason.NO_CEILING),
    "no memory": (lambda at: (at / "memory.sqlite3").unlink(), Hold.NO_MEMORY),
    "an empty memory": (lambda at: (at / "memory.sqlite3").write_bytes(b""), Hold.NO_MEMORY),
    "a broken memory": (lambda at: (at / "memory.sqlite3").write_bytes(b"x" * 8192), Hold.NO_MEMORY),
    "a stop for all": (lambda at: switch.throw(at, "", "fire"), Hold.SWITCH),
    "a stop for the customer": (lambda at: switch.throw(at, "fleet", "fire"), Hold.SWITCH),
    "a stop that is a folder": (lambda at: (at / "stop").mkdir(), Hold.SWITCH),
    "a stop that leads nowhere": (lambda at: (at / "stop").symlink_to("/nowhere"), Hold.SWITCH),
}


@pytest.mark.parametrize(("spoil", "reason"), SPOILT.values(), ids=SPOILT.keys())
async def test_a_law_that_is_spoilt_allows_nothing(
    spoil: Callable[[Path], object], reason: str, here: Here, folder: Path
) -> None:
    spoil(folder)
    assert await here.refused() == reason


async def test_a_stop_for_another_customer_and_one_that_is_taken_back_stop_nothing(
    here: Here, folder: Path
) -> None:
    switch.throw(folder, "other", "fire")
    switch.throw(folder, "", "fire")
    assert await here.refused() == Hold.SWITCH
    assert switch.resume(folder, "")
    assert isinstance(await here.asked(), Seen)


UNUSABLE: dict[str, Callable[[Path], object]] = {
    "nothing": lambda at: (at / LOCAL).unlink(),
    "an empty file": lambda at: (at / LOCAL).write_bytes(b""),
    "another agent's": lambda at: _rewritten(at, f'name = "{AGENT}"', 'name = "here-2"'),
    "one that others may write": lambda at: (at / LOCAL).chmod(0o620),
    "one without duty managers": lambda at: _rewritten(at, "duty = [", "duty = []\ncustomer_ = ["),
    "a key pinned twice": lambda at: _rewritten(at, "customer = []", f'customer = ["{PINS.duty[0]}"]'),
    "a key without a name": lambda at: _rewritten(at, " Bob Ek", ""),
    "half a key": lambda at: _rewritten(at, "ed25519 ", "ed25519 A"),
    "a demand that nobody can meet": lambda at: _rewritten(at, "cosigned = false", "cosigned = true"),
    "a word that is none": lambda at: _rewritten(at, "cosigned = false", 'cosigned = "no"'),
    "no digest": lambda at: _rewritten(at, "ceiling_sha256", "ceiling_sha512"),
}


def _rewritten(at: Path, old: str, new: str) -> None:
    text = (at / LOCAL).read_text("utf-8")
    assert old in text
    (at / LOCAL).write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize("spoil", UNUSABLE.values(), ids=UNUSABLE.keys())
async def test_an_agent_whose_file_is_not_wholly_right_does_not_start(
    spoil: Callable[[Path], object], desk: Desk, folder: Path
) -> None:
    spoil(folder)
    with pytest.raises(HoldError) as caught:
        load_post(desk.home, AGENT)
    assert caught.value.reason is Hold.NO_AGENT
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\0b"])
async def test_a_name_leads_to_no_other_folder(name: str, desk: Desk) -> None:
    with pytest.raises(HoldError):
        load_post(desk.home, name)


async def test_an_agent_never_forgets_by_being_set_up_again(desk: Desk) -> None:
    with pytest.raises(FileExistsError):
        make_memory(load_post(desk.home, AGENT).memory)


# --- Running work.


ENDINGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a stop for all": (lambda at: switch.throw(at, "", "fire"), Hold.SWITCH),
    "a stop for the customer": (lambda at: switch.throw(at, "fleet", "fire"), Hold.SWITCH),
    "an ending": (lambda at: _memory(at).end(customer="fleet", revision=1, at=0), Hold.ENDED),
    "a change of the contract": (lambda at: _memory(at).changed("fleet"), Hold.CHANGED),
    "a memory that is gone": (lambda at: (at / "memory.sqlite3").unlink(), Hold.NO_MEMORY),
}


def _memory(at: Path) -> Memory:
    return Memory(at / "memory.sqlite3")


@pytest.mark.parametrize(("end", "reason"), ENDINGS.values(), ids=ENDINGS.keys())
async def test_running_work_ends_and_its_process_tree_is_gone(
    end: Callable[[Path], object], reason: str, desk: Desk, folder: Path, nursery: Nursery
) -> None:
    agent, heard = desk.started(nursery), Heard()
    work = asyncio.create_task(agent.perform(desk.order(job("h1")), heard.tell))
    await asyncio.wait_for(heard.started.wait(), 20)
    end(folder)
    # The host stays silent for longer than this: it is not its silence that ends the work.
    await asyncio.wait_for(work, 6)
    outcome = heard.outcomes["h1/linux.load"]
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.by) == (reason, "agent")
    assert [event.detail for event in heard.events if event.what == "ending"] == [reason]
    assert heard.pids("worker") == heard.pids("gone")
    assert not any(is_alive(pid) for pid in heard.pids("worker"))


async def test_another_customers_change_ends_nothing(desk: Desk, folder: Path, nursery: Nursery) -> None:
    agent, heard = desk.started(nursery), Heard()
    work = asyncio.create_task(agent.perform(desk.order(job("h0"), job("h1")), heard.tell))
    await asyncio.wait_for(heard.started.wait(), 20)
    switch.throw(folder, "other", "fire")
    _memory(folder).changed("other")
    _memory(folder).end(customer="other", revision=9, at=0)
    await asyncio.sleep(0.5)
    assert not [event for event in heard.events if event.what == "ending"]
    await agent.stop()
    await work


async def test_a_contract_text_that_the_agent_knows_is_what_a_new_one_is_compared_with(here: Here) -> None:
    """A controller cannot say what held before: the agent remembers it."""
    assert isinstance(await here.asked(), Seen)
    memory = Memory(load_post(here.desk.home, AGENT).memory)
    assert memory.text_of("fleet") == here.desk.text
    assert read(memory.text_of("fleet")).revision == 1
