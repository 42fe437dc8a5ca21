from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from controller.desks.builtin import BuiltinDesk
from controller.desks.desk import DeskRefusedError
from controller.desks.named import desk_named
from controller.desks.rt import RtDesk
from controller.store.store import Store, open_store

_RT = {"kind": "rt", "url": "https://rt.example", "credential": "file:rt-token"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "home")
    yield opened
    opened.close()


def test_the_built_in_desk_is_always_there(store: Store) -> None:
    assert desk_named("builtin", {}, store=store, secret=str) == BuiltinDesk(store)


async def test_a_request_tracker_gets_the_secret_behind_its_reference(store: Store) -> None:
    asked: list[str] = []

    def secret(reference: str) -> str:
        asked.append(reference)
        return "1-14-abc\n"

    desk = desk_named("help", {"help": _RT}, store=store, secret=secret)
    assert isinstance(desk, RtDesk)
    assert asked == ["file:rt-token"]
    await desk.close()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "no desk 'help'"),
        ({"help": {"kind": "fax"}}, "kind"),
        ({"help": {**_RT, "credential": "1-14-plain"}}, "credential"),
        ({"help": {**_RT, "colour": "red"}}, "colour"),
        ({"help": {**_RT, "url": "http://rt.example"}}, "https"),
        ({"help": {**_RT, "deadline": 0}}, "deadline"),
    ],
)
def test_settings_that_are_not_right_are_named(
    store: Store, settings: Mapping[str, object], says: str
) -> None:
    with pytest.raises(DeskRefusedError, match=says) as caught:
        desk_named("help", settings, store=store, secret=str)
    assert "1-14-plain" not in str(caught.value)
