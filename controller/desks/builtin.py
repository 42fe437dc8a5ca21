"""And if there is no ticket system? The one inside Secondline's own store: small, and always there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.desks.desk import Delivered, File, Ticket, TicketGoneError, all_files, marked, marker_line
from controller.store import tickets
from controller.store.store import Store

__all__ = ["BuiltinDesk"]


@dataclass(frozen=True, slots=True)
class BuiltinDesk:
    """A `Desk` over the store. author: who writes the notes."""

    store: Store
    author: str = "Secondline"

    async def read(self, ticket: str) -> Ticket:
        found = tickets.get_ticket(self.store, _number(ticket))
        if found is None:
            raise _gone(ticket)
        return Ticket(
            id=str(found.id),
            customer=found.customer,
            subject=found.subject,
            text=found.text,
            state=found.state,
            requester=found.requester,
            created=found.created,
            url="",
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
        if not tickets.set_state(self.store, _number(ticket), state):
            raise _gone(ticket)

    async def find_marker(self, ticket: str, marker: str, files: Sequence[File] = ()) -> bool:  # noqa: ARG002
        """Say whether the note is there: with all of its files, as they come in one transaction."""
        marker_line(marker)
        return tickets.has_marker(self.store, _number(ticket), marker)

    async def close(self) -> None:
        """Nothing to let go of: the store belongs to whoever opened it."""

    def _add(
        self, kind: tickets.NoteKind, ticket: str, text: str, files: Sequence[File], marker: str
    ) -> Delivered:
        note = tickets.NewNote(
            ticket=_number(ticket),
            kind=kind,
            text=text,
            marker=marker,
            author=self.author,
            files=tuple((file.name, file.media_type, file.content) for file in files),
        )
        number = tickets.add_note(self.store, note)
        if number is None:
            raise _gone(ticket)
        return Delivered(ticket=ticket, reference=f"note/{number}")


def _number(ticket: str) -> int:
    if not ticket.isascii() or not ticket.isdigit() or len(ticket) > 15:
        raise _gone(ticket)
    return int(ticket)


def _gone(ticket: str) -> TicketGoneError:
    return TicketGoneError(f"there is no ticket {ticket!r} at the built-in desk")
