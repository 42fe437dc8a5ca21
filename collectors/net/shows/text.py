"""Is this what the device shows, whole and in words that are known? What all dialects share.

A table with a row that nobody knows is no table: `unknown` ends the reading and keeps the raw text, as a shorter tree would
be a wrong one. What only adds to a tree and is not known becomes a remark (`Dirt`) of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from collectors import Kind, Unanswered
from collectors.net.bridge_id import BridgeId, bridge_id_written
from collectors.net.tree import Role, State

__all__ = ["ROLES", "STATES", "ago", "bridge_of", "lines_of", "unknown"]

_KEPT = 300
# Of a pager, in the words of the vendors (the session takes them away; a record may hold them).
_PAGED = re.compile(r"-{2,} ?\(?more\b|<--- more|\bpress any key\b|next page: space|\[Q quit", re.IGNORECASE)
_CARET = re.compile(r" *\^ *")
# Before each answer where a terminal is told to stamp it (Cisco's `terminal exec prompt timestamp`).
_STAMP = re.compile(r"Load for (?:five|one) .*|Time source is .*|No time source.*")
_LONGEST = 512
ROLES: Mapping[str, Role] = {
    "root": "root",
    "desg": "designated",
    "altn": "alternate",
    "back": "backup",
    "mstr": "master",
    "designated": "designated",
    "alternate": "alternate",
    "backup": "backup",
    "master": "master",
    "desi": "designated",
    "alte": "alternate",
    "mast": "master",
    "disa": "disabled",
    "disb": "disabled",
    "disabled": "disabled",
    "boun": "unknown",
}
STATES: Mapping[str, State] = {
    "fwd": "forwarding",
    "blk": "blocking",
    "lrn": "learning",
    "lis": "listening",
    "dis": "disabled",
    "bkn": "broken",
    "lsn": "listening",
    "forwarding": "forwarding",
    "blocking": "blocking",
    "learning": "learning",
    "listening": "listening",
    "discarding": "discarding",
    "broken": "broken",
    "disabled": "disabled",
    "down": "disabled",
    "inconsistent": "broken",
}
_UNITS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_CLOCK = re.compile(r"([0-9]{1,6}):([0-5][0-9]):([0-5][0-9])")
_SPELT = re.compile(r"(?:[0-9]{1,6}[ywdhms]){1,6}")


def unknown(what: str, line: str) -> Unanswered:
    """The text is not what it must be; `line` is the part that shows it, as it came."""
    return Unanswered(Kind.UNPARSABLE, f"{what}: {' '.join(line.split())[:_KEPT]}")


def lines_of(text: str) -> list[str]:
    r"""The lines without blanks at their ends. Raises Unanswered for remains of a pager, control signs, and errors.

    >>> lines_of("VLAN0001  \n\n  Spanning tree enabled protocol rstp")
    ['VLAN0001', '', '  Spanning tree enabled protocol rstp']
    """
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n") if not _STAMP.match(line)]
    for line in lines:
        if not line.replace("\t", " ").isprintable() or len(line) > _LONGEST:
            raise unknown("the device shows signs that are no text", ascii(line))
        if _PAGED.search(line):
            raise unknown("remains of a pager stand in the text", line)
        if line.startswith("%") or _CARET.fullmatch(line):
            raise unknown("the device complains", line)
    return lines


def bridge_of(written: str) -> BridgeId | None:
    """An identifier whose priority is written in decimal, whatever stands behind it; None when it is none.

    >>> str(bridge_of("4096.000f-e200-2200")), str(bridge_of("8219.0023.04ee.be01")), bridge_of("4096")
    ('4096/00:0f:e2:00:22:00', '8219/00:23:04:ee:be:01', None)
    """
    priority, _, mac = written.strip().partition(".")
    return bridge_id_written(f"{priority}/{mac}") if priority.isdecimal() else None


def ago(text: str) -> float | None:
    """How long something is ago, in seconds: '00:12:34', '1d02h', '3w4d', '1292651 seconds'; None for anything else.

    >>> ago("00:12:34"), ago("1d02h"), ago("516 seconds"), ago("never")
    (754.0, 93600.0, 516.0, None)
    """
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = map(int, clock.groups())
        return float(hours * 3600 + minutes * 60 + seconds)
    if found := re.fullmatch(r"([0-9]{1,12})(?:\.[0-9]+)? (?:seconds?|secs?)", text):
        return float(found[1])
    if _SPELT.fullmatch(text):
        return float(sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"([0-9]+)([ywdhms])", text)))
    return None
