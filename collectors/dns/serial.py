"""Which copies of a zone are the newest? Serial number arithmetic (RFC 1982, SERIAL_BITS 32)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

__all__ = ["Copy", "current", "is_newer", "newest", "of_one_source", "views"]

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


class Copy(Protocol):
    """A zone as one server holds it. is_primary: the SOA names this very server as its source.

    names: the zone's servers as this copy has them; None when they are not known. is_inside: the server
    stands in the customer's network and has internal addresses.
    """

    @property
    def serial(self) -> int: ...

    @property
    def primary(self) -> str: ...

    @property
    def is_primary(self) -> bool: ...

    @property
    def names(self) -> frozenset[str] | None: ...

    @property
    def is_inside(self) -> bool: ...


C = TypeVar("C", bound=Copy)


def views(held: Mapping[str, C]) -> tuple[dict[str, C], ...]:
    """The copies of one zone, by host id, in groups that are the same zone.

    All are one, unless those inside and those outside have neither a primary nor a server in common: then
    they are two zones of one name, which are made to differ.
    """
    inside = {host: one for host, one in held.items() if one.is_inside}
    outside = {host: one for host, one in held.items() if not one.is_inside}
    if not inside or not outside or _known(inside) & _known(outside):
        return (dict(held),)
    return inside, outside


def _known(copies: Mapping[str, Copy]) -> set[str]:
    return {name for one in copies.values() for name in (one.primary, *(one.names or ()))}


def of_one_source(held: Mapping[str, C]) -> tuple[dict[str, C], ...]:
    """The copies of one zone, by host id, in groups whose serials can be compared.

    All are one group, unless several servers name themselves as the source, as domain controllers do: then
    each of these counts for itself, with the copies that are made from it.
    """
    groups: list[dict[str, C]] = []
    for view in views(held):
        sources = {one.primary for one in view.values() if one.is_primary}
        by_source: dict[str, dict[str, C]] = {}
        for host, one in view.items():
            by_source.setdefault(one.primary if len(sources) > 1 else "", {})[host] = one
        groups += by_source.values()
    return tuple(groups)


def current(held: Mapping[str, C]) -> dict[str, C]:
    """The copies with the newest serial of their source: what others hold is explained by being behind.

    All of a source, where none of their serials is the newest.
    """
    found: dict[str, C] = {}
    for group in of_one_source(held):
        top = newest(one.serial for one in group.values())
        found |= {host: one for host, one in group.items() if top in {None, one.serial}}
    return found
