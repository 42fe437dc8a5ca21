"""Kill -9 in the middle of a change: a step is never done twice, and nothing is resumed unasked. All of it: `tests.agent.crashes`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Literal

import pytest
import pytest_asyncio

from agent.nursling import Nursery
from tests.agent.crashes import Crash, crashes, run
from tests.fleet import Fleet

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(1) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery() as ready:
        yield ready


@pytest.mark.parametrize(
    ("at", "who", "delay", "end"),
    [
        ("doing 2", "agent", 0.2, "open at doing 2, taken back"),
        ("doing 2", "worker", 0.2, "open at end 2, taken back"),
        ("done 2", "agent", 0.0, "open at done 2, taken back"),
    ],
)
async def test_a_crash_in_a_step(  # noqa: PLR0917 - where it falls, and over what.
    at: str, who: Literal["agent", "worker"], delay: float, end: str, fleet: Fleet, nursery: Nursery
) -> None:
    assert await run(Crash(at=at, who=who, delay=delay), fleet, nursery) == end


@pytest.mark.slow
@pytest.mark.parametrize("crash", list(islice(crashes(), 14)), ids=str)
async def test_a_crash_at_each_point(crash: Crash, fleet: Fleet, nursery: Nursery) -> None:
    assert await run(crash, fleet, nursery)
