"""How is something shown in the terminal? Always inert: what hosts and tickets say cannot steer it.

Who reads only the beginning (`| head`) or speaks another code page still gets the right exit status.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from controller.reports.inert import inert, inert_json, inert_line

__all__ = ["print_error", "print_json", "print_line", "print_table", "print_text"]


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold.
    """One JSON document on standard output, in UTF-8."""
    print_text(inert_json(json.dumps(value, ensure_ascii=False, indent=2, default=str)) + "\n")


def print_text(text: str) -> None:
    """A text exactly as it is, in UTF-8 whatever the terminal speaks."""
    _write(sys.stdout, text.encode("utf-8", "backslashreplace"))


def print_line(text: str) -> None:
    """One line of plain text on standard output."""
    _write(sys.stdout, inert(text).replace("\n", r"\n") + "\n")


def print_error(text: str) -> None:
    """What went wrong and what to do, on standard error."""
    _write(sys.stderr, f"secondline: {inert(text)}\n")


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table as wide as the terminal; where nobody looks, as wide as it needs. Nothing is cut off."""
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second that not every command needs.
    from rich.table import Column, Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(
        *(Column(head, overflow="fold") for head in heads), box=None, pad_edge=False, header_style="bold"
    )
    for row in rows:
        # A text and no string: no markup in a cell is read as such.
        table.add_row(*(Text(inert_line(cell)) for cell in row))
    console = Console() if sys.stdout.isatty() else Console(width=_ENDLESS)
    with console.capture() as drawn:
        console.print(table)
    _write(sys.stdout, drawn.get())


_ENDLESS = 100_000


def _write(stream: TextIO, content: str | bytes) -> None:
    try:
        if isinstance(content, bytes):
            stream.flush()
            stream.buffer.write(content)
        else:
            spoken = stream.encoding or "utf-8"
            stream.write(content.encode(spoken, "backslashreplace").decode(spoken))
        stream.flush()
    except BrokenPipeError:
        # Nobody reads any more: what is still to be said goes nowhere, and the work goes on.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
