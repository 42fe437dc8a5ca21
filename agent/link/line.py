"""What does an agent elsewhere say to its controller? One small port: lease, renew, tell, end.

Nothing of it hangs on a message coming through: whatever is not answered is said again, and what is said twice counts
once, because every lease carries the number of its attempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from agent.order import Order

__all__ = ["Batch", "Leased", "Line", "LineDownError", "NotAnyMoreError"]


class LineDownError(Exception):
    """The controller does not answer: say it again later."""


class NotAnyMoreError(Exception):
    """The controller does not take it: somebody else has the order now, or it is over. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """An order that is this seat's for now. seconds: how long without a word from us until it is somebody else's."""

    errand: str
    attempt: int
    seconds: float
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Words that are told together. first: the number of the first; words: JSON texts; bundle: their raw answers."""

    first: int
    words: tuple[str, ...]
    bundle: bytes = b""

    @property
    def last(self) -> int:
        return self.first + len(self.words) - 1


class Line(Protocol):
    """Every method raises LineDownError, and those with an attempt NotAnyMoreError."""

    async def lease(self, errand: str = "") -> Leased | None:
        """Take this order, or whichever is the most urgent; None when there is none."""
        ...

    async def renew(self, errand: str, attempt: int) -> bool:
        """Say that it is being worked at; True when the work is to be stopped."""
        ...

    async def tell(self, errand: str, attempt: int, batch: Batch) -> int:
        """Tell words; gives how many have counted so far."""
        ...

    async def end(self, errand: str, attempt: int, last: int, *, whole: bool) -> int:
        """End the attempt after its last word; gives how many have counted: the end has when that is `last`."""
        ...
