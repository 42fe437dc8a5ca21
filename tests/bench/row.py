"""What does a benchmark say? One row: ours, the peer's, the ratio, and whether the aim holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """peer: the named peer's figure in the same run, or the aim's own figure where there is no peer."""

    name: str
    unit: str
    ours: float
    peer: float
    ratio: float
    aim: str
    holds: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
