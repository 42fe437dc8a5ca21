"""A session with a network device, as the product opens it, and what was recorded of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace

import pytest

from agent.sessions.cli import ThreadedCli
from agent.start import SshWay
from collectors import Unanswered
from collectors.dialect import DIALECTS
from collectors.exchange import Exchange
from tests.agent.odd_cli import Device, device_at
from tests.leave import leave_for

__all__ = ["Asked", "asked", "asking", "unmet", "until_left"]


@dataclass
class Asked:
    """An open session, and its records."""

    session: ThreadedCli
    records: list[Exchange] = field(default_factory=list)

    async def show(self, command: str, deadline: float = 10.0) -> str:
        return (await self.session.show(command, deadline=deadline)).text

    async def why(self, command: str, deadline: float = 10.0) -> Unanswered:
        with pytest.raises(Unanswered) as caught:
            await self.session.show(command, deadline=deadline)
        return caught.value


@asynccontextmanager
async def asked(address: str, port: int, way: SshWay, platform: str) -> AsyncIterator[Asked]:
    """Open a session with whoever stands there."""
    records: list[Exchange] = []
    with ThreadPoolExecutor(4) as threads:
        session = await ThreadedCli.open(
            leave_for("sw1", address, ssh=port), "sw1", way, DIALECTS[platform], records.append, threads
        )
        try:
            yield Asked(session, records)
        finally:
            await session.close()


@asynccontextmanager
async def asking(device: Device, platform: str, enable: str = "") -> AsyncIterator[Asked]:
    """Open a session with a device of ours."""
    with device_at(device) as (address, port, way):
        async with asked(address, port, replace(way, enable=enable), platform) as open_one:
            yield open_one


@contextmanager
def unmet() -> Iterator[list[Unanswered]]:
    """Expect an `Unanswered`; it is in the list afterwards."""
    told: list[Unanswered] = []
    with pytest.raises(Unanswered) as caught:
        yield told
    told.append(caught.value)


async def until_left(device: Device) -> None:
    """Wait until nobody has a terminal on a device any more."""
    async with asyncio.timeout(3):
        while device.open:  # noqa: ASYNC110 - what is waited for happens in another thread.
            await asyncio.sleep(0.01)
