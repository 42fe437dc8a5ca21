"""From whom does a controller replicate, and how did it go last time? One reading of the two ways it is kept.

Binary in `repsFrom` (REPS_FROM, MS-DRSR 5.170), on Windows and Samba; text in `msDS-NCReplInboundNeighbors` and
`msDS-ReplAllInboundNeighbors` (DS_REPL_NEIGHBOR, MS-ADTS 3.1.1.3.2.28), on Windows alone. Beside them the
up-to-date vector (MS-DRSR 5.166) and the metadata of an object's attributes (MS-DRSR 5.162.1).
"""

from __future__ import annotations

import html
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from collectors import Kind, Unanswered
from collectors.entry import EPOCH

__all__ = ["Cursor", "Neighbour", "Stamp", "from_binary", "from_text", "read_metadata", "read_vector"]

# version, cb, failures, success, attempt, result, offset and size of what follows, flags.
_HEAD = struct.Struct("<I4xIIqqIIII")
_GUIDS = 160
_SIZE = 208
_CURSOR = struct.Struct("<16sqq")
_STAMP = struct.Struct("<IIq16sqq")
_FIELD = re.compile(r"<(\w+)>([^<]*)</\1>")
_BLOCK = re.compile(r"<DS_REPL_NEIGHBOR>(.*?)</DS_REPL_NEIGHBOR>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A partner that a controller pulls a naming context from.

    partner: the GUID of its NTDS settings. result: of the last attempt, a Win32 code. None: there was none yet.
    """

    context: str
    partner: str
    invocation: str
    failures: int
    result: int
    attempted: datetime | None
    succeeded: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Up to which change of a controller's database (by invocation) another has everything, and when it last asked."""

    invocation: str
    usn: int
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Who last wrote an attribute of an object: its number (ATTRTYP), the version, when, in which database."""

    attribute: int
    version: int
    at: datetime | None
    invocation: str
    usn: int


def from_binary(context: str, value: bytes) -> Neighbour:
    """Read one value of `repsFrom`. Raises Unanswered."""
    try:
        version, size, failures, succeeded, attempted, result, *_ = _HEAD.unpack_from(value)
    except struct.error:
        raise _unreadable("repsFrom", value) from None
    if version not in {1, 2} or size != len(value) or size < _SIZE:
        raise _unreadable("repsFrom", value)
    return Neighbour(
        context=context,
        partner=str(UUID(bytes_le=value[_GUIDS : _GUIDS + 16])),
        invocation=str(UUID(bytes_le=value[_GUIDS + 16 : _GUIDS + 32])),
        failures=failures,
        result=result,
        attempted=_seconds(attempted),
        succeeded=_seconds(succeeded),
    )


def from_text(value: str) -> tuple[Neighbour, ...]:
    """Read the neighbours in one value of the text form, however many it holds. Raises Unanswered."""
    blocks = _BLOCK.findall(value)
    if not blocks:
        raise _unreadable("the list of neighbours", value.encode())
    return tuple(_neighbour(dict(_FIELD.findall(block))) for block in blocks)


def _neighbour(fields: dict[str, str]) -> Neighbour:
    try:
        return Neighbour(
            context=html.unescape(fields["pszNamingContext"]),
            partner=str(UUID(fields["uuidSourceDsaObjGuid"])),
            invocation=str(UUID(fields["uuidSourceDsaInvocationID"])),
            failures=int(fields["cNumConsecutiveSyncFailures"]),
            result=int(fields["dwLastSyncResult"]) & 0xFFFFFFFF,
            attempted=_written(fields["ftimeLastSyncAttempt"]),
            succeeded=_written(fields["ftimeLastSyncSuccess"]),
        )
    except (KeyError, ValueError):
        raise _unreadable("a neighbour", repr(fields).encode()) from None


def read_vector(value: bytes) -> tuple[Cursor, ...]:
    """Read `replUpToDateVector`, version 2 (1 has no times). Raises Unanswered."""
    try:
        version, count = struct.unpack_from("<I4xI4x", value)
        if version != 2 or len(value) != 16 + count * _CURSOR.size:
            raise _unreadable("replUpToDateVector", value)
        rows = [_CURSOR.unpack_from(value, 16 + n * _CURSOR.size) for n in range(count)]
    except struct.error:
        raise _unreadable("replUpToDateVector", value) from None
    return tuple(
        Cursor(invocation=str(UUID(bytes_le=guid)), usn=usn, at=_ticks(at)) for guid, usn, at in rows
    )


def read_metadata(value: bytes) -> tuple[Stamp, ...]:
    """Read `replPropertyMetaData`, version 1. Raises Unanswered."""
    try:
        version, count = struct.unpack_from("<I4xI4x", value)
        if version != 1 or len(value) != 16 + count * _STAMP.size:
            raise _unreadable("replPropertyMetaData", value)
        rows = [_STAMP.unpack_from(value, 16 + n * _STAMP.size) for n in range(count)]
    except struct.error:
        raise _unreadable("replPropertyMetaData", value) from None
    return tuple(
        Stamp(
            attribute=attribute,
            version=number,
            at=_seconds(at),
            invocation=str(UUID(bytes_le=guid)),
            usn=usn,
        )
        for attribute, number, at, guid, usn, _ in rows
    )


def _seconds(count: int) -> datetime | None:
    """Seconds since 1601; None for none, and for what no clock shows."""
    return EPOCH + timedelta(seconds=count) if 0 < count < 2**38 else None


def _ticks(count: int) -> datetime | None:
    return _seconds(count // 10_000_000)


def _written(text: str) -> datetime | None:
    """A moment as text; None for the year 1601, which is none. Raises ValueError."""
    at = datetime.strptime(text.rstrip("Z").partition(".")[0], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return at if at.year > EPOCH.year else None


def _unreadable(what: str, value: bytes) -> Unanswered:
    return Unanswered(Kind.UNPARSABLE, f"{what} cannot be read: {value[:60]!r}")
