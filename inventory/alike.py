"""Which items of a contract are written alike, so that reading one of them tells how to read them all?

A hundred thousand hosts differ in their words and hardly in anything else. The YAML reader is shown one item of
each shape, with stand-ins for its words, and says which word is which value. An item of that shape is then read
by putting its own words there, and the YAML reader gets a text in which one line stands for a run of such items.

Why that reads the same: a word is a scalar on its own (the YAML reader has said so, for the stand-in), and it is
made of signs that begin and end nothing, whatever stands around them. An item begins at a '- ' and ends before
the next one that is as far left, so that the YAML reader is, after an item, where it was before it. The line for
a run is '- ' and a number whose digits stand nowhere in the text: where such a number is an item, there a run is
a list's items, as no quoted or longer text is a number. What is not surely so is left in the text, and whenever
anything is wrong the whole text is read as it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from inventory.shape import STRANGE, Shapes
from inventory.tree import Tree, parse

__all__ = ["OFTEN", "parse_alike"]

# Learning a shape takes as long as reading about so many items of it.
OFTEN = 100

# Two such numbers, one after the other, are still a whole number to every reader.
_MARK = 10**8
_TRIES = 5
_FIRST = re.compile(r"^( *)- ", re.MULTILINE)


def parse_alike(text: str, *, often: int = OFTEN) -> Tree:
    """Read one YAML document as `tree.parse` does; with flaws, also the lines are noted.

    often: after so many items of one shape it is learned.
    """
    folded = _fold(text, often)
    if folded is None:
        return parse(text)
    tree = parse(folded.text)
    if tree.flaws or not folded.unfold(tree.data):
        return parse(text, lines=True)
    return tree


@dataclass(frozen=True, slots=True)
class _Folded:
    """A text in which one line, a list's item, stands for each run of items that have been read."""

    text: str
    runs: dict[int, list[Any]]

    def unfold(self, data: object) -> bool:
        """Put the items in the place of their lines, if each such line was read as an item of the document."""
        met = 0
        for rows in data.values() if isinstance(data, dict) else ():
            if isinstance(rows, list):
                several = [self.runs.get(row) if type(row) is int else None for row in rows]
                met += len(several) - several.count(None)
                rows[:] = (
                    item
                    for row, run in zip(rows, several, strict=True)
                    for item in ((row,) if run is None else run)
                )
        return met == len(self.runs)


def _fold(text: str, often: int) -> _Folded | None:
    first = _FIRST.search(text)
    mark = next((mark for mark in range(_MARK, _MARK + _TRIES) if str(mark) not in text), None)
    if not first or mark is None:
        return None
    shapes = Shapes(first[1], f"w{mark}n", often)
    start, begins = first.start(), f"\n{first[1]}- "
    left, runs = [text[:start]], dict[int, list[Any]]()
    run: list[Any] | None = None
    while start < len(text):
        end = text.find(begins, start) + 1 or len(text)
        piece = text[start:end]
        start = end
        item = shapes.read(piece)
        if item is STRANGE:
            run = None
            left.append(piece)
            continue
        if run is None:
            number = mark * _MARK + len(runs)
            run = runs[number] = []
            left.append(f"{first[1]}- {number}\n")
        run.append(item)
    return _Folded("".join(left), runs) if runs else None
