"""Which clause holds for one deed at each minute of the week? The clauses of a deed, laid on the clock.

Permission is compared in two readings, and both must agree that nothing more is permitted. *First*: `decide`
names the first open clause, so its approval and its `at_once` are what counts. *Each*: who could choose among
all open clauses would choose the one that demands least.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from inventory.clause import Approval, Clause
from inventory.step import Effect, Step
from inventory.week import windows

__all__ = ["Laid", "Strand", "gains", "stranger"]

# What does as well as the key or demands less. A colleague's and a customer's yes cannot stand for each other.
_NO_MORE_THAN = {
    Approval.NONE: frozenset({Approval.NONE}),
    Approval.COLLEAGUE: frozenset({Approval.NONE, Approval.COLLEAGUE}),
    Approval.CUSTOMER: frozenset({Approval.NONE, Approval.CUSTOMER}),
    Approval.BOTH: frozenset(Approval),
}
_KNOWN = frozenset(
    {"id", "text", "hosts", "roles", "outside", "diagnose", "change", "windows", "approval", "at_once"}
)


@dataclass(frozen=True, slots=True)
class Laid:
    """A clause and the minutes at which it is open, or is the first that is."""

    clause: Clause
    minutes: int


@dataclass(frozen=True, slots=True)
class Strand:
    """The clauses that allow one deed. open: the minutes of all; firsts: those that `decide` would name."""

    each: tuple[Laid, ...]
    firsts: tuple[Laid, ...]
    open: int

    @classmethod
    def of(cls, clauses: tuple[Clause, ...], open_: Mapping[int, int]) -> Strand:
        """open_: the minutes at which each clause is open, by the clause's `id()`."""
        each: list[Laid] = []
        firsts: list[Laid] = []
        seen = 0
        for clause in clauses:
            own = open_[id(clause)]
            each.append(Laid(clause, own))
            if new := own & ~seen:
                firsts.append(Laid(clause, new))
            seen |= own
        return cls(tuple(each), tuple(firsts), seen)


_CLOSED = Strand((), (), 0)


def stranger(clause: Clause) -> tuple[tuple[str, Any], ...]:
    """What a clause says under keys that this comparison does not know: it must stay as it was."""
    return tuple((name, getattr(clause, name)) for name in _unknown(type(clause)))


@cache
def _unknown(sort: type[Clause]) -> tuple[str, ...]:
    return tuple(sorted(sort.model_fields.keys() - _KNOWN))


def gains(before: Strand | None, after: Strand, effect: Effect, *, change: bool) -> Iterator[Step]:
    """What is permitted after and was not before, for one deed, by clause.

    effect: what more minutes are called. Approval counts for changes only.
    """
    old = before or _CLOSED
    new = after.open & ~old.open
    for laid, first in _with_first(after):
        if first & new:
            yield Step(
                clause=laid.clause.id,
                what=effect,
                windows=windows(laid.minutes & new),
                new=laid.clause.approval if change else "",
            )
    if old.open & after.open:
        if change:
            yield from _approvals(old, after)
        yield from _at_once(old, after)
        yield from _strangers(old, after)


def _with_first(strand: Strand) -> Iterator[tuple[Laid, int]]:
    first = {id(laid.clause): laid.minutes for laid in strand.firsts}
    return ((laid, first.get(id(laid.clause), 0)) for laid in strand.each)


def _approvals(before: Strand, after: Strand) -> Iterator[Step]:
    for old, new in ((before.firsts, after.firsts), (before.each, after.each)):
        for laid in new:
            approval = laid.clause.approval
            enough = _NO_MORE_THAN[approval]
            left = laid.minutes & before.open
            for one in old:
                if one.clause.approval in enough:
                    left &= ~one.minutes
            for one in before.firsts if left else ():
                if at := one.minutes & left:
                    stronger = approval in _NO_MORE_THAN[one.clause.approval]
                    yield Step(
                        clause=laid.clause.id,
                        what=Effect.APPROVAL_WEAKER if stronger else Effect.APPROVAL_EXCHANGED,
                        windows=windows(at),
                        old=one.clause.approval,
                        new=approval,
                    )


def _at_once(before: Strand, after: Strand) -> Iterator[Step]:
    least = min(laid.clause.at_once for laid in before.each)
    for old, new in ((before.firsts, after.firsts), (before.each, after.each)):
        for laid in new:
            if (most := laid.clause.at_once) <= least:
                continue
            left = laid.minutes & before.open
            for one in old:
                if one.clause.at_once >= most:
                    left &= ~one.minutes
            if left:
                held = max(one.clause.at_once for one in old if one.minutes & left)
                yield Step(clause=laid.clause.id, what=Effect.AT_ONCE_LARGER, old=str(held), new=str(most))


def _strangers(before: Strand, after: Strand) -> Iterator[Step]:
    sorts = {type(laid.clause) for strand in (before, after) for laid in strand.firsts}
    if not any(map(_unknown, sorts)):
        return
    for laid in after.firsts:
        new = dict(stranger(laid.clause))
        for one in before.firsts:
            if one.minutes & laid.minutes:
                old = dict(stranger(one.clause))
                for name in sorted(new.keys() | old.keys()):
                    if (name in new, new.get(name)) != (name in old, old.get(name)):
                        yield Step(clause=laid.clause.id, what=Effect.OTHER_CHANGED, of=name)
