"""A ticket system for tests that any process can use, and that fails as often as it is told; follows `Desk`, and is none."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from controller.desks.desk import (
    Delivered,
    Desk,
    DeskUnavailableError,
    DeskUnclearError,
    File,
    Ticket,
    TicketGoneError,
)
from controller.desks.ticket import Changes, Cursor, Greeting, Hit, Limits

__all__ = ["OPENED", "Counter", "FileDesk"]

OPENED = datetime(2026, 11, 27, 11, 0, tzinfo=UTC)


@dataclass
class FileDesk:
    """Tickets and notes in a SQLite file. fails: how many of 100 calls fail; half of the notes that fail were taken."""

    path: Path
    fails: int = 0
    chance: random.Random = field(default_factory=random.Random)

    def make(self) -> FileDesk:
        with closing(self._open()) as file:
            file.execute("CREATE TABLE ticket (id TEXT PRIMARY KEY, customer, subject, text, state, queue)")
            file.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, ticket, kind, text, marker)")
        return self

    def _open(self) -> sqlite3.Connection:
        file = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=NORMAL")
        return file

    def add(
        self,
        number: str,
        text: str,
        *,
        customer: str = "musterbau",
        subject: str = "Störung",
        queue: str = "",
    ) -> None:
        with closing(self._open()) as file:
            row = (number, customer, subject, text, "new", queue)
            file.execute("INSERT INTO ticket VALUES (?, ?, ?, ?, ?, ?)", row)

    def add_many(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Number, customer and text of each."""
        with closing(self._open()) as file:
            file.execute("BEGIN")
            whole = [(number, customer, "Störung", text, "new", "") for number, customer, text in rows]
            file.executemany("INSERT INTO ticket VALUES (?, ?, ?, ?, ?, ?)", whole)
            file.execute("COMMIT")

    def notes(self, number: str = "") -> list[tuple[str, str, str]]:
        """Ticket, kind and text of every note."""
        with closing(self._open()) as file:
            every = file.execute("SELECT ticket, kind, text FROM note ORDER BY id").fetchall()
        return [row for row in every if not number or row[0] == number]

    def _may_fail(self) -> None:
        if self.chance.randrange(100) < self.fails:
            raise DeskUnavailableError("503 Service Unavailable")

    async def read(self, ticket: str) -> Ticket:
        self._may_fail()
        with closing(self._open()) as file:
            row = file.execute(
                "SELECT customer, subject, text, state, queue FROM ticket WHERE id = ?", (ticket,)
            ).fetchone()
        if row is None:
            raise TicketGoneError(f"there is no ticket {ticket}")
        customer, subject, text, state, queue = row
        return Ticket(
            id=ticket,
            customer=customer,
            subject=subject,
            text=text,
            state=state,
            requester="r",
            created=OPENED,
            changed=OPENED,
            url="",
            queue=queue,
        )

    async def changed_since(self, since: Cursor, *, limit: int = 100) -> Changes:
        self._may_fail()
        with closing(self._open()) as file:
            rows = file.execute("SELECT id, state FROM ticket ORDER BY id").fetchall()
        hits = tuple(
            Hit(id=row[0], changed=OPENED, state=row[1]) for row in rows if since < Cursor(OPENED, row[0])
        )
        last = Cursor(OPENED, hits[:limit][-1].id) if hits else since
        return Changes(hits=hits[:limit], cursor=last, more=len(hits) > limit)

    async def note(
        self,
        ticket: str,
        text: str,
        *,
        html: str | None = None,  # noqa: ARG002 - the Protocol's shape.
        files: Sequence[File] = (),  # noqa: ARG002
        marker: str,
    ) -> Delivered:
        return self._write("note", ticket, text, marker)

    async def reply(
        self,
        ticket: str,
        text: str,
        *,
        html: str | None = None,  # noqa: ARG002 - the Protocol's shape.
        files: Sequence[File] = (),  # noqa: ARG002
        marker: str,
    ) -> Delivered:
        return self._write("reply", ticket, text, marker)

    def _write(self, kind: str, ticket: str, text: str, marker: str) -> Delivered:
        trouble = self.chance.randrange(100) < self.fails
        taken = not trouble or self.chance.random() < 0.5
        if taken:
            with closing(self._open()) as file:
                file.execute("INSERT INTO note VALUES (NULL, ?, ?, ?, ?)", (ticket, kind, text, marker))
        if trouble and taken:
            raise DeskUnclearError("the answer was cut off")
        if trouble:
            raise DeskUnavailableError("502 Bad Gateway")
        return Delivered(ticket=ticket, reference=marker)

    async def set_state(self, ticket: str, state: str) -> None:
        with closing(self._open()) as file:
            file.execute("UPDATE ticket SET state = ? WHERE id = ?", (state, ticket))

    async def find_marker(self, ticket: str, marker: str, files: Sequence[File] = ()) -> bool:  # noqa: ARG002
        self._may_fail()
        with closing(self._open()) as file:
            found = file.execute("SELECT 1 FROM note WHERE ticket = ? AND marker = ?", (ticket, marker))
            return found.fetchone() is not None

    @property
    def limits(self) -> Limits:
        return Limits(text=50_000, file=1 << 20, tags=False, links=False)

    async def fetch(self, ticket: str, attachment: str, *, limit: int) -> bytes:  # noqa: ARG002 - the Protocol's shape.
        raise TicketGoneError("it has no files")

    async def tag(self, ticket: str, *, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
        """It has no tags."""

    async def link(self, ticket: str, target: str) -> None:
        """It has no links."""

    async def greet(self) -> Greeting:
        self._may_fail()
        return Greeting(said="a file", ahead=0.0)

    async def close(self) -> None:
        """Nothing is held."""

    @asynccontextmanager
    async def opened(self, name: str) -> AsyncIterator[tuple[str, Desk]]:
        """As `Office.desk` gives it."""
        yield name, self


@dataclass
class Counter:
    """A clock that stands still until it is moved."""

    now: datetime = OPENED

    def __call__(self) -> datetime:
        return self.now
