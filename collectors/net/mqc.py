"""What do class maps of Cisco's modular QoS take, and where does voice go by them? For the MIB and the command line alike."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from collectors.net.dscp import EF, dscp_of
from collectors.net.qos import Policy, PolicyPort, QosClass, is_same_port

__all__ = ["CLASS_DEFAULT", "marks_of", "ports_with_queues", "way_of_voice"]

CLASS_DEFAULT = "class-default"
_POINTS = re.compile(r"(?:match:? )?(?:ip )?(dscp|precedence) (.+)", re.IGNORECASE)
_BRACKETED = re.compile(r"\([^)]*\)")
# By the names of RFC 791.
_PRECEDENCES = (
    "routine",
    "priority",
    "immediate",
    "flash",
    "flash-override",
    "critical",
    "internet",
    "network",
)
# A policy on one of these is for what leaves through some port below.
_VIRTUAL = re.compile(
    r"(?i)(?:dialer|tunnel|virtual|multilink|port-channel|vlan|bvi|bdi|loopback|cellular).*|.+\..+"
)
_DEEPEST = 8


def marks_of(matches: Collection[str], *, is_all: bool = False) -> tuple[int, ...] | None:
    """The code points that a class takes, by its match statements; None where they look at something else.

    is_all: each of the statements must be met, which only one of them can be told by.

    >>> marks_of(["Match: ip dscp ef (46)", "Match: dscp cs5 (40) af41 (34)"])
    (34, 40, 46)
    >>> marks_of(["Match: access-group name VOICE"]) is None
    True
    """
    if not matches or (is_all and len(matches) > 1):
        return None
    found: set[int] = set()
    for text in matches:
        match = _POINTS.fullmatch(" ".join(_BRACKETED.sub(" ", text).split()))
        points = _points(match[1].lower(), match[2].split()) if match else None
        if points is None:
            return None
        found |= points
    return tuple(sorted(found))


def _points(what: str, words: Sequence[str]) -> set[int] | None:
    found: set[int] = set()
    for word in words:
        if what == "dscp":
            dscp = dscp_of(word)
            if dscp is None:
                return None
            found.add(dscp)
            continue
        name = word.lower()
        known = name in _PRECEDENCES or re.fullmatch(r"[0-7]", name)
        if not known:
            return None
        number = _PRECEDENCES.index(name) if name in _PRECEDENCES else int(name)
        found |= set(range(number * 8, number * 8 + 8))
    return found


def way_of_voice(classes: Sequence[QosClass]) -> tuple[str, bool]:
    """Into which class packets marked EF go, and whether that is certain; ('', False) where it cannot be told."""
    parent = ""
    for _ in range(_DEEPEST):
        here = [one for one in classes if one.parent == parent]
        if not here:
            return parent, bool(parent)
        taken = None
        for one in here:
            if one.is_default or (one.marks is not None and EF in one.marks):
                taken = one
                break
            if one.marks is None:
                # It looks at something that may be voice, or not.
                return "", False
        if taken is None:
            return "", False
        parent = taken.path
    return "", False


def ports_with_queues(
    names: Mapping[object, tuple[tuple[str, ...], int | None]], policies: Sequence[Policy], *, shows_all: bool
) -> tuple[PolicyPort, ...]:
    """The ports with what is known of their way out.

    shows_all: the device surely shows every policy that it has. That a port has none is sure only where none hangs
    outwards at a virtual port, a part of a port, or something else that lies above this one.
    """
    outward = [one.port for one in policies if one.direction == "out"]
    sure = shows_all and not any(_VIRTUAL.fullmatch(port) for port in outward)
    found = []
    for own, speed in names.values():
        has = any(is_same_port(port, name) for port in outward for name in own)
        found.append(PolicyPort(names=own, speed=speed, has_queues=True if has else False if sure else None))
    return tuple(found)
