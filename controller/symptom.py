"""What is a complaint, and what is a step of the way to its cause? One symptom, one chain of questions."""

from __future__ import annotations

import re
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
    """A complaint: its name in English and German, how people write it (patterns, any case), and its chain."""

    title: tuple[str, str]
    written: tuple[str, ...]
    steps: tuple[Step, ...]

    def hits(self, text: str) -> int:
        """How many of its patterns a text bears."""
        return sum(bool(re.search(one, text, re.IGNORECASE)) for one in self.written)
