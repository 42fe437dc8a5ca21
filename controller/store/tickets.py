"""What does the built-in desk remember? Tickets, notes with their markers, files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection, Row, insert, select, update

from controller.store.schema import ticket, ticket_file, ticket_note
from controller.store.store import Store

__all__ = [
    "NewNote",
    "NoteKind",
    "StoredFile",
    "StoredNote",
    "StoredTicket",
    "add_note",
    "add_ticket",
    "change_ticket",
    "changed_tickets",
    "get_ticket",
    "has_marker",
    "merge_tickets",
    "notes",
    "tickets",
]

NoteKind = Literal["internal", "reply", "received"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTicket:
    """state: 'new', 'open', 'resolved', or what somebody set. merged_into: the ticket that has its notes now."""

    id: int
    customer: str
    subject: str
    text: str
    state: str
    requester: str
    created: datetime
    updated: datetime
    queue: str = ""
    category: str = ""
    priority: str = ""
    tags: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    merged_into: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNote:
    """A note to add; files: name, media type, content."""

    ticket: int
    kind: NoteKind
    text: str
    marker: str
    author: str
    files: tuple[tuple[str, str, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """The content is the blob of this SHA-256."""

    name: str
    media_type: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNote:
    id: int
    kind: NoteKind
    text: str
    marker: str
    created: datetime
    author: str
    files: tuple[StoredFile, ...]


def add_ticket(  # noqa: PLR0913 - what a ticket consists of.
    store: Store,
    *,
    customer: str,
    subject: str,
    text: str,
    requester: str,
    queue: str = "",
    category: str = "",
    priority: str = "",
    tags: Collection[str] = (),
    files: Sequence[tuple[str, str, bytes]] = (),
) -> int:
    """Open a ticket and give its number. files: what came with it, each as name, media type and content."""
    now = datetime.now(UTC)
    kept = _kept(store, files)
    with store.write() as connection:
        made = connection.execute(
            insert(ticket).values(
                customer=customer,
                subject=subject,
                text=text,
                state="new",
                requester=requester,
                created=now,
                updated=now,
                queue=queue,
                category=category,
                priority=priority,
                tags=sorted(set(tags)),
                links=[],
            )
        )
        number = _key(made.inserted_primary_key)
        if kept:
            received = NewNote(
                ticket=number, kind="received", text="", marker=f"received-{number}", author=requester
            )
            _insert_note(connection, received, kept)
    return number


def get_ticket(store: Store, number: int) -> StoredTicket | None:
    with store.read() as connection:
        row = connection.execute(select(ticket).where(ticket.c.id == number)).one_or_none()
    return None if row is None else _ticket(row)


def tickets(store: Store, *, customer: str = "", limit: int = 50) -> tuple[StoredTicket, ...]:
    """The newest tickets first."""
    wanted = select(ticket).order_by(ticket.c.id.desc()).limit(limit)
    if customer:
        wanted = wanted.where(ticket.c.customer == customer)
    with store.read() as connection:
        return tuple(_ticket(row) for row in connection.execute(wanted))


def change_ticket(
    store: Store, number: int, change: Callable[[StoredTicket], Mapping[str, object]]
) -> StoredTicket | None:
    """Change columns of a ticket, looked at in the same transaction; an empty change touches nothing."""
    with store.write() as connection:
        row = connection.execute(select(ticket).where(ticket.c.id == number)).one_or_none()
        if row is None:
            return None
        found = _ticket(row)
        if values := change(found):
            _touch(connection, number, **values)
    return found


def merge_tickets(store: Store, number: int, into: int) -> bool:
    """Make a ticket a part of another: its notes go there. False when one of them is not there."""
    with store.write(durable=True) as connection:
        if number == into or not (_touch(connection, into) and _touch(connection, number, merged_into=into)):
            return False
        connection.execute(update(ticket_note).where(ticket_note.c.ticket == number).values(ticket=into))
        # Those that were merged into the first one earlier come along, so that one step always leads there.
        connection.execute(update(ticket).where(ticket.c.merged_into == number).values(merged_into=into))
    return True


def changed_tickets(store: Store, since: datetime) -> tuple[StoredTicket, ...]:
    """The tickets that were changed at this moment or later."""
    wanted = select(ticket).where(ticket.c.updated >= since).order_by(ticket.c.updated, ticket.c.id)
    with store.read() as connection:
        return tuple(_ticket(row) for row in connection.execute(wanted))


def add_note(store: Store, note: NewNote) -> int | None:
    """Add a note with its files and give its number; None when there is no such ticket.

    A marker that is known already gives the number of the note that has it: nothing is added twice.
    Raises BlobError for a file that is too large.
    """
    kept = _kept(store, note.files)
    known = select(ticket_note.c.id).where(ticket_note.c.marker == note.marker)
    with store.write(durable=True) as connection:
        there: int | None = connection.scalar(known)
        if there is not None:
            return there
        if not _touch(connection, note.ticket):
            return None
        return _insert_note(connection, note, kept)


def has_marker(store: Store, number: int, marker: str) -> bool:
    there = select(ticket_note.c.id).where(ticket_note.c.ticket == number, ticket_note.c.marker == marker)
    with store.read() as connection:
        return connection.scalar(there) is not None


def notes(store: Store, number: int) -> tuple[StoredNote, ...]:
    """The notes of a ticket, oldest first."""
    every = select(ticket_note).where(ticket_note.c.ticket == number).order_by(ticket_note.c.id)
    attached = (
        select(ticket_file)
        .join(ticket_note)
        .where(ticket_note.c.ticket == number)
        .order_by(ticket_file.c.name)
    )
    with store.read() as connection:
        files: dict[int, list[StoredFile]] = {}
        for row in connection.execute(attached):
            file = StoredFile(name=row.name, media_type=row.media_type, sha256=row.sha256, size=row.size)
            files.setdefault(row.note, []).append(file)
        return tuple(
            StoredNote(
                id=row.id,
                kind=row.kind,
                text=row.text,
                marker=row.marker,
                created=row.created,
                author=row.author,
                files=tuple(files.get(row.id, ())),
            )
            for row in connection.execute(every)
        )


def _kept(store: Store, files: Sequence[tuple[str, str, bytes]]) -> list[dict[str, object]]:
    return [
        {"name": name, "media_type": kind, "sha256": store.blobs.put(content), "size": len(content)}
        for name, kind, content in files
    ]


def _insert_note(connection: Connection, note: NewNote, kept: list[dict[str, object]]) -> int:
    made = connection.execute(
        insert(ticket_note).values(
            ticket=note.ticket,
            kind=note.kind,
            text=note.text,
            marker=note.marker,
            created=datetime.now(UTC),
            author=note.author,
        )
    )
    number = _key(made.inserted_primary_key)
    if kept:
        connection.execute(insert(ticket_file), [{"note": number, **file} for file in kept])
    return number


def _touch(connection: Connection, number: int, **values: object) -> bool:
    change = update(ticket).where(ticket.c.id == number).values(updated=datetime.now(UTC), **values)
    return connection.execute(change).rowcount == 1


def _ticket(row: Row[tuple[object, ...]]) -> StoredTicket:
    columns = dict(row._mapping)  # noqa: SLF001 - the documented name of a row's columns.
    return StoredTicket(**columns | {"tags": tuple(row.tags), "links": tuple(row.links)})


def _key(key: tuple[object, ...] | None) -> int:
    """The number that the database gave to a fresh row."""
    match key:
        case (int(number),):
            return number
        case _:
            raise TypeError(f"the database gave no number but {key!r}")
