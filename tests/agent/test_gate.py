"""Who has to wait for whom? Places that are given back by those who keep others waiting, and those that are kept."""

from __future__ import annotations

import asyncio

import pytest

from agent.sessions.gate import Gate

pytestmark = pytest.mark.slow


class Visitor:
    """Goes in, and stays inside until it is told to leave. steadfast: whether it keeps its place meanwhile."""

    def __init__(self, gate: Gate, *, steadfast: bool = False) -> None:
        self.inside, self._leave = asyncio.Event(), asyncio.Event()
        self._gate, self._steadfast = gate, steadfast
        self._task = asyncio.create_task(self._visit())

    async def _visit(self) -> None:
        async with self._gate:
            if self._steadfast:
                self._gate.stay()
            self.inside.set()
            await self._leave.wait()

    async def leave(self) -> None:
        self._leave.set()
        await self._task


async def test_who_stays_too_long_gives_its_place_to_the_next_and_only_once() -> None:
    gate = Gate(1, patience=0.05)
    first, second = Visitor(gate), Visitor(gate, steadfast=True)
    await asyncio.wait_for(second.inside.wait(), 10)
    assert first.inside.is_set()
    third = Visitor(gate)
    await first.leave()
    await asyncio.sleep(0.2)
    assert not third.inside.is_set(), "the first one's place was given away already"
    await second.leave()
    await asyncio.wait_for(third.inside.wait(), 10)
    await third.leave()


async def test_who_waits_itself_keeps_its_place_however_long() -> None:
    gate = Gate(1, patience=0.05)
    first, second = Visitor(gate, steadfast=True), Visitor(gate)
    await first.inside.wait()
    await asyncio.sleep(0.3)
    assert not second.inside.is_set()
    await first.leave()
    await asyncio.wait_for(second.inside.wait(), 10)
    await second.leave()
