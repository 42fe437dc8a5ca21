"""What is a complaint, and what is a step of the way to its cause? One symptom, one chain of questions."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

__all__ = ["Step", "Symptom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One link of a chain.

    asks: in English and German. questions: collectors, answers: tags of findings that answer the step; '*' at
    the end stands for any. but: tags that do not, although they look so.
    """

    asks: tuple[str, str]
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    but: tuple[str, ...] = ()

    def wants(self, collector: str) -> bool:
        return any(fnmatchcase(collector, one) for one in self.questions)

    def is_answered_by(self, tag: str) -> bool:
        return any(fnmatchcase(tag, one) for one in self.answers) and tag not in self.but


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """A complaint: its name in English and German, and its chain. How people write it: `controller.triggers`."""

    title: tuple[str, str]
    steps: tuple[Step, ...]
