"""Does one of many networks hold this address, and what is left when others are taken away? Numbers, not names."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    summarize_address_range,
)

__all__ = ["Spans", "without"]


class Spans:
    """Networks of one version as disjoint spans, so that a look-up does not grow with their number."""

    def __init__(self, networks: tuple[IPv4Network | IPv6Network, ...], version: int) -> None:
        joined: list[IPv4Network] | list[IPv6Network]
        if version == 4:
            joined = list(collapse_addresses([one for one in networks if isinstance(one, IPv4Network)]))
        else:
            joined = list(collapse_addresses([one for one in networks if isinstance(one, IPv6Network)]))
        self._first = [int(one.network_address) for one in joined]
        self._last = [int(one.broadcast_address) for one in joined]

    def holds(self, number: int) -> bool:
        place = bisect_right(self._first, number)
        return place > 0 and number <= self._last[place - 1]

    def less(self, taken: Spans) -> Iterator[tuple[int, int]]:
        """What is left of these spans when others are cut out: first and last number of each piece."""
        for first, last in zip(self._first, self._last, strict=True):
            begin = first
            # The cut before the first that begins later may reach into this span.
            for place in range(max(0, bisect_right(taken._first, first) - 1), len(taken._first)):
                if taken._first[place] > last:
                    break
                if taken._last[place] < begin:
                    continue
                if taken._first[place] > begin:
                    yield begin, taken._first[place] - 1
                begin = taken._last[place] + 1
            if begin <= last:
                yield begin, last


def without(
    some: tuple[IPv4Network | IPv6Network, ...], taken: tuple[IPv4Network | IPv6Network, ...]
) -> Iterator[IPv4Network | IPv6Network]:
    """What of some networks is left without others, exactly."""
    for first, last in Spans(some, 4).less(Spans(taken, 4)):
        yield from summarize_address_range(IPv4Address(first), IPv4Address(last))
    for first, last in Spans(some, 6).less(Spans(taken, 6)):
        yield from summarize_address_range(IPv6Address(first), IPv6Address(last))
