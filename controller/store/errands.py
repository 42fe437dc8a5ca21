"""Which orders wait for agents elsewhere, who has them, and what came back? The one truth; couriers only carry.

An errand is an order on its way. Whoever takes it gets an attempt number, and only what comes with the present number
counts: a courier may lose, double, delay or reorder what it likes. Questions are tried three times, a change once.

    queued ──lease──► leased ──finish──► done
      │  ▲              │ └─ no sign, and tries are left (never a change)
      │  └──────────────┘
      ├─ nobody took it in time ► expired          ├─ three tries ► parked
      └─ cancelled before       ► cancelled        ├─ its time is over ► lost
                                                   └─ asked to stop, and no word that it has ► unconfirmed

Pure but for the store: the moment is always an argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update

from controller.store.errand import LAST_WORDS, LEASE, STOPPING, Errand, ErrandState, Held, Moved, Word
from controller.store.schema import run
from controller.store.schema_sites import errand, errand_word
from controller.store.store import Store

__all__ = [
    "announceable",
    "announced",
    "cancel",
    "finish",
    "forgettable",
    "get_errand",
    "hear",
    "lease",
    "orphans",
    "park",
    "reconcile",
    "remove",
    "renew",
    "submit",
    "words_after",
]


def submit(store: Store, fresh: Errand, dedupe: str) -> str:
    """Put an order on its way; gives its id, or that of the one with the same dedupe key."""
    with store.write(durable=True) as connection:
        known = connection.scalar(select(errand.c.id).where(errand.c.dedupe == dedupe))
        if known is not None:
            return str(known)
        values = {
            name: getattr(fresh, name)
            for name in ("id", "run", "customer", "agent", "body", "change", "expires", "made", "priority")
        }
        most = 1 if fresh.change else fresh.most
        connection.execute(
            insert(errand).values(
                **values,
                dedupe=dedupe,
                state=ErrandState.QUEUED.value,
                attempt=0,
                most=most,
                seat="",
                heard=0,
                why="",
            )
        )
    return fresh.id


def get_errand(store: Store, id_: str) -> Errand | None:
    with store.read() as connection:
        return _one(connection, id_)


def lease(  # noqa: PLR0913 - who asks, for what, and when.
    store: Store, *, customer: str, agent: str, seat: str, now: datetime, id_: str = ""
) -> Errand | None:
    """Give a seat the most urgent order of its agent, or this one, and count the attempt; None when there is none."""
    wanted = select(errand.c.id).where(
        errand.c.customer == customer,
        errand.c.agent == agent,
        errand.c.state == ErrandState.QUEUED.value,
        errand.c.cancelled.is_(None),
        errand.c.expires > now,
        errand.c.attempt < errand.c.most,
    )
    if id_:
        wanted = wanted.where(errand.c.id == id_)
    first = wanted.order_by(errand.c.priority.desc(), errand.c.made, errand.c.id).limit(1)
    with store.write() as connection:
        found = connection.scalar(first.with_for_update(skip_locked=True))
        if found is None:
            return None
        connection.execute(
            update(errand)
            .where(errand.c.id == found)
            .values(
                state=ErrandState.LEASED.value,
                attempt=errand.c.attempt + 1,
                heard=0,
                seat=seat,
                lease_until=now + LEASE,
            )
        )
        return _one(connection, found)


def renew(store: Store, id_: str, attempt: int, seat: str, now: datetime) -> Held:
    """Say that it is still being worked at; brings what was asked of it meanwhile."""
    with store.write() as connection:
        mine = _mine(connection, id_, attempt, seat)
        if mine is None:
            return Held.NO
        connection.execute(
            update(errand)
            .where(errand.c.id == id_)
            .values(state=ErrandState.LEASED.value, lease_until=now + LEASE)
        )
        return Held.YES if mine.cancelled is None else Held.STOP


def hear(  # noqa: PLR0913, PLR0917 - whose words, of which attempt, and when.
    store: Store, id_: str, attempt: int, seat: str, words: Sequence[Word], now: datetime
) -> int | None:
    """Keep words that come next, in one transaction; gives how many have counted, None when none of them may.

    Words that were heard before are passed over; where one is missing, what comes after it waits to be told again.
    """
    with store.write(durable=True) as connection:
        mine = _mine(connection, id_, attempt, seat)
        if mine is None:
            return None
        heard, rows = mine.heard, []
        for word in words:
            if word.number == heard + 1:
                heard += 1
                row = {"errand": id_, "attempt": attempt, "number": word.number, "at": now}
                rows.append({**row, "body": word.body, "bundle": word.bundle})
        if rows:
            connection.execute(insert(errand_word), rows)
            connection.execute(
                update(errand)
                .where(errand.c.id == id_)
                .values(heard=heard, state=ErrandState.LEASED.value, lease_until=now + LEASE)
            )
        return heard


def finish(  # noqa: PLR0913, PLR0917 - see above.
    store: Store, id_: str, attempt: int, seat: str, last: int, now: datetime, *, whole: bool = True
) -> int | None:
    """End an attempt; gives how many words have counted (the end counts when that is `last`), None when it may not.

    whole: whether everything was done. What an agent lost by a crash of its own is tried again where tries are left;
    of a change nobody knows.
    """
    with store.write(durable=True) as connection:
        mine = _mine(connection, id_, attempt, seat)
        if mine is None:
            # The answer to an end that counted may have been lost on the way: it has counted.
            ended = _one(connection, id_)
            again = ended is not None and ended.state is ErrandState.DONE
            return (
                last
                if again and ended and (ended.attempt, ended.seat, ended.heard) == (attempt, seat, last)
                else None
            )
        if mine.heard != last:
            return mine.heard
        if whole:
            _end(connection, mine, ErrandState.DONE, now)
        elif mine.change:
            _end(connection, mine, ErrandState.LOST, now, "the agent was ended while it worked: verify first")
        else:
            _again(connection, mine, now)
        return last


def cancel(store: Store, ids: Iterable[str], now: datetime) -> None:
    """Ask that these end. What nobody has taken is over at once; the rest is stopping until its agent says so."""
    with store.write(durable=True) as connection:
        for id_ in ids:
            one = _one(connection, id_, lock=True)
            if one is None or one.state.over or one.cancelled is not None:
                continue
            if one.attempt == 0:
                _end(connection, one, ErrandState.CANCELLED, now, "nobody had taken it")
            else:
                connection.execute(
                    update(errand).where(errand.c.id == id_).values(cancelled=now, announced=None)
                )


def reconcile(store: Store, now: datetime) -> tuple[Moved, ...]:
    """Close every gap that time has made; gives what has changed."""
    late = select(errand).where(
        errand.c.state.in_([ErrandState.QUEUED.value, ErrandState.LEASED.value]),
        or_(
            errand.c.expires <= now,
            and_(errand.c.state == ErrandState.LEASED.value, errand.c.lease_until < now),
            errand.c.cancelled <= now - STOPPING,
        ),
    )
    with store.read() as connection:
        if connection.execute(late.limit(1)).first() is None:
            return ()
    with store.write(durable=True) as connection:
        rows = connection.execute(late.with_for_update(skip_locked=True)).all()
        return tuple(moved for row in rows if (moved := _moved(connection, _errand(row), now)) is not None)


def _moved(connection: Connection, one: Errand, now: datetime) -> Moved | None:
    """What becomes of one errand by now."""
    if one.cancelled is not None:
        if now < one.cancelled + STOPPING:
            return None
        why = "the agent was asked to stop and has not said that nothing works any more"
        return _end(connection, one, ErrandState.UNCONFIRMED, now, why)
    if one.attempt == 0:
        return _end(connection, one, ErrandState.EXPIRED, now, "expired before the agent took it")
    if now >= one.expires + LAST_WORDS:
        return _end(connection, one, ErrandState.LOST, now, "the agent took it, and did not end it in time")
    silent = one.state is ErrandState.LEASED and one.lease_until is not None and one.lease_until < now
    if not silent or one.change:
        # What changes something is given to nobody else: its agent may yet come back and say how it ended.
        return None
    return _again(connection, one, now)


def _again(connection: Connection, one: Errand, now: datetime) -> Moved:
    """Let it be tried once more, or park it."""
    if one.attempt >= one.most:
        why = f"it was tried {one.attempt} times, and no agent came to its end"
        return _end(connection, one, ErrandState.PARKED, now, why)
    connection.execute(
        update(errand)
        .where(errand.c.id == one.id)
        .values(state=ErrandState.QUEUED.value, lease_until=None, announced=None)
    )
    return Moved(one, ErrandState.QUEUED)


def _end(connection: Connection, one: Errand, state: ErrandState, now: datetime, why: str = "") -> Moved:
    connection.execute(
        update(errand)
        .where(errand.c.id == one.id)
        .values(state=state.value, ended=now, lease_until=None, why=why)
    )
    return Moved(one, state)


def announceable(store: Store, now: datetime, again: timedelta) -> tuple[Errand, ...]:
    """What the courier is to be told of: what waits and was not told lately, and what shall stop."""
    stale = or_(errand.c.announced.is_(None), errand.c.announced < now - again)
    waits = and_(errand.c.state == ErrandState.QUEUED.value, errand.c.expires > now)
    stops = and_(errand.c.state == ErrandState.LEASED.value, errand.c.cancelled.is_not(None))
    wanted = select(errand).where(stale, or_(waits, stops)).order_by(errand.c.priority.desc(), errand.c.made)
    with store.read() as connection:
        return tuple(map(_errand, connection.execute(wanted.limit(500))))


def announced(store: Store, ids: Iterable[str], now: datetime) -> None:
    """The courier has taken these."""
    named = list(ids)
    with store.write() as connection:
        connection.execute(update(errand).where(errand.c.id.in_(named)).values(announced=now))


def park(store: Store, id_: str, why: str, now: datetime) -> bool:
    """Take out what was handed over again and again, and nobody took; False when it is over or under way."""
    with store.write(durable=True) as connection:
        one = _one(connection, id_, lock=True)
        if one is None or one.state is not ErrandState.QUEUED:
            return False
        _end(connection, one, ErrandState.PARKED, now, why)
        return True


def orphans(store: Store) -> tuple[str, ...]:
    """What is still under way for a run that is over: its process was ended, and nobody waits for it."""
    wanted = (
        select(errand.c.id)
        .join(run, run.c.id == errand.c.run)
        .where(errand.c.ended.is_(None), errand.c.cancelled.is_(None), run.c.ended.is_not(None))
    )
    with store.read() as connection:
        return tuple(connection.scalars(wanted))


def forgettable(store: Store, before: datetime) -> tuple[str, ...]:
    """What ended before a moment, and whose words nobody has taken away."""
    wanted = select(errand.c.id).where(errand.c.ended < before, errand.c.body != "").limit(500)
    with store.read() as connection:
        return tuple(connection.scalars(wanted))


def words_after(store: Store, id_: str, attempt: int, number: int, limit: int = 200) -> tuple[Word, ...]:
    """What was told after this word, in order, whatever the attempt."""
    later = or_(
        errand_word.c.attempt > attempt,
        and_(errand_word.c.attempt == attempt, errand_word.c.number > number),
    )
    wanted = (
        select(errand_word)
        .where(errand_word.c.errand == id_, later)
        .order_by(errand_word.c.attempt, errand_word.c.number)
        .limit(limit)
    )
    with store.read() as connection:
        return tuple(
            Word(row.attempt, row.number, row.body, row.bundle) for row in connection.execute(wanted)
        )


def remove(store: Store, ids: Iterable[str]) -> None:
    """Forget the words and the text of what is over: results and evidence are the run's now."""
    named = list(ids)
    with store.write() as connection:
        connection.execute(delete(errand_word).where(errand_word.c.errand.in_(named)))
        connection.execute(update(errand).where(errand.c.id.in_(named)).values(body=""))


def _mine(connection: Connection, id_: str, attempt: int, seat: str) -> Errand | None:
    """The errand, where this attempt of this seat is still the one that counts."""
    one = _one(connection, id_, lock=True)
    fits = one is not None and (one.attempt, one.seat) == (attempt, seat) and not one.state.over
    return one if fits else None


def _one(connection: Connection, id_: str, *, lock: bool = False) -> Errand | None:
    wanted = select(errand).where(errand.c.id == id_)
    row = connection.execute(wanted.with_for_update() if lock else wanted).one_or_none()
    return None if row is None else _errand(row)


def _errand(row: Row[tuple[object, ...]]) -> Errand:
    columns = dict(row._mapping)  # noqa: SLF001 - the documented name of a row's columns.
    del columns["dedupe"], columns["announced"]
    return Errand(**columns | {"state": ErrandState(row.state)})
