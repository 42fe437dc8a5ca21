"""May more hosts be touched at the same time than before, though no clause's own number grew?

`at_once` counts the hosts of a clause. Two clauses in the place of one count apart: what one clause held to
ten together, two of ten each let be twenty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inventory.clause import Cover
from inventory.gain import Alike, Covered, Strands
from inventory.step import Effect, Step, Tally
from inventory.strand import Laid, Strand
from inventory.week import edges

__all__ = ["divided"]

# Of the hosts that one clause held together before: by the clause that holds them now and the minutes at
# which it does, how many they are.
_Parts = dict[tuple[int, int], int]


def divided(covered: Covered, tally: Tally) -> None:
    """Note every clause of before whose hosts several clauses of after hold, with more at once in all.

    A host counts once a clause, whatever is done to it. It is an upper bound: a host that two clauses hold at
    one time, each for another deed, counts in both.
    """
    parts: dict[int, _Parts] = {}
    laid: dict[int, Laid] = {}
    hosts: dict[int, list[Alike]] = {}
    for pair in covered.pairs if covered.changed else ():
        for (was, is_), at in _overlaps(pair, covered.strands, laid).items():
            found = parts.setdefault(was, {})
            found[is_, at] = found.get((is_, at), 0) + len(pair.hosts)
            hosts.setdefault(was, []).append(pair)
    for was, found in parts.items():
        held = laid[was].clause.at_once
        if len({is_ for is_, _ in found}) > 1 and (most := _most(found, laid)) > held:
            now = ", ".join(dict.fromkeys(laid[is_].clause.id for is_, _ in found))
            step = Step(
                clause=laid[was].clause.id,
                what=Effect.AT_ONCE_DIVIDED,
                of=now,
                old=str(held),
                new=str(most),
            )
            tally.add(step, (host for pair in hosts[was] for host in pair.hosts))


def _overlaps(pair: Alike, strands: Strands, laid: dict[int, Laid]) -> Mapping[tuple[int, int], int]:
    """By clause before and clause after, the minutes at which the first is followed by the second."""
    found: dict[tuple[int, int], int] = {}
    if pair.before is None or pair.after is None:
        return found
    for before, after in _both(pair.before, pair.after, strands):
        for old in before.firsts:
            for new in after.firsts:
                if at := old.minutes & new.minutes:
                    key = id(old.clause), id(new.clause)
                    laid[key[0]], laid[key[1]] = old, new
                    found[key] = found.get(key, 0) | at
    return found


def _both(before: Cover, after: Cover, strands: Strands) -> Iterator[tuple[Strand, Strand]]:
    """The strands of each deed that is allowed before and after; deeds of the same clauses count once."""
    seen: set[tuple[int, int]] = set()
    for old, new in ((before.diagnose, after.diagnose), (before.change, after.change)):
        for name in old.keys() & new.keys():
            both = strands.of(old[name]), strands.of(new[name])
            key = id(both[0]), id(both[1])
            if key not in seen:
                seen.add(key)
                yield both


def _most(parts: _Parts, laid: Mapping[int, Laid]) -> int:
    """How many of the hosts may be touched at once, at the minute at which they are the most."""
    starts = {edge for _, at in parts for edge in edges(at)}
    most = 0
    for minute in starts:
        counts: dict[int, int] = {}
        for (is_, at), count in parts.items():
            if at >> minute & 1:
                counts[is_] = counts.get(is_, 0) + count
        most = max(most, sum(min(laid[is_].clause.at_once, count) for is_, count in counts.items()))
    return most
