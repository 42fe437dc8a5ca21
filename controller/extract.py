"""Can the ledger be handed on as a table, and can its reader see that nobody changed it? Entries of a run, customer or span.

Each row ends with the entry's hash, its predecessor's, and the very text that was hashed. The other cells follow from that
text, so a row in which any cell was changed is found without us. That no row is missing at the begin or the end, and what
lies between, only the ledger itself can show.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import select

from controller.ledger import theirs
from controller.reports.cells import table, untable
from controller.reports.inert import inert_line
from controller.store.chain import Head, canonical
from controller.store.schema import ledger
from controller.store.store import Store

__all__ = ["ExtractError", "Extracted", "Span", "check_extract", "write_extract"]

_HEADS = ("number", "at", "what", "host", "clause", "who", "run", "facts", "previous", "hash", "hashed")


class ExtractError(Exception):
    """The table is none of the ledger's, or not as it was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which entries are meant: empty narrows nothing. until: that moment is not in it any more."""

    run: str = ""
    customer: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """A table that holds. apart: how often entries between two rows are not in it."""

    entries: int
    first: Head
    last: Head
    apart: int


def write_extract(store: Store, span: Span) -> str:
    """The entries that are meant, as CSV."""
    return table(_HEADS, _rows(store, span))


def _rows(store: Store, span: Span) -> Iterator[tuple[str, ...]]:
    wanted = (theirs(span.customer) if span.customer else select(ledger)).order_by(ledger.c.number)
    if span.run:
        wanted = wanted.where(ledger.c.run == span.run)
    if span.since is not None:
        wanted = wanted.where(ledger.c.at >= span.since)
    if span.until is not None:
        wanted = wanted.where(ledger.c.at < span.until)
    with store.read() as connection:
        for row in connection.execute(wanted):
            hashed = canonical(dict(row._mapping))  # noqa: SLF001 - the documented name of a row's columns.
            yield _row(hashed, row.previous, row.hash)


def _row(hashed: str, previous: str, digest: str) -> tuple[str, ...]:
    """A row, all of which follows from these."""
    said: Mapping[str, Any] = json.loads(hashed)
    shown = (str(said[name]) for name in ("number", "at", "what", "host", "clause", "who", "run"))
    return (*shown, json.dumps(said["facts"], sort_keys=True), previous, digest, hashed)


def check_extract(text: str) -> Extracted:
    """Check every row of such a table. Raises ExtractError for the first that is not as it was written."""
    try:
        heads, rows = untable(text)
    except ValueError as error:
        raise ExtractError(str(error)) from None
    if heads != _HEADS:
        raise ExtractError("this is no table of the ledger: it has other columns")
    if not rows:
        raise ExtractError("the table has no entry: there is nothing to check")
    heads_of = [_checked(row, line) for line, row in enumerate(rows, 2)]
    for (before, _), (after, previous) in pairwise(heads_of):
        if after.number <= before.number:
            raise ExtractError(f"entry {after.number} stands behind entry {before.number}")
        if after.number == before.number + 1 and previous != before.hash:
            raise ExtractError(f"entry {after.number} does not follow entry {before.number}")
    apart = sum(after.number != before.number + 1 for (before, _), (after, _) in pairwise(heads_of))
    return Extracted(entries=len(rows), first=heads_of[0][0], last=heads_of[-1][0], apart=apart)


def _checked(row: tuple[str, ...], line: int) -> tuple[Head, str]:
    """The head that a row is, and its predecessor's hash."""
    try:
        *_, previous, digest, hashed = row
        meant = tuple(inert_line(cell) for cell in _row(hashed, previous, digest))
        number = int(json.loads(hashed)["number"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ExtractError(f"line {line} is no entry of a ledger") from None
    if meant != row or hashlib.sha256(f"{previous}\n{hashed}".encode()).hexdigest() != digest:
        raise ExtractError(f"line {line} was changed after it was written")
    return Head(number, digest), previous
