"""What came of one operation? Told by the worker that did it, and believed only as far as it is sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Deed", "How"]

How = Literal["done", "failed", "unsent", "lost"]


@dataclass(frozen=True, slots=True)
class Deed:
    """done: the host says so. failed: it says no; a part of it may have been done. unsent: nothing has reached the host.

    lost: it may have been done or not, or still be under way. detail: why, in English; '' when it was done.
    """

    how: How
    detail: str = ""
