"""What can go wrong with the store?

StoreError
├── StoreTooNewError        a newer Secondline made this store
├── BackupError             a backup cannot be written, or put back
├── BlobError               evidence is missing, damaged or too large
├── RevisionError           a contract's revision goes down, or comes again with another text
├── UnknownRunError         no run has this id
├── UnknownPlanError        no plan has this id
├── PlanStateError          a plan is not in the state in which that could be done
├── ExpiredError            the evidence of a run was deleted, as the contract says
├── SeatError               an agent elsewhere gets no seat, or there is none
├── EvidenceError           what an agent uploads is not taken
├── StoreUnusableError      the database is none, is damaged, locked, full, or may not be written
└── LedgerBrokenError       the ledger does not hold: nothing is added until somebody has looked
"""

from __future__ import annotations

from datetime import datetime

__all__ = [
    "BackupError",
    "BlobError",
    "EvidenceError",
    "ExpiredError",
    "LedgerBrokenError",
    "PlanStateError",
    "RevisionError",
    "SeatError",
    "StoreError",
    "StoreTooNewError",
    "StoreUnusableError",
    "UnknownPlanError",
    "UnknownRunError",
]


class StoreError(Exception):
    """The store cannot do what was asked; the message says why and what to do."""


class StoreTooNewError(StoreError):
    """A newer Secondline made this store: update this one."""


class BackupError(StoreError):
    """A backup cannot be written, or put back."""


class BlobError(StoreError):
    """A piece of evidence is missing, damaged or too large."""


class RevisionError(StoreError):
    """A contract's revision goes down, or comes again with another text."""


class UnknownRunError(StoreError):
    """No run has this id."""


class UnknownPlanError(StoreError):
    """No plan has this id."""


class PlanStateError(StoreError):
    """A plan is not in the state in which that could be done."""


class ExpiredError(StoreError):
    """The evidence of a run was deleted, as the contract says."""

    def __init__(self, run: str, on: datetime) -> None:
        super().__init__(
            f"the evidence of run {run} was deleted on {on:%Y-%m-%d}, as the contract's keep_days says: "
            "its report cannot be written any more; what was done stands in the ledger"
        )


class SeatError(StoreError):
    """An agent elsewhere gets no seat, or there is none."""


class EvidenceError(StoreError):
    """What an agent uploads is not taken. status: as of HTTP."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class StoreUnusableError(StoreError):
    """The database is none, is damaged, locked, full, or may not be written."""


class LedgerBrokenError(StoreError):
    """The ledger does not hold: nothing is added until somebody has looked."""
