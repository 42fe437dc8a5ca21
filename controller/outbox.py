"""Did the report reach the ticket? Deliveries are written down with the end of the run, and made once.

A delivery that was begun and whose end is not known (a cut connection, a killed process) is looked for at
the desk by its marker before it is tried again. Deliveries to one ticket keep their order. What cannot be
delivered ends as `failed` or `partly`, with the reason, in the ledger and in `deliveries`; a note that failed is
kept in a ticket of the built-in desk.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from controller import ledger
from controller.desks.desk import (
    DeskError,
    DeskUnavailableError,
    DeskUnclearError,
    Letterbox,
    PartlyDoneError,
    TicketChangedError,
)
from controller.fallback import Kept, fall_back, keep
from controller.fitting import fitted
from controller.ledger import Entry, What
from controller.store.errors import BlobError, UnknownRunError
from controller.store.letters import (
    Action,
    ActionKind,
    Delivery,
    DeliveryState,
    action_from,
    action_json,
    delivery_from,
)
from controller.store.runs import RunState, end_run
from controller.store.schema import outbox, run
from controller.store.store import Store

__all__ = [
    "Action",
    "ActionKind",
    "Delivery",
    "DeliveryState",
    "deliver_due",
    "deliveries",
    "finish_run",
    "hand_over",
    "next_due",
    "post",
    "try_again",
]

# An attempt is given up before its lease ends, so that two never send the same at the same time.
_ATTEMPT = 240.0
_LEASE = timedelta(seconds=300)
# A desk may still work at what was sent when its answer is no longer waited for: it is not asked at once.
_UNCLEAR_PAUSE = _LEASE
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
_MAX_TRIES = 20
# A desk may be down, or out of reach, over a long weekend: a hundred tries are four days.
_PATIENCE = 100
_AT_ONCE = 4

_OPEN = (DeliveryState.WAITING.value, DeliveryState.SENDING.value, DeliveryState.UNCLEAR.value)


def finish_run(  # noqa: PLR0913 - what an end consists of.
    store: Store,
    run_id: str,
    state: RunState,
    *,
    ended: datetime,
    summary: Mapping[str, Any],
    actions: Sequence[Action] = (),
    found: tuple[int | None, str] = (None, ""),
) -> None:
    """End a run and hand over what its ticket shall get, both or neither. found: as in `end_run`. Raises UnknownRunError."""
    written = [action_json(store, action) for action in actions]
    with store.write(durable=True) as connection:
        end_run(connection, run_id, state, ended=ended, summary=summary, found=found)
        where = connection.execute(select(run.c.desk, run.c.ticket).where(run.c.id == run_id)).one_or_none()
        if where is None:
            raise UnknownRunError(f"there is no run {run_id!r}")
        for action in written:
            hand_over(connection, action, run_id=run_id, desk=where.desk, ticket=where.ticket, now=ended)


def post(  # noqa: PLR0913 - what a letter consists of.
    store: Store, *, desk: str, ticket: str, action: Action, now: datetime, run_id: str = ""
) -> str:
    """Hand over something for a ticket outside a run's end; gives its marker."""
    written = action_json(store, action)
    with store.write(durable=True) as connection:
        return hand_over(connection, written, run_id=run_id or None, desk=desk, ticket=ticket, now=now)


async def deliver_due(store: Store, desks: Mapping[str, Letterbox], now: datetime) -> tuple[Delivery, ...]:
    """Deliver what is due at these desks; gives every delivery that was tried, as it stands now.

    What waits for another desk stays as it is. Safe to call from several processes at once.
    """
    waiting = [d for d in deliveries(store, states=tuple(map(DeliveryState, _OPEN))) if d.desk in desks]
    waiting.sort(key=lambda d: (d.desk, d.ticket, d.id))
    lanes = [list(lane) for _, lane in groupby(waiting, key=lambda d: (d.desk, d.ticket))]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def drive(lane: list[Delivery]) -> list[Delivery]:
        async with gate:
            return await _deliver_lane(store, desks[lane[0].desk], lane, now)

    done = await asyncio.gather(*(drive(lane) for lane in lanes))
    return tuple(sorted((d for lane in done for d in lane), key=lambda d: d.id))


