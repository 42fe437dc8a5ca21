"""Has this been seen or spent before? What an agent remembers on its own disk, and never forgets by a restart.

Grants and approvals that were spent, the newest revision of each customer's contract with its text, endings, and the newest
moment that was ever seen: a clock that was set back would make old grants young again. A memory that is missing
or unreadable is not made anew: it would have forgotten what may not be done again. Only `secondline agent init`
makes one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.refusal import Hold, HoldError

__all__ = ["Known", "Memory", "make_memory", "older"]

_VERSION = 1
# A clock may be put right by this much, in seconds, without looking as if somebody had set it back.
_SLACK = 30.0
# How long a spent grant is remembered after it has expired, in seconds.
_LONGER = 3 * 24 * 3600
_WAIT = 10.0
_TABLES = """
create table spent (grant text primary key, expires real not null) without rowid;
create table contract (customer text primary key, revision integer not null, digest text not null, text text not null)
    without rowid;
create table ended (customer text, revision integer, at real not null, primary key (customer, revision)) without rowid;
create table change (customer text primary key, number integer not null) without rowid;
create table clock (newest real not null);
insert into clock values (0);
"""

_APPROVALS = "create table if not exists approval (id text primary key, expires real not null) without rowid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The newest revision of a customer's contract that was accepted here."""

    revision: int
    digest: str


def make_memory(file: Path) -> None:
    """Make an empty memory, once. Raises FileExistsError when there is one."""
    if file.exists():
        raise FileExistsError(f"{file} is there already, and an agent does not forget")
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    connection = sqlite3.connect(fresh, isolation_level=None)
    try:
        connection.executescript(f"begin; {_TABLES} commit; pragma user_version = {_VERSION};")
    finally:
        connection.close()
    fresh.rename(file)


