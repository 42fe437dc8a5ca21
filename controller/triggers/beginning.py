"""Which of the ready tickets is begun next, and what of one whose worker died? Fair between customers, people first."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from controller.ledger import Entry, What, append
from controller.outbox import Action, ActionKind, hand_over
from controller.store.arrivals import (
    Arrival,
    ArrivalState,
    by_number,
    held,
    left_running,
    move,
    people_count,
    ready,
    running_count,
)
from controller.store.errors import UnknownRunError
from controller.store.letters import action_json
from controller.store.runs import get_run
from controller.store.store import Store
from controller.triggers.rules import Limits

__all__ = ["Beginning", "Order"]

_MOST_TRIES = 3
_PAUSE = timedelta(seconds=30)
_NEVER = datetime.min.replace(tzinfo=UTC)
_MOST_FACTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A run to be made. run: its id, to be used as it is: that is how it is made once. who: the automation's name."""

    run: str
    desk: str
    ticket: str
    customer: str
    symptom: str
    hosts: tuple[str, ...]
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Begins runs for one worker, its holder."""

    store: Store
    limits: Limits
    holder: str
    lease: timedelta

    def next(self, now: datetime) -> tuple[Arrival, Order] | None:
        """Take the next ready row, within the limits, and tell its ticket; None where nothing may begin now."""
        with self.store.read() as connection:
            row = self._choice_row(connection, now)
        if row is None:
            return None
        run = row.run or f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        order = Order(
            run=run,
            desk=row.desk,
            ticket=row.ticket,
            customer=row.customer,
            symptom=row.symptom,
            hosts=row.hosts,
            who=f"automation:{row.rule}",
        )
        # Rather twice in the ledger than never.
        append(self.store, _entry(row, order, now))
        note = action_json(self.store, Action(kind=ActionKind.NOTE, text=row.note)) if row.note else None
        with self.store.write(durable=True) as connection:
            chosen = self._choice_row(connection, now)
            if chosen is None or chosen.id != row.id:
                return None
            until = now + self.lease
            values = {
                "run": run,
                "holder": self.holder,
                "next_at": until,
                "began": row.began or now,
                "note": "",
            }
            move(connection, row, ArrivalState.RUNNING, tries=row.tries + 1, **values)
            if note is not None:
                hand_over(connection, note, run_id=None, desk=row.desk, ticket=row.ticket, now=now)
        return row, order

    def end(self, row: Arrival, now: datetime, why: str) -> None:
        """A run has ended. why: what it was ended by, empty when it came to its end by itself."""
        begun = self._is_begun(row)
        with self.store.write(durable=True) as connection:
            if held(connection, row, self.holder):
                self._close(connection, by_number(connection, row.id), begun=begun, why=why, now=now)

    def recover(self, now: datetime) -> None:
        """Take up what a dead worker left: a run that was begun is never begun again; one that was not, is."""
        with self.store.read() as connection:
            if not left_running(connection, now):
                return
        with self.store.write(durable=True) as connection:
            for row, begun in left_running(connection, now):
                self._close(connection, row, begun=begun, why="its worker was gone", now=now)

    def _close(self, connection: Connection, row: Arrival, *, begun: bool, why: str, now: datetime) -> None:
        if begun or not why:
            move(connection, row, ArrivalState.DONE, ended=now, **{"why": f"{row.why}; {why}"} if why else {})
        elif row.tries >= _MOST_TRIES:
            move(connection, row, ArrivalState.FAILED, ended=now, why=f"given up: {why}"[:_MOST_FACTS])
        else:
            move(connection, row, ArrivalState.READY, next_at=now + _PAUSE * row.tries)

    def _choice_row(self, connection: Connection, now: datetime) -> Arrival | None:
        if running_count(connection) >= self.limits.at_once:
            return None
        if people_count(connection) >= self.limits.people_first:
            return None
        choices = [
            (running, last or _NEVER, first)
            for _, first, running, last in ready(connection, now)
            if running < self.limits.at_once_each
        ]
        return by_number(connection, min(choices)[2]) if choices else None

    def _is_begun(self, row: Arrival) -> bool:
        with self.store.read() as connection:
            run = by_number(connection, row.id).run
        try:
            get_run(self.store, run)
        except UnknownRunError:
            return False
        return True


def _entry(row: Arrival, order: Order, now: datetime) -> Entry:
    facts = {
        "ticket": row.ticket,
        "desk": row.desk,
        "rule": row.rule,
        "symptom": row.symptom,
        "words": ", ".join(row.words)[:_MOST_FACTS],
        "why": row.why[:_MOST_FACTS],
    }
    return Entry(what=What.TRIGGERED, who=order.who, run=order.run, facts=facts, at=now)
