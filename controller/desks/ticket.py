"""What is a ticket, to us? Its words, its fields, its files, and the order in which tickets change.

A desk's clock is the desk's own. `settled` gives changes only up to a moment that is safely over there, so that
what is written late at the same moment is neither missed nor told twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

__all__ = [
    "Attachment",
    "Changes",
    "Cursor",
    "Delivered",
    "File",
    "Greeting",
    "Hit",
    "Limits",
    "Ticket",
    "settled",
]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file in a ticket, not yet fetched. id: what the desk calls it; name: as it was written, so never a path.

    media_type: as somebody claimed; size: bytes as the desk says, None when it does not.
    """

    id: str
    name: str
    media_type: str
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket as it was read. customer: the customer's id in the contract, empty when none is named.

    queue, category, priority, state: in the desk's own words, empty where it has none. merged_into: not empty when
    the ticket that was asked for is a part of this one now, whose id it is. A deleted ticket is not read at all.
    """

    id: str
    customer: str
    subject: str
    text: str
    state: str
    requester: str
    created: datetime
    changed: datetime
    url: str
    queue: str = ""
    category: str = ""
    priority: str = ""
    tags: tuple[str, ...] = ()
    closed: bool = False
    merged_into: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A ticket that changed, as a search shows it. deleted: it is gone, where the desk still tells.

    merged_into: the ticket that it is a part of now, where a search tells; reading it tells in any case.
    """

    id: str
    changed: datetime
    state: str
    closed: bool = False
    deleted: bool = False
    merged_into: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """Up to where changes were seen: everything before this moment, and at it up to this ticket.

    >>> Cursor.read("2026-11-27T10:00:00+00:00|17").ticket
    '17'
    """

    moment: datetime
    ticket: str = ""

    def __str__(self) -> str:
        return f"{self.moment.isoformat()}|{self.ticket}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `str` wrote. Raises ValueError."""
        moment, _, ticket = text.partition("|")
        read = datetime.fromisoformat(moment)
        if read.tzinfo is None:
            raise ValueError(f"{text!r} names no time zone")
        return cls(read.astimezone(UTC), ticket)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Tickets that changed, oldest first, and where to go on. more: there is more to be had at once."""

    hits: tuple[Hit, ...]
    cursor: Cursor
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a desk takes. text: characters of a note; file: bytes of a file; tags, links: whether it has them."""

    text: int
    file: int
    tags: bool = True
    links: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """A desk that could be asked. said: its name and version; ahead: seconds by which its clock is before ours."""

    said: str
    ahead: float | None


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


def settled(found: Iterable[Hit], since: Cursor, until: datetime, limit: int) -> Changes:
    """Those after the cursor and not after `until`, in order; the same one twice counts once.

    found: every ticket that changed at or after the cursor's moment, each as it stands, in any order.
    """
    fresh = {hit.id: hit for hit in found if Cursor(hit.changed, hit.id) > since and hit.changed <= until}
    ordered = sorted(fresh.values(), key=lambda hit: (hit.changed, hit.id))
    hits = tuple(ordered[:limit])
    cursor = Cursor(hits[-1].changed, hits[-1].id) if hits else since
    return Changes(hits=hits, cursor=cursor, more=len(ordered) > limit)
