"""What does Znuny's generic interface say? Its documents, read; nothing here asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from controller.desks.desk import Attachment, DeskUnavailableError, Hit, TicketGoneError

__all__ = ["CLOSED", "articles", "attachments", "field", "hit", "merged_into", "moment", "number", "tickets"]

# Types of states, which stay whatever the states are called.
CLOSED = frozenset({"closed", "merged", "removed"})


def number(ticket: str) -> str:
    """The ticket's id, fit to stand in a path."""
    if not re.fullmatch(r"[1-9][0-9]{0,14}", ticket):
        raise TicketGoneError(f"{ticket!r} is not the id of a ticket")
    return ticket


def tickets(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = document.get("Ticket")
    if not isinstance(found, list) or not all(isinstance(one, dict) and "TicketID" in one for one in found):
        raise DeskUnavailableError("Znuny answered with something that is not a list of tickets")
    return found


def articles(ticket: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [article for article in ticket.get("Article") or () if isinstance(article, dict)]


def attachments(ticket: Mapping[str, Any]) -> Iterator[Attachment]:
    for article in articles(ticket):
        for file in article.get("Attachment") or ():
            size = str(file.get("FilesizeRaw", ""))
            yield Attachment(
                id=f"{article.get('ArticleID')}/{file.get('FileID')}",
                name=str(file.get("Filename") or ""),
                media_type=str(file.get("ContentType") or "application/octet-stream").partition(";")[0],
                size=int(size) if size.isascii() and size.isdigit() else None,
            )


def field(ticket: Mapping[str, Any], name: str) -> str:
    """A field of the ticket, or a dynamic one."""
    if name in ticket:
        return str(ticket[name] or "")
    for one in ticket.get("DynamicField") or ():
        if one.get("Name") == name:
            return str(one.get("Value") or "")
    return ""


def moment(text: object, zone: ZoneInfo) -> datetime:
    """A time as it writes it: without a zone, in that of the system."""
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=zone)
    except ValueError:
        raise DeskUnavailableError(f"Znuny answered with {text!r} for a time") from None


def hit(ticket: Mapping[str, Any], zone: ZoneInfo) -> Hit:
    kind = str(ticket.get("StateType") or "")
    return Hit(
        id=str(ticket["TicketID"]),
        changed=moment(ticket.get("Changed"), zone),
        state=str(ticket.get("State") or ""),
        closed=kind in CLOSED,
        deleted=kind == "removed",
    )


def merged_into(document: Mapping[str, Any]) -> str:
    """The ticket that the history names as the one to which this was merged; empty when it does not."""
    for ticket in document.get("TicketHistory") or ():
        for line in reversed(ticket.get("History") or ()):
            if line.get("HistoryType") == "Merged" and (ids := re.findall(r"\d+", str(line.get("Name", "")))):
                return str(ids[-1])
    return ""
