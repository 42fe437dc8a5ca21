"""Which words mean what? The tables beside this file (words.toml, signals.toml), read once and made ready.

A word that nothing matches and that looks like a misspelt one of the tables is taken for it: one letter too many,
too few, wrong or swapped; two in long words. Words that are right as they are stand in the tables as well.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

from controller.triggers.sentences import Part, plain

__all__ = ["TROUBLE", "Signal", "Vocabulary", "apart", "pattern", "span", "vocabulary"]

# In a signal: something is wrong, however that is said.
TROUBLE = "trouble"
_SHORTEST = 6
_LONG = 10
_DOUBLED = re.compile(r"(.)\1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Words that together speak for a symptom. all: each a choice of concepts. weak: beside which kinds of words."""

    symptom: str
    all: tuple[tuple[str, ...], ...]
    without: frozenset[str]
    weight: float
    weak: frozenset[str]


@dataclass(frozen=True)
class Vocabulary:
    """Every concept with its pattern, by the table that it stands in; and the signals."""

    tables: Mapping[str, Mapping[str, re.Pattern[str]]]
    stems: tuple[str, ...]
    right: re.Pattern[str]
    signals: tuple[Signal, ...]

    @cached_property
    def concepts(self) -> Mapping[str, re.Pattern[str]]:
        return {name: one for table in ("topics", "signs", "bad") for name, one in self.tables[table].items()}

    @cached_property
    def _any(self) -> re.Pattern[str]:
        every = (one.pattern for table in self.tables.values() for one in table.values())
        return re.compile("|".join(every))

    def corrected(self, part: Part) -> Part:
        """The part with its misspelt words as they were meant."""
        known = {n for found in self._any.finditer(part.text) for n in span(part.text, found)}
        words = (w if n in known else self._meant(w) for n, w in enumerate(part.words))
        return Part(tuple(words), part.written)

    def _meant(self, word: str) -> str:
        if len(word) < _SHORTEST or not word.isalpha() or self.right.fullmatch(word):
            return word
        return _nearest(word, self.stems)


def span(text: str, found: re.Match[str]) -> range:
    """Which words of a part a match covers, by their place."""
    return range(text.count(" ", 0, found.start()), text.count(" ", 0, found.end()) + 1)


@cache
def vocabulary() -> Vocabulary:
    """Read the tables."""
    words = _table("words.toml")
    right = pattern(words.pop("right")["words"])
    phrases = {plain(one) for table in words.values() for group in table.values() for one in group}
    stems = {one for one in phrases if one.rstrip("*").isalpha() and len(one.rstrip("*")) >= _SHORTEST - 1}
    signals = tuple(_signal(one) for one in _table("signals.toml")["signals"])
    return Vocabulary(
        tables={name: {key: pattern(group) for key, group in table.items()} for name, table in words.items()},
        stems=tuple(sorted(stems)),
        right=right,
        signals=signals,
    )


def _table(name: str) -> dict[str, Any]:
    text = resources.files("controller.triggers").joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def _signal(one: Mapping[str, Any]) -> Signal:
    return Signal(
        symptom=one["symptom"],
        all=tuple(tuple(choice.split("|")) for choice in one["all"]),
        without=frozenset(one.get("without", ())),
        weight=one["weight"],
        weak=frozenset(one.get("weak", ())),
    )


def pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{'|'.join(_words(plain(one)) for one in phrases)})(?!\S)")


def _words(phrase: str) -> str:
    escaped = re.escape(phrase).replace(r"\*", r"\w*").replace(r"\#", r"\d+").replace(r"\ ", " ")
    # Up to five words may stand between two that belong together, as German likes it.
    return escaped.replace(r" \.\. ", r"(?: \S+){0,5} ")


@cache
def _nearest(word: str, stems: tuple[str, ...]) -> str:
    """The stem that a word may be a misspelt form of; the word itself where there is none."""
    for stem in (one for letter in dict.fromkeys(word[:2]) for one in _under(letter, stems)):
        bare = stem.rstrip("*")
        if _DOUBLED.sub(r"\1", word) == _DOUBLED.sub(r"\1", bare):
            return bare
        allowed = 0 if len(bare) < _SHORTEST else 2 if len(bare) >= _LONG else 1
        if allowed and abs(len(word) - len(bare)) <= allowed and apart(word, bare) <= allowed:
            return bare
        # Of a longer word, its beginning counts: 'telfonanlage' begins with a misspelt 'telefon'.
        if allowed and stem != bare and len(word) > len(bare) + allowed and _begins(word, bare):
            return bare
    return word


@cache
def _under(letter: str, stems: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in stems if one[0] == letter)


def _begins(word: str, stem: str) -> bool:
    return any(apart(word[: len(stem) + more], stem) <= 1 for more in (-1, 0, 1))


def apart(one: str, other: str) -> int:
    """How many letters are wrong: the optimal string alignment distance, with swapped neighbours as one."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for n, letter in enumerate(one, 1):
        older, before, row = before, row, [n]
        for m, wanted in enumerate(other, 1):
            best = min(before[m] + 1, row[m - 1] + 1, before[m - 1] + (letter != wanted))
            if n > 1 and m > 1 and letter == other[m - 2] and one[n - 2] == wanted:
                best = min(best, older[m - 2] + 1)
            row.append(best)
    return row[-1]
