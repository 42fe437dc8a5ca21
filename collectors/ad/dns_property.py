"""What do a zone and its records say in the directory? Binary values of MS-DNSP 2.3.1.1 and 2.3.2.1, pure."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["Settings", "settings_of", "stamp_of"]

# dnsPropertyId (MS-DNSP 2.3.2.1.1).
_ALLOW_UPDATE, _NO_REFRESH, _REFRESH, _AGEING = 0x02, 0x10, 0x20, 0x40
_HEAD, _RECORD = struct.Struct("<5I"), struct.Struct("<HHBBHI4s4sI")
_TYPE_TOMBSTONE = 0
_FIRST = datetime(1601, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """update: 0 none, 1 from anybody, 2 secure only; None when the zone does not say. Intervals in hours."""

    update: int | None = None
    no_refresh: int | None = None
    refresh: int | None = None
    is_ageing: bool = False


def settings_of(values: Iterable[bytes]) -> Settings:
    """Read the values of `dNSProperty`. Raises ValueError for one that is too short for what it says."""
    found: dict[int, int] = {}
    for value in values:
        if len(value) < _HEAD.size:
            raise ValueError("a dNSProperty that is too short")
        size, _, _, _, kind = _HEAD.unpack_from(value)
        data = value[_HEAD.size : _HEAD.size + size]
        if len(data) < size:
            raise ValueError("a dNSProperty whose data is cut off")
        if data:
            found[kind] = int.from_bytes(data[:4], "little")
    return Settings(
        update=found.get(_ALLOW_UPDATE),
        no_refresh=found.get(_NO_REFRESH),
        refresh=found.get(_REFRESH),
        is_ageing=bool(found.get(_AGEING)),
    )


def stamp_of(value: bytes) -> datetime | None:
    """When a dynamic record was last refreshed (UTC); None for one that was written by hand, or was deleted.

    Raises ValueError for a `dnsRecord` that is too short.
    """
    if len(value) < _RECORD.size:
        raise ValueError("a dnsRecord that is too short")
    _, rtype, *_, hours = _RECORD.unpack_from(value)
    if not hours or rtype == _TYPE_TOMBSTONE:
        return None
    try:
        return _FIRST + timedelta(hours=hours)
    except OverflowError:
        raise ValueError("a dnsRecord from beyond all times") from None
