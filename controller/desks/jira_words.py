"""What does Jira say, with its Service Management? Its documents, read; nothing here asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from controller.desks.desk import Attachment, DeskUnavailableError, Hit, TicketGoneError
from controller.desks.wire import Answer

__all__ = ["attachments", "closed", "fields", "hits", "key", "linked", "listed", "moment", "word"]

_KEY = re.compile(r"[A-Z][A-Z0-9_]{1,20}-[0-9]{1,12}")


def key(ticket: str) -> str:
    """The issue's key, fit to stand in a path."""
    if not _KEY.fullmatch(ticket):
        raise TicketGoneError(f"{ticket!r} is not the key of a request, like HELP-17")
    return ticket


def fields(document: object) -> dict[str, Any]:
    found = document.get("fields") if isinstance(document, dict) and "key" in document else None
    if not isinstance(found, dict):
        raise DeskUnavailableError("Jira answered with something that is not an issue")
    return found


def listed(answer: Answer, name: str) -> list[dict[str, Any]]:
    found = answer.document.get(name) if isinstance(answer.document, dict) else None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise DeskUnavailableError(f"Jira answered with something that is not a list of {name}")
    return found


def word(value: object) -> str:
    """What a field says, whatever its type: a text, an option, an organization, or the first of several."""
    match value:
        case str():
            return value
        case [first, *_]:
            return word(first)
        case {"name": str(said)} | {"value": str(said)} | {"displayName": str(said)}:
            return said
        case _:
            return ""


def moment(text: object) -> datetime:
    try:
        read = datetime.fromisoformat(str(text))
    except ValueError:
        raise DeskUnavailableError(f"Jira answered with {text!r} for a time") from None
    if read.tzinfo is None:
        raise DeskUnavailableError(f"Jira answered with {text!r}, a time without a zone")
    return read


def closed(found: Mapping[str, Any]) -> bool:
    """Whether its state counts as done, whatever it is called."""
    status = found.get("status") or {}
    return bool((status.get("statusCategory") or {}).get("key") == "done")


def attachments(found: Mapping[str, Any]) -> Iterator[Attachment]:
    for file in found.get("attachment") or ():
        size = file.get("size")
        yield Attachment(
            id=str(file.get("id")),
            name=str(file.get("filename") or ""),
            media_type=str(file.get("mimeType") or "application/octet-stream"),
            size=size if isinstance(size, int) else None,
        )


def hits(answer: Answer) -> list[Hit]:
    found = [(str(issue.get("key")), fields(issue)) for issue in listed(answer, "issues")]
    return [
        Hit(id=name, changed=moment(has.get("updated")), state=word(has.get("status")), closed=closed(has))
        for name, has in found
    ]


def linked(found: Mapping[str, Any]) -> set[str]:
    """The keys of the issues that an issue is linked to, in either direction."""
    links = found.get("issuelinks") or ()
    return {
        str(link[end].get("key")) for link in links for end in ("inwardIssue", "outwardIssue") if end in link
    }
