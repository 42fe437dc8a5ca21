"""A real router is configured: FRRouting behind a real sshd, line by line, and the first refusal ends it."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator

import pytest

from agent.sessions.change_cli import ChangeCli, open_change_cli
from agent.sessions.ssh import reach_ssh
from collectors.exchange import Exchange
from tests.agent.frr_router import Router
from tests.agent.over_cli import asked
from tests.fleet import PORT
from tests.leave import leave_for

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def router() -> Iterator[Router]:
    with Router(secrets.token_hex(6)) as running:
        yield running


async def opened(router: Router, talk: list[Exchange]) -> ChangeCli:
    leave = leave_for("r1", router.address, ssh=PORT)
    at = await reach_ssh(leave, "r1", talk.append, "cli")
    return await asyncio.to_thread(open_change_cli, at, router.way, "frr", talk.append, threading.Event())


async def priority(router: Router) -> str:
    async with asked(router.address, PORT, router.way, "frr") as at:
        told = await at.show("show ip ospf interface ge0")
        return (
            next(line for line in told.splitlines() if "Priority" in line).rpartition("Priority ")[2].strip()
        )


async def test_lines_are_taken_and_taken_back(router: Router) -> None:
    talk: list[Exchange] = []
    cli = await opened(router, talk)
    try:
        before = await priority(router)
        deed = await asyncio.to_thread(cli.configure, ("interface ge0", "ip ospf priority 7"))
        assert deed.how == "done", deed
        assert await priority(router) == "7"
        deed = await asyncio.to_thread(cli.configure, ("interface ge0", f"ip ospf priority {before}"))
        assert deed.how == "done", deed
        assert await priority(router) == before
    finally:
        await asyncio.to_thread(cli.close)
    assert [one.question[0] for one in talk if one.question[0] == "configure"] == ["configure"] * 2


async def test_the_first_line_that_is_refused_ends_it(router: Router) -> None:
    cli = await opened(router, [])
    try:
        before = await priority(router)
        deed = await asyncio.to_thread(
            cli.configure, ("interface ge0", "ip ospf splines 3", f"ip ospf priority {int(before) + 1}")
        )
        assert deed.how == "failed"
        assert "refuses 'ip ospf splines 3'" in deed.detail
        assert await priority(router) == before
        # The terminal is where it was: what comes next is taken.
        assert (
            await asyncio.to_thread(cli.configure, ("interface ge0", f"ip ospf priority {before}"))
        ).how == "done"
    finally:
        await asyncio.to_thread(cli.close)
