"""The tickets of the case files, as values."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Case", "tickets_in"]

_CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A ticket, and the symptoms that an engineer reads out of it; none where it is none of ours."""

    subject: str
    text: str
    symptoms: tuple[str, ...]


def tickets_in(file: str) -> tuple[Case, ...]:
    read = tomllib.loads((_CASES / file).read_text(encoding="utf-8"))["ticket"]
    return tuple(Case(subject=t["subject"], text=t["text"], symptoms=tuple(t["symptoms"])) for t in read)
