"""What did desks ring about, and who works at it? Rows of the intake: claimed with a lease, moved in one transaction.

waiting -> working -> ready -> running -> done        the way of a ticket that becomes a run
                   -> joined                          it tells of what another row's run examines
                   -> asked, ignored, failed          it becomes none; why stands beside it

A claim is a state, a holder and the moment when it ends: what a killed process held is somebody else's then. What a
ticket is told is handed to the outbox in the very transaction that moves its row: told once, whatever dies when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, case, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from controller.store.living import RunState
from controller.store.schema import intake, run
from controller.store.store import Store

__all__ = [
    "Arrival",
    "ArrivalState",
    "arrivals",
    "by_number",
    "claim",
    "counts",
    "held",
    "is_taken",
    "knock",
    "lead_of",
    "left_running",
    "move",
    "next_due_at",
    "people_count",
    "ready",
    "renew",
    "ring",
    "running_count",
    "was_asked",
]


class ArrivalState(StrEnum):
    """How far a row is: public and stable."""

    WAITING = "waiting"
    WORKING = "working"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    JOINED = "joined"
    ASKED = "asked"
    IGNORED = "ignored"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        return self in _OVER


_OVER = frozenset(map(ArrivalState, ("done", "joined", "asked", "ignored", "failed")))
# A ticket with a row in one of these has its run, or gets it.
_TAKEN = tuple(state.value for state in map(ArrivalState, ("ready", "running", "done", "joined")))


_PEOPLE = ~run.c.asked_by.startswith("automation:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One row. event: the desk's id of what happened. next_at: when it is due, or when a claim ends.

    alike: the same for tickets of the same customer, symptom and hosts. note: what its ticket is told at the start.
    """

    id: int
    desk: str
    event: str
    ticket: str
    received: datetime
    state: ArrivalState
    next_at: datetime
    tries: int
    holder: str
    customer: str
    rule: str
    symptom: str
    confidence: float
    words: tuple[str, ...]
    hosts: tuple[str, ...]
    alike: str
    lead: int | None
    run: str
    note: str
    why: str
    began: datetime | None
    ended: datetime | None


def ring(store: Store, desk: str, ticket: str, event_id: str, received: datetime) -> bool:
    """Write down that a desk rang: on the disk when this returns. False when the event is known already.

    Nothing is read or asked here, so that a webhook is answered at once. Raises ValueError for what no desk sends.
    """
    if not (0 < len(ticket) <= 64 and 0 < len(event_id) <= 200 and 0 < len(desk) <= 64):
        raise ValueError("a desk rings with its name, a ticket (64 characters) and an event (200 characters)")
    fresh = insert(intake).values(
        desk=desk,
        event=event_id,
        ticket=ticket,
        received=received,
        state=ArrivalState.WAITING.value,
        next_at=received,
        tries=0,
        holder="",
        customer="",
        rule="",
        symptom="",
        confidence=0.0,
        words=[],
        hosts=[],
        alike="",
        run="",
        note="",
        why="",
    )
    try:
        with store.write(durable=True) as connection:
            connection.execute(fresh)
    except IntegrityError:
        return False
    return True


