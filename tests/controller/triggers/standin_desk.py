"""A ticket system for tests that any process can use, and that fails as often as it is told; follows `Desk`, and is none."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import AsyncIterator, Sequence
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
from controller.triggers.source import Changed, Facets

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
                "SELECT customer, subject, text, state FROM ticket WHERE id = ?", (ticket,)
            ).fetchone()
        if row is None:
            raise TicketGoneError(f"there is no ticket {ticket}")
        customer, subject, text, state = row
        return Ticket(
            id=ticket,
            customer=customer,
            subject=subject,
            text=text,
            state=state,
            requester="r",
            created=OPENED,
            url="",
        )

    async def facets(self, ticket: str) -> Facets:
        with closing(self._open()) as file:
            row = file.execute("SELECT queue FROM ticket WHERE id = ?", (ticket,)).fetchone()
        return Facets(queue=row[0])

    async def changed_since(self, since: datetime) -> Sequence[Changed]:
        self._may_fail()
        with closing(self._open()) as file:
            rows = file.execute("SELECT id FROM ticket").fetchall()
        return [
            Changed(ticket=row[0], event=f"opened-{row[0]}", at=OPENED) for row in rows if since <= OPENED
        ]

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
