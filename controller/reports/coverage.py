"""How much of the question was answered? Every result is in exactly one of five places.

Seen: the host answered. Refused: the contract covers it, but not now or not so. Unanswered: the host did
not answer. Not covered: the contract says nothing of it. Broken: a defect of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from agent.job import (
    AlreadySo,
    Broken,
    Changed,
    NoAnswer,
    Planned,
    Refused,
    Result,
    Seen,
    UndoFailed,
    Undone,
    Unfit,
    Unknown,
)
from collectors import Kind, Phase
from controller.reports.model import Report
from inventory.decide import Reason

__all__ = ["NOT_AS_USUAL", "Coverage", "Entry", "State", "coverage", "entry", "grouped"]

_NOT_COVERED = frozenset({Reason.UNKNOWN_HOST, Reason.NO_CLAUSE, Reason.AREA_NOT_COVERED, Reason.NO_CONTRACT})

# Kinds that mean something else at an unusual point of the conversation: a credential that the agent cannot use
# was never shown to the host, and a host that runs no commands has let us in.
NOT_AS_USUAL = {
    (Kind.CREDENTIALS_REJECTED, Phase.CONNECT): "credential-unusable",
    (Kind.REFUSED, Phase.LOGIN): "no-shell",
}


class State(StrEnum):
    """Where a result stands: public and stable."""

    SEEN = "seen"
    UNANSWERED = "unanswered"
    REFUSED = "refused"
    NOT_COVERED = "not-covered"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One result, as the coverage lists it.

    reason: the code of the refusal or of the missing answer (its kind, in most cases), empty when seen or broken.
    detail: what the host or our own code said. clauses: that allowed it, or would if the reason fell away.
    """

    job: str
    host: str
    collector: str
    state: State
    reason: str = ""
    phase: str = ""
    detail: str = ""
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """All results by state, in the report's order, and hosts in scope for which there was no question."""

    by_state: Mapping[State, tuple[Entry, ...]]
    unasked: tuple[str, ...]

    @property
    def total(self) -> int:
        return sum(map(len, self.by_state.values()))

    def count(self, state: State) -> int:
        return len(self.by_state[state])

    def hosts(self, state: State) -> tuple[str, ...]:
        """The hosts with at least one result in this state, each once."""
        return tuple(dict.fromkeys(entry.host for entry in self.by_state[state]))


def coverage(report: Report) -> Coverage:
    """Put every result of a report in its place."""
    entries = [entry(result) for result in report.results]
    asked = {item.host for item in entries}
    return Coverage(
        by_state={state: tuple(item for item in entries if item.state is state) for state in State},
        unasked=tuple(host for host in report.hosts if host not in asked),
    )


def entry(result: Result) -> Entry:
    """Say where one result stands, and why."""
    job, host, name = result.job.id, result.job.host, result.job.collector
    allowed = (result.clause,) if result.clause else ()
    match result.outcome:
        case Seen():
            return Entry(job=job, host=host, collector=name, state=State.SEEN, clauses=allowed)
        case Refused(reason, clauses, _, detail):
            state = State.NOT_COVERED if reason in _NOT_COVERED else State.REFUSED
            return Entry(
                job=job,
                host=host,
                collector=name,
                state=state,
                reason=str(reason),
                detail=detail,
                clauses=tuple(clauses),
            )
        case NoAnswer(kind, phase, detail):
            return Entry(
                job=job,
                host=host,
                collector=name,
                state=State.UNANSWERED,
                reason=NOT_AS_USUAL.get((kind, phase), str(kind)),
                phase=str(phase),
                detail=detail,
                clauses=allowed,
            )
        case Broken(error):
            return Entry(
                job=job, host=host, collector=name, state=State.BROKEN, detail=error, clauses=allowed
            )
        case Planned() | Unfit() | Changed() | AlreadySo() | Undone() | UndoFailed() | Unknown():
            raise ValueError(
                f"{job} is a change, or the plan of one: a report on questions has no place for it"
            )
        case _:
            assert_never(result.outcome)


def grouped(entries: Iterable[Entry]) -> dict[tuple[str, tuple[str, ...]], list[Entry]]:
    """Entries by reason and clauses, the most frequent first."""
    groups: dict[tuple[str, tuple[str, ...]], list[Entry]] = {}
    for item in entries:
        groups.setdefault(
            (item.reason, item.clauses if item.state is not State.UNANSWERED else ()), []
        ).append(item)
    return dict(sorted(groups.items(), key=lambda pair: -len(pair[1])))
