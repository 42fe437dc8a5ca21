"""The places where the same suite is run: the built-in desk, and a real Request Tracker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.desks.builtin import BuiltinDesk
from controller.desks.desk import Desk
from controller.desks.rt import RtDesk
from controller.desks.rt_wire import RtWire
from controller.store import tickets
from controller.store.store import Store, open_store
from tests.desk.rt import RequestTracker, request_tracker


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A desk, and ways to look at it that do not go through the adapter."""

    name: str
    desk: Desk
    open: Callable[[str, str, str], str]
    texts: Callable[[str], tuple[str, ...]]
    files: Callable[[str], Mapping[str, str]]


@pytest.fixture(scope="session")
def rt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestTracker]:
    with request_tracker(tmp_path_factory.mktemp("rt") / "lab") as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture(params=["builtin", pytest.param("rt", marks=pytest.mark.desk)])
async def place(request: pytest.FixtureRequest, store: Store) -> AsyncIterator[Place]:
    made = _builtin(store) if request.param == "builtin" else _rt(request.getfixturevalue("rt"))
    yield made
    await made.desk.close()


def _builtin(store: Store) -> Place:
    return Place(
        name="builtin",
        desk=BuiltinDesk(store),
        open=lambda subject, text, customer: str(
            tickets.add_ticket(
                store, customer=customer, subject=subject, text=text, requester="it@musterbau.example"
            )
        ),
        texts=lambda ticket: tuple(note.text for note in tickets.notes(store, int(ticket))),
        files=lambda ticket: {
            file.name: file.media_type for note in tickets.notes(store, int(ticket)) for file in note.files
        },
    )


def _rt(running: RequestTracker) -> Place:
    return Place(
        name="rt",
        desk=RtDesk(RtWire(running.url, running.writer)),
        open=lambda subject, text, customer: running.ticket(subject, text, customer=customer),
        texts=running.notes,
        files=running.files,
    )
