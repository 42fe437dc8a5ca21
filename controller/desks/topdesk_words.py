"""What does TOPdesk's incident API say? Its documents, read; nothing here asks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from mimetypes import guess_type
from typing import Any
from urllib.parse import quote

from controller.desks.desk import Attachment, DeskUnavailableError, Hit, TicketGoneError
from controller.desks.wire import Answer

__all__ = ["attachments", "closed", "hits", "incident", "listed", "memo", "moment", "name", "path_of"]

# Not known to every machine's list.
_CAPTURES = {".pcap": "application/vnd.tcpdump.pcap", ".pcapng": "application/x-pcapng"}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Numbers look as an installation wants them, often with blanks: "I 2611 0042".
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,58}[A-Za-z0-9]")


def path_of(ticket: str) -> str:
    """Where an incident is, by its number or its id."""
    if _ID.fullmatch(ticket):
        return f"incidents/id/{ticket.lower()}"
    if not _NUMBER.fullmatch(ticket):
        raise TicketGoneError(f"{ticket!r} is not the number of a ticket, such as I 2611 0042")
    return f"incidents/number/{quote(ticket, safe='')}"


def incident(answer: Answer) -> dict[str, Any]:
    found = answer.document
    if not isinstance(found, dict) or not _ID.fullmatch(str(found.get("id"))):
        raise DeskUnavailableError("TOPdesk answered with something that is not an incident")
    return found


def listed(answer: Answer) -> list[dict[str, Any]]:
    """A list; TOPdesk says nothing at all (204) where there is nothing."""
    found = answer.document if answer.document is not None else []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise DeskUnavailableError("TOPdesk answered with something that is not a list")
    return found


def name(found: Mapping[str, Any], field: str) -> str:
    """What a field shows; `a.b` is the field b within a."""
    value: Any = found
    for part in field.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("dynamicName")
    return str(value) if value is not None else ""


def moment(text: object) -> datetime:
    try:
        read = datetime.fromisoformat(str(text))
    except ValueError:
        raise DeskUnavailableError(f"TOPdesk answered with {text!r} for a time") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def closed(found: Mapping[str, Any]) -> bool:
    return bool(found.get("completed") or found.get("closed"))


def hits(found: Sequence[Mapping[str, Any]]) -> Iterator[Hit]:
    for one in found:
        yield Hit(
            id=str(one.get("number") or ""),
            changed=moment(one.get("modificationDate")),
            state=name(one, "processingStatus"),
            closed=closed(one),
        )


def attachments(found: Sequence[Mapping[str, Any]]) -> Iterator[Attachment]:
    for one in found:
        size = one.get("size")
        file = str(one.get("fileName") or "")
        yield Attachment(
            id=str(one.get("id") or ""),
            name=file,
            media_type=_kind(file),
            size=size if isinstance(size, int) and size >= 0 else None,
        )


def _kind(file: str) -> str:
    """What its name claims: TOPdesk keeps no media type."""
    for ending, kind in _CAPTURES.items():
        if file.lower().endswith(ending):
            return kind
    return guess_type(file)[0] or "application/octet-stream"


def memo(text: str) -> str:
    """A text as TOPdesk's memo fields take it: a few tags count there, so that none of ours may be one."""
    return html.escape(text, quote=False).replace("\n", "<br/>")
