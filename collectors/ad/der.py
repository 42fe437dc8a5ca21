"""How are the fields of a Kerberos answer found? Tag, length, value (X.690), walked without a schema."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["DerError", "fields", "inner", "number", "walk"]


class DerError(ValueError):
    """The bytes are no DER."""


def walk(raw: bytes) -> Iterator[tuple[int, bytes]]:
    r"""The elements that follow each other, as tag and content. Raises DerError.

    >>> list(walk(bytes.fromhex("020105040161")))
    [(2, b'\x05'), (4, b'a')]
    """
    at = 0
    while at < len(raw):
        tag, size, start = raw[at], raw[at + 1] if at + 1 < len(raw) else -1, at + 2
        if size & 0x80 and size > 0:
            count = size & 0x7F
            size, start = int.from_bytes(raw[start : start + count], "big"), start + count
            if not 1 <= count <= 4:
                raise DerError(f"a length of {count} bytes")
        if size < 0 or start + size > len(raw) or tag & 0x1F == 0x1F:
            raise DerError(f"an element that does not end at {at}")
        yield tag, raw[start : start + size]
        at = start + size


def inner(raw: bytes) -> bytes:
    """The content of the one element. Raises DerError."""
    found = list(walk(raw))
    if len(found) != 1:
        raise DerError(f"{len(found)} elements in place of one")
    return found[0][1]


def fields(raw: bytes) -> dict[int, bytes]:
    """The explicitly tagged fields of a sequence: number -> the element under it. Raises DerError."""
    return {tag & 0x1F: content for tag, content in walk(raw) if tag & 0xC0 == 0x80}


def number(raw: bytes) -> int:
    """The INTEGER that stands here. Raises DerError."""
    return int.from_bytes(inner(raw), "big", signed=True)
