"""Every change is seen, and seen once: polled while people work, at equal times, in small pages, from a cursor kept."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.desks.ticket import Cursor, Hit, settled
from tests.desk.places import Place

pytestmark = pytest.mark.slow

_START = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)


async def _poll(place: Place, since: Cursor, seen: list[Hit], limit: int = 100) -> Cursor:
    """Take all that is settled; the cursor goes through its text, as it is kept."""
    more = True
    while more:
        changes = await place.desk.changed_since(since, limit=limit)
        assert len(changes.hits) <= limit
        seen += changes.hits
        since, more = Cursor.read(str(changes.cursor)), changes.more
    return since


async def test_every_change_is_seen_once_while_people_work(place: Place) -> None:
    chance = random.Random(4711)  # noqa: S311 - a seed for a test.
    since = Cursor((await place.desk.read(place.open("start", "x", ""))).changed - timedelta(seconds=1))
    numbers = [place.open(f"ticket {number}", "x", "") for number in range(6)]
    seen: list[Hit] = []
    for _ in range(12):
        for number in chance.sample(numbers, k=chance.randint(0, 3)):
            await asyncio.to_thread(place.touch, number)
        since = await _poll(place, since, seen, limit=chance.choice([1, 2, 100]))
    await asyncio.sleep(place.settle.total_seconds())
    since = await _poll(place, since, seen)
    told = [(hit.id, hit.changed) for hit in seen]
    assert len(told) == len(set(told)), "a change was told twice"
    assert [hit.changed for hit in seen] == sorted(hit.changed for hit in seen)
    last = {hit.id: hit.changed for hit in seen}
    for number in numbers:
        assert last[number] == (await place.desk.read(number)).changed, "a change was missed"
    assert await _poll(place, since, []) == since


async def test_our_own_note_counts_as_a_change_as_anybody_elses(place: Place) -> None:
    number = place.open("noted", "x", "")
    read = await place.desk.read(number)
    await asyncio.sleep(1.1)
    await place.desk.note(number, "x", marker="c4a4de5000000000000000001")
    assert (await place.desk.read(number)).changed > read.changed


async def test_closed_is_shown(place: Place) -> None:
    number = place.open("closed", "x", "")
    since = Cursor((await place.desk.read(number)).changed - timedelta(seconds=1))
    await place.desk.set_state(number, place.states[2])
    await asyncio.sleep(place.settle.total_seconds())
    seen: list[Hit] = []
    await _poll(place, since, seen)
    (hit,) = (hit for hit in seen if hit.id == number)
    assert (hit.state, hit.closed, hit.deleted) == (place.states[2], True, False)


_hits = st.lists(
    st.builds(
        lambda number, second: Hit(id=str(number), changed=_START + timedelta(seconds=second), state="open"),
        st.integers(1, 30),
        st.integers(0, 3),
    ),
    unique_by=lambda hit: hit.id,
)


@given(_hits, st.integers(1, 5), st.randoms(use_true_random=False))
def test_pages_of_any_size_give_everything_once_in_order(
    hits: list[Hit], limit: int, chance: random.Random
) -> None:
    seen: list[Hit] = []
    since, more = Cursor(_START - timedelta(seconds=1)), True
    while more:
        page = settled(chance.sample(hits, k=len(hits)), since, _START + timedelta(seconds=2), limit)
        seen += page.hits
        since, more = page.cursor, page.more
    due = [hit for hit in hits if hit.changed <= _START + timedelta(seconds=2)]
    assert seen == sorted(due, key=lambda hit: (hit.changed, hit.id))


@pytest.mark.parametrize("text", ["", "x", "2026-11-27|1", "2026-11-27T10:00:00|1", "|1"])
def test_a_cursor_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|time zone"):
        Cursor.read(text)
