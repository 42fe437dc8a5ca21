"""At which minutes of the week is something open? Sets of minutes that can be joined, cut and compared.

A set is a whole number: bit `day * 1440 + minute` stands for one minute of local time. Windows that adjoin or
overlap are then one, however they were written, and a comparison is one step of the processor's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import time
from functools import lru_cache

from inventory.clause import Day, Window

__all__ = ["ALWAYS", "edges", "minutes", "windows"]

_LONG = 24 * 60
_DAYS = tuple(Day)
_WHOLE_DAY = (1 << _LONG) - 1

ALWAYS = (1 << _LONG * len(_DAYS)) - 1


def minutes(several: Iterable[Window]) -> int:
    """The minutes at which one of the windows is open; no windows at all means always."""
    several = tuple(several)
    found = 0
    for window in several:
        start, until = _minute(window.start), _minute(window.until)
        span = ((1 << (until - start + 1)) - 1) << start
        for day in window.days:
            found |= span << _DAYS.index(day) * _LONG
    return found if several else ALWAYS


def _minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute


@lru_cache(maxsize=4096)
def windows(found: int) -> tuple[Window, ...]:
    """The windows that say a set of minutes, as people would write them; none for always.

    They are for reading: a single minute begins and ends with itself, which a contract cannot write.
    """
    if found == ALWAYS:
        return ()
    alike: dict[int, list[Day]] = {}
    for number, day in enumerate(_DAYS):
        if own := found >> number * _LONG & _WHOLE_DAY:
            alike.setdefault(own, []).append(day)
    return tuple(
        Window.model_construct(days=tuple(days), start=_clock(start), until=_clock(until - 1))
        for own, days in alike.items()
        for start, until in _spans(own)
    )


def _clock(minute: int) -> time:
    return time(minute // 60, minute % 60)


def _spans(found: int) -> Iterator[tuple[int, int]]:
    """First minute, and first minute no more, of each unbroken part."""
    both = edges(found)
    return zip(both[::2], both[1::2], strict=True)


def edges(found: int) -> list[int]:
    """The minutes at which the set begins or ends, in their order."""
    changes = found ^ found << 1
    where: list[int] = []
    while changes:
        lowest = changes & -changes
        where.append(lowest.bit_length() - 1)
        changes ^= lowest
    return where
