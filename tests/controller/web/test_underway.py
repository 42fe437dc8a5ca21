"""Do diagnoses of the server's own go their way, in turn, and stop when they shall?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.types import Message

from controller.inquiry import Verdict, Wishes
from controller.office import Office, open_office
from controller.store.runs import RunState, get_run
from controller.store.server import Server
from controller.web.access import Person, Role
from controller.web.app import make_app
from controller.web.live import _stream as live_stream
from controller.web.underway import Standing, UnderWay, Work
from tests.controller.web.doors import Fixed
from tests.fleet import Fleet
from tests.home import contract_over, home_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(1, hanging=1) as fleet:
        yield fleet


@pytest.fixture
def office(
    fleet: Fleet, server: Server | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    home = home_for(tmp_path / "home", fleet, contract_over(fleet), server)
    monkeypatch.setenv("SECONDLINE_HOME", str(home))
    office = open_office(print)
    yield office
    office.store.close()


@pytest.fixture
async def under_way(office: Office) -> AsyncIterator[UnderWay]:
    under_way = UnderWay(office)
    await under_way.open()
    yield under_way
    await under_way.close()


def _wishes(*hosts: str, ticket: str = "1", customer: str = "") -> Wishes:
    return Wishes(
        ticket=ticket,
        customer=customer,
        hosts=hosts,
        areas=(),
        questions=("linux.disk",),
        language="en",
        seconds=60.0,
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


async def test_a_ticket_that_names_another_customer_by_now_is_not_asked_about(
    office: Office, under_way: UnderWay
) -> None:
    wishes = _wishes("h0", customer="admitted")
    work = await _ended(under_way, under_way.start(wishes, who="a", customer="admitted"))
    assert work.standing is Standing.FAILED
    # A server does not even show it to this customer's work.
    behind_the_wall = office.settings.store is not None
    assert ("there is no ticket '1'" if behind_the_wall else "another customer") in work.error
    assert not work.lines


async def test_one_that_is_stopped_while_it_waits_is_never_begun(office: Office) -> None:
    under_way = UnderWay(office, at_once=0)
    run = under_way.start(_wishes("h0"), who="a", customer="fleet")
    assert under_way.cancel(run)
    work = await _ended(under_way, run)
    assert work.standing is Standing.STOPPED
    assert under_way.works() == ()


async def test_whoever_is_logged_out_hears_no_more_of_it(office: Office) -> None:
    door = Fixed(Person(id="eva", name="Eva Eng", roles={"fleet": Role.ENGINEER}))
    app = make_app(office, door)
    scope = {
        "type": "http",
        "app": app,
        "method": "GET",
        "path": "/live/x",
        "query_string": b"",
        "headers": [],
    }

    async def nothing_comes() -> Message:
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    request = Request(scope, nothing_comes)
    work = Work(run="x", ticket="1", customer="fleet", who="Eva Eng", asked=datetime.now(UTC))
    assert door.who is not None
    heard = live_stream(request, door.who, work)
    assert (await anext(heard)).startswith("event: progress")
    door.who = Person(id="eva", name="Eva Eng", roles={"another": Role.ENGINEER})
    left = [part async for part in heard]
    assert not any(part.startswith("event: over") for part in left)
    assert not work.standing.over
