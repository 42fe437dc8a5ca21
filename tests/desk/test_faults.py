"""Nothing lost and nothing twice: a desk of which every third request fails, and a deliverer that is killed at random."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.desks.desk import File
from controller.ledger import verify
from controller.outbox import Action, ActionKind, DeliveryState, deliver_due, deliveries, next_due, post
from controller.store import tickets
from controller.store.store import Store
from tests.desk.places import Place

pytestmark = pytest.mark.slow

_DYING = Path(__file__).with_name("dying.py")
_FILE = File(name="report.json", media_type="application/json", content=b'{"a": 1}')
_LONG = timedelta(days=30)


def _letters(store: Store, place: Place, numbers: list[str], now: datetime) -> dict[str, str]:
    """Notes with and without files, and replies, three for each ticket; gives marker -> ticket."""
    actions = (
        Action(kind=ActionKind.NOTE, text="Ursache: /var ist voll.", html="<p>ü</p>", files=(_FILE,)),
        Action(kind=ActionKind.REPLY, text="Wir sehen nach."),
        Action(kind=ActionKind.NOTE, text="Erledigt."),
    )
    return {
        post(store, desk=place.name, ticket=number, action=action, now=now): number
        for number in numbers
        for action in actions
    }


async def _work_off(store: Store, place: Place, now: datetime) -> None:
    """Deliver until nothing waits, as the hours go by."""
    until = now + _LONG
    while (due := next_due(store)) is not None and now < until:
        now = max(now, due)
        await deliver_due(store, {place.name: place.desk}, now)


def _each_once(store: Store, place: Place, letters: dict[str, str]) -> None:
    assert [d.error for d in deliveries(store) if d.state is not DeliveryState.DONE] == []
    for marker, number in letters.items():
        assert sum(marker in text for text in place.texts(number)) == 1, "lost or twice"
    for number in set(letters.values()):
        told = [marker for text in place.texts(number) for marker in letters if marker in text]
        assert told == [marker for marker, at in letters.items() if at == number], "out of order"
        assert place.files(number).keys() == {"report.html", "report.json"}
    assert tickets.tickets(store) == ()
    assert verify(store).holds


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_each_note_is_there_once_although_every_third_request_fails(
    store: Store, standin: Place, seed: int
) -> None:
    assert standin.chaos is not None
    numbers = [standin.open(f"faulty {number}", "x", "") for number in range(3)]
    letters = _letters(store, standin, numbers, datetime.now(UTC))
    standin.chaos.chance.seed(seed)
    standin.chaos.share = 1 / 3
    await _work_off(store, standin, datetime.now(UTC))
    standin.chaos.share = 0.0
    assert min(standin.chaos.failed.values()) > 0, "it has to fail in every way"
    _each_once(store, standin, letters)


async def test_each_note_is_there_once_although_its_deliverer_is_killed_at_random(
    store: Store, standin: Place
) -> None:
    assert standin.chaos is not None
    chance = random.Random(4711)  # noqa: S311 - a seed for a test.
    numbers = [standin.open(f"killed {number}", "x", "") for number in range(3)]
    now = datetime.now(UTC)
    letters = _letters(store, standin, numbers, now)
    standin.chaos.share = 1 / 5
    for hour in range(8):
        _killed(store, standin, now + timedelta(hours=hour), chance.uniform(0.0, 0.6))
    await _work_off(store, standin, now + timedelta(hours=9))
    standin.chaos.share = 0.0
    _each_once(store, standin, letters)


def _killed(store: Store, place: Place, now: datetime, seconds: float) -> None:
    """Deliver in a process of its own, and kill it so many seconds after it began."""
    told = {"home": str(store.home), "desk": place.name, "when": "never", "now": now.isoformat()}
    lines = json.dumps({**told, "settings": place.settings, "secret": place.secret})
    argv = [sys.executable, "-W", "ignore", str(_DYING)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(lines)
        running.stdin.close()
        assert running.stdout.readline() == "ready\n"
        try:
            running.wait(seconds)
        except subprocess.TimeoutExpired:
            running.kill()


async def test_a_note_for_a_deleted_ticket_is_kept_in_a_ticket_that_names_it(
    store: Store, standin: Place
) -> None:
    assert standin.delete is not None
    number = standin.open("deleted", "x", "")
    note = Action(kind=ActionKind.NOTE, text="Ursache: /var ist voll.", files=(_FILE,))
    post(store, desk=standin.name, ticket=number, action=note, now=datetime.now(UTC))
    standin.delete(number)
    await _work_off(store, standin, datetime.now(UTC))
    (failed,) = deliveries(store)
    (kept,) = tickets.tickets(store)
    assert (failed.state, failed.reference) == (DeliveryState.FAILED, f"kept as ticket {kept.id}")
    assert f"{standin.name} #{number}" in kept.subject
    (said,) = tickets.notes(store, kept.id)
    assert [file.name for file in said.files] == ["report.json"]


async def test_a_note_for_a_closed_ticket_arrives(store: Store, place: Place) -> None:
    number = place.open("closed", "x", "")
    await place.desk.set_state(number, place.states[2])
    marker = post(
        store,
        desk=place.name,
        ticket=number,
        action=Action(kind=ActionKind.NOTE, text="late"),
        now=datetime.now(UTC),
    )
    await _work_off(store, place, datetime.now(UTC))
    assert sum(marker in text for text in place.texts(number)) == 1
