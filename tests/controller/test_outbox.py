"""The outbox at the built-in desk, and at desks that fail in known ways."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.desks.builtin import BuiltinDesk
from controller.desks.desk import (
    Delivered,
    DeskError,
    DeskRefusedError,
    DeskUnavailableError,
    DeskUnclearError,
    File,
    Limits,
    PartlyDoneError,
    TicketChangedError,
    TicketGoneError,
    marked,
)
from controller.fitting import fitted
from controller.ledger import touches, verify
from controller.outbox import (
    Action,
    ActionKind,
    Delivery,
    DeliveryState,
    deliver_due,
    deliveries,
    finish_run,
    next_due,
    post,
    try_again,
)
from controller.store import tickets
from controller.store.errors import UnknownRunError
from controller.store.forget import forget
from controller.store.runs import Run, RunState, create_run, get_run
from controller.store.server import Server
from controller.store.store import Store, open_store

_NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_NOTE = Action(kind=ActionKind.NOTE, text="Ursache: ü")


@pytest.fixture
def store(tmp_path: Path, server: Server | None) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", server)
    yield opened
    opened.close()


def _ticket(store: Store) -> str:
    return str(tickets.add_ticket(store, customer="m", subject="s", text="t", requester="r"))


def _run(store: Store, ticket: str) -> str:
    create_run(
        store,
        Run(
            id="r1",
            ticket=ticket,
            desk="builtin",
            customer="m",
            contract="c" * 64,
            revision=1,
            asked_by="anna",
            state=RunState.RUNNING,
            began=_NOW,
        ),
    )
    return "r1"


@dataclass
class Grudging:
    """A desk in memory that raises the given errors, one a note, and then works.

    took: whether a note that ends in an error has been taken nevertheless.
    """

    errors: list[DeskError] = field(default_factory=list)
    took: bool = False
    said: list[tuple[str, str]] = field(default_factory=list)
    searched: int = 0
    files: list[str] = field(default_factory=list)
    short: int = 50_000

    @property
    def limits(self) -> Limits:
        return Limits(text=self.short, file=1000)

    async def note(
        self,
        ticket: str,
        text: str,
        *,
        html: str | None = None,  # noqa: ARG002 - the Protocol's shape.
        files: Sequence[File] = (),
        marker: str,
    ) -> Delivered:
        error = self.errors.pop(0) if self.errors else None
        if error is None or self.took:
            self.said.append((text, marker))
            self.files += [file.name for file in files]
        if error is not None:
            raise error
        return Delivered(ticket=ticket, reference=f"note/{len(self.said)}")

    reply = note

    async def set_state(self, ticket: str, state: str) -> None:
        self.said.append((f"{ticket} becomes {state}", ""))

    async def find_marker(
        self,
        ticket: str,  # noqa: ARG002 - the Protocol's shape.
        marker: str,
        files: Sequence[File] = (),  # noqa: ARG002
    ) -> bool:
        self.searched += 1
        return any(marker == there for _, there in self.said)


class Refusing(Grudging):
    """A desk that knows no such state."""

    async def set_state(self, ticket: str, state: str) -> None:
        raise DeskRefusedError(f"{ticket} cannot become {state}")


async def _deliver(store: Store, desk: Grudging, minutes: float) -> tuple[Delivery, ...]:
    return await deliver_due(store, {"d": desk}, _NOW + timedelta(minutes=minutes))


def _post(store: Store, action: Action = _NOTE, *, ticket: str = "1", desk: str = "d") -> str:
    return post(store, desk=desk, ticket=ticket, action=action, now=_NOW)


async def test_the_end_of_a_run_and_its_report_are_written_together(store: Store) -> None:
    number = _ticket(store)
    run = _run(store, number)
    file = File(name="report.json", media_type="application/json", content=b"{}")
    actions = [
        Action(kind=ActionKind.NOTE, text="Bericht", html="<p>ü</p>", files=(file,)),
        Action(kind=ActionKind.STATE, state="open"),
    ]
    finish_run(store, run, RunState.DONE, ended=_NOW, summary={"seen": 1}, actions=actions)
    assert get_run(store, run).state is RunState.DONE
    assert next_due(store) == _NOW
    done = await deliver_due(store, {"builtin": BuiltinDesk(store)}, _NOW)
    assert [(d.kind, d.state, d.tries) for d in done] == [
        (ActionKind.NOTE, DeliveryState.DONE, 1),
        (ActionKind.STATE, DeliveryState.DONE, 1),
    ]
    assert deliveries(store, run_id=run) == done
    (note,) = tickets.notes(store, int(number))
    assert [(f.name, store.blobs.get(f.sha256)) for f in note.files] == [
        ("report.html", "<p>ü</p>".encode()),
        ("report.json", b"{}"),
    ]
    found = tickets.get_ticket(store, int(number))
    assert found is not None
    assert found.state == "open"
    assert [t.what for t in touches(store, run)] == ["note-delivered", "note-delivered"]
    assert verify(store).holds
    assert next_due(store) is None


def test_a_run_that_cannot_end_hands_nothing_over(store: Store) -> None:
    with pytest.raises(UnknownRunError):
        finish_run(store, "none", RunState.DONE, ended=_NOW, summary={}, actions=[_NOTE])
    with pytest.raises(ValueError, match="does not end"):
        finish_run(store, _run(store, "1"), RunState.RUNNING, ended=_NOW, summary={}, actions=[_NOTE])
    assert deliveries(store) == ()


async def test_what_was_certainly_not_done_is_tried_again_later_and_later(store: Store) -> None:
    desk = Grudging(errors=[DeskUnavailableError("down"), DeskUnavailableError("busy", after=900)])
    marker = _post(store)
    (first,) = await deliver_due(store, {"d": desk}, _NOW)
    assert (first.state, first.error, first.next_at - _NOW) == (
        DeliveryState.WAITING,
        "down",
        timedelta(seconds=30),
    )
    assert await deliver_due(store, {"d": desk}, _NOW + timedelta(seconds=29)) == ()
    (second,) = await deliver_due(store, {"d": desk}, _NOW + timedelta(seconds=30))
    assert second.next_at - _NOW == timedelta(seconds=930)
    (third,) = await deliver_due(store, {"d": desk}, second.next_at)
    assert (third.state, third.tries, third.marker) == (DeliveryState.DONE, 3, marker)
    assert desk.said == [("Ursache: ü", marker)]


@pytest.mark.parametrize("took", [True, False])
async def test_what_may_have_happened_is_looked_for_first(store: Store, *, took: bool) -> None:
    desk = Grudging(errors=[DeskUnclearError("cut off")], took=took)
    _post(store)
    (first,) = await deliver_due(store, {"d": desk}, _NOW)
    assert first.state is DeliveryState.UNCLEAR
    (second,) = await deliver_due(store, {"d": desk}, _NOW + timedelta(hours=1))
    assert second.state is DeliveryState.DONE
    assert len(desk.said) == 1
    assert desk.searched == 1


@pytest.mark.parametrize(
    ("error", "state", "what"),
    [
        (DeskRefusedError("no"), DeliveryState.FAILED, "note-failed"),
        (PartlyDoneError("dropped", reference="t/1"), DeliveryState.PARTLY, "note-delivered"),
    ],
)
async def test_what_cannot_be_mended_by_trying_ends_and_is_seen(
    store: Store, error: DeskError, state: DeliveryState, what: str
) -> None:
    desk = Grudging(errors=[error])
    run = _run(store, "1")
    post(store, desk="d", ticket="1", action=_NOTE, now=_NOW, run_id=run)
    (ended,) = await deliver_due(store, {"d": desk}, _NOW)
    assert ended.state is state
    assert ended.error.startswith(str(error))
    assert await deliver_due(store, {"d": desk}, _NOW + timedelta(days=9)) == ()
    assert [t.what for t in touches(store, run)] == [what]


async def test_nobody_tries_for_ever_and_somebody_may_try_anew(store: Store) -> None:
    desk = Grudging(errors=[TicketChangedError("changed")] * 20)
    _post(store)
    for hours in range(1, 21):
        (last,) = await deliver_due(store, {"d": desk}, _NOW + timedelta(hours=2 * hours))
    assert (last.state, last.tries) == (DeliveryState.FAILED, 20)
    assert "given up after 20 tries: changed" in last.error
    assert try_again(store, last.id, _NOW)
    assert not try_again(store, last.id, _NOW)
    (again,) = await deliver_due(store, {"d": desk}, _NOW)
    assert again.state is DeliveryState.DONE


async def test_one_ticket_keeps_its_order_and_does_not_hold_up_others(store: Store) -> None:
    desk = Grudging(errors=[DeskUnavailableError("down")])
    _post(store)
    _post(store, Action(kind=ActionKind.STATE, state="open"))
    _post(store, Action(kind=ActionKind.STATE, state="open"), ticket="2")
    tried = await deliver_due(store, {"d": desk}, _NOW)
    assert [(d.ticket, d.state) for d in tried] == [("1", DeliveryState.WAITING), ("2", DeliveryState.DONE)]
    await deliver_due(store, {"d": desk}, _NOW + timedelta(minutes=1))
    assert [text for text, _ in desk.said] == ["2 becomes open", "Ursache: ü", "1 becomes open"]


async def test_what_stands_behind_a_delivery_that_waits_is_not_due_before_it(store: Store) -> None:
    _post(store)
    _post(store, Action(kind=ActionKind.STATE, state="open"))
    (first,) = await deliver_due(store, {"d": Grudging(errors=[DeskUnavailableError("down")])}, _NOW)
    assert next_due(store) == first.next_at > _NOW


async def test_what_waits_for_another_desk_is_left_alone(store: Store) -> None:
    _post(store, desk="other")
    assert await _deliver(store, Grudging(), 10_000) == ()
    assert [d.tries for d in deliveries(store)] == [0]


async def test_two_that_deliver_at_once_deliver_once(store: Store) -> None:
    desk = Grudging()
    for number in range(8):
        _post(store, ticket=str(number))
    both = [deliver_due(store, {"d": desk}, _NOW) for _ in range(2)]
    tried = [d for part in await asyncio.gather(*both) for d in part]
    assert len(tried) == len(desk.said) == 8


async def test_a_file_that_was_changed_on_the_disk_is_not_sent(store: Store) -> None:
    file = File(name="a.json", media_type="application/json", content=b"true")
    _post(store, Action(kind=ActionKind.NOTE, text="x", files=(file,)))
    for path in (store.home / "evidence").rglob("*"):
        if path.is_file():
            path.write_bytes(b"fake")
    desk = Grudging()
    (ended,) = await deliver_due(store, {"d": desk}, _NOW)
    assert (ended.state, desk.said) == (DeliveryState.FAILED, [])
    assert "changed on the disk" in ended.error


async def test_a_note_that_its_ticket_does_not_take_is_kept_in_another_once(store: Store) -> None:
    run = _run(store, "1")
    file = File(name="report.json", media_type="application/json", content=b"{}")
    note = Action(kind=ActionKind.NOTE, text="Ursache: ü", html="<p>x</p>", files=(file,))
    marker = post(store, desk="d", ticket="1", action=note, now=_NOW, run_id=run)
    desk = Grudging(errors=[TicketGoneError("ticket 1 was deleted"), TicketGoneError("still deleted")])
    (ended,) = await deliver_due(store, {"d": desk}, _NOW)
    assert (ended.state, ended.reference) == (DeliveryState.FAILED, "kept as ticket 1")
    assert deliveries(store) == (ended,)
    assert ended.error.endswith("kept as ticket 1 of the built-in desk")
    assert try_again(store, ended.id, _NOW)
    (again,) = await deliver_due(store, {"d": desk}, _NOW)
    assert (again.state, again.reference) == (DeliveryState.FAILED, "kept as ticket 1")
    (kept,) = tickets.tickets(store)
    assert (kept.customer, kept.state, kept.tags) == ("m", "new", ("undelivered",))
    assert "d #1" in kept.subject
    (said,) = tickets.notes(store, kept.id)
    assert (said.kind, said.marker) == ("internal", f"fallback-{marker}")
    for words in ("ticket 1 of the desk d", "Ticket 1 am Desk d", "ticket 1 was deleted", "Ursache: ü"):
        assert words in said.text
    assert [(f.name, store.blobs.get(f.sha256)) for f in said.files] == [
        ("report.html", b"<p>x</p>"),
        ("report.json", b"{}"),
    ]


async def test_a_state_that_is_refused_leaves_no_ticket_behind(store: Store) -> None:
    _post(store, Action(kind=ActionKind.STATE, state="nonsense"))
    refusing = Refusing()
    (ended,) = await deliver_due(store, {"d": refusing}, _NOW)
    assert (ended.state, ended.reference) == (DeliveryState.FAILED, "")
    assert tickets.tickets(store) == ()


async def test_what_was_deleted_as_the_contract_says_comes_back_in_no_ticket(store: Store) -> None:
    run = _run(store, "1")
    finish_run(store, run, RunState.DONE, ended=_NOW, summary={}, actions=[_NOTE])
    forget(store, run, _NOW)
    (letter,) = deliveries(store)
    assert try_again(store, letter.id, _NOW)
    (ended,) = await deliver_due(store, {"d": Grudging(), "builtin": Grudging()}, _NOW)
    assert ended.state is DeliveryState.FAILED
    assert tickets.tickets(store) == ()


async def test_a_desk_that_is_down_for_a_long_weekend_gets_its_note_afterwards(store: Store) -> None:
    desk = Grudging(errors=[DeskUnavailableError("down")] * 60)
    marker = _post(store)
    now, last = _NOW, _NOW + timedelta(days=3)
    while now < last:
        await deliver_due(store, {"d": desk}, now)
        now += timedelta(hours=1)
    assert desk.said == [("Ursache: ü", marker)]


async def test_a_note_that_is_too_long_for_the_desk_comes_as_ten_lines_with_the_whole_beside_it(
    store: Store,
) -> None:
    text = "\n".join(f"Zeile {number}" for number in range(80))
    desk = Grudging(short=600)
    _post(store, Action(kind=ActionKind.NOTE, text=text, html="<p>x</p>"))
    (ended,) = await deliver_due(store, {"d": desk}, _NOW)
    assert ended.state is DeliveryState.DONE
    ((said, _),) = desk.said
    assert said.splitlines() == [*(f"Zeile {number}" for number in range(10)), "[…] → note.txt"]
    assert desk.files == ["note.txt", "report.html"]


async def test_a_file_that_is_too_large_for_the_desk_is_named_and_the_rest_arrives(store: Store) -> None:
    large = File(name="large.json", media_type="application/json", content=b"x" * 1001)
    desk = Grudging()
    _post(store, Action(kind=ActionKind.NOTE, text="x", html="<p>x</p>", files=(large,)))
    (ended,) = await deliver_due(store, {"d": desk}, _NOW)
    assert (ended.state, ended.reference) == (DeliveryState.PARTLY, "note/1")
    assert "large.json" in ended.error
    assert desk.files == ["report.html"]


@given(st.text(max_size=400), st.integers(40, 300))
def test_whatever_is_cut_fits(text: str, room: int) -> None:
    marker = "a" * 24
    fit = fitted(Action(kind=ActionKind.NOTE, text=text), Limits(text=room, file=10_000), marker)
    assert len(marked(fit.text, marker)) <= room
    if fit.text != text:
        assert [file.content.decode() for file in fit.files] == [text]
