"""Are the binary values of zones and records read as they are documented, and never believed when they are cut?"""

from __future__ import annotations

import struct
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.ad.dns_property import Settings, settings_of, stamp_of


def value(kind: int, data: bytes, *, size: int | None = None) -> bytes:
    return struct.pack("<5I", len(data) if size is None else size, 0, 0, 1, kind) + data + b"\0"


def record(hours: int, rtype: int = 1) -> bytes:
    return (
        struct.pack("<HHBBHI4s4sI", 4, rtype, 5, 240, 0, 7, b"\0\0\4\xb0", b"\0" * 4, hours)
        + b"\x0a\x4d\x01\x0b"
    )


def test_what_a_zone_says_of_updates_and_ageing() -> None:
    told = [
        value(0x02, b"\2"),
        value(0x10, struct.pack("<I", 24)),
        value(0x20, struct.pack("<I", 48)),
        value(0x40, b"\1\0\0\0"),
    ]
    assert settings_of(told) == Settings(update=2, no_refresh=24, refresh=48, is_ageing=True)
    assert settings_of([]) == Settings()
    assert settings_of([value(0x99, b"whatever it may be")]) == Settings()


def test_a_record_written_by_hand_has_no_stamp() -> None:
    assert stamp_of(record(0)) is None
    assert stamp_of(record(3_700_000)) == datetime(2023, 2, 4, 16, tzinfo=UTC)
    assert stamp_of(record(3_700_000, rtype=0)) is None


@pytest.mark.parametrize(
    "cut", [b"", b"\0" * 19, value(0x02, b"\2", size=400), value(0x02, b"", size=2**32 - 1)]
)
def test_what_is_cut_is_an_error(cut: bytes) -> None:
    with pytest.raises(ValueError, match="dNSProperty"):
        settings_of([cut])


@given(raw=st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """Nothing else than the documented error ever comes out."""
    with suppress(ValueError):
        assert isinstance(settings_of([raw]), Settings)
    with suppress(ValueError):
        stamp = stamp_of(raw)
        assert stamp is None or stamp.year >= 1601
