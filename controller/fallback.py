"""Where does a note go that its ticket does not take? Into a new ticket of the built-in desk, once, with a warning.

Written in the transaction in which the delivery ends as failed: both happen, or neither. A delivery that was tried
anew and failed again finds the ticket that is there.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from controller.store.letters import ActionKind, Delivery
from controller.store.schema import run, ticket, ticket_file, ticket_note
from controller.store.store import Store

__all__ = ["Kept", "fall_back", "keep"]

# Whoever reads it may read either; the note itself is in the language of the contract.
_SUBJECT = "Undelivered / nicht zugestellt: {desk} #{ticket}"
_WARNING = """\
WARNING: this was meant for ticket {ticket} of the desk {desk}, and could not be delivered there.
Reason: {error}
Look there before you send it on: parts of it may have arrived.

WARNUNG: Dies war für Ticket {ticket} am Desk {desk} bestimmt und konnte dort nicht zugestellt werden.
Grund: {error}
Bitte erst dort nachsehen und dann weitergeben: Teile davon können angekommen sein.
"""
_REASON = 1000

# Name, media type, digest and size of a file, whose content is in the store already.
Kept = tuple[str, str, str, int]


def keep(store: Store, failed: Delivery) -> tuple[Kept, ...] | None:
    """The files of a delivery that failed; None when it is nothing that a person would miss, or was deleted."""
    action = failed.action
    if failed.kind is ActionKind.STATE or action.get("expired"):
        return None
    named = [("report.html", "text/html", action["html"])] if action["html"] else []
    named += [(file["name"], file["media_type"], file["sha256"]) for file in action["files"]]
    return tuple((name, kind, digest, len(store.blobs.get(digest))) for name, kind, digest in named)


def fall_back(connection: Connection, failed: Delivery, files: tuple[Kept, ...], now: datetime) -> int:
    """Open the ticket with the note, and give its number: of its customer alone, and as an internal note."""
    marker = f"fallback-{failed.marker}"
    there: int | None = connection.scalar(select(ticket_note.c.ticket).where(ticket_note.c.marker == marker))
    if there is not None:
        return there
    customer = connection.scalar(select(run.c.customer).where(run.c.id == failed.run)) if failed.run else None
    facts = {"desk": failed.desk, "ticket": failed.ticket, "error": failed.error[:_REASON]}
    opened = connection.execute(
        insert(ticket).values(
            customer=customer or "",
            subject=_SUBJECT.format_map(facts),
            text="",
            state="new",
            requester="Secondline",
            created=now,
            updated=now,
            tags=["undelivered"],
            links=[],
        )
    )
    number = int((opened.inserted_primary_key or (0,))[0])
    noted = connection.execute(
        insert(ticket_note).values(
            ticket=number,
            kind="internal",
            text=f"{_WARNING.format_map(facts)}\n{'-' * 20}\n{failed.action['text']}",
            marker=marker,
            created=now,
            author="Secondline",
        )
    )
    note = int((noted.inserted_primary_key or (0,))[0])
    rows = [{"note": note, "name": n, "media_type": k, "sha256": d, "size": s} for n, k, d, s in files]
    if rows:
        connection.execute(insert(ticket_file), rows)
    return number
