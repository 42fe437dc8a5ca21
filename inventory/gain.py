"""Which clause lets us do more than before, to which hosts? Cover against cover, never host against host.

Hosts that are covered alike share one `Cover`, in both revisions; each pair of them is compared once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from inventory.clause import Clause, Cover, Covering
from inventory.contract import Contract
from inventory.decide import Change, Deed, Diagnose
from inventory.step import Effect, Step, Tally
from inventory.strand import Strand, gains, stranger
from inventory.week import minutes

__all__ = ["Alike", "Covered", "Strands", "alike", "clause_gains"]


@dataclass(frozen=True, slots=True)
class Alike:
    """The hosts that are covered alike before, and alike after; None: by no clause."""

    before: Cover | None
    after: Cover | None
    hosts: tuple[str, ...]

    def turned(self) -> Alike:
        return Alike(self.after, self.before, self.hosts)


def alike(before: Contract | None, after: Contract) -> tuple[Alike, ...]:
    old: Mapping[str, Cover] = before.covers if before else {}
    found: dict[tuple[int, int], tuple[Cover | None, Cover | None, list[str]]] = {}
    for host in (*after.covers, *(host for host in old if host not in after.covers)):
        was, is_ = old.get(host), after.covers.get(host)
        found.setdefault((id(was), id(is_)), (was, is_, []))[2].append(host)
    return tuple(Alike(was, is_, tuple(hosts)) for was, is_, hosts in found.values())


class Strands:
    """What was worked out once for clauses that many covers share. It lives as long as one comparison."""

    def __init__(self, clauses: Iterable[Clause]) -> None:
        """clauses: all of both revisions; they live longer than this, so that their `id()` names them."""
        self._open = {id(clause): minutes(clause.windows) for clause in clauses}
        self._strands: dict[tuple[int, ...], Strand] = {}
        self._gains: dict[tuple[int, int, Effect, bool], tuple[Step, ...]] = {}
        self._numbers: dict[object, int] = {}
        self._number_of: dict[int, int] = {}

    def of(self, covering: Covering) -> Strand:
        key = tuple(map(id, covering.clauses))
        return self._strands.get(key) or self._strands.setdefault(
            key, Strand.of(covering.clauses, self._open)
        )

    def gains(
        self, before: Covering | None, after: Covering, effect: Effect, *, change: bool
    ) -> tuple[Step, ...]:
        if before and self.signs(before.clauses) == self.signs(after.clauses):
            return ()
        old, new = self.of(before) if before else None, self.of(after)
        key = (id(old), id(new), effect, change)
        if key not in self._gains:
            self._gains[key] = tuple(dict.fromkeys(gains(old, new, effect, change=change)))
        return self._gains[key]

    def signs(self, clauses: tuple[Clause, ...]) -> tuple[int, ...]:
        """A number for each clause: equal for clauses that permit the same under the same name."""
        return tuple(map(self._sign, clauses))

    def same(self, pair: Alike) -> bool:
        """Whether nothing changed for these hosts: the same clauses, in the same order, permit the same."""
        old, new = pair.before, pair.after
        if old is None or new is None:
            return False
        return old.outside == new.outside and self.signs(old.clauses) == self.signs(new.clauses)

    def _sign(self, clause: Clause) -> int:
        number = self._number_of.get(id(clause))
        if number is None:
            said = (
                clause.id,
                frozenset(clause.diagnose),
                frozenset(clause.change),
                clause.windows,
                clause.approval,
                clause.at_once,
                repr(stranger(clause)),
            )
            number = self._number_of[id(clause)] = self._numbers.setdefault(said, len(self._numbers))
        return number


@dataclass(frozen=True, slots=True)
class Covered:
    """All hosts that a clause covers, before or after. changed: those whose clauses are not all as they were."""

    strands: Strands
    pairs: tuple[Alike, ...]
    changed: tuple[Alike, ...]

    @classmethod
    def by(cls, before: Contract | None, after: Contract) -> Covered:
        strands = Strands((*(before.clauses if before else ()), *after.clauses))
        pairs = alike(before, after)
        return cls(strands, pairs, tuple(pair for pair in pairs if not strands.same(pair)))

    def turned(self) -> Covered:
        """The same, read the other way round."""
        pairs, changed = (tuple(pair.turned() for pair in some) for some in (self.pairs, self.changed))
        return Covered(self.strands, pairs, changed)


def clause_gains(covered: Covered, tally: Tally) -> frozenset[tuple[int, str]]:
    """Note every widening. Gives the number of the changed pair and the clause of each that gives one."""
    giving: set[tuple[int, str]] = set()
    for number, pair in enumerate(covered.changed):
        for step in _pair_gains(pair, covered.strands):
            tally.add(step, pair.hosts)
            giving.add((number, step.clause))
    return frozenset(giving)


def _pair_gains(pair: Alike, strands: Strands) -> Iterator[Step]:
    """The widenings of one pair, with the deeds that share one drawn together."""
    if pair.after is None:
        return
    found: dict[Step, list[Deed]] = {}
    for deed, was, is_ in _deeds(pair.before, pair.after):
        if pair.before is None:
            effect = Effect.HOST_COVERED
        else:
            effect = Effect.DEED_ADDED if was is None else Effect.WINDOW_LONGER
        for step in strands.gains(was, is_, effect, change=isinstance(deed, Change)):
            found.setdefault(step, []).append(deed)
    for step, deeds in found.items():
        # At most so many at once counts whatever is done.
        said = step.what is Effect.AT_ONCE_LARGER
        yield step if said else replace(step, deeds=tuple(deeds))


def _deeds(before: Cover | None, after: Cover) -> Iterator[tuple[Deed, Covering | None, Covering]]:
    for area, covering in after.diagnose.items():
        yield Diagnose(area), before.diagnose.get(area) if before else None, covering
    for playbook, covering in after.change.items():
        yield Change(playbook), before.change.get(playbook) if before else None, covering