def deliveries(
    store: Store, *, run_id: str = "", states: Collection[DeliveryState] = ()
) -> tuple[Delivery, ...]:
    """What was handed over, oldest first; an empty argument does not narrow the list."""
    wanted = select(outbox).order_by(outbox.c.id)
    if run_id:
        wanted = wanted.where(outbox.c.run == run_id)
    if states:
        wanted = wanted.where(outbox.c.state.in_([state.value for state in states]))
    with store.read() as connection:
        return tuple(delivery_from(row) for row in connection.execute(wanted))


def next_due(store: Store) -> datetime | None:
    """When `deliver_due` has something to do next; None when nothing waits.

    What stands behind something else for its ticket is not due before that is.
    """
    first = (
        select(func.min(outbox.c.id))
        .where(outbox.c.state.in_(_OPEN))
        .group_by(outbox.c.desk, outbox.c.ticket)
    )
    soonest = select(outbox.c.next_at).where(outbox.c.id.in_(first)).order_by(outbox.c.next_at).limit(1)
    with store.read() as connection:
        moment: datetime | None = connection.scalar(soonest)
    return moment


def try_again(store: Store, number: int, now: datetime) -> bool:
    """Let a failed delivery be tried anew, after somebody mended the cause; False when it has not failed."""
    again = (
        update(outbox)
        .where(outbox.c.id == number, outbox.c.state == DeliveryState.FAILED.value)
        .values(state=DeliveryState.UNCLEAR.value, tries=1, next_at=now)
    )
    with store.write() as connection:
        return connection.execute(again).rowcount == 1


def hand_over(  # noqa: PLR0913 - the columns of a row.
    connection: Connection,
    action: Mapping[str, Any],
    *,
    run_id: str | None,
    desk: str,
    ticket: str,
    now: datetime,
) -> str:
    """Have something told to a ticket, inside a transaction of the caller's: it is told once, or nothing was done.

    action: from `action_json`. Gives its marker.
    """
    # Not to be guessed: who could write it into a ticket beforehand would keep the report away.
    marker = secrets.token_hex(12)
    connection.execute(
        insert(outbox).values(
            run=run_id,
            desk=desk,
            ticket=ticket,
            action=action,
            marker=marker,
            state=DeliveryState.WAITING.value,
            tries=0,
            next_at=now,
            last_error="",
            reference="",
        )
    )
    return marker


async def _deliver_lane(store: Store, desk: Letterbox, lane: list[Delivery], now: datetime) -> list[Delivery]:
    """Deliver to one ticket, in order, up to the first that has to wait."""
    tried: list[Delivery] = []
    for waiting in lane:
        begun = _begin(store, waiting, now)
        if begun is None:
            break
        # Only what was certainly not done before can be certainly not done after a failure.
        undone = DeliveryState.WAITING if waiting.state is DeliveryState.WAITING else DeliveryState.UNCLEAR
        ended = await _attempt(store, desk, begun, now, undone)
        files = _kept(store, ended)
        _remember(store, ended)
        tried.append(_record(store, ended, files, now))
        if not ended.state.over:
            break
    return tried


def _begin(store: Store, waiting: Delivery, now: datetime) -> Delivery | None:
    """Take a delivery for this process; None when it is not due or somebody else has it."""
    begin = (
        update(outbox)
        .where(
            outbox.c.id == waiting.id,
            outbox.c.tries == waiting.tries,
            outbox.c.state.in_(_OPEN),
            outbox.c.next_at <= now,
        )
        .values(state=DeliveryState.SENDING.value, tries=waiting.tries + 1, next_at=now + _LEASE)
    )
    with store.write(durable=True) as connection:
        if connection.execute(begin).rowcount != 1:
            return None
    return replace(waiting, state=DeliveryState.SENDING, tries=waiting.tries + 1, next_at=now + _LEASE)


async def _attempt(
    store: Store, desk: Letterbox, begun: Delivery, now: datetime, undone: DeliveryState
) -> Delivery:
    try:
        action = action_from(store, begun.action)
        async with asyncio.timeout(_ATTEMPT):
            reference = await _send(desk, begun, action)
    except TimeoutError:
        return _later(
            begun, DeliveryState.UNCLEAR, f"not done within {_ATTEMPT:g} seconds", now, most=_PATIENCE
        )
    except DeskUnclearError as error:
        return _later(begun, DeliveryState.UNCLEAR, str(error), now, most=_PATIENCE)
    except DeskUnavailableError as error:
        return _later(begun, undone, str(error), now, after=error.after, most=_PATIENCE)
    except TicketChangedError as error:
        return _later(begun, undone, str(error), now)
    except PartlyDoneError as error:
        return replace(
            begun, state=DeliveryState.PARTLY, error=str(error), reference=error.reference, done_at=now
        )
    except (DeskError, BlobError, ValueError) as error:
        return replace(begun, state=DeliveryState.FAILED, error=str(error))
    return replace(begun, state=DeliveryState.DONE, error="", reference=reference, done_at=now)


