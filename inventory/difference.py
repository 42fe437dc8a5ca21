"""What does a new revision of a contract add and take away, clause by clause, and does it widen?

Strict: a revision widens unless it permits nothing, at any moment and in any respect, that the one before did
not permit. What this comparison does not know, such as a key that is new in the format, counts as a widening
when it changes.
"""

from __future__ import annotations

from collections.abc import Iterator

from inventory.contract import Clause, Contract
from inventory.describe import describe
from inventory.facets import compare_targets
from inventory.gain import Alike, Covered, clause_gains
from inventory.step import Difference, Effect, Step, Tallies, Tally
from inventory.terms import paper_changes, term_gains
from inventory.together import divided

__all__ = ["Difference", "Effect", "Step", "describe", "difference"]


def difference(before: Contract | None, after: Contract) -> Difference:
    """Compare two revisions of one customer's contract. Raises ValueError when they are of two customers.

    before: None when there was none: everything that is permitted is then a widening.
    """
    if before is not None and before.customer != after.customer:
        raise ValueError(
            f"these are contracts of two customers, {before.customer!r} and {after.customer!r}: "
            "compare two revisions of one"
        )
    covered = Covered.by(before, after)
    tallies = Tallies()
    giving = _gains(before, after, covered, tallies.more)
    if before is None:
        return tallies.difference()
    taking = _gains(after, before, covered.turned(), tallies.less)
    compare_targets(before, after, tallies)
    _moves(covered.changed, giving, taking, tallies.same)
    said = {step.clause for tally in (tallies.more, tallies.less, tallies.same) for step in tally.steps()}
    for step in (*_clause_changes(before, after, said), *paper_changes(before, after)):
        tallies.same.add(step)
    return tallies.difference()


def _gains(
    before: Contract | None, after: Contract, covered: Covered, tally: Tally
) -> frozenset[tuple[int, str]]:
    giving = clause_gains(covered, tally)
    divided(covered, tally)
    for step in term_gains(before, after):
        tally.add(step)
    return giving


def _moves(
    pairs: tuple[Alike, ...],
    giving: frozenset[tuple[int, str]],
    taking: frozenset[tuple[int, str]],
    tally: Tally,
) -> None:
    """Hosts that stand under another clause, which gives them nothing, or takes nothing from them."""
    for number, pair in enumerate(pairs):
        if pair.before is None or pair.after is None:
            continue
        old, new = set(pair.before.names), set(pair.after.names)
        for clause in pair.after.names:
            if clause not in old and (number, clause) not in giving:
                tally.add(Step(what=Effect.HOST_JOINS, clause=clause), pair.hosts)
        for clause in pair.before.names:
            if clause not in new and (number, clause) not in taking:
                tally.add(Step(what=Effect.HOST_LEAVES, clause=clause), pair.hosts)


def _clause_changes(before: Contract, after: Contract, said: set[str]) -> Iterator[Step]:
    """Clauses that are new, gone or written otherwise, and nothing follows from it."""
    old, new = ({clause.id: clause for clause in one.clauses} for one in (before, after))
    for name in (*new, *(name for name in old if name not in new)):
        was, is_ = old.get(name), new.get(name)
        if was is None or is_ is None:
            if name not in said:
                what = Effect.CLAUSE_ADDED if was is None else Effect.CLAUSE_REMOVED
                yield Step(what=what, clause=name)
            continue
        if was.text != is_.text:
            yield Step(what=Effect.CLAUSE_TEXT_CHANGED, clause=name, old=was.text, new=is_.text)
        if name not in said and _rewritten(was, is_):
            yield Step(what=Effect.CLAUSE_REWRITTEN, clause=name)
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield Step(what=Effect.CLAUSES_REORDERED)


def _rewritten(before: Clause, after: Clause) -> bool:
    return before.model_copy(update={"text": ""}) != after.model_copy(update={"text": ""})
