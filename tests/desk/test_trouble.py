"""A real Request Tracker behind a network that fails: what is known, what is not, and what is done about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from controller.desks.desk import (
    DeskError,
    DeskRefusedError,
    DeskUnavailableError,
    DeskUnclearError,
    TicketGoneError,
)
from controller.desks.rt import RtDesk
from controller.desks.rt_wire import RtWire
from tests.desk.rt import RequestTracker
from tests.desk.trouble import Between, Trouble, between, canned, cut_after, endless, half_of, silent

pytestmark = pytest.mark.desk

_MARKER = "c0ffee00c0ffee00c0ffee00"


@asynccontextmanager
async def _behind(
    rt: RequestTracker, trouble: Trouble, *, when: str = "", deadline: float = 10.0
) -> AsyncIterator[tuple[RtDesk, Between]]:
    async with between(rt.url, trouble, when=when) as server:
        desk = RtDesk(RtWire(server.url, rt.writer, deadline=deadline))
        yield desk, server
        await desk.close()


async def test_nothing_in_between_changes_nothing(rt: RequestTracker) -> None:
    number = rt.ticket("through")
    async with _behind(rt, silent, when="never") as (desk, server):
        await desk.note(number, "x", marker=_MARKER)
        assert await desk.find_marker(number, _MARKER)
    assert server.count(r"^POST .*/comment ") == 1


async def test_a_desk_that_is_down_is_unavailable(rt: RequestTracker) -> None:
    async with _behind(rt, silent) as (_, server):
        pass
    desk = RtDesk(RtWire(server.url, rt.writer))
    for asking in (desk.read("1"), desk.note("1", "x", marker=_MARKER)):
        with pytest.raises(DeskUnavailableError, match="cannot be reached"):
            await asking
    await desk.close()


_JSON = "application/json"


@pytest.mark.parametrize(
    ("trouble", "reading", "noting"),
    [
        pytest.param(silent, DeskUnavailableError, DeskUnclearError, id="silent"),
        pytest.param(endless, DeskUnavailableError, DeskUnclearError, id="endless"),
        pytest.param(half_of, DeskUnavailableError, DeskUnclearError, id="half"),
        pytest.param(cut_after, DeskUnavailableError, DeskUnclearError, id="cut"),
        pytest.param(canned("500 Oops", "<h1>"), DeskUnavailableError, DeskUnclearError, id="500"),
        pytest.param(canned("502 Bad Gateway"), DeskUnavailableError, DeskUnclearError, id="502"),
        pytest.param(canned("429 Slow Down"), DeskUnavailableError, DeskUnavailableError, id="429"),
        pytest.param(canned("403 No", "{}"), DeskRefusedError, DeskRefusedError, id="403"),
        pytest.param(canned("404 Not Found"), TicketGoneError, TicketGoneError, id="404"),
        pytest.param(canned("200 OK", "<html>"), DeskUnavailableError, DeskUnclearError, id="html"),
        pytest.param(canned("200 OK", "[]"), DeskUnavailableError, DeskUnclearError, id="other-json"),
        pytest.param(canned("200 OK", "null"), DeskUnavailableError, DeskUnclearError, id="null"),
        pytest.param(canned("204 Nothing"), DeskUnavailableError, DeskUnclearError, id="nothing"),
        pytest.param(canned("101 Switching"), DeskUnavailableError, DeskUnclearError, id="101"),
    ],
)
async def test_every_trouble_has_its_name(
    rt: RequestTracker, trouble: Trouble, reading: type[DeskError], noting: type[DeskError]
) -> None:
    number = rt.ticket("trouble")
    async with _behind(rt, trouble, deadline=1.5) as (desk, _):
        with pytest.raises(reading) as caught:
            await desk.read(number)
        assert type(caught.value) is reading
    async with _behind(rt, trouble, when="^POST .*/comment ", deadline=1.5) as (desk, _):
        with pytest.raises(noting) as caught:
            await desk.note(number, "x", marker=_MARKER)
        assert type(caught.value) is noting
        assert rt.writer not in str(caught.value)


async def test_a_desk_that_is_busy_says_for_how_long(rt: RequestTracker) -> None:
    async with _behind(rt, canned("429 Slow Down", Retry_After="77")) as (desk, _):
        with pytest.raises(DeskUnavailableError) as caught:
            await desk.read("1")
    assert caught.value.after == 77


@pytest.mark.parametrize("location", ["/REST/2.0/transaction/99999999", "/elsewhere", ""])
async def test_a_201_behind_which_there_is_nothing_is_not_believed(rt: RequestTracker, location: str) -> None:
    number = rt.ticket("liar")
    liar = canned("201 Created", '["Permission Denied"]', Content_Type=_JSON, Location=location)
    async with _behind(rt, liar, when="^POST .*/comment ") as (desk, _):
        with pytest.raises(DeskUnclearError):
            await desk.note(number, "x", marker=_MARKER)
        assert not await desk.find_marker(number, _MARKER)


async def test_the_marker_tells_what_happened_when_the_answer_was_lost(rt: RequestTracker) -> None:
    number = rt.ticket("lost")
    async with _behind(rt, cut_after, when="^POST .*/comment ") as (desk, _):
        with pytest.raises(DeskUnclearError):
            await desk.note(number, "x", marker=_MARKER)
        assert await desk.find_marker(number, _MARKER)


async def test_the_token_does_not_follow_a_redirect_elsewhere(rt: RequestTracker) -> None:
    async with between(rt.url) as elsewhere:
        away = canned("302 Found", Location=f"{elsewhere.url}/REST/2.0/ticket/1")
        async with _behind(rt, away) as (desk, _):
            for asking in (desk.read("1"), desk.note("1", "x", marker=_MARKER), desk.set_state("1", "open")):
                with pytest.raises(DeskRefusedError, match="redirects to"):
                    await asking
    assert (elsewhere.seen, elsewhere.tokens) == ([], 0)


async def test_a_redirect_on_the_same_server_is_followed_to_an_end(rt: RequestTracker) -> None:
    number = rt.ticket("moved", "the words")
    moved = canned("301 Moved", Location=f"/REST/2.0/ticket/{number}")
    async with _behind(rt, moved, when=r"^GET .*/ticket/77777 ") as (desk, _):
        assert (await desk.read("77777")).text == "the words"
    circle = canned("302 Found", Location="/REST/2.0/ticket/1")
    async with _behind(rt, circle) as (desk, server):
        with pytest.raises(DeskRefusedError, match="circle"):
            await desk.read("1")
    assert len(server.seen) == 3
