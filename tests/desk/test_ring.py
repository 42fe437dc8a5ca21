"""A real Request Tracker rings, by the scrip that RING.md gives to its administrators."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import controller.desks
from controller.desks.ring import Bell, NotHeardError, Silence, heard
from tests.desk.rt import request_tracker

pytestmark = pytest.mark.desk

_SECRET = "0123456789abcdef-ring"
_GUIDE = Path(controller.desks.__file__).with_name("RING.md")


@dataclass
class Listening:
    url: str
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@asynccontextmanager
async def _listening() -> AsyncIterator[Listening]:
    """A server that answers 202 to everything, and keeps it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = dict(line.split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
        length = int({name.lower(): value for name, value in headers.items()}["content-length"])
        state.came.append((headers, await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    state = Listening(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ring")
    async with server:
        yield state


async def test_the_scrip_of_the_guide_rings_and_is_heard(tmp_path: Path) -> None:
    scrip = next(
        block for block in re.findall(r"```perl\n(.*?)```", _GUIDE.read_text(), re.DOTALL) if "LWP" in block
    )
    async with _listening() as ear:
        config = f"Set($SecondlineRing, '{ear.url}'); Set($SecondlineSecret, '{_SECRET}');"
        with request_tracker(tmp_path / "rt", config=config, scrip=scrip) as rt:
            number = await asyncio.to_thread(rt.ticket, "es klingelt", "x")
    ((headers, body),) = ear.came
    bell = Bell(desk="helpdesk", how="signed", secret=_SECRET, window=timedelta(minutes=5))
    ring = heard(bell, headers, body, datetime.now(UTC))
    assert (ring.desk, ring.ticket, ring.event) == ("helpdesk", number, "create")
    with pytest.raises(NotHeardError) as caught:
        heard(bell, headers, body.replace(number.encode(), b"987"), datetime.now(UTC))
    assert caught.value.reason is Silence.WRONG_SIGNATURE
