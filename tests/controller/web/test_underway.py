"""Do diagnoses of the server's own go their way, in turn, and stop when they shall?"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller.inquiry import Verdict, Wishes
from controller.office import Office, open_office
from controller.store.runs import RunState, get_run
from controller.web.underway import Standing, UnderWay, Work
from tests.fleet import Fleet
from tests.home import contract_over, home_for


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(1, hanging=1) as fleet:
        yield fleet


@pytest.fixture
def office(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    home = home_for(tmp_path / "home", fleet, contract_over(fleet))
    monkeypatch.setenv("SECONDLINE_HOME", str(home))
    return open_office(print)


@pytest.fixture
async def under_way(office: Office) -> AsyncIterator[UnderWay]:
    under_way = UnderWay(office)
    await under_way.open()
    yield under_way
    await under_way.close()


def _wishes(*hosts: str, ticket: str = "1") -> Wishes:
    return Wishes(
        ticket=ticket, hosts=hosts, areas=(), questions=("linux.disk",), language="en", seconds=60.0
    )


async def _ended(under_way: UnderWay, run: str) -> Work:
    return [work async for work in under_way.follow(run)][-1]


async def test_whoever_watches_sees_each_answer_and_the_end(office: Office, under_way: UnderWay) -> None:
    run = under_way.start(_wishes("h0"), who="Eva Eng", customer="fleet")
    work = await _ended(under_way, run)
    assert (work.standing, work.error) == (Standing.DONE, "")
    assert work.done is not None
    assert work.done.status in {Verdict.NO_FAULT, Verdict.FAULTS}
    assert work.lines["h0", "linux.disk"].state == "seen"
    kept = get_run(office.store, run)
    assert (kept.asked_by, kept.state) == ("Eva Eng", RunState.DONE)


async def test_what_is_stopped_is_written_down_as_stopped(office: Office, under_way: UnderWay) -> None:
    hanging = under_way.start(_wishes("h1"), who="Eva Eng", customer="fleet")
    until = time.monotonic() + 30
    async for work in under_way.follow(hanging):
        if work.counts["asking"] or time.monotonic() > until:
            break
    assert under_way.cancel(hanging)
    work = await _ended(under_way, hanging)
    assert work.standing is Standing.STOPPED
    assert get_run(office.store, hanging).state is RunState.STOPPED
    assert not under_way.cancel(hanging)


async def test_a_customer_with_fewer_under_way_comes_first(office: Office) -> None:
    under_way = UnderWay(office, at_once=2)
    await under_way.open()
    hanging = [under_way.start(_wishes("h1"), who="a", customer="fleet") for _ in range(2)]
    later = under_way.start(_wishes("h1"), who="a", customer="fleet")
    other = under_way.start(_wishes("h1"), who="b", customer="another")
    async for work in under_way.follow(hanging[0]):
        if work.counts["asking"]:
            break
    under_way.cancel(hanging[0])
    await _ended(under_way, hanging[0])
    standing = {one.run: one.standing for one in under_way.works() if one.run in {later, other}}
    await under_way.close()
    assert standing == {later: Standing.WAITING, other: Standing.ASKING}


async def test_a_ticket_that_is_not_there_fails_and_says_so(under_way: UnderWay) -> None:
    work = await _ended(under_way, under_way.start(_wishes(ticket="77"), who="a", customer="fleet"))
    assert work.standing is Standing.FAILED
    assert "77" in work.error
