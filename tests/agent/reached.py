"""A session with a host of a fleet, as the product opens it; and what still runs on that host afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

from agent.sessions.ssh import SshSession, open_ssh, reach_ssh
from agent.start import SshWay
from collectors.exchange import Exchange
from inventory.grant import Leave
from tests.fleet import PORT, Fleet
from tests.leave import leave_for

__all__ = ["gone", "opened", "over", "running", "until", "way_of"]


def way_of(fleet: Fleet, number: int = 0, secret: str | None = None) -> SshWay:
    return SshWay(
        user=fleet.user, host_keys=(fleet.host_key(number),), secret=secret or fleet.private_key.read_text()
    )


async def opened(
    leave: Leave, way: SshWay, record: Callable[[Exchange], None], stop: threading.Event | None = None
) -> SshSession:
    at = await reach_ssh(leave, "h", record)
    return open_ssh(at, way, record, stop or threading.Event())


async def over(fleet: Fleet, record: Callable[[Exchange], None] = lambda _: None) -> SshSession:
    """A session with the fleet's first host."""
    return await opened(leave_for("h", fleet.address(0), ssh=PORT), way_of(fleet), record)


def running(marker: str) -> bool:
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and marker.encode() in (entry / "cmdline").read_bytes():
                return True
    return False


async def gone(marker: str) -> None:
    await until(lambda: not running(marker))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another process.
            await asyncio.sleep(0.02)
