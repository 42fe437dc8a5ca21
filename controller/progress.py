"""How far is it? What the live table shows while a run goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from agent.job import (
    AlreadySo,
    Applied,
    Broken,
    Changed,
    NoAnswer,
    Outcome,
    Planned,
    Refused,
    Seen,
    UndoFailed,
    Undone,
    Unfit,
    Unknown,
)

__all__ = ["Progress", "State", "Watch", "shown"]

State = Literal[
    "waiting",
    "asking",
    "seen",
    "refused",
    "unanswered",
    "broken",
    "planned",
    "unfit",
    "changed",
    "already-so",
    "undone",
    "undo-failed",
    "unknown",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One line of the live table: how far a job is. took: seconds, once it has ended."""

    host: str
    collector: str
    state: State
    detail: str = ""
    took: float = 0.0


Watch = Callable[[Progress], None]


def shown(outcome: Outcome) -> tuple[State, str]:
    """An outcome in one word, with the detail that fits on its line."""
    match outcome:
        case Seen(_, findings):
            return "seen", " ".join(finding.tag.name for finding in findings)
        case Refused(reason):
            return "refused", reason
        case NoAnswer(kind):
            return "unanswered", kind
        case Broken(error):
            return "broken", error
        case _:
            return _of_change(outcome)


def _of_change(outcome: Planned | Unfit | Applied) -> tuple[State, str]:
    match outcome:
        case Planned(part):
            return "planned", f"{len(part.get('steps', ()))}"
        case Unfit(en):
            return "unfit", en
        case Changed():
            return "changed", ""
        case AlreadySo():
            return "already-so", ""
        case Undone(_, why):
            return "undone", why
        case UndoFailed(_, why):
            return "undo-failed", why
        case Unknown(_, why):
            return "unknown", why
