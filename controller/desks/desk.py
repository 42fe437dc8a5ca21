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

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

__all__ = [
    "Delivered",
    "Desk",
    "DeskError",
    "DeskRefusedError",
    "DeskUnavailableError",
    "DeskUnclearError",
    "File",
    "PartlyDoneError",
    "Ticket",
    "TicketChangedError",
    "TicketGoneError",
    "all_files",
    "marked",
    "marker_line",
]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")
_MARKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{7,63}")
# The longest text of a note, in characters; what is longer belongs into a file.
_MAX_TEXT = 50_000


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket as it was read. customer: the customer's id in the contract, empty when none is named."""

    id: str
    customer: str
    subject: str
    text: str
    state: str
    requester: str
    created: datetime
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Something to attach. name: plain ASCII, as some desks garble anything else; content: not empty."""

    name: str
    media_type: str
    content: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name for a file: use letters, digits, '.', '_' and '-'")
        if not _MEDIA_TYPE.fullmatch(self.media_type):
            raise ValueError(f"{self.media_type!r} is not a media type: write it like 'application/json'")
        if not self.content:
            raise ValueError(f"the file {self.name} is empty: not every desk takes empty files")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A note is in the ticket, whole. reference: what the desk calls it; remarks: what else it said."""

    ticket: str
    reference: str
    remarks: tuple[str, ...] = ()


class Desk(Protocol):
    """A ticket system. Every method may raise any DeskError."""

    async def read(self, ticket: str) -> Ticket:
        """Read a ticket. The id that comes back is another one when it was merged into that."""
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


def marked(text: str, marker: str) -> str:
    """The text with its marker as the last line; a text that is too long is cut, and says so."""
    shown = text.rstrip()
    if len(shown) > _MAX_TEXT:
        shown = shown[:_MAX_TEXT].rstrip() + "\n[…]"
    return f"{shown}\n\n{marker_line(marker)}\n"


def all_files(html: str | None, files: Sequence[File]) -> tuple[File, ...]:
    """The attachments of a note, the report's page first. Raises ValueError when a name comes twice."""
    page = File(name="report.html", media_type="text/html", content=html.encode()) if html else None
    together = (*((page,) if page else ()), *files)
    names = [file.name for file in together]
    if len(set(names)) != len(names):
        raise ValueError(f"two files have the same name: {sorted(names)}")
    return together
