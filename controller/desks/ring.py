"""Did the desk really ring, just now, and about which ticket? Webhooks are verified here; no web framework is.

A ring says only that something happened to a ticket: the ticket is read afterwards, from the desk itself. Everything
that counts is signed: a header that is not may say what it likes. See RING.md for how each desk is made to ring.

NotHeardError(reason)
├── too-large, unreadable, no-ticket     it is not what the desk sends
├── no-signature, wrong-signature        it is not from the desk
└── too-old, too-early                   it was said at another time, or a clock is wrong
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

__all__ = ["MAX_RING", "Bell", "NotHeardError", "Ring", "Silence", "heard", "signature_of"]

# Zammad sends the whole ticket with its article, and the customer's words in it.
MAX_RING = 1024 * 1024
_AHEAD = timedelta(minutes=2)
_SHORTEST_SECRET = 16
_TICKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_EVENT = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}")
_OURS = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")

How = Literal["zammad", "jira", "signed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bell:
    """How a desk rings. desk: its name in the settings; secret: shared with it; window: how old a ring may be."""

    desk: str
    how: How
    secret: str = field(repr=False)
    window: timedelta

    def __post_init__(self) -> None:
        if len(self.secret) < _SHORTEST_SECRET:
            raise ValueError(f"the secret of the desk {self.desk!r} is too short to keep strangers out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Something happened to a ticket. id: the same for the same ring, however often it is sent: act on it once."""

    desk: str
    ticket: str
    event: str
    id: str


class Silence(StrEnum):
    """Why a ring does not count."""

    TOO_LARGE = "too-large"
    UNREADABLE = "unreadable"
    NO_TICKET = "no-ticket"
    NO_SIGNATURE = "no-signature"
    WRONG_SIGNATURE = "wrong-signature"
    TOO_OLD = "too-old"
    TOO_EARLY = "too-early"


class NotHeardError(Exception):
    """The ring does not count. The message holds nothing of what came: a stranger may have sent it."""

    def __init__(self, reason: Silence) -> None:
        super().__init__(reason.value)
        self.reason = reason


def heard(bell: Bell, headers: Mapping[str, str], body: bytes, now: datetime) -> Ring:
    """Verify a request to the desk's address. Raises NotHeardError.

    >>> bell = Bell(desk="helpdesk", how="signed", secret="0123456789abcdef", window=timedelta(minutes=5))
    >>> body, now = b'{"ticket": "4711", "event": "created"}', datetime(2026, 11, 27, 10, tzinfo=UTC)
    >>> heard(bell, {"X-Secondline-Signature": signature_of(bell.secret, body, now)}, body, now).ticket
    '4711'
    """
    if len(body) > MAX_RING:
        raise NotHeardError(Silence.TOO_LARGE)
    ticket: object
    event: object
    named = {name.casefold(): value for name, value in headers.items()}
    match bell.how:
        case "zammad":
            _verify(bell.secret, body, named.get("x-hub-signature", ""), "sha1")
            document = _document(body)
            ticket, event = _zammad(document)
            moment = _written(_inside(document, "ticket", "updated_at"))
        case "jira":
            _verify(bell.secret, body, named.get("x-hub-signature", ""), "sha256")
            document = _document(body)
            ticket, event = _inside(document, "issue", "key"), document.get("webhookEvent")
            moment = _counted(document.get("timestamp"), 1000)
        case "signed":
            moment = _ours(bell.secret, body, named.get("x-secondline-signature", ""))
            document = _document(body)
            ticket, event = document.get("ticket"), document.get("event")
    _in_time(moment, bell.window, now)
    return Ring(
        desk=bell.desk,
        ticket=_fitting(_TICKET, ticket),
        event=_fitting(_EVENT, event),
        id=hashlib.sha256(b"\0".join((bell.desk.encode(), moment.isoformat().encode(), body))).hexdigest(),
    )


def signature_of(secret: str, body: bytes, now: datetime) -> str:
    """The header `X-Secondline-Signature`, for desks whose webhooks are written by hand."""
    moment = int(now.timestamp())
    return f"t={moment},v1={_digest(secret, f'{moment}.'.encode() + body, 'sha256')}"


def _digest(secret: str, signed: bytes, kind: str) -> str:
    return hmac.new(secret.encode(), signed, kind).hexdigest()


def _verify(secret: str, body: bytes, header: str, kind: str) -> None:
    """A signature as WebSub writes it, `KIND=HEX`; no other kind counts, however it is spelled."""
    if not header:
        raise NotHeardError(Silence.NO_SIGNATURE)
    if not hmac.compare_digest(f"{kind}={_digest(secret, body, kind)}".encode(), header.encode()):
        raise NotHeardError(Silence.WRONG_SIGNATURE)


def _ours(secret: str, body: bytes, header: str) -> datetime:
    """The moment that was signed together with the body."""
    if not header:
        raise NotHeardError(Silence.NO_SIGNATURE)
    parts = _OURS.fullmatch(header)
    if parts is None:
        raise NotHeardError(Silence.WRONG_SIGNATURE)
    expected = _digest(secret, f"{parts[1]}.".encode() + body, "sha256")
    if not hmac.compare_digest(expected.encode(), parts[2].encode()):
        raise NotHeardError(Silence.WRONG_SIGNATURE)
    return _counted(int(parts[1]), 1)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise NotHeardError(Silence.UNREADABLE) from None
    if not isinstance(document, dict):
        raise NotHeardError(Silence.UNREADABLE)
    return document


def _zammad(document: Mapping[str, Any]) -> tuple[object, str]:
    """Zammad does not name an event: an article alone is how a ticket begins."""
    count = _inside(document, "ticket", "article_count")
    return _inside(document, "ticket", "id"), "created" if count == 1 else "updated"


def _inside(document: Mapping[str, Any], outer: str, inner: str) -> object:
    found = document.get(outer)
    return found.get(inner) if isinstance(found, dict) else None


def _written(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise NotHeardError(Silence.UNREADABLE) from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _counted(number: object, per_second: int) -> datetime:
    if isinstance(number, bool) or not isinstance(number, int):
        raise NotHeardError(Silence.UNREADABLE)
    try:
        return datetime.fromtimestamp(number / per_second, UTC)
    except (ValueError, OverflowError, OSError):
        raise NotHeardError(Silence.UNREADABLE) from None


def _in_time(moment: datetime, window: timedelta, now: datetime) -> None:
    if now - moment > window:
        raise NotHeardError(Silence.TOO_OLD)
    if moment - now > _AHEAD:
        raise NotHeardError(Silence.TOO_EARLY)


def _fitting(pattern: re.Pattern[str], value: object) -> str:
    """A word that may stand in a path and in a log."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not pattern.fullmatch(text):
        raise NotHeardError(Silence.NO_TICKET)
    return text
