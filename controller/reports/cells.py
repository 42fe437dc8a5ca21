"""How does a table get into a spreadsheet without acting there? CSV (RFC 4180) whose cells are text, whatever they begin with.

A cell that a spreadsheet would take for a formula gets an apostrophe in front; so does one that begins with an
apostrophe, so that `plain` gives back exactly what was meant.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from controller.reports.inert import inert_line

__all__ = ["guarded", "plain", "table", "untable"]

# Also as wide letters, which some spreadsheets take for the narrow ones.
_BEGINS = tuple("=+-@\t\r\n'＝＋－＠")  # noqa: RUF001 - these are meant.


def guarded(cell: str) -> str:
    """A cell that no spreadsheet computes.

    >>> guarded("=1+1"), guarded("web1"), guarded(" =1"), guarded("'a")
    ("'=1+1", 'web1', "' =1", "''a")
    """
    return f"'{cell}" if cell.lstrip(" ").startswith(_BEGINS) else cell


def plain(cell: str) -> str:
    """What was meant.

    >>> plain(guarded("'=x"))
    "'=x"
    """
    return cell.removeprefix("'")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as CSV, one line a row, without anything that moves a cursor or hides."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heads)
    writer.writerows([guarded(inert_line(cell)) for cell in row] for row in rows)
    return out.getvalue()


def untable(text: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The heads and rows of such a table. Raises ValueError for one that is none."""
    try:
        heads, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise ValueError(f"this is no CSV: {error}") from None
    return tuple(heads), [tuple(map(plain, row)) for row in rows]
