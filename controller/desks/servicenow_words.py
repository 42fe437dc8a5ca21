"""What does ServiceNow's Table API say? Its records, read; nothing here asks.

With `sysparm_display_value=all` each field is a pair: `value`, in UTC and as the database has it, and `display_value`, in the
time zone and language of the account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from controller.desks.desk import Attachment, DeskUnavailableError, Hit, TicketGoneError
from controller.desks.wire import Answer

__all__ = ["CLOSED", "attachments", "hits", "key", "moment", "record", "records", "shown", "value"]

# Resolved, closed, canceled: the values of `incident.state` as they are delivered.
CLOSED = frozenset({"6", "7", "8"})
_NUMBER = re.compile(r"[A-Za-z]{2,10}[0-9]{1,20}")


def key(ticket: str) -> str:
    """The ticket's number, fit to stand in an encoded query: no operator and no separator can be in it."""
    if not _NUMBER.fullmatch(ticket):
        raise TicketGoneError(f"{ticket!r} is not the number of a ticket, such as INC0010001")
    return ticket


def records(answer: Answer) -> list[dict[str, Any]]:
    found = answer.document.get("result") if isinstance(answer.document, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise DeskUnavailableError("ServiceNow answered with something that is not a list of records")
    return found


def record(document: object) -> dict[str, Any]:
    found = document.get("result") if isinstance(document, dict) else None
    if not isinstance(found, dict):
        raise DeskUnavailableError("ServiceNow answered with something that is not a record")
    return found


def value(found: Mapping[str, Any], name: str) -> str:
    """A field as the database has it."""
    one = found.get(name)
    return str(one.get("value") or "") if isinstance(one, Mapping) else str(one or "")


def shown(found: Mapping[str, Any], name: str) -> str:
    """A field as people see it."""
    one = found.get(name)
    return str(one.get("display_value") or "") if isinstance(one, Mapping) else str(one or "")


def moment(text: str) -> datetime:
    """A time as the database has it: UTC, without saying so."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise DeskUnavailableError(f"ServiceNow answered with {text!r} for a time") from None


def hits(found: Sequence[Mapping[str, Any]]) -> Iterator[Hit]:
    for one in found:
        yield Hit(
            id=value(one, "number"),
            changed=moment(value(one, "sys_updated_on")),
            state=shown(one, "state"),
            closed=value(one, "state") in CLOSED,
        )


def attachments(found: Sequence[Mapping[str, Any]]) -> Iterator[Attachment]:
    for one in found:
        size = value(one, "size_bytes")
        yield Attachment(
            id=value(one, "sys_id"),
            name=value(one, "file_name"),
            media_type=value(one, "content_type") or "application/octet-stream",
            size=int(size) if size.isascii() and size.isdigit() else None,
        )
