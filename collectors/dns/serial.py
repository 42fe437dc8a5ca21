"""Which of two zone serials is newer? Serial number arithmetic (RFC 1982, SERIAL_BITS 32)."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["is_newer", "newest"]

_HALF = 1 << 31
_ALL = 1 << 32


def is_newer(one: int, other: int) -> bool:
    """Say whether `one` comes after `other`; neither does when they are exactly half the circle apart.

    >>> is_newer(2, 1), is_newer(1, 2), is_newer(5, 4294967290), is_newer(0, 2147483648)
    (True, False, True, False)
    """
    return 0 < (one - other) % _ALL < _HALF


def newest(serials: Iterable[int]) -> int | None:
    """The serial that comes after all others; None when there is none such."""
    distinct = set(serials)
    for candidate in distinct:
        if all(is_newer(candidate, other) for other in distinct - {candidate}):
            return candidate
    return None
