"""Are the minutes of a week counted as `decide` counts them?"""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inventory.contract import Window
from inventory.decide import is_open
from inventory.week import ALWAYS, edges, minutes, windows
from tests.inventory.strategies import windows as spans

MONDAY = datetime.fromisoformat("2026-11-23T00:00:00")


@given(st.lists(spans.map(Window.model_validate), max_size=3), st.integers(0, 7 * 1440 - 1))
def test_a_minute_is_in_the_set_when_the_window_is_open(several: list[Window], minute: int) -> None:
    found = minutes(several)
    for near in (minute, *edges(found), *(edge - 1 for edge in edges(found))):
        if 0 <= near < 7 * 1440:
            assert bool(found >> near & 1) == is_open(several, MONDAY + timedelta(minutes=near))


@given(st.lists(spans.map(Window.model_validate), min_size=1, max_size=4))
def test_windows_that_are_said_stand_for_the_same_minutes(several: list[Window]) -> None:
    found = minutes(several)
    assert minutes(windows(found)) == found


def test_windows_that_adjoin_are_one() -> None:
    halves = [
        Window.model_validate({"days": ["mo"], "from": "07:00", "until": "11:59"}),
        Window.model_validate({"days": ["mo"], "from": "12:00", "until": "18:00"}),
    ]
    whole = Window.model_validate({"days": ["mo"], "from": "07:00", "until": "18:00"})
    assert minutes(halves) == minutes([whole])
    assert windows(minutes(halves)) == (whole,)


def test_no_windows_are_always() -> None:
    assert minutes([]) == ALWAYS == minutes([Window()])
    assert windows(ALWAYS) == ()
