"""What happens on a device's ports just now? Counters read twice: only what rises between the two is of the present.

RFC 2863 (IF-MIB) and RFC 3635 (EtherLike-MIB). A counter that went back was set to zero, and says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collectors import Oid, Smi, Snmp
from collectors.net.columns import column

__all__ = ["Looked", "Rise", "has_errors", "look", "rises"]

_IF: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1)
_IFX: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
_DOT3: Oid = (1, 3, 6, 1, 2, 1, 10, 7, 2, 1)
# Frames to one station, to groups and to all: those that came in without an error.
_FRAMES = ((_IFX, 7), (_IFX, 8), (_IFX, 9))
_FRAMES_32 = ((_IF, 11), (_IF, 12))
_ERRORS = (_IF, 14)
_FCS = (_DOT3, 3)
_LATE = (_DOT3, 8)
_WRAPS = {Smi.COUNTER32: 2**32, Smi.COUNTER64: 2**64}
# What a port can do in the time between two looks; more is a counter that began anew.
_MOST = 10**10

# (table, column) -> ifIndex -> the value, and where it begins anew.
Looked = Mapping[tuple[Oid, int], Mapping[int, tuple[int, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """What a port counted between two looks.

    frames: received without error, None when not told. errors: ifInErrors; fcs: frames with a wrong checksum, a part of
    them; late: collisions after the time in which they are allowed, which only half duplex can have.
    """

    index: int
    frames: int | None = None
    errors: int = 0
    fcs: int = 0
    late: int = 0

    @property
    def wrong(self) -> int:
        """Frames that came in broken."""
        return max(self.errors, self.fcs)

    @property
    def share(self) -> float | None:
        """Broken ones of all that came in; None where the others are not told.

        >>> Rise(index=1, frames=990, errors=10).share
        0.01
        """
        return self.wrong / (self.wrong + self.frames) if self.frames is not None and self.wrong else None


async def look(host: Snmp) -> Looked:
    """Read the counters of all ports. Raises Unanswered."""
    wanted = [_ERRORS, _FCS, _LATE, *_FRAMES]
    found = {one: await _counters(host, *one) for one in wanted}
    if not found[_FRAMES[0]]:
        found |= {one: await _counters(host, *one) for one in _FRAMES_32}
    return found


def has_errors(seen: Looked) -> bool:
    """Say whether anything was ever counted that should not happen: where nothing was, no second look is needed."""
    return any(value for one in (_ERRORS, _FCS, _LATE) for value, _ in seen[one].values())


async def _counters(host: Snmp, entry: Oid, number: int) -> Mapping[int, tuple[int, int]]:
    return {
        index[0]: (value, _WRAPS.get(one.smi, 0))
        for index, one in (await column(host, entry, number)).items()
        if len(index) == 1 and (value := one.number) is not None and value >= 0
    }


def rises(before: Looked, after: Looked) -> tuple[Rise, ...]:
    """What rose between two looks, for every port on which something did."""
    found = []
    for index in sorted({index for seen in after.values() for index in seen}):
        errors, fcs, late = (_rise(before, after, one, index) or 0 for one in (_ERRORS, _FCS, _LATE))
        told = [_rise(before, after, one, index) for one in (*_FRAMES, *_FRAMES_32)]
        frames = [one for one in told if one is not None]
        if errors or fcs or late or any(frames):
            total = sum(frames) if frames else None
            found.append(Rise(index=index, frames=total, errors=errors, fcs=fcs, late=late))
    return tuple(found)


def _rise(before: Looked, after: Looked, what: tuple[Oid, int], index: int) -> int | None:
    """How much it rose, across one new beginning of the counter; None where it cannot be told."""
    first, then = before.get(what, {}).get(index), after.get(what, {}).get(index)
    if first is None or then is None:
        return None
    (old, wraps), (new, _) = first, then
    rose = new - old if new >= old else wraps - old + new
    # A counter that was set to zero looks like one that wrapped, after a rise that is too much to be true.
    is_so = 0 <= rose <= _MOST and (new >= old or (wraps > 0 and rose < wraps // 256))
    return rose if is_so else None
