"""Temporary."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.contract import Contract


@dataclass(frozen=True, slots=True)
class Difference:
    widens: bool
    widenings: tuple[str, ...] = ()


def difference(before: Contract | None, after: Contract) -> Difference:
    return Difference(before is None or before != after)


def describe(found: Difference, language: str) -> tuple[str, ...]:
    return (f"widens: {found.widens} {language}",)
