"""Who owns an object, and who is allowed what on it? A security descriptor in its binary form (MS-DTYP 2.4.6), pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from collectors import Kind, Unanswered
from collectors.entry import sid_text

__all__ = ["Ace", "read_dacl", "read_owner"]

_OBJECT_TYPES = frozenset({5, 6})
_ALLOW, _DENY = frozenset({0, 5}), frozenset({1, 6})
_PROTECTED_ONLY_INHERITED = 0x08


@dataclass(frozen=True, slots=True, kw_only=True)
class Ace:
    """One entry of a list. right: the GUID of the object type that it is about, '' for all."""

    allows: bool
    mask: int
    right: str
    sid: str


def read_dacl(raw: bytes) -> tuple[Ace, ...] | None:
    """The entries that allow or deny on the object itself; None: there is no list, which allows everything.

    Raises Unanswered for what is no descriptor.
    """
    try:
        revision, _, _, _, _, _, at = struct.unpack_from("<BBHIIII", raw)
        if revision != 1:
            raise _unreadable(raw)
        return tuple(_entries(raw, at)) if at else None
    except (struct.error, ValueError):
        raise _unreadable(raw) from None


def read_owner(raw: bytes) -> str:
    """The owner's SID, '' where the descriptor names none. Raises Unanswered for what is no descriptor."""
    try:
        revision, _, _, at = struct.unpack_from("<BBHI", raw)
        if revision != 1:
            raise _unreadable(raw)
        return sid_text(raw[at:]) if at else ""
    except struct.error:
        raise _unreadable(raw) from None


def _entries(raw: bytes, at: int) -> Iterator[Ace]:
    _, _, _, count, _ = struct.unpack_from("<BBHHH", raw, at)
    at += 8
    for _ in range(count):
        kind, flags, size, mask = struct.unpack_from("<BBHI", raw, at)
        content = raw[at + 8 : at + size]
        if size < 8 or at + size > len(raw):
            raise ValueError("an entry that does not end")
        if kind in _ALLOW | _DENY and not flags & _PROTECTED_ONLY_INHERITED:
            right, rest = _object_type(content) if kind in _OBJECT_TYPES else ("", content)
            yield Ace(allows=kind in _ALLOW, mask=mask, right=right, sid=sid_text(rest))
        at += size


def _object_type(content: bytes) -> tuple[str, bytes]:
    (flags,) = struct.unpack_from("<I", content)
    rest = content[4:]
    right = ""
    if flags & 1:
        right, rest = str(UUID(bytes_le=rest[:16])), rest[16:]
    if flags & 2:
        rest = rest[16:]
    return right, rest


def _unreadable(raw: bytes) -> Unanswered:
    return Unanswered(Kind.UNPARSABLE, f"this is no security descriptor: {raw[:40]!r}")
