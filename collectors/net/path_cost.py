"""What does a way to the root cost? Path costs by speed (IEEE 802.1D-1998, table 8-5; 802.1D-2004, table 17-3)."""

from __future__ import annotations

from collections.abc import Iterable

from collectors.net.tree import CostMethod

__all__ = ["HIGHEST", "SATURATED", "cost_method", "long_cost", "method_of", "short_cost"]

# The highest cost of a port in 32 bits, and what a column of 16 bits shows of anything beyond.
HIGHEST = 200_000_000
SATURATED = 65_535

_SHORT = ((10_000, 2), (2_000, 3), (1_000, 4), (200, 12), (100, 19), (45, 39), (16, 62), (10, 100), (4, 250))


def long_cost(kbits: int) -> int:
    """Of 32 bits: 2 · 10¹⁰ / kbit/s (802.1t).

    >>> [long_cost(1000 * mbits) for mbits in (10, 100, 1_000, 2_000, 10_000, 25_000, 40_000, 400_000)]
    [2000000, 200000, 20000, 10000, 2000, 800, 500, 50]
    """
    return max(1, min(HIGHEST, 20_000_000_000 // kbits)) if kbits > 0 else HIGHEST


def short_cost(kbits: int) -> int:
    """Of 16 bits.

    >>> [short_cost(1000 * mbits) for mbits in (10, 100, 1_000, 2_000, 10_000, 20_000, 100_000)]
    [100, 19, 4, 3, 2, 1, 1]
    """
    mbits = kbits / 1000
    if mbits > 10_000:
        return 1
    return next((cost for least, cost in _SHORT if mbits >= least), SATURATED)


def cost_method(cost: int, kbits: int) -> CostMethod:
    """By which table a port of this speed has this cost: 'short', 'long', or '' for neither, or both.

    >>> cost_method(19, 100_000), cost_method(20_000, 1_000_000), cost_method(17, 1_000_000)
    ('short', 'long', '')
    """
    is_short, is_long = short_cost(kbits) == cost, long_cost(kbits) == cost
    return "" if is_short == is_long else "short" if is_short else "long"


def method_of(ports: Iterable[tuple[int, int]]) -> CostMethod:
    """The one table that the costs of all ports (cost, kbit/s) fit that fit any; '' where there is none.

    >>> method_of([(19, 100_000), (4, 1_000_000), (7, 1_000_000)]), method_of([(19, 100_000), (20_000, 1_000_000)])
    ('short', '')
    """
    found = {cost_method(cost, kbits) for cost, kbits in ports} - {""}
    return found.pop() if len(found) == 1 else ""
