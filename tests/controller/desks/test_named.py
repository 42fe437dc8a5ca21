from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from controller.desks.builtin import BuiltinDesk
from controller.desks.desk import DeskRefusedError
from controller.desks.named import bell_named, desk_named
from controller.desks.rt import RtDesk
from controller.store.store import Store, open_store

_RT = {"kind": "rt", "url": "https://rt.example", "credential": "file:rt-token"}
_ZAMMAD = {**_RT, "kind": "zammad"}
_ZNUNY = {**_RT, "kind": "znuny", "user": "secondline"}
_JIRA = {**_RT, "kind": "jira", "customer_field": "customfield_10002"}


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "no desk 'help'"),
        ({"help": {"kind": "fax"}}, "kind"),
        ({"help": {**_RT, "credential": "1-14-plain"}}, "credential"),
        ({"help": {**_RT, "colour": "red"}}, "colour"),
        ({"help": {**_RT, "url": "http://rt.example"}}, "https"),
        ({"help": {**_RT, "deadline": 0}}, "deadline"),
        ({"help": {**_RT, "ring": "1-14-plain"}}, "ring must name where"),
        ({"help": {**_JIRA, "customer_field": "../x"}}, "customer_field"),
        ({"help": {**_ZNUNY, "service": "../x"}}, "service"),
        ({"help": {**_ZNUNY, "time_zone": "Mars"}}, "time_zone"),
    ],
)
def test_settings_that_are_not_right_are_named(
    store: Store, settings: Mapping[str, object], says: str
) -> None:
    with pytest.raises(DeskRefusedError, match=says) as caught:
        desk_named("help", settings, store=store, secret=str)
    assert "1-14-plain" not in str(caught.value)


@pytest.mark.parametrize("settings", [_RT, _ZAMMAD, _ZNUNY, _JIRA], ids=lambda settings: settings["kind"])
async def test_every_kind_is_made_and_shows_no_secret(store: Store, settings: Mapping[str, object]) -> None:
    desk = desk_named("help", {"help": settings}, store=store, secret=lambda _: "1-14-plain")
    assert desk.limits.text > 1000
    assert "1-14-plain" not in repr(desk)
    await desk.close()
    with pytest.raises(DeskRefusedError, match="empty"):
        desk_named("help", {"help": settings}, store=store, secret=lambda _: "\n")


@pytest.mark.parametrize(
    ("settings", "how", "minutes"),
    [(_RT, "signed", 5), (_ZNUNY, "signed", 5), (_ZAMMAD, "zammad", 60), (_JIRA, "jira", 60)],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_a_desk_rings_in_its_own_way(settings: Mapping[str, object], how: str, minutes: int) -> None:
    asked: list[str] = []

    def secret(reference: str) -> str:
        asked.append(reference)
        return "0123456789abcdef\n"

    bell = bell_named("help", {"help": {**settings, "ring": "file:ring"}}, secret=secret)
    assert (bell.desk, bell.how, bell.secret, bell.window) == (
        "help",
        how,
        "0123456789abcdef",
        timedelta(minutes=minutes),
    )
    assert asked == ["file:ring"]


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("builtin", {}, "does not ring"),
        ("help", {"help": _RT}, "no 'ring'"),
        ("help", {"help": {**_RT, "ring": "file:ring"}}, "too short"),
        ("none", {}, "no desk 'none'"),
    ],
)
def test_a_desk_that_was_not_set_up_to_ring_is_not_heard(
    name: str, settings: Mapping[str, object], says: str
) -> None:
    with pytest.raises(DeskRefusedError, match=says):
        bell_named(name, settings, secret=lambda _: "short")
