"""The places where the same suite is run: the built-in desk, a real Request Tracker, and stand-ins of others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from controller.store.store import Store, open_store
from tests.desk.places import Place, builtin_place, rt_place, zammad_place
from tests.desk.rt import RequestTracker, request_tracker
from tests.desk.standins.server import served
from tests.desk.standins.zammad import Zammad

__all__ = ["Place"]


@pytest.fixture(scope="session")
def rt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestTracker]:
    with request_tracker(tmp_path_factory.mktemp("rt") / "lab") as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture(params=["builtin", pytest.param("rt", marks=pytest.mark.desk), "zammad"])
async def place(request: pytest.FixtureRequest, store: Store) -> AsyncIterator[Place]:
    with ExitStack() as stack:
        match request.param:
            case "builtin":
                made = builtin_place(store)
            case "rt":
                made = rt_place(request.getfixturevalue("rt"))
            case _:
                zammad = Zammad()
                made = zammad_place(zammad, stack.enter_context(served(zammad.chaos)))
        yield made
        await made.desk.close()
