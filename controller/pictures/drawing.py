"""What is in a drawing? Places and the arrows between them, each with a mark that needs no colour to be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from collectors import Finding, Severity

__all__ = ["SIGNS", "Arrow", "Drawing", "Mark", "Spot", "mark_of"]


class Mark(StrEnum):
    """How a part is. UNHEARD: it was not asked, or did not answer."""

    FINE = "fine"
    ODD = "odd"
    BROKEN = "broken"
    UNHEARD = "unheard"


# What stands before a label: the same shapes as in the rest of the report.
SIGNS: Mapping[Mark, str] = {Mark.FINE: "✓", Mark.ODD: "▲", Mark.BROKEN: "◆", Mark.UNHEARD: "?"}


@dataclass(frozen=True, slots=True)
class Spot:
    """A place with its name. kind: 'box' for machines, 'round' for what they serve. lines: small print below."""

    id: str
    name: str
    mark: Mark
    lines: tuple[str, ...] = ()
    kind: str = "box"


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one place to another, by id. is_one_way: whether it has a head."""

    start: str
    end: str
    mark: Mark
    text: str = ""
    is_one_way: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One picture. id: its place on the page. heading, rows: the same as a table; the last column is the mark."""

    id: str
    title: str
    intro: str
    spots: tuple[Spot, ...]
    arrows: tuple[Arrow, ...]
    heading: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], Mark], ...]


def mark_of(findings: Iterable[Finding]) -> Mark:
    """The mark for a part that was heard, from what was found of it; notes leave it in order."""
    worst = max((finding.severity for finding in findings), default=Severity.NOTE)
    return {Severity.FAULT: Mark.BROKEN, Severity.WARN: Mark.ODD}.get(worst, Mark.FINE)
