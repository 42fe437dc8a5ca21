"""What does a benchmark say? One row: ours, the peer's, the ratio, and whether the aim holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Row", "at_least", "at_most"]


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


def at_least(name: str, unit: str, ours: float, peer: float, aim: float = 1.0) -> Row:
    """More is better: ours shall be at least `aim` times the peer's."""
    ratio = ours / peer
    return Row(name=name, unit=unit, ours=ours, peer=peer, ratio=ratio, aim=f">= {aim:g}", holds=ratio >= aim)


def at_most(name: str, unit: str, ours: float, peer: float, aim: float = 1.0) -> Row:
    """Less is better: ours shall be at most `aim` times the peer's."""
    ratio = ours / peer
    return Row(name=name, unit=unit, ours=ours, peer=peer, ratio=ratio, aim=f"<= {aim:g}", holds=ratio <= aim)