def claim(store: Store, holder: str, now: datetime, lease: timedelta, most: int) -> tuple[Arrival, ...]:
    """Take what is due and not read yet, and what a dead holder left; the longest due first."""
    states = (ArrivalState.WAITING.value, ArrivalState.WORKING.value)
    due = (
        select(intake)
        .where(intake.c.state.in_(states), intake.c.next_at <= now)
        .order_by(intake.c.next_at, intake.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    with store.write() as connection:
        rows = [arrival_from(row) for row in connection.execute(due)]
        if rows:
            taken = {"state": ArrivalState.WORKING.value, "holder": holder, "next_at": now + lease}
            mine = intake.c.id.in_([row.id for row in rows])
            connection.execute(update(intake).where(mine).values(**taken, tries=intake.c.tries + 1))
    return tuple(rows)


def held(connection: Connection, row: Arrival, holder: str) -> bool:
    """Whether a row is still its holder's, inside a transaction that will move it."""
    mine = select(intake.c.id).where(intake.c.id == row.id, intake.c.holder == holder).with_for_update()
    return connection.scalar(mine) is not None


def move(connection: Connection, row: Arrival, state: ArrivalState, **values: object) -> None:
    """Set a row's state and whatever else; a row that is at its end is nobody's."""
    free = {} if state in {ArrivalState.WORKING, ArrivalState.RUNNING} else {"holder": ""}
    connection.execute(
        update(intake).where(intake.c.id == row.id).values(state=state.value, **{**free, **values})
    )


def renew(store: Store, holder: str, until: datetime) -> None:
    """Go on holding what is held."""
    states = (ArrivalState.WORKING.value, ArrivalState.RUNNING.value)
    with store.write() as connection:
        mine = (intake.c.holder == holder) & intake.c.state.in_(states)
        connection.execute(update(intake).where(mine).values(next_at=until))


def left_running(connection: Connection, now: datetime) -> tuple[tuple[Arrival, bool], ...]:
    """The rows that run and whose holder is gone, each with whether its run was ever begun."""
    gone = (
        select(intake, run.c.id.is_not(None).label("begun"))
        .outerjoin(run, run.c.id == intake.c.run)
        .where(intake.c.state == ArrivalState.RUNNING.value, intake.c.next_at <= now)
    )
    return tuple((arrival_from(row, "begun"), bool(row.begun)) for row in connection.execute(gone))


def lead_of(connection: Connection, alike: str, since: datetime) -> Arrival | None:
    """The row whose run is made, or was just made, for tickets like this one."""
    under_way = intake.c.state.in_([ArrivalState.READY.value, ArrivalState.RUNNING.value])
    just_made = (intake.c.state == ArrivalState.DONE.value) & (intake.c.received >= since)
    wanted = (
        select(intake).where(intake.c.alike == alike, under_way | just_made).order_by(intake.c.id).limit(1)
    )
    row = connection.execute(wanted).one_or_none()
    return None if row is None else arrival_from(row)


def is_taken(connection: Connection, row: Arrival) -> bool:
    """Whether the ticket has its run already, by another event."""
    return _other(connection, row, _TAKEN)


def was_asked(connection: Connection, row: Arrival) -> bool:
    """Whether the ticket was asked already."""
    return _other(connection, row, (ArrivalState.ASKED.value,))


def _other(connection: Connection, row: Arrival, states: Iterable[str]) -> bool:
    wanted = select(intake.c.id).where(
        intake.c.desk == row.desk,
        intake.c.ticket == row.ticket,
        intake.c.id != row.id,
        intake.c.state.in_(list(states)),
    )
    return connection.execute(wanted.limit(1)).first() is not None


def ready(connection: Connection, now: datetime) -> Sequence[tuple[str, int, int, datetime | None]]:
    """Of each customer with something ready: the customer, the oldest row, how many run, when one last began."""
    firsts = (
        select(intake.c.customer, func.min(intake.c.id).label("first"))
        .where(intake.c.state == ArrivalState.READY.value, intake.c.next_at <= now)
        .group_by(intake.c.customer)
        .subquery()
    )
    # Who was served yesterday has no claim to come first or last today.
    busy = (
        select(
            intake.c.customer,
            func.sum(case((intake.c.state == ArrivalState.RUNNING.value, 1), else_=0)).label("running"),
            func.max(intake.c.began).label("last"),
        )
        .where(intake.c.state.in_([ArrivalState.RUNNING.value, ArrivalState.DONE.value]))
        .where((intake.c.state == ArrivalState.RUNNING.value) | (intake.c.began >= now - timedelta(days=1)))
        .group_by(intake.c.customer)
        .subquery()
    )
    wanted = select(firsts.c.customer, firsts.c.first, func.coalesce(busy.c.running, 0), busy.c.last)
    both = wanted.outerjoin(busy, busy.c.customer == firsts.c.customer)
    return [(row[0], row[1], int(row[2]), row[3]) for row in connection.execute(both)]


def by_number(connection: Connection, number: int) -> Arrival:
    return arrival_from(connection.execute(select(intake).where(intake.c.id == number)).one())


def running_count(connection: Connection) -> int:
    wanted = select(func.count()).where(intake.c.state == ArrivalState.RUNNING.value)
    return int(connection.scalar(wanted) or 0)


def people_count(connection: Connection) -> int:
    """How many runs are under way that people asked for."""
    states = [state.value for state in RunState if not state.over]
    return int(connection.scalar(select(func.count()).where(run.c.state.in_(states), _PEOPLE)) or 0)


def next_due_at(store: Store) -> datetime | None:
    """When there is something to read next."""
    states = [ArrivalState.WAITING.value, ArrivalState.WORKING.value]
    with store.read() as connection:
        moment: datetime | None = connection.scalar(
            select(intake.c.next_at).where(intake.c.state.in_(states)).order_by(intake.c.next_at).limit(1)
        )
    return moment


def knock(store: Store, desk: str) -> datetime | None:
    """When a desk last rang; from then on it is asked what is new."""
    with store.read() as connection:
        moment: datetime | None = connection.scalar(
            select(intake.c.received).where(intake.c.desk == desk).order_by(intake.c.received.desc()).limit(1)
        )
    return moment


def arrivals(
    store: Store,
    *,
    customer: str = "",
    ticket: str = "",
    states: Iterable[ArrivalState] = (),
    limit: int = 50,
) -> tuple[Arrival, ...]:
    """The newest rows first; an empty argument does not narrow the list."""
    wanted = select(intake).order_by(intake.c.id.desc()).limit(limit)
    if customer:
        wanted = wanted.where(intake.c.customer == customer)
    if ticket:
        wanted = wanted.where(intake.c.ticket == ticket)
    if chosen := [state.value for state in states]:
        wanted = wanted.where(intake.c.state.in_(chosen))
    with store.read() as connection:
        return tuple(arrival_from(row) for row in connection.execute(wanted))


def counts(store: Store) -> Mapping[ArrivalState, int]:
    """How many rows are in each state."""
    with store.read() as connection:
        rows = connection.execute(select(intake.c.state, func.count()).group_by(intake.c.state)).all()
    found = {ArrivalState(row[0]): int(row[1]) for row in rows}
    return {state: found.get(state, 0) for state in ArrivalState}


def arrival_from(row: Row[Any], *beside: str) -> Arrival:
    columns = {key: value for key, value in row._mapping.items() if key not in beside}  # noqa: SLF001 - documented.
    lists = {"words": tuple(row.words), "hosts": tuple(row.hosts)}
    return Arrival(**columns | lists | {"state": ArrivalState(row.state)})