class Memory:
    """An agent's memory. Several processes may use one at the same time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def known(self, customer: str) -> Known | None:
        """The newest revision that was accepted. Raises HoldError."""
        with self._open("deferred") as base:
            row = base.execute(
                "select revision, digest from contract where customer = ?", (customer,)
            ).fetchone()
        return Known(revision=row[0], digest=row[1]) if row else None

    def newest(self) -> datetime:
        """The newest moment that was ever seen. Raises HoldError."""
        with self._open("deferred") as base:
            return datetime.fromtimestamp(base.execute("select newest from clock").fetchone()[0], UTC)

    def text_of(self, customer: str) -> str:
        """The text of that revision, '' when there is none. Raises HoldError."""
        with self._open("deferred") as base:
            row = base.execute("select text from contract where customer = ?", (customer,)).fetchone()
        return str(row[0]) if row else ""

    def accept(self, *, customer: str, revision: int, digest: str, text: str) -> None:
        """Remember a revision whose signatures were found enough. Raises HoldError for a lower or another one."""
        with self._open() as base:
            row = base.execute(
                "select revision, digest from contract where customer = ?", (customer,)
            ).fetchone()
            if row and row[0] > revision:
                raise older(customer, revision, row[0])
            if row and row[0] == revision and row[1] != digest:
                raise HoldError(
                    Hold.DIFFERS,
                    f"revision {revision} of {customer} was another text when it was first used here: "
                    "give the changed contract a higher revision",
                )
            if not row or row[0] < revision:
                base.execute(
                    "insert or replace into contract values (?, ?, ?, ?)",
                    (customer, revision, digest, text),
                )

    def spend(self, *, grant: str, expires: float, customer: str, revision: int, now: float) -> int:
        """Take a grant as used, on the disk before this returns; gives how often the contract has changed.

        Raises HoldError when it was used before, or may have been.
        """
        with self._open() as base:
            self._admit(base, customer, revision, now)
            try:
                base.execute("insert into spent values (?, ?)", (grant, expires))
            except sqlite3.IntegrityError:
                raise HoldError(Hold.SPENT, "this grant was used before: a grant serves once") from None
            base.execute("delete from spent where expires < ?", (now - _LONGER,))
            return _changes(base, customer)

    def spend_approvals(self, used: Mapping[str, float]) -> None:
        """Take approvals as used, all or none: id -> when it expires. Raises HoldError when one was used before."""
        with self._open() as base:
            # A memory that was made before there were changes has no place for them yet.
            base.execute(_APPROVALS)
            for id_, expires in used.items():
                try:
                    base.execute("insert into approval values (?, ?)", (id_, expires))
                except sqlite3.IntegrityError:
                    raise HoldError(
                        Hold.APPROVAL_SPENT,
                        "this approval was used before: an approval serves once, have the plan approved anew",
                    ) from None

    def end(self, *, customer: str, revision: int, at: float) -> None:
        """Remember that a contract ends early; what was said before is only ever made stricter. Raises HoldError."""
        with self._open() as base:
            base.execute(
                "insert into ended values (?, ?, ?) on conflict (customer, revision) do update set at = min(at, excluded.at)",
                (customer, revision, at),
            )
            _count(base, customer)

    def changed(self, customer: str) -> None:
        """Tell whoever works for this customer that its contract is another one now. Raises HoldError."""
        with self._open() as base:
            _count(base, customer)

    def changes(self, customer: str, revision: int) -> tuple[int, float]:
        """How often the contract has changed, and from when on a revision is ended (infinity: not). Raises HoldError."""
        with self._open("deferred") as base:
            return _changes(base, customer), _end(base, customer, revision)

    def look(self, *, customer: str, revision: int, now: float) -> None:
        """Say whether the clock and this revision are believed; remembers nothing. Raises HoldError."""
        with self._open("deferred") as base:
            _believe(base, customer, revision, now)

    def _admit(self, base: sqlite3.Connection, customer: str, revision: int, now: float) -> None:
        _believe(base, customer, revision, now)
        base.execute("update clock set newest = max(newest, ?)", (now,))

    @contextmanager
    def _open(self, kind: str = "immediate") -> Iterator[sqlite3.Connection]:
        """One transaction, written to the disk at its end; a memory that cannot be used holds everything back."""
        try:
            base = sqlite3.connect(
                f"{self._file.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=_WAIT
            )
        except (sqlite3.Error, ValueError) as error:
            raise self._unusable(error) from None
        try:
            base.execute("pragma synchronous = full")
            if base.execute("pragma user_version").fetchone() != (_VERSION,):
                raise sqlite3.DatabaseError("it is of another version")
            base.execute(f"begin {kind}")
            yield base
            base.execute("commit")
        except (sqlite3.Error, TypeError) as error:
            raise self._unusable(error) from None
        finally:
            base.close()

    def _unusable(self, error: Exception) -> HoldError:
        return HoldError(
            Hold.NO_MEMORY,
            f"what this agent remembers cannot be used ({self._file}: {error}): have it looked at, then set the agent "
            "up anew with 'secondline agent init'",
        )


def _believe(base: sqlite3.Connection, customer: str, revision: int, now: float) -> None:
    """Raises HoldError for a clock that was set back, an older revision, and one that was ended."""
    (newest,) = base.execute("select newest from clock").fetchone()
    if now < newest - _SLACK:
        seen = datetime.fromtimestamp(newest, UTC)
        raise HoldError(
            Hold.CLOCK_SET_BACK,
            f"this machine's clock was at {seen:%Y-%m-%d %H:%M:%S} UTC before: put the clock right",
        )
    row = base.execute("select revision from contract where customer = ?", (customer,)).fetchone()
    if row and row[0] > revision:
        raise older(customer, revision, row[0])
    end = _end(base, customer, revision)
    if now >= end:
        raise HoldError(
            Hold.ENDED,
            f"the contract of {customer} was ended from {datetime.fromtimestamp(end, UTC):%Y-%m-%d %H:%M} UTC on: "
            "a higher revision is needed",
        )


def _end(base: sqlite3.Connection, customer: str, revision: int) -> float:
    """From when on a revision is ended."""
    (at,) = base.execute(
        "select min(at) from ended where customer = ? and revision >= ?", (customer, revision)
    ).fetchone()
    return float("inf") if at is None else float(at)


def _changes(base: sqlite3.Connection, customer: str) -> int:
    row = base.execute("select number from change where customer = ?", (customer,)).fetchone()
    return int(row[0]) if row else 0


def _count(base: sqlite3.Connection, customer: str) -> None:
    base.execute(
        "insert into change values (?, 1) on conflict (customer) do update set number = number + 1",
        (customer,),
    )


def older(customer: str, revision: int, newest: int) -> HoldError:
    return HoldError(
        Hold.OLDER,
        f"revision {revision} of {customer} is older than {newest}, which this agent has seen: "
        "a contract only goes forward",
    )
