"""Who did what to which host, when, under which clause? Append-only and chained by hashes.

Each entry carries the SHA-256 over its predecessor's hash and its own content. The number and hash of the
newest entry also lie in `ledger.head` beside the database, so that entries cannot be taken from the end
unseen. Somebody who can write both can forge both, or set both back to an older copy: keep a head elsewhere
(`head_of` gives it), and give it to `verify`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, insert, or_, select

from controller.reports.model import Touch
from controller.store.chain import FIELDS, START, Head, Link, alone, hash_of, read_heads, write_heads
from controller.store.entries import Entry, LedgerFact, What
from controller.store.errors import LedgerBrokenError
from controller.store.schema import ledger, run
from controller.store.store import Store

__all__ = [
    "Entry",
    "Head",
    "LedgerFact",
    "Link",
    "Problem",
    "Verdict",
    "What",
    "about",
    "append",
    "append_many",
    "entries_of",
    "excerpt",
    "head_of",
    "theirs",
    "touches",
    "verify",
]


class Problem(StrEnum):
    CHANGED = "changed"
    MISSING = "missing"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    FOREIGN = "appended-from-elsewhere"
    NO_HEAD = "head-file-missing"
    SET_BACK = "kept-head-not-in-it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the ledger holds. entries: how many are there; number: the first that is wrong."""

    entries: int
    head: Head
    problem: Problem | None = None
    number: int = 0

    @property
    def holds(self) -> bool:
        return self.problem is None


def append(store: Store, entry: Entry) -> Head:
    """Add one entry; see `append_many`."""
    return append_many(store, (entry,))


def append_many(store: Store, entries: Iterable[Entry]) -> Head:
    """Add entries in one transaction, on the disk before this returns; gives the new head.

    Raises LedgerBrokenError when the end of the ledger is not where it was left.
    """
    with alone(store.home):
        with store.write(durable=True) as connection:
            head = _last(connection)
            _expect(head, read_heads(store.home))
            rows = _chain(head, entries)
            if not rows:
                return head
            connection.execute(insert(ledger), rows)
            new = Head(rows[-1]["number"], rows[-1]["hash"])
            # Both heads are on the disk first: whichever of them a crash leaves in the database is right.
            write_heads(store.home, head, new)
        write_heads(store.home, new)
    return new


def head_of(store: Store) -> Head:
    """The newest entry's number and hash, to be kept where nobody here can change it."""
    with store.read() as connection:
        return _last(connection)


def touches(store: Store, run: str) -> tuple[Touch, ...]:
    """What the ledger says about one run, in order."""
    every = select(ledger).where(ledger.c.run == run).order_by(ledger.c.number)
    with store.read() as connection:
        return tuple(
            Touch(
                number=row.number,
                at=row.at,
                what=row.what,
                host=row.host,
                clause=row.clause,
                who=row.who,
                about=about(row.what, row.facts),
            )
            for row in connection.execute(every)
        )


def excerpt(store: Store, run: str) -> tuple[Link, ...]:
    """All that the ledger says about one run, as it was chained, in order."""
    every = select(ledger).where(ledger.c.run == run).order_by(ledger.c.number)
    with store.read() as connection:
        return tuple(
            Link(
                previous=row.previous,
                hash=row.hash,
                content={name: getattr(row, name) for name in FIELDS} | {"at": row.at},
            )
            for row in connection.execute(every)
        )


def theirs(customer: str, *more: ColumnElement[Any]) -> Select[Any]:
    """The entries of a customer: of their runs, and those of no run that name them. more: further columns, of the run."""
    named = ledger.c.facts["customer"].as_string() == customer
    return (
        select(ledger, *more)
        .select_from(ledger.outerjoin(run, ledger.c.run == run.c.id))
        .where(or_(run.c.customer == customer, and_(run.c.id.is_(None), named)))
    )


def entries_of(store: Store, customer: str, *, after: int = 0, limit: int = 100) -> tuple[_Row, ...]:
    """What was remembered of a customer's runs and contract, in order, from behind an entry on."""
    wanted = theirs(customer).where(ledger.c.number > after).order_by(ledger.c.number).limit(limit)
    with store.read() as connection:
        return tuple(connection.execute(wanted))


def about(what: str, facts: Mapping[str, LedgerFact]) -> str:
    """What an entry was about, in words that only we choose: a report may show them to anybody."""
    if what == What.WALLS_STAND:
        # What a wall has held says others' words; which walls stand says ours.
        return str(facts.get("how", ""))
    return " ".join(
        dict.fromkeys(
            str(facts[name])
            for name in ("collector", "deed", "playbook", "reason", "session", "kind", "state")
            if name in facts and not (name == "session" and "collector" in facts)
        )
    )