async def _send(desk: Letterbox, begun: Delivery, action: Action) -> str:
    if action.kind is ActionKind.STATE:
        await desk.set_state(begun.ticket, action.state)
        return ""
    fit = fitted(action, desk.limits, begun.marker)
    if begun.tries > 1 and await desk.find_marker(begun.ticket, begun.marker, fit.files):
        reference = "found by its marker"
    else:
        say = desk.reply if action.kind is ActionKind.REPLY else desk.note
        reference = (await say(begun.ticket, fit.text, files=fit.files, marker=begun.marker)).reference
    if fit.left_out:
        names = ", ".join(fit.left_out)
        raise PartlyDoneError(f"larger than the desk takes: {names}", reference=reference)
    return reference


def _later(  # noqa: PLR0913 - what is known of an attempt.
    begun: Delivery,
    state: DeliveryState,
    error: str,
    now: datetime,
    *,
    after: float = 0.0,
    most: int = _MAX_TRIES,
) -> Delivery:
    if begun.tries >= most:
        return replace(
            begun, state=DeliveryState.FAILED, error=f"given up after {begun.tries} tries: {error}"
        )
    pause = min(_FIRST_PAUSE * 2 ** min(begun.tries - 1, 10), _LONGEST_PAUSE)
    if state is DeliveryState.UNCLEAR:
        pause = max(pause, _UNCLEAR_PAUSE)
    return replace(begun, state=state, error=error, next_at=now + max(pause, timedelta(seconds=after)))


def _remember(store: Store, ended: Delivery) -> None:
    """Write the end into the ledger, before it is recorded: rather twice there than never."""
    if not ended.state.over:
        return
    facts = {
        "desk": ended.desk,
        "ticket": ended.ticket,
        "action": ended.kind.value,
        "marker": ended.marker,
    }
    match ended.state:
        case DeliveryState.FAILED:
            what, last = What.NOTE_FAILED, {"error": ended.error[:500]}
        case DeliveryState.PARTLY:
            what, last = (
                What.NOTE_DELIVERED,
                {"reference": ended.reference, "missing": ended.error[:500]},
            )
        case _:
            what, last = What.NOTE_DELIVERED, {"reference": ended.reference}
    ledger.append(store, Entry(what=what, who="controller", run=ended.run, facts=facts | last))


def _kept(store: Store, ended: Delivery) -> tuple[Kept, ...] | None:
    """The files that go into another ticket with a note that failed; None when nothing goes there."""
    if ended.state is not DeliveryState.FAILED:
        return None
    try:
        return keep(store, ended)
    except BlobError:
        # A file that was changed on the disk is no evidence: its note goes without any.
        return ()


def _record(store: Store, ended: Delivery, files: tuple[Kept, ...] | None, now: datetime) -> Delivery:
    """Write down how an attempt ended, unless a later attempt has begun meanwhile; gives how it stands.

    files: those of a note that goes into another ticket as it ends.
    """
    mine = (outbox.c.id == ended.id) & (outbox.c.tries == ended.tries)
    with store.write(durable=True) as connection:
        change = (
            update(outbox)
            .where(mine, outbox.c.state == DeliveryState.SENDING.value)
            .values(
                state=ended.state.value,
                next_at=ended.next_at,
                last_error=ended.error,
                reference=ended.reference,
                done_at=ended.done_at,
            )
        )
        if connection.execute(change).rowcount != 1 or files is None:
            return ended
        number = fall_back(connection, ended, files, now)
        error = f"{ended.error}; it is kept as ticket {number} of the built-in desk"
        kept = replace(ended, error=error, reference=f"kept as ticket {number}")
        change = update(outbox).where(outbox.c.id == ended.id)
        connection.execute(change.values(last_error=error, reference=kept.reference))
    return kept
