"""How is a run's evidence deleted? Rows, files and raw pieces; what was done stays in the ledger.

A piece that another run or a ticket holds as well stays until nobody holds it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select, update

from controller.store.fence import for_all
from controller.store.letters import DeliveryState, expired_json
from controller.store.runs import Run, RunState
from controller.store.runs import runs as runs_of
from controller.store.schema import exchange, job, outbox, run, ticket_file
from controller.store.schema_people import release
from controller.store.store import Store

__all__ = ["count_exchanges", "due", "forget", "held_pieces", "sweep"]

# A piece that was just put away may belong to a row that is about to be written.
_YOUNG = timedelta(days=1)
_OVER = tuple(state for state in RunState if state.over)


def due(store: Store, customer: str, before: datetime) -> tuple[Run, ...]:
    """The runs of a customer that are over, began before a moment and still have their evidence."""
    every = runs_of(store, customer=customer, states=_OVER, limit=0)
    return tuple(one for one in reversed(every) if one.expired is None and one.began < before)


def count_exchanges(store: Store, run_id: str) -> int:
    """How many exchanges of a run are kept."""
    with store.read() as connection:
        counted = select(func.count()).select_from(exchange).where(exchange.c.run == run_id)
        return connection.scalar(counted) or 0


def forget(store: Store, run_id: str, now: datetime) -> None:
    """Delete what a run holds of its hosts: its report, answers, readings, and what its notes said."""
    shutil.rmtree(store.home / "runs" / run_id, ignore_errors=True)
    with store.write(durable=True) as connection:
        connection.execute(delete(exchange).where(exchange.c.run == run_id))
        connection.execute(delete(job).where(job.c.run == run_id))
        for letter in connection.execute(select(outbox).where(outbox.c.run == run_id)).all():
            late = not DeliveryState(letter.state).over
            connection.execute(
                update(outbox)
                .where(outbox.c.id == letter.id)
                .values(
                    action=expired_json(letter.action),
                    state=DeliveryState.FAILED.value if late else letter.state,
                )
            )
        connection.execute(update(run).where(run.c.id == run_id).values(expired=now, subject="", accounts=[]))


def sweep(store: Store, now: datetime) -> int:
    """Delete every raw piece that nothing holds any more; gives how many."""
    return store.blobs.sweep(held_pieces(store), now - _YOUNG)


def held_pieces(store: Store) -> frozenset[str]:
    """The SHA-256 of every raw piece that something of any customer holds."""
    with for_all(), store.read() as connection:
        return frozenset(_held(connection))


def _held(connection: Connection) -> Iterator[str]:
    # Said with each statement: said of the connection, it would hold for its BEGIN, too, which PostgreSQL refuses.
    several = {"yield_per": 1000}
    for parts in connection.scalars(select(exchange.c.parts), execution_options=several):
        yield from parts.values()
    yield from connection.scalars(select(ticket_file.c.sha256), execution_options=several)
    lasting = select(release.c.page, release.c.data).join(run, run.c.id == release.c.run)
    for forms in connection.execute(lasting.where(run.c.expired.is_(None)), execution_options=several):
        yield from forms
    for action in connection.scalars(select(outbox.c.action), execution_options=several):
        yield from (file["sha256"] for file in action.get("files", ()))
        if action.get("html"):
            yield action["html"]
