"""What does Zammad's REST interface say? Its documents, read; nothing here asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from controller.desks.desk import Attachment, DeskUnavailableError, Hit, TicketGoneError
from controller.desks.wire import Answer

__all__ = [
    "CLOSED",
    "articles",
    "attachments",
    "hits",
    "merged_into",
    "moment",
    "number",
    "record",
    "tag_names",
]

CLOSED = frozenset({"closed", "merged", "removed"})


def number(ticket: str) -> str:
    """The ticket's id, fit to stand in a path."""
    if not ticket.isascii() or not ticket.isdigit() or len(ticket) > 15:
        raise TicketGoneError(f"{ticket!r} is not the id of a ticket")
    return ticket


def record(answer: Answer) -> dict[str, Any]:
    if not isinstance(answer.document, dict) or "id" not in answer.document:
        raise DeskUnavailableError("Zammad answered with something that is not a record")
    return answer.document


def articles(answer: Answer) -> list[dict[str, Any]]:
    found = answer.document
    if not isinstance(found, list) or not all(isinstance(item, dict) and "id" in item for item in found):
        raise DeskUnavailableError("Zammad answered with something that is not a list of articles")
    return found


def attachments(found: list[dict[str, Any]]) -> Iterator[Attachment]:
    """The files of all articles; id: article and file."""
    for article in found:
        for file in article.get("attachments") or ():
            size = str(file.get("size", ""))
            kinds: Mapping[str, object] = file.get("preferences") or {}
            yield Attachment(
                id=f"{article['id']}/{file.get('id')}",
                name=str(file.get("filename") or ""),
                media_type=str(
                    kinds.get("Mime-Type") or kinds.get("Content-Type") or "application/octet-stream"
                ),
                size=int(size) if size.isascii() and size.isdigit() else None,
            )


def moment(text: object) -> datetime:
    try:
        read = datetime.fromisoformat(str(text))
    except ValueError:
        raise DeskUnavailableError(f"Zammad answered with {text!r} for a time") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def tag_names(answer: Answer) -> tuple[str, ...]:
    tags = answer.document.get("tags") if isinstance(answer.document, dict) else None
    if not isinstance(tags, list):
        raise DeskUnavailableError("Zammad answered with something that is not a list of tags")
    return tuple(sorted(map(str, tags)))


def hits(answer: Answer, states: Mapping[int, str]) -> list[Hit]:
    """The tickets of a page of a search."""
    document = answer.document
    try:
        found = [document["assets"]["Ticket"][str(ticket)] for ticket in document["tickets"]]
        named = [(one, states[one["state_id"]]) for one in found]
    except (KeyError, TypeError):
        # Nothing found is a list without assets.
        if isinstance(document, dict) and document.get("tickets") == []:
            return []
        raise DeskUnavailableError("Zammad answered with something that is not a search") from None
    return [
        Hit(
            id=str(one["id"]),
            changed=moment(one["updated_at"]),
            state=state,
            closed=state in CLOSED,
            deleted=state == "removed",
        )
        for one, state in named
    ]


def merged_into(answer: Answer) -> str:
    """The ticket that a merged one points to; empty when that cannot be told."""
    links = answer.document.get("links") if isinstance(answer.document, dict) else None
    found = {
        str(link.get("link_object_value"))
        for link in (links if isinstance(links, list) else ())
        if link.get("link_object") == "Ticket" and link.get("link_type") in {"parent", "child"}
    }
    return found.pop() if len(found) == 1 else ""
