"""How is a rate read and written?"""

from __future__ import annotations

import re

from collectors import Kind, Unanswered
from collectors.plain import plain

__all__ = ["rate_of", "spoken_rate", "unparsable"]

_UNITS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000, "t": 1_000_000_000_000}
_IEC = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_RATE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)([kmgt]?)(i?)(?:bit|bps)", re.IGNORECASE)


def unparsable(what: str, text: str = "") -> Unanswered:
    """The answer is not what it must be; `text` is the part that shows it."""
    shown = f": {plain(text, 120)}" if text.strip() else ""
    return Unanswered(Kind.UNPARSABLE, what + shown)


def rate_of(text: str) -> int | None:
    """Read a rate in bit/s, as `tc` and routers write it; None where it is none.

    >>> rate_of("500Kbit"), rate_of("2Mbit"), rate_of("1500000bit"), rate_of("600 kbps"), rate_of("fast")
    (500000, 2000000, 1500000, 600000, None)
    """
    found = _RATE.fullmatch(text.replace(" ", ""))
    if not found:
        return None
    return round(float(found[1]) * (_IEC if found[3] else _UNITS)[found[2].lower()])


def spoken_rate(rate: float) -> str:
    """Write a rate as people do.

    >>> spoken_rate(500_000), spoken_rate(1_744_000), spoken_rate(2_000_000), spoken_rate(10e9)
    ('500 kbit/s', '1744 kbit/s', '2 Mbit/s', '10 Gbit/s')
    """
    for unit, size in (("Gbit/s", 1_000_000_000), ("Mbit/s", 1_000_000)):
        if rate >= size and (rate % size == 0 or rate >= 10 * size):
            return f"{rate / size:.0f} {unit}"
    return f"{rate / 1000:.0f} kbit/s" if rate >= 1000 else f"{rate:.0f} bit/s"
