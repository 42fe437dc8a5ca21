"""What is allowed, but would not be done? Its agent refuses, or nobody has pinned the host's key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from inventory.decide import Diagnose, Reason

if TYPE_CHECKING:
    from controller.work import Law
    from inventory.outlook.scope import ScopeRow

__all__ = ["hindered"]


def hindered(row: ScopeRow, law: Law) -> ScopeRow:
    """The row as it will be: refused where something is in the way of what the contract allows."""
    area = row.deed.area if isinstance(row.deed, Diagnose) else ""
    near = row.allowed or row.reason == Reason.NO_CEILING
    reason, why = law.hindrance(row.host, area) if near else ("", "")
    if not reason:
        return row
    return replace(row, allowed=False, reason=reason, explanation=why, allowed_from=None, allowed_until=None)
