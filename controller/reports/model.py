"""What does a report hold? One model, from which every form (web page, JSON, plain note) is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent.job import Result
from collectors import About, Finding, Kind, Phase
from controller.diagnosis import Cause
from controller.path import Path

__all__ = ["Blobs", "Evidence", "Remedy", "Report", "Touch"]

# Gives the bytes that belong to a SHA-256 (hex). Raises BlobError or KeyError when they are not kept any more.
Blobs = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One exchange as it was stored: `parts` are names of raw pieces with their SHA-256 (hex)."""

    id: str
    host: str
    session: str
    question: tuple[str, ...]
    began: datetime
    took: float
    facts: Mapping[str, Any]
    parts: Mapping[str, str]
    cut: bool
    unanswered: tuple[Kind, Phase, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One entry of the ledger that concerns this run: when, what happened, to which host, by which clause.

    about: which question, session or deed, or why not; a word of ours or empty.
    """

    number: int
    at: datetime
    what: str
    host: str
    clause: str
    who: str
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A playbook that treats findings of this run. approval: the contract's word, '' where no clause names the playbook.

    does, notices: in English and German. risk: 'low', 'medium' or 'high'. command: the arguments that plan it.
    """

    playbook: str
    does: tuple[str, str]
    notices: tuple[str, str]
    risk: str
    hosts: tuple[str, ...]
    tags: tuple[str, ...]
    approval: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything about one run. Times are UTC; `timezone` and `language` are the customer's.

    clauses: the contract's wording by clause number. questions: what a collector asks, by its name, in
    English and German (empty where nobody wrote it). stopped: why the run ended early,
    a code ('stopped' by somebody, 'abandoned' by its process) or a few words. path: how a symptom's chain went.
    """

    run: str
    ticket: str
    subject: str
    customer: str
    customer_name: str
    contract: str
    revision: int
    timezone: str
    language: str
    asked_by: str
    began: datetime
    ended: datetime
    areas: tuple[str, ...]
    hosts: Mapping[str, About]
    causes: tuple[Cause, ...]
    findings: tuple[Finding, ...]
    results: tuple[Result, ...]
    evidence: tuple[Evidence, ...]
    touched: tuple[Touch, ...]
    stopped: str = ""
    path: Path | None = None
    clauses: Mapping[str, str] = field(default_factory=dict)
    questions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    remedies: tuple[Remedy, ...] = ()
