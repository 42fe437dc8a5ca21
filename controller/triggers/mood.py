"""Is something wrong, or is it said to be fine? What one part of a sentence says, and how.

"Geht nicht" is trouble, "no problems" is fine, and "not only the telephone" says neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from controller.triggers.sentences import Part
from controller.triggers.vocabulary import Vocabulary, span

__all__ = ["Heard", "Mood", "hear"]

# How many words before a bad one a negation may stand to take it back.
_NEAR = 2
_NEAR_NONE = 3
_NONE = re.compile(r"kein\w*|no|ohne|without|weder|neither|never|nie")
_MASK = "·"


class Mood(StrEnum):
    TROUBLE = "trouble"
    FINE = "fine"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a part says. concepts: each with the places of its words. wrong: the places of what says 'trouble'."""

    part: Part
    mood: Mood
    concepts: Mapping[str, tuple[int, ...]]
    wrong: tuple[int, ...]
    kinds: frozenset[str]

    def shown(self, places: tuple[int, ...]) -> str:
        """The words at some places, as they were written."""
        return " ".join(self.part.written[n] for n in places)


def hear(words: Vocabulary, written: Part) -> Heard:
    """Read one part of a sentence."""
    part = words.corrected(written)
    moods = words.tables["moods"]
    idle = {n for places in _found(moods["idle"], part.text) for n in places}
    told = " ".join(_MASK if n in idle else word for n, word in enumerate(part.words))
    negations = {places[0] for places in _found(moods["negation"], told)}
    bad = {name: tuple(_found(one, part.text)) for name, one in words.tables["bad"].items()}
    denied = {places for group in bad.values() for places in group if _is_denied(part, places, negations)}
    used = {n for places in denied for n in range(places[0] - _NEAR_NONE, places[0])}
    holds = {name: [p for p in group if p not in denied] for name, group in bad.items()}
    concepts = {name: _first(group) for name, group in holds.items() if group}
    for table in ("topics", "signs"):
        for name, one in words.tables[table].items():
            if group := list(_found(one, part.text)):
                concepts[name] = _first(group)
    works = [n for places in _found(moods["works"], told) for n in places]
    left = sorted(negations - used)
    wrong = _wrong(left, works, concepts, [name for name in holds if holds[name]])
    said_fine = bool(works or denied) or bool(moods["denied"].search(part.text))
    if moods["denied"].search(part.text):
        wrong = ()
    mood = Mood.TROUBLE if wrong else Mood.FINE if said_fine else Mood.PLAIN
    kinds = frozenset(name for name, one in words.tables["kinds"].items() if one.search(part.text))
    return Heard(part, mood, concepts, wrong, kinds)


def _wrong(
    negations: list[int], works: list[int], concepts: Mapping[str, tuple[int, ...]], bad: list[str]
) -> tuple[int, ...]:
    """The places of what says that something is wrong: bad words, and what is negated."""
    places = {n for name in bad for n in concepts[name]}
    if negations:
        places |= {*negations[:1], *works[:1]}
    return tuple(sorted(places))


def _found(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, ...]]:
    return (tuple(span(text, one)) for one in pattern.finditer(text))


def _first(group: list[tuple[int, ...]]) -> tuple[int, ...]:
    return group[0]


def _is_denied(part: Part, places: tuple[int, ...], negations: set[int]) -> bool:
    """Whether a negation before bad words takes them back; one that is a part of them does not."""
    for n in negations:
        reach = _NEAR_NONE if _NONE.fullmatch(part.words[n]) else _NEAR
        if places[0] - reach <= n < places[0]:
            return True
    return False
