"""What waits to be told to a ticket? The words of the outbox; texts lie in the row, files as blobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from controller.desks.desk import File
from controller.store.errors import BlobError
from controller.store.store import Store

__all__ = [
    "Action",
    "ActionKind",
    "Delivery",
    "DeliveryState",
    "action_from",
    "action_json",
    "delivery_from",
    "expired_json",
]


class ActionKind(StrEnum):
    """note: the customer does not see it; reply: the customer does; state: set the ticket's state."""

    NOTE = "note"
    REPLY = "reply"
    STATE = "state"


class DeliveryState(StrEnum):
    """waiting: not begun, or certainly not done; unclear: perhaps done; partly: done but for some files."""

    WAITING = "waiting"
    SENDING = "sending"
    UNCLEAR = "unclear"
    DONE = "done"
    PARTLY = "partly"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        return self in {DeliveryState.DONE, DeliveryState.PARTLY, DeliveryState.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a ticket shall get. state: in the desk's own words, for the kind 'state'."""

    kind: ActionKind
    text: str = ""
    html: str | None = None
    files: tuple[File, ...] = ()
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One action on its way. run: empty when it belongs to none; error: why it is not done yet."""

    id: int
    run: str
    desk: str
    ticket: str
    kind: ActionKind
    action: Mapping[str, Any]
    marker: str
    state: DeliveryState
    tries: int
    next_at: datetime
    error: str
    reference: str
    done_at: datetime | None


def action_json(store: Store, action: Action) -> dict[str, Any]:
    """Write an action, its page and files as blobs. Raises BlobError past 8 MiB a file."""
    return {
        "kind": action.kind.value,
        "text": action.text,
        "html": None if action.html is None else store.blobs.put(action.html.encode()),
        "files": [
            {"name": file.name, "media_type": file.media_type, "sha256": store.blobs.put(file.content)}
            for file in action.files
        ],
        "state": action.state,
    }


def expired_json(stored: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of an action when its run's evidence is deleted."""
    return {"kind": stored["kind"], "expired": True}


def action_from(store: Store, stored: Mapping[str, Any]) -> Action:
    """Read an action with its files. Raises BlobError when one is gone."""
    if stored.get("expired"):
        raise BlobError("what it was to say was deleted, as the contract says: diagnose the ticket anew")
    return Action(
        kind=ActionKind(stored["kind"]),
        text=stored["text"],
        html=None if stored["html"] is None else store.blobs.get(stored["html"]).decode(),
        files=tuple(
            File(name=f["name"], media_type=f["media_type"], content=store.blobs.get(f["sha256"]))
            for f in stored["files"]
        ),
        state=stored["state"],
    )


def delivery_from(row: Row[tuple[object, ...]]) -> Delivery:
    return Delivery(
        id=row.id,
        run=row.run or "",
        desk=row.desk,
        ticket=row.ticket,
        kind=ActionKind(row.action["kind"]),
        action=row.action,
        marker=row.marker,
        state=DeliveryState(row.state),
        tries=row.tries,
        next_at=row.next_at,
        error=row.last_error,
        reference=row.reference,
        done_at=row.done_at,
    )
