"""What does Request Tracker's REST 2 say? Its documents, read; nothing here asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from controller.desks.desk import Attachment, DeskUnavailableError, Hit, TicketGoneError
from controller.desks.wire import Answer

__all__ = [
    "CLOSED",
    "attachments",
    "hit",
    "items",
    "links",
    "messages",
    "moment",
    "number",
    "people",
    "record",
    "values",
]

# The inactive states of the lifecycle that it comes with.
CLOSED = frozenset({"resolved", "rejected", "deleted"})


def number(ticket: str) -> str:
    """The ticket's number, fit to stand in a path."""
    if not ticket.isascii() or not ticket.isdigit() or len(ticket) > 15:
        raise TicketGoneError(f"{ticket!r} is not the number of a ticket")
    return ticket


def record(answer: Answer) -> dict[str, Any]:
    if not isinstance(answer.document, dict) or "id" not in answer.document:
        raise DeskUnavailableError("Request Tracker answered with something that is not a record")
    return answer.document


def items(answer: Answer) -> list[dict[str, Any]]:
    found = answer.document.get("items") if isinstance(answer.document, dict) else None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise DeskUnavailableError("Request Tracker answered with something that is not a list of records")
    return found


def messages(answer: Answer) -> tuple[str, ...]:
    """The words that it sends beside a status that always looks good."""
    said = answer.document
    if isinstance(said, dict):
        said = [said.get("message", "")]
    return tuple(str(word) for word in said if word) if isinstance(said, list) else ()


def values(document: dict[str, Any], name: str) -> tuple[str, ...] | None:
    """The values of a custom field; None when the ticket has no such field."""
    fields = document.get("CustomFields")
    for field in fields if isinstance(fields, list) else ():
        if field.get("name") == name:
            return tuple(str(value).strip() for value in field.get("values") or ())
    return None


def people(found: object) -> str:
    listed = found if isinstance(found, list) else []
    return ", ".join(str(person.get("id", "")) for person in listed if isinstance(person, dict))


def moment(text: object) -> datetime:
    try:
        read = datetime.fromisoformat(str(text))
    except ValueError:
        raise DeskUnavailableError(f"Request Tracker answered with {text!r} for a time") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def hit(item: dict[str, Any]) -> Hit:
    state = str(item.get("Status") or "")
    return Hit(
        id=str(item.get("id", "")),
        changed=moment(item.get("LastUpdated")),
        state=state,
        closed=state in CLOSED,
        deleted=state == "deleted",
    )


def attachments(listed: list[dict[str, Any]]) -> Iterator[Attachment]:
    """Those that are files; the texts of messages are attachments there, too."""
    for item in listed:
        if name := str(item.get("Filename") or ""):
            size = str(item.get("ContentLength", ""))
            yield Attachment(
                id=str(item.get("id", "")),
                name=name,
                media_type=str(item.get("ContentType") or "application/octet-stream"),
                size=int(size) if size.isascii() and size.isdigit() else None,
            )


def links(document: dict[str, Any]) -> set[str]:
    """What a ticket refers to: numbers of tickets, and addresses elsewhere."""
    found = [link for link in document.get("_hyperlinks") or () if link.get("ref") == "refers-to"]
    return {str(link.get("id" if link.get("type") == "ticket" else "_url", "")) for link in found}
