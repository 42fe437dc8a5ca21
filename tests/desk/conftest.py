"""The places where the same suite is run: the built-in desk, a real Request Tracker, and stand-ins of others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from controller.store.store import Store, open_store
from tests.desk.places import Place, builtin_place, rt_place
from tests.desk.places_web import jira_place, servicenow_place, topdesk_place, zammad_place, znuny_place
from tests.desk.rt import RequestTracker, request_tracker
from tests.desk.standins.jira import Jira
from tests.desk.standins.server import Chaos, served
from tests.desk.standins.servicenow import ServiceNow
from tests.desk.standins.topdesk import Topdesk
from tests.desk.standins.zammad import Zammad
from tests.desk.standins.znuny import Znuny

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


STANDINS: Mapping[str, Callable[[Store, ExitStack], Place]] = {
    "zammad": lambda store, stack: _served(Zammad(), zammad_place, store, stack),
    "znuny": lambda store, stack: _served(Znuny(), znuny_place, store, stack),
    "jira": lambda store, stack: _served(Jira(), jira_place, store, stack),
    "topdesk": lambda store, stack: _served(Topdesk(), topdesk_place, store, stack),
    "servicenow": lambda store, stack: _served(ServiceNow(), servicenow_place, store, stack),
}


class _System(Protocol):
    chaos: Chaos


System = TypeVar("System", bound=_System)


def _served(
    running: System, place: Callable[[System, str, Store], Place], store: Store, stack: ExitStack
) -> Place:
    return place(running, stack.enter_context(served(running.chaos)), store)


@pytest.fixture(params=["builtin", pytest.param("rt", marks=pytest.mark.desk), *STANDINS])
async def place(request: pytest.FixtureRequest, store: Store) -> AsyncIterator[Place]:
    with ExitStack() as stack:
        match request.param:
            case "builtin":
                made = builtin_place(store)
            case "rt":
                made = rt_place(request.getfixturevalue("rt"), store)
            case standin:
                made = STANDINS[standin](store, stack)
        yield made
        await made.desk.close()


@pytest.fixture(params=STANDINS)
async def standin(request: pytest.FixtureRequest, store: Store) -> AsyncIterator[Place]:
    """A place whose server can be made to fail."""
    with ExitStack() as stack:
        made = STANDINS[request.param](store, stack)
        yield made
        await made.desk.close()
