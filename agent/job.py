"""What was to be done, and how did it end? The wire vocabulary between controller, agent and worker.

Outcomes are a closed union, matched exhaustively. They have no truth value on purpose: an unanswered
question is neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from collectors import Finding, Kind, Phase

__all__ = [
    "AlreadySo",
    "Applied",
    "Broken",
    "Changed",
    "Job",
    "NoAnswer",
    "Outcome",
    "Planned",
    "Refused",
    "Result",
    "Seen",
    "UndoFailed",
    "Undone",
    "Unfit",
    "Unknown",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One collector on one host; with `wanted`, a playbook and its parameters, for which a part of a plan is made there.

    In an order that carries a plan, `collector` is the plan's playbook, and there is one job for each of its hosts.
    """

    id: str
    host: str
    collector: str
    wanted: Mapping[str, Any] | None = field(default=None, hash=False)


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


@dataclass(frozen=True, slots=True)
class Planned:
    """What a playbook would do on the host, from the state that it has just now: `playbooks.plan.Part` as JSON."""

    part: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unfit:
    """The playbook is not for the state that the host has, and why, in English and German. state: as JSON."""

    en: str
    de: str
    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Changed:
    """The plan was carried out on the host, and what it treats is gone: the states before and afterwards."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AlreadySo:
    """The plan has no step for the host, and its state is still the one that was planned from: nothing was sent."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What was done was taken back. step: at which it ended, from 1; 0: after all of them. why: a sentence in English.

    verified: whether the host was looked at afterwards and has the state that it had at first.
    """

    step: int
    why: str
    verified: bool


@dataclass(frozen=True, slots=True)
class UndoFailed:
    """What was done could not be taken back, or not wholly: a person must see to it.

    step, why: as of `Undone`, and what went wrong afterwards. state: what the host has now; empty when nobody could look.
    """

    step: int
    why: str
    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Whether a step was done is not known: verify first. Nothing is done twice, and nothing is resumed by itself."""

    step: int
    why: str


# How a plan ends on one host, where it was begun.
Applied = Changed | AlreadySo | Undone | UndoFailed | Unknown
Outcome = Seen | Refused | NoAnswer | Broken | Planned | Unfit | Applied


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a job ended, when, under which clause, and on which evidence it rests (ids of exchanges)."""

    job: Job
    outcome: Outcome
    began: datetime
    took: float
    clause: str = ""
    evidence: tuple[str, ...] = ()
