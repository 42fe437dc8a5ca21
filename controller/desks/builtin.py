"""And if there is no ticket system? The one inside Secondline's own store: small, and always there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from controller.desks.desk import (
    MAX_TEXT,
    Attachment,
    Changes,
    Cursor,
    Delivered,
    DeskRefusedError,
    File,
    Greeting,
    Hit,
    Limits,
    Ticket,
    TicketGoneError,
    all_files,
    link_target,
    marked,
    marker_line,
    tags_from,
)
from controller.desks.ticket import settled
from controller.store import tickets
from controller.store.blobs import MAX_BLOB
from controller.store.store import Store

__all__ = ["BuiltinDesk"]

# A writer takes its time before it waits for its turn: what is younger than this may still get company.
_SETTLE = timedelta(seconds=2)
_CLOSED = frozenset({"closed", "resolved", "rejected"})


@dataclass(frozen=True, slots=True)
class BuiltinDesk:
    """A `Desk` over the store. author: who writes the notes."""

    store: Store
    author: str = "Secondline"

    @property
    def limits(self) -> Limits:
        return Limits(text=MAX_TEXT, file=MAX_BLOB)

    async def read(self, ticket: str) -> Ticket:
        found = self._living(ticket)
        return Ticket(
            id=str(found.id),
            customer=found.customer,
            subject=found.subject,
            text=found.text,
            state=found.state,
            requester=found.requester,
            created=found.created,
            changed=found.updated,
            url="",
            queue=found.queue,
            category=found.category,
            priority=found.priority,
            tags=found.tags,
            closed=found.state in _CLOSED,
            merged_into=str(found.id) if found.id != _number(ticket) else "",
            attachments=tuple(
                Attachment(
                    id=f"{note.id}/{file.name}", name=file.name, media_type=file.media_type, size=file.size
                )
                for note in tickets.notes(self.store, found.id)
                for file in note.files
            ),
        )

    async def note(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        return self._add("internal", ticket, marked(text, marker), all_files(html, files), marker)

    async def reply(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        return self._add("reply", ticket, marked(text, marker), all_files(html, files), marker)

    async def set_state(self, ticket: str, state: str) -> None:
        number = self._living(ticket).id
        tickets.change_ticket(
            self.store, number, lambda there: {"state": state} if there.state != state else {}
        )

    async def find_marker(self, ticket: str, marker: str, files: Sequence[File] = ()) -> bool:  # noqa: ARG002
        """Say whether the note is there: with all of its files, as they come in one transaction."""
        marker_line(marker)
        return tickets.has_marker(self.store, self._living(ticket).id, marker)

    async def fetch(self, ticket: str, attachment: str, *, limit: int) -> bytes:
        note, _, name = attachment.partition("/")
        for there in tickets.notes(self.store, self._living(ticket).id):
            for file in there.files:
                if (str(there.id), file.name) == (note, name):
                    if file.size > limit:
                        raise DeskRefusedError(
                            f"{name} has {file.size} bytes, and {limit} are wanted at most"
                        )
                    return self.store.blobs.get(file.sha256)
        raise TicketGoneError(f"ticket {ticket} has no attachment {attachment!r}")

    async def changed_since(self, since: Cursor, *, limit: int = 100) -> Changes:
        found = tickets.changed_tickets(self.store, since.moment)
        hits = (
            Hit(
                id=str(one.id),
                changed=one.updated,
                state=one.state,
                closed=one.state in _CLOSED,
                merged_into=str(one.merged_into or ""),
            )
            for one in found
        )
        return settled(hits, since, datetime.now(UTC) - _SETTLE, limit)

    async def tag(self, ticket: str, *, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
        def change(there: tickets.StoredTicket) -> Mapping[str, object]:
            tags = tags_from(add, remove, there.tags)
            return {"tags": tags} if tags != there.tags else {}

        tickets.change_ticket(self.store, self._living(ticket).id, change)

    async def link(self, ticket: str, target: str) -> None:
        kept = target if link_target(target) else str(self._living(target).id)

        def change(there: tickets.StoredTicket) -> Mapping[str, object]:
            return {"links": [*there.links, kept]} if kept not in there.links else {}

        tickets.change_ticket(self.store, self._living(ticket).id, change)

    async def greet(self) -> Greeting:
        tickets.tickets(self.store, limit=1)
        return Greeting(said="built in", ahead=0.0)

    async def close(self) -> None:
        """Nothing to let go of: the store belongs to whoever opened it."""

    def _living(self, ticket: str) -> tickets.StoredTicket:
        """The ticket, or the one that it was merged into."""
        found = tickets.get_ticket(self.store, _number(ticket))
        if found is not None and found.merged_into is not None:
            found = tickets.get_ticket(self.store, found.merged_into)
        if found is None:
            raise _gone(ticket)
        return found

    def _add(
        self, kind: tickets.NoteKind, ticket: str, text: str, files: Sequence[File], marker: str
    ) -> Delivered:
        note = tickets.NewNote(
            ticket=self._living(ticket).id,
            kind=kind,
            text=text,
            marker=marker,
            author=self.author,
            files=tuple((file.name, file.media_type, file.content) for file in files),
        )
        number = tickets.add_note(self.store, note)
        if number is None:
            raise _gone(ticket)
        return Delivered(ticket=str(note.ticket), reference=f"note/{number}")


def _number(ticket: str) -> int:
    if not ticket.isascii() or not ticket.isdigit() or len(ticket) > 15:
        raise _gone(ticket)
    return int(ticket)


def _gone(ticket: str) -> TicketGoneError:
    return TicketGoneError(f"there is no ticket {ticket!r} at the built-in desk")