def verify(store: Store, kept: str = "") -> Verdict:
    """Go through the whole ledger and name the first entry that is not as it was written.

    kept: the hash of a head that was kept elsewhere; it must be in the ledger.
    """
    with alone(store.home), store.read() as connection:
        last, wrong = _go_through(connection)
        wrong = (
            wrong or _compare(connection, last, read_heads(store.home)) or _look_for(connection, last, kept)
        )
    problem, number = wrong or (None, 0)
    return Verdict(entries=last.number, head=last, problem=problem, number=number)


# What the values of an entry raise that somebody made into something else.
_UNREADABLE = (TypeError, ValueError)
_Wrong = tuple[Problem, int]
_Row = Row[tuple[object, ...]]


def _go_through(connection: Connection) -> tuple[Head, _Wrong | None]:
    """Give the last sound entry, and what is wrong with the one after it."""
    last = Head(0, START)
    every = select(ledger).order_by(ledger.c.number).execution_options(yield_per=1000)
    try:
        with connection.execute(every) as rows:
            for row in rows:
                wrong = _examine(connection, last, row)
                if wrong is not None:
                    return last, wrong
                last = Head(row.number, row.hash)
    except _UNREADABLE:
        return _one_by_one(connection, last)
    return last, None


def _one_by_one(connection: Connection, last: Head) -> tuple[Head, _Wrong | None]:
    """As `_go_through`, for a ledger in which an entry is none any more."""
    numbers = select(ledger.c.number).where(ledger.c.number > last.number).order_by(ledger.c.number)
    for number in connection.scalars(numbers).all():
        try:
            row = connection.execute(select(ledger).where(ledger.c.number == number)).one()
            wrong = _examine(connection, last, row)
        except _UNREADABLE:
            return last, (Problem.CHANGED, number)
        if wrong is not None:
            return last, wrong
        last = Head(row.number, row.hash)
    return last, None


def _look_for(connection: Connection, last: Head, kept: str) -> _Wrong | None:
    """A ledger that was set back whole is sound, but it lacks what somebody has seen in it."""
    if not kept or connection.scalar(select(ledger.c.number).where(ledger.c.hash == kept)) is not None:
        return None
    return Problem.SET_BACK, last.number


def _last(connection: Connection) -> Head:
    newest = select(ledger.c.number, ledger.c.hash).order_by(ledger.c.number.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return Head(0, START) if row is None else Head(row.number, row.hash)


def _expect(head: Head, heads: tuple[Head, ...]) -> None:
    if head in heads or (head.number == 0 and not heads):
        return
    raise LedgerBrokenError(
        f"the ledger ends at entry {head.number}, but it was not left like that: nothing is added to it; "
        "run 'secondline ledger verify'"
    )


def _chain(head: Head, entries: Iterable[Entry]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    previous = head.hash
    for number, entry in enumerate(entries, head.number + 1):
        row = {
            "number": number,
            "at": entry.at,
            "run": entry.run,
            "who": entry.who,
            "what": entry.what.value,
            "host": entry.host,
            "clause": entry.clause,
            "facts": dict(entry.facts),
        }
        digest = hash_of(previous, row)
        rows.append({**row, "previous": previous, "hash": digest})
        previous = digest
    return rows


def _examine(connection: Connection, last: Head, row: _Row) -> _Wrong | None:
    """Say what is wrong with an entry, given the one before it."""
    expected = last.number + 1
    if row.number != expected:
        return Problem.MISSING, expected
    content = dict(row._mapping)  # noqa: SLF001 - the documented name of a row's columns.
    sound = hash_of(row.previous, content) == row.hash
    if row.previous == last.hash:
        return None if sound else (Problem.CHANGED, expected)
    if sound:
        # This entry is as it was written, so it is the one before it that was written anew.
        return Problem.CHANGED, max(last.number, 1)
    before = connection.scalar(select(ledger.c.number).where(ledger.c.hash == row.previous))
    home = (before or 0) + 1
    if home != expected and hash_of(row.previous, {**content, "number": home}) == row.hash:
        return Problem.REORDERED, expected
    return Problem.CHANGED, expected


def _compare(connection: Connection, last: Head, heads: tuple[Head, ...]) -> _Wrong | None:
    """Say whether a chain that is sound in itself ends where it was left."""
    if last in heads or (last.number == 0 and not heads):
        return None
    if not heads:
        return Problem.NO_HEAD, last.number
    left = heads[0]
    if last.number < left.number:
        return Problem.TRUNCATED, last.number + 1
    there = connection.scalar(select(ledger.c.hash).where(ledger.c.number == left.number))
    if left.number and there != left.hash:
        return Problem.CHANGED, left.number
    return Problem.FOREIGN, left.number + 1
