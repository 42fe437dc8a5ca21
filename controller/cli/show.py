"""How is something shown in the terminal? Always inert: what hosts and tickets say cannot steer it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from controller.reports.inert import inert, inert_json

__all__ = ["print_error", "print_json", "print_line", "print_table"]


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold.
    """One JSON document on standard output."""
    sys.stdout.write(inert_json(json.dumps(value, ensure_ascii=False, indent=2, default=str)) + "\n")


def print_line(text: str) -> None:
    """One line of plain text on standard output."""
    sys.stdout.write(inert(text) + "\n")


def print_error(text: str) -> None:
    """What went wrong and what to do, on standard error."""
    sys.stderr.write(f"secondline: {inert(text)}\n")


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table as wide as the terminal, without any markup of the cells being read as such."""
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second that not every command needs.
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*heads, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(inert(cell)) for cell in row))
    Console().print(table)
