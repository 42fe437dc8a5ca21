"""What became of that run? Runs with their state and summary, from the first question to the end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from agent.job import Job, Result
from controller.store.errors import UnknownRunError
from controller.store.jobs import end_jobs, plan_jobs
from controller.store.living import RunState
from controller.store.schema import run
from controller.store.store import Store

__all__ = [
    "Run",
    "RunState",
    "create_run",
    "end_run",
    "get_run",
    "move_run",
    "open_run",
    "read_run_row",
    "runs",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. contract: SHA-256 of the contract's text. deadline: when it must be over.

    summary: small JSON that lists show, such as the numbers of a report's coverage. subject: the ticket's,
    as it was. accounts: of whom it speaks. symptom: whose chain was followed. expired: when the evidence was deleted, as the contract says.
    kind: 'diagnose'; or of a change: 'plan', 'apply' or 'undo'. faults: how many findings are more than a note, None
    where nobody has counted; cause: the tag of the first cause.
    """

    id: str
    ticket: str
    desk: str
    customer: str
    contract: str
    revision: int
    asked_by: str
    state: RunState
    began: datetime
    ended: datetime | None = None
    deadline: datetime | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    accounts: tuple[str, ...] = ()
    symptom: str = ""
    expired: datetime | None = None
    kind: str = "diagnose"
    faults: int | None = None
    cause: str = ""


def create_run(store: Store, fresh: Run, jobs: Iterable[Job] = (), ended: Iterable[Result] = ()) -> None:
    """Write a new run down with its jobs, and with the results of those that end before they begin.

    All or nothing. Raises sqlalchemy.exc.IntegrityError when its id is taken.
    """
    with store.write() as connection:
        open_run(connection, fresh, jobs, ended)


def open_run(
    connection: Connection, fresh: Run, jobs: Iterable[Job] = (), ended: Iterable[Result] = ()
) -> None:
    """As `create_run`, inside a transaction of the caller's."""
    connection.execute(
        insert(run).values(
            id=fresh.id,
            ticket=fresh.ticket,
            desk=fresh.desk,
            customer=fresh.customer,
            contract=fresh.contract,
            revision=fresh.revision,
            asked_by=fresh.asked_by,
            state=fresh.state.value,
            began=fresh.began,
            ended=fresh.ended,
            deadline=fresh.deadline,
            summary=dict(fresh.summary),
            subject=fresh.subject,
            accounts=list(fresh.accounts),
            symptom=fresh.symptom,
            kind=fresh.kind,
        )
    )
    plan_jobs(connection, fresh.id, jobs)
    end_jobs(connection, fresh.id, ended)


def move_run(store: Store, run_id: str, state: RunState) -> None:
    """Set a run's state while it goes on; `end_run` (or `outbox.finish_run`) ends it."""
    with store.write() as connection:
        _change(connection, run_id, state=state.value)


def end_run(  # noqa: PLR0913 - what an end consists of.
    connection: Connection,
    run_id: str,
    state: RunState,
    *,
    ended: datetime,
    summary: Mapping[str, Any],
    found: tuple[int | None, str] = (None, ""),
) -> None:
    """End a run inside a transaction of the caller's. found: see `Run`, faults and cause. Raises UnknownRunError."""
    if not state.over:
        raise ValueError(f"a run does not end {state}")
    faults, cause = found
    _change(
        connection,
        run_id,
        state=state.value,
        ended=ended,
        summary=dict(summary),
        faults=faults,
        cause=cause,
    )


def get_run(store: Store, run_id: str) -> Run:
    """Give one run. Raises UnknownRunError."""
    with store.read() as connection:
        row = connection.execute(select(run).where(run.c.id == run_id)).one_or_none()
    if row is None:
        raise UnknownRunError(f"there is no run {run_id!r}: see 'secondline report list'")
    return read_run_row(row)


def runs(  # noqa: PLR0913 - by what the list is narrowed.
    store: Store,
    *,
    customer: str = "",
    ticket: str = "",
    states: Collection[RunState] = (),
    limit: int = 50,
    kind: str = "diagnose",
) -> tuple[Run, ...]:
    """The newest runs first; an empty argument does not narrow the list. limit: at most so many; 0 for all."""
    wanted = select(run).order_by(run.c.began.desc(), run.c.id)
    if limit:
        wanted = wanted.limit(limit)
    if customer:
        wanted = wanted.where(run.c.customer == customer)
    if ticket:
        wanted = wanted.where(run.c.ticket == ticket)
    if kind:
        wanted = wanted.where(run.c.kind == kind)
    if states:
        wanted = wanted.where(run.c.state.in_([state.value for state in states]))
    with store.read() as connection:
        return tuple(read_run_row(row) for row in connection.execute(wanted))


def _change(connection: Connection, run_id: str, **values: object) -> None:
    if connection.execute(update(run).where(run.c.id == run_id).values(**values)).rowcount != 1:
        raise UnknownRunError(f"there is no run {run_id!r}")


def read_run_row(row: Row[tuple[object, ...]]) -> Run:
    columns = dict(row._mapping)  # noqa: SLF001 - the documented name of a row's columns.
    return Run(**columns | {"state": RunState(row.state), "accounts": tuple(row.accounts)})
