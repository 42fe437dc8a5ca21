"""What is one thing that can go wrong in the domain? How it comes, how it goes, and how plain tools see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.lab.lab import Lab

__all__ = ["Act", "Do", "Sees"]

Do = Callable[[Lab], None]
Sees = Callable[[Lab], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A fault without the tags that the product must name it by; `Fault` rows are built from it.

    `inject` returns when `shows` is true on every controller concerned. note: what is not the real thing.
    """

    name: str
    host: str
    inject: Do
    undo: Do
    shows: Sees
    note: str = ""
