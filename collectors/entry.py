"""What does one entry of a directory say? Its values as bytes, and each reading of them in one place.

A value that is not what its attribute promises raises `Unanswered`: it is never taken for an absent one.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from collectors.silence import Kind, Unanswered

__all__ = ["EPOCH", "Entry", "moment_of", "sid_text"]

# Where FILETIME begins to count, in steps of 100 ns (MS-DTYP 2.3.3).
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_NEVER = 0x7FFFFFFFFFFFFFFF


@dataclass(frozen=True, slots=True)
class Entry:
    """A distinguished name, and attribute -> values as they came. Names of attributes are in small letters."""

    dn: str
    attributes: Mapping[str, tuple[bytes, ...]]

    def __contains__(self, name: str) -> bool:
        return bool(self.attributes.get(name.lower()))

    def raw(self, name: str) -> tuple[bytes, ...]:
        """All values; empty when the attribute is not there, or may not be seen."""
        return self.attributes.get(name.lower(), ())

    def texts(self, name: str) -> tuple[str, ...]:
        """All values as text."""
        return tuple(self._text(name, value) for value in self.raw(name))

    def text(self, name: str, otherwise: str = "") -> str:
        """The one value as text."""
        value = self._one(name)
        return otherwise if value is None else self._text(name, value)

    def number(self, name: str) -> int | None:
        """The one value as a whole number."""
        text = self.text(name)
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise self._not(name, "a number") from None

    def flag(self, name: str) -> bool | None:
        """The one value as TRUE or FALSE."""
        text = self.text(name)
        if text not in {"", "TRUE", "FALSE"}:
            raise self._not(name, "TRUE or FALSE")
        return text == "TRUE" if text else None

    def moment(self, name: str) -> datetime | None:
        """The one value as a moment: a FILETIME, or a generalized time (RFC 4517, section 3.3.13).

        None: not there, or FILETIME's 0 and its largest number, which mean 'never'.
        """
        text = self.text(name)
        try:
            return moment_of(text) if text else None
        except (ValueError, OverflowError):
            raise self._not(name, "a moment") from None

    def span(self, name: str) -> timedelta | None:
        """The one value as a length of time, kept as a negative FILETIME; None: not there, or without end."""
        number = self.number(name)
        if number is None or number <= -_NEVER or number == 0:
            return None
        try:
            return timedelta(microseconds=-number // 10)
        except OverflowError:
            raise self._not(name, "a length of time") from None

    def guid(self, name: str) -> str:
        """The one value as a GUID (MS-DTYP 2.3.4), '' when not there."""
        value = self._one(name)
        if value is None:
            return ""
        if len(value) != 16:
            raise self._not(name, "a GUID")
        return str(UUID(bytes_le=value))

    def sid(self, name: str) -> str:
        """The one value as a security identifier, '' when not there."""
        value = self._one(name)
        try:
            return "" if value is None else sid_text(value)
        except struct.error:
            raise self._not(name, "a security identifier") from None

    def sids(self, name: str) -> tuple[str, ...]:
        """All values as security identifiers."""
        try:
            return tuple(sid_text(value) for value in self.raw(name))
        except struct.error:
            raise self._not(name, "security identifiers") from None

    def _one(self, name: str) -> bytes | None:
        values = self.raw(name)
        if len(values) > 1:
            raise self._not(name, "one value alone")
        return values[0] if values else None

    def _text(self, name: str, value: bytes) -> str:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise self._not(name, "text") from None

    def _not(self, name: str, what: str) -> Unanswered:
        shown = b" ".join(self.raw(name))[:60]
        return Unanswered(Kind.UNPARSABLE, f"{name} of {self.dn or 'the rootDSE'} is not {what}: {shown!r}")


def moment_of(text: str) -> datetime | None:
    """Read a FILETIME or a generalized time. Raises ValueError, OverflowError.

    >>> moment_of("20261126101500.0Z").isoformat()
    '2026-11-26T10:15:00+00:00'
    >>> moment_of("133000000000000000").year, moment_of("0")
    (2022, None)
    """
    if text.endswith("Z"):
        return datetime.strptime(text.partition(".")[0].removesuffix("Z") + "+0000", "%Y%m%d%H%M%S%z")
    number = int(text)
    return None if number in {0, _NEVER, -1} else EPOCH + timedelta(microseconds=number // 10)


def sid_text(value: bytes) -> str:
    """Write a SID as people know it (MS-DTYP 2.4.2). Raises struct.error.

    >>> sid_text(bytes.fromhex("010100000000000512000000"))
    'S-1-5-18'
    """
    revision, count = struct.unpack_from("BB", value)
    numbers = struct.unpack(f"<{count}I", value[8 : 8 + 4 * count])
    return "-".join(("S", str(revision), str(int.from_bytes(value[2:8], "big")), *map(str, numbers)))
