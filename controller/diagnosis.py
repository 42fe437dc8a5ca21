"""What is the cause? Ranks the findings of a whole run, and says which explains which others."""

from __future__ import annotations

from dataclasses import dataclass

from collectors import Finding

__all__ = ["Cause"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A finding that explains itself, and the findings that follow from it.

    sure: 'certain' when the evidence shows the mechanism, 'likely' when it only fits.
    """

    finding: Finding
    explains: tuple[Finding, ...] = ()
    sure: str = "certain"
