"""How fast does the tree react, and how often does it change? Times of BRIDGE-MIB in seconds, and rates of changes."""

from __future__ import annotations

from collections.abc import Sequence

from collectors.net.tree import Timers

__all__ = ["FREQUENT", "STORM", "changes_an_hour", "timers_of"]

# Changes an hour that are worth a look, and that are a storm: our own rule, and no standard.
FREQUENT = 4.0
STORM = 60.0

# What a bridge may be told, in seconds (IEEE 802.1D-2004, table 17-1); hello may be 1 only where RSTP runs.
_MAX_AGE = (6, 40)
_HELLO = (1, 10)
_FORWARD_DELAY = (4, 30)


def timers_of(values: Sequence[int | None]) -> tuple[Timers | None, int]:
    """Read max age, hello and forward delay, in hundredths of a second (RFC 4188) or, as some agents say them, in seconds.

    Gives them in seconds with how many units make one; (None, 0) when they cannot be timers of a bridge.

    >>> timers_of((2000, 200, 1500)), timers_of((20, 2, 15))[1], timers_of((0, 1553172480, 0))
    ((Timers(max_age=20.0, hello=2.0, forward_delay=15.0), 100), 1, (None, 0))
    """
    for units in (100, 1):
        limits = zip(values, (_MAX_AGE, _HELLO, _FORWARD_DELAY), strict=True)
        if all(value is not None and low * units <= value <= high * units for value, (low, high) in limits):
            age, hello, delay = (value / units for value in values if value is not None)
            return Timers(max_age=age, hello=hello, forward_delay=delay), units
    return None, 0


def changes_an_hour(changes: int, seconds: float) -> float:
    """The mean number of changes an hour.

    >>> [round(changes_an_hour(*one), 1) for one in ((1_011_228, 25_877_742), (146_938, 14_558_212), (3_743, 6_702_265))]
    [140.7, 36.3, 2.0]
    """
    return changes * 3600 / seconds if seconds > 0 else 0.0
