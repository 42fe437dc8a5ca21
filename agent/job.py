"""What was to be done, and how did it end? The wire vocabulary between controller, agent and worker.

Outcomes are a closed union, matched exhaustively. They have no truth value on purpose: an unanswered
question is neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collectors import Finding, Kind, Phase

__all__ = ["Broken", "Job", "NoAnswer", "Outcome", "Refused", "Result", "Seen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One collector on one host."""

    id: str
    host: str
    collector: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The question was answered: the reading as JSON, and what its judge says."""

    reading: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The contract, or the agent's own check, does not allow it; nothing was sent.

    reason: a code. by: 'controller', 'agent' or 'worker'. detail: what exactly, and what to do, in English.
    """

    reason: str
    clauses: tuple[str, ...] = ()
    by: str = "controller"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The host did not answer the question."""

    kind: Kind
    phase: Phase
    detail: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Secondline itself failed at this job: a defect of ours, not of the host."""

    error: str


Outcome = Seen | Refused | NoAnswer | Broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a job ended, when, under which clause, and on which evidence it rests (ids of exchanges)."""

    job: Job
    outcome: Outcome
    began: datetime
    took: float
    clause: str = ""
    evidence: tuple[str, ...] = ()
