"""Killed between sending a note and writing that down: the ticket holds it exactly once, whatever the desk."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.desks.desk import File
from controller.desks.rt import RtDesk
from controller.desks.rt_wire import RtWire
from controller.outbox import Action, ActionKind, DeliveryState, deliver_due, deliveries, post
from controller.store.store import Store
from tests.desk.conftest import Place
from tests.desk.rt import MAX_ATTACHMENT, RequestTracker
from tests.desk.trouble import between, canned, cut_after

pytestmark = pytest.mark.slow

_DYING = Path(__file__).with_name("dying.py")
_NOTE = Action(kind=ActionKind.NOTE, text="Ursache: /var ist voll.")


def _die(store: Store, place: Place, when: str) -> int:
    """Deliver in a process that kills itself with SIGKILL before or after the desk has the note."""
    told: dict[str, object] = {
        "home": str(store.home),
        "desk": place.name,
        "when": when,
        "now": datetime.now(UTC).isoformat(),
    }
    told |= {"settings": place.settings, "secret": place.secret}
    argv = [sys.executable, "-W", "ignore", str(_DYING)]
    done = subprocess.run(
        argv, input=json.dumps(told).encode(), stdout=subprocess.DEVNULL, check=False, timeout=60
    )
    return done.returncode


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_note_is_there_once_although_its_sender_was_killed(
    store: Store, place: Place, when: str
) -> None:
    number = place.open("killed", "", "")
    marker = post(store, desk=place.name, ticket=number, action=_NOTE, now=datetime.now(UTC))
    assert _die(store, place, when) == -signal.SIGKILL
    (left,) = deliveries(store)
    assert (left.state, left.tries) == (DeliveryState.SENDING, 1)
    assert len(place.texts(number)) == (1 if when == "after" else 0)

    assert await deliver_due(store, {place.name: place.desk}, datetime.now(UTC)) == ()
    later = datetime.now(UTC) + timedelta(minutes=6)
    (done,) = await deliver_due(store, {place.name: place.desk}, later)
    assert (done.state, done.tries, done.marker) == (DeliveryState.DONE, 2, marker)
    (note,) = place.texts(number)
    assert marker in note


@pytest.mark.desk
async def test_a_note_whose_answers_are_cut_off_is_there_once(store: Store, rt: RequestTracker) -> None:
    number = rt.ticket("cut")
    post(store, desk="rt", ticket=number, action=_NOTE, now=datetime.now(UTC))
    now = datetime.now(UTC)
    async with between(rt.url, cut_after, when="^POST .*/comment ") as server:
        desk = RtDesk(RtWire(server.url, rt.writer))
        states = []
        for hour in range(3):
            tried = await deliver_due(store, {"rt": desk}, now + timedelta(hours=hour))
            states += [d.state for d in tried]
        await desk.close()
    assert states == [DeliveryState.UNCLEAR, DeliveryState.DONE]
    assert len(rt.notes(number)) == 1


@pytest.mark.desk
async def test_a_note_is_not_sent_again_while_the_search_for_it_fails(
    store: Store, rt: RequestTracker
) -> None:
    number = rt.ticket("search")
    post(store, desk="rt", ticket=number, action=_NOTE, now=datetime.now(UTC))
    now = datetime.now(UTC)
    async with between(rt.url, cut_after, when="^POST .*/comment ") as server:
        desk = RtDesk(RtWire(server.url, rt.writer))
        await deliver_due(store, {"rt": desk}, now)
        await desk.close()
    async with between(rt.url, canned("500 Oops"), when="/attachments") as server:
        desk = RtDesk(RtWire(server.url, rt.writer))
        (second,) = await deliver_due(store, {"rt": desk}, now + timedelta(hours=1))
        assert second.state is DeliveryState.UNCLEAR, "it may be there"
        assert server.count("/comment ") == 0
        await desk.close()
    desk = RtDesk(RtWire(rt.url, rt.writer))
    (third,) = await deliver_due(store, {"rt": desk}, now + timedelta(hours=3))
    await desk.close()
    assert third.state is DeliveryState.DONE
    assert len(rt.notes(number)) == 1


@pytest.mark.desk
async def test_a_note_that_is_found_again_is_looked_at_for_its_files(
    store: Store, rt: RequestTracker
) -> None:
    """The answer was lost that would have told of a file that Request Tracker dropped."""
    number = rt.ticket("dropped")
    large = File(name="large.json", media_type="application/json", content=b"x" * (MAX_ATTACHMENT + 1))
    note = Action(kind=ActionKind.NOTE, text="Ursache: /var ist voll.", html="<p>x</p>", files=(large,))
    post(store, desk="rt", ticket=number, action=note, now=datetime.now(UTC))
    now = datetime.now(UTC)
    async with between(rt.url, cut_after, when="^POST .*/comment ") as server:
        desk = RtDesk(RtWire(server.url, rt.writer))
        await deliver_due(store, {"rt": desk}, now)
        (second,) = await deliver_due(store, {"rt": desk}, now + timedelta(hours=1))
        await desk.close()
    assert second.state is DeliveryState.PARTLY
    assert "dropped large.json" in second.error
    assert second.reference.startswith("transaction/")
    assert len(rt.notes(number)) == 1


@pytest.mark.desk
def test_two_processes_that_deliver_at_once_deliver_once(store: Store, rt: RequestTracker) -> None:
    numbers = [rt.ticket(f"both {number}") for number in range(4)]
    for number in numbers:
        post(store, desk="rt", ticket=number, action=_NOTE, now=datetime.now(UTC))
    argv = [sys.executable, "-W", "ignore", "-c", _DELIVERS, str(store.home), rt.url]
    both = [subprocess.Popen(argv, stdin=subprocess.PIPE) for _ in range(2)]
    for one in both:
        assert one.stdin is not None
        one.stdin.write(rt.writer.encode())
        one.stdin.close()
    assert [one.wait(60) for one in both] == [0, 0]
    assert {d.state for d in deliveries(store)} == {DeliveryState.DONE}
    assert [len(rt.notes(number)) for number in numbers] == [1, 1, 1, 1]


_DELIVERS = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from controller.desks.rt import RtDesk
from controller.desks.rt_wire import RtWire
from controller.outbox import deliver_due
from controller.store.store import open_store
desk = RtDesk(RtWire(sys.argv[2], sys.stdin.read()))
asyncio.run(deliver_due(open_store(Path(sys.argv[1])), {"rt": desk}, datetime.now(UTC)))
"""
