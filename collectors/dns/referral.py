"""How many bytes does a referral to a zone's servers need, for the longest name that can be asked?"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["LARGEST_PLAIN", "largest_referral"]

# What a UDP answer without EDNS may hold, and a name (RFC 1035, sections 2.3.4 and 4.2.1); zonemaster's DELEGATION03.
LARGEST_PLAIN = 512
_LONGEST_NAME = 255
_HEADER = 12
_QUESTION = 4
# Type, class, time to live and length.
_RECORD = 10
_POINTER = 2


def largest_referral(zone: str, servers: Iterable[str], glue: Iterable[tuple[str, str]]) -> int:
    """The size of the answer, with names written once and then pointed to (RFC 1035, section 4.1.4).

    >>> largest_referral("musterbau.test", ["ns1.musterbau.test"], [("ns1.musterbau.test", "192.0.2.53")])
    305
    """
    known = set(_ends(zone))
    size = _HEADER + _LONGEST_NAME + _QUESTION
    for server in servers:
        size += _POINTER + _RECORD + _written(server, known)
    for _, address in glue:
        size += _POINTER + _RECORD + (16 if ":" in address else 4)
    return size


def _ends(name: str) -> list[str]:
    labels = name.rstrip(".").split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


def _written(name: str, known: set[str]) -> int:
    """The bytes of a name whose end may have been written before; from now on it has."""
    size = 0
    for end in _ends(name):
        if end in known:
            return size + _POINTER
        known.add(end)
        size += 1 + len(end.partition(".")[0])
    return size + 1
