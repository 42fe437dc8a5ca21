"""Where do tickets come from, and where does the report go? What Secondline asks of any ticket system.

DeskError
├── DeskUnavailableError    could not be reached, or said "later": nothing was done, try again
├── DeskUnclearError        it may have happened: look for the marker before trying again
├── DeskRefusedError        it will not do this: trying again does not help
│   └── TicketGoneError     there is no such ticket (any more)
├── TicketChangedError      somebody changed the ticket meanwhile: read it again
└── PartlyDoneError         the note is in the ticket, but not all of it: do not send it again
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from typing import Protocol

from controller.desks.ticket import (
    Attachment,
    Changes,
    Cursor,
    Delivered,
    File,
    Greeting,
    Hit,
    Limits,
    Ticket,
)

__all__ = [
    "MAX_PAGES",
    "MAX_TEXT",
    "Attachment",
    "Changes",
    "Cursor",
    "Delivered",
    "Desk",
    "DeskError",
    "DeskRefusedError",
    "DeskUnavailableError",
    "DeskUnclearError",
    "File",
    "Greeting",
    "Hit",
    "Letterbox",
    "Limits",
    "PartlyDoneError",
    "Ticket",
    "TicketChangedError",
    "TicketGoneError",
    "all_files",
    "link_marker",
    "link_target",
    "marked",
    "marker_line",
    "tags_from",
]

_ADDRESS = re.compile(r"https://[^\s\"'<>@\\]{1,1000}")
_MARKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{7,63}")
# The longest text of a note, in characters; what is longer belongs into a file.
MAX_TEXT = 50_000
# How often a search is asked for its next page: what is longer waits for the next poll.
MAX_PAGES = 200


class DeskError(Exception):
    """The ticket system did not do what was asked; the message says why and what to do."""


class DeskUnavailableError(DeskError):
    """It could not be reached, or said "later": nothing was done. after: seconds it asked to wait, or 0."""

    def __init__(self, message: str, *, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class DeskUnclearError(DeskError):
    """The answer got lost: it may have happened. Look for the marker before trying again."""


class DeskRefusedError(DeskError):
    """It will not do this: trying again does not help."""


class TicketGoneError(DeskRefusedError):
    """There is no such ticket (any more), or this account may not see it."""


class TicketChangedError(DeskError):
    """Somebody changed the ticket meanwhile: read it again."""


class PartlyDoneError(DeskError):
    """The note is in the ticket, but not all of it. reference: what the desk calls the note."""

    def __init__(self, message: str, *, reference: str = "") -> None:
        super().__init__(message)
        self.reference = reference


class Letterbox(Protocol):
    """The part of a ticket system that the outbox needs. Every method may raise any DeskError."""

    @property
    def limits(self) -> Limits:
        """What it takes, and what it has no notion of."""
        ...

    async def note(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        """Add a note that the customer does not see; `html` becomes the attachment `report.html`.

        marker: 8 to 64 letters, digits and '-'; stands in the note, `find_marker` finds it.
        """
        ...

    async def reply(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        """Answer the customer; as `note` otherwise."""
        ...

    async def set_state(self, ticket: str, state: str) -> None:
        """Set the ticket's state, in the desk's own words; no change when it has it already."""
        ...

    async def find_marker(self, ticket: str, marker: str, files: Sequence[File] = ()) -> bool:
        """Say whether a note or reply with this marker is in the ticket already.

        files: those that it was sent with; raises PartlyDoneError when it is there without some of them.
        """
        ...


class Desk(Letterbox, Protocol):
    """A ticket system. Every method may raise any DeskError."""

    async def read(self, ticket: str) -> Ticket:
        """Read a ticket. The id that comes back is another one when it was merged into that."""
        ...

    async def fetch(self, ticket: str, attachment: str, *, limit: int) -> bytes:
        """The bytes of an attachment, by its id. Raises DeskRefusedError past `limit` bytes, before it reads on."""
        ...

    async def changed_since(self, since: Cursor, *, limit: int = 100) -> Changes:
        """Tickets that changed after the cursor, oldest first; what is not yet settled comes the next time."""
        ...

    async def tag(self, ticket: str, *, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
        """Add tags and take others away; no change when that is so already."""
        ...

    async def link(self, ticket: str, target: str) -> None:
        """Point to another ticket of this desk (by its id) or to an https address; once, however often asked."""
        ...

    async def greet(self) -> Greeting:
        """Ask for something small with our account: whether it can be reached, and what its clock says."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def marker_line(marker: str) -> str:
    """The line by which a note is known again.

    >>> marker_line("run-7-note")
    '[secondline:run-7-note]'
    """
    if not _MARKER.fullmatch(marker):
        raise ValueError(f"{marker!r} is no marker: use 8 to 64 letters, digits and '-'")
    return f"[secondline:{marker}]"


def marked(text: str, marker: str, most: int = MAX_TEXT) -> str:
    """The text with its marker as the last line; a text of more than `most` characters is cut, and says so."""
    shown = text.rstrip()
    if len(shown) > most:
        shown = shown[:most].rstrip() + "\n[…]"
    return f"{shown}\n\n{marker_line(marker)}\n"


def link_target(target: str) -> bool:
    """Whether this is an https address rather than the id of a ticket. Raises ValueError for any other address."""
    if "://" not in target:
        return False
    if not _ADDRESS.fullmatch(target):
        raise ValueError(
            f"{target!r} cannot be linked to: it must be an https address without blanks or quotes"
        )
    return True


def link_marker(target: str) -> str:
    """The marker of a note that holds a link, for desks without links to addresses: the same for the same."""
    return "link-" + hashlib.sha256(target.encode()).hexdigest()[:32]


def tags_from(add: Collection[str], remove: Collection[str], there: Collection[str]) -> tuple[str, ...]:
    """The tags that a ticket has afterwards, in the order of the alphabet."""
    return tuple(sorted((set(there) | set(add)) - set(remove)))


def all_files(html: str | None, files: Sequence[File]) -> tuple[File, ...]:
    """The attachments of a note, the report's page first. Raises ValueError when a name comes twice."""
    page = File(name="report.html", media_type="text/html", content=html.encode()) if html else None
    together = (*((page,) if page else ()), *files)
    names = [file.name for file in together]
    if len(set(names)) != len(names):
        raise ValueError(f"two files have the same name: {sorted(names)}")
    return together
