"""What can be said about a reading? Tags with a stable meaning, in German and English.

A tag's name and meaning are public and never change; its wording may improve. A `Finding` is a tag with
facts. Wording is looked up from the tag when somebody reads it, so a stored finding is only tag and facts.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Literal

__all__ = ["Fact", "Finding", "Language", "Severity", "Tag", "fault", "inert", "note", "warn"]

Fact = str | int | float
Language = Literal["de", "en"]


class Severity(IntEnum):
    """NOTE: worth knowing. WARN: will hurt, or hurts a little. FAULT: is broken."""

    NOTE = 1
    WARN = 2
    FAULT = 3


@dataclass(frozen=True, slots=True)
class Tag:
    """A named, stable statement; calling it with its facts makes a finding.

    >>> LONE = warn("dns.lone-resolver", "asks only {server}", "fragt nur {server}")
    >>> LONE(server="192.0.2.53").text("de")
    'fragt nur 192.0.2.53'
    >>> BUSY = warn("linux.busy", "the load is {load}", "die Last ist {load}")
    >>> BUSY(load=3.7).text("en"), BUSY(load=3.7).text("de")
    ('the load is 3.7', 'die Last ist 3,7')
    """

    name: str
    severity: Severity
    en: str
    de: str
    do_en: str = ""
    do_de: str = ""

    @property
    def facts(self) -> frozenset[str]:
        """The names of the facts that the wording needs."""
        return frozenset(name for _, name, _, _ in string.Formatter().parse(self.en) if name)

    def __call__(self, *, host: str = "", **facts: Fact) -> Finding:
        missing = self.facts - facts.keys()
        if missing:
            raise TypeError(f"{self.name} needs the facts {sorted(missing)}")
        return Finding(self, MappingProxyType({name: inert(fact) for name, fact in facts.items()}), host)


def inert(fact: Fact) -> Fact:
    """A fact without signs that a terminal obeys, or that make a line read otherwise than it is."""
    if not isinstance(fact, str) or fact.isprintable():
        return fact
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in fact)


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement about one host (or, with an empty host, about several at once)."""

    tag: Tag
    facts: Mapping[str, Fact] = field(default_factory=dict, hash=False)
    host: str = ""

    @property
    def severity(self) -> Severity:
        return self.tag.severity

    def text(self, language: Language) -> str:
        """The sentence, with its facts filled in."""
        return (self.tag.de if language == "de" else self.tag.en).format(**_shown(self.facts, language))

    def advice(self, language: Language) -> str:
        """What to do next; empty when the tag says nothing."""
        return (self.tag.do_de if language == "de" else self.tag.do_en).format(**_shown(self.facts, language))


class _Comma(float):
    """A number as German readers write it: 3,7."""

    def __format__(self, spec: str) -> str:
        return super().__format__(spec).replace(".", ",")


def _shown(facts: Mapping[str, Fact], language: Language) -> dict[str, Fact]:
    """The facts as a sentence of the language shows them."""
    if language == "en":
        return dict(facts)
    return {name: _Comma(fact) if isinstance(fact, float) else fact for name, fact in facts.items()}


def note(name: str, en: str, de: str, *, do: tuple[str, str] = ("", "")) -> Tag:
    """Declare a tag that is worth knowing; `do` is the advice in English and German."""
    return Tag(name, Severity.NOTE, en, de, *do)


def warn(name: str, en: str, de: str, *, do: tuple[str, str] = ("", "")) -> Tag:
    """Declare a tag that hurts a little, or soon."""
    return Tag(name, Severity.WARN, en, de, *do)


def fault(name: str, en: str, de: str, *, do: tuple[str, str] = ("", "")) -> Tag:
    """Declare a tag that says something is broken."""
    return Tag(name, Severity.FAULT, en, de, *do)
