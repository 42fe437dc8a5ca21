"""How do outcomes and evidence look on the wire, in a bundle and at rest? JSON, and back without loss.

A finding is kept as its tag's name with severity, facts and host; the wording is looked up when somebody
reads it. A tag that this version does not know, or whose wording needs facts that were not kept, comes back
as a plain tag of the same name and severity, so that old runs stay readable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import Any

from agent.job import (
    AlreadySo,
    Applied,
    Broken,
    Changed,
    Job,
    NoAnswer,
    Outcome,
    Planned,
    Refused,
    Result,
    Seen,
    UndoFailed,
    Undone,
    Unfit,
    Unknown,
)
from collectors import Fact, Finding, Kind, Phase, Severity, Tag
from collectors.catalogue import catalogue
from collectors.exchange import Exchange

__all__ = [
    "exchange_head",
    "exchange_of",
    "finding_from",
    "finding_json",
    "outcome_from",
    "outcome_json",
    "result_head",
    "result_of",
    "unanswered_from",
]


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Write an outcome; the key `is` names which it is."""
    match outcome:
        case Seen(reading, findings):
            return {"is": "seen", "reading": dict(reading), "findings": [finding_json(f) for f in findings]}
        case Refused(reason, clauses, by, detail):
            kept = {"detail": detail} if detail else {}
            return {"is": "refused", "reason": reason, "clauses": list(clauses), "by": by, **kept}
        case NoAnswer(kind, phase, detail):
            return {"is": "unanswered", "kind": kind.value, "phase": phase.value, "detail": detail}
        case Broken(error):
            return {"is": "broken", "error": error}
        case _:
            return _of_change(outcome)


def outcome_from(stored: Mapping[str, Any]) -> Outcome:
    """Read what `outcome_json` wrote. Raises ValueError for anything else."""
    match stored:
        case {"is": "seen", "reading": dict(reading), "findings": list(findings)}:
            return Seen(reading, tuple(finding_from(f) for f in findings))
        case {"is": "refused", "reason": str(reason), "clauses": list(clauses), "by": str(by)}:
            return Refused(reason, tuple(clauses), by, str(stored.get("detail", "")))
        case {"is": "unanswered", "kind": kind, "phase": phase, "detail": str(detail)}:
            return NoAnswer(Kind(kind), Phase(phase), detail)
        case {"is": "broken", "error": str(error)}:
            return Broken(error)
        case _:
            return _change_from(stored)


def _of_change(outcome: Planned | Unfit | Applied) -> dict[str, Any]:
    match outcome:
        case Planned(part):
            return {"is": "planned", "part": dict(part)}
        case Unfit(en, de, state):
            return {"is": "unfit", "en": en, "de": de, "state": dict(state)}
        case Changed(before, after):
            return {"is": "changed", "before": dict(before), "after": dict(after)}
        case AlreadySo():
            return {"is": "already-so"}
        case Undone(step, why, verified):
            return {"is": "undone", "step": step, "why": why, "verified": verified}
        case UndoFailed(step, why, state):
            return {"is": "undo-failed", "step": step, "why": why, "state": dict(state)}
        case Unknown(step, why):
            return {"is": "unknown", "step": step, "why": why}


def _change_from(stored: Mapping[str, Any]) -> Outcome:
    match stored:
        case {"is": "planned", "part": dict(part)}:
            return Planned(part)
        case {"is": "unfit", "en": str(en), "de": str(de), "state": dict(state)}:
            return Unfit(en, de, state)
        case {"is": "changed", "before": dict(before), "after": dict(after)}:
            return Changed(before, after)
        case {"is": "already-so"}:
            return AlreadySo()
        case {"is": "undone", "step": int(step), "why": str(why), "verified": bool(verified)}:
            return Undone(step, why, verified)
        case {"is": "undo-failed", "step": int(step), "why": str(why), "state": dict(state)}:
            return UndoFailed(step, why, state)
        case {"is": "unknown", "step": int(step), "why": str(why)}:
            return Unknown(step, why)
        case _:
            raise ValueError(f"this is not a stored outcome: its keys are {sorted(stored)}")


def finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "tag": finding.tag.name,
        "severity": finding.tag.severity.name.lower(),
        "facts": dict(finding.facts),
        "host": finding.host,
    }


def finding_from(stored: Mapping[str, Any]) -> Finding:
    """Read a finding, also one whose tag is no longer, or not yet, in the catalogue."""
    facts: dict[str, Fact] = dict(stored["facts"])
    known = catalogue().tags.get(stored["tag"])
    readable = known is not None and _needs(known) <= facts.keys()
    tag = known if known is not None and readable else _plain(stored["tag"], stored["severity"], facts)
    return Finding(tag, MappingProxyType(facts), stored["host"])


def unanswered_from(stored: list[str] | None) -> tuple[Kind, Phase, str] | None:
    """Read the way in which an exchange stayed unanswered."""
    if stored is None:
        return None
    kind, phase, detail = stored
    return Kind(kind), Phase(phase), detail


def _needs(tag: Tag) -> frozenset[str]:
    """The facts that any wording of the tag needs."""
    texts = (tag.en, tag.de, tag.do_en, tag.do_de)
    return frozenset[str]().union(*(Tag("", tag.severity, text, "").facts for text in texts))


def _plain(name: str, severity: str, facts: Mapping[str, Fact]) -> Tag:
    """Say of an unknown tag what can be said: its name and its facts."""
    shown = ", ".join(f"{key}: {{{key}}}" for key in facts if key.isidentifier())
    words = name.replace("{", "{{").replace("}", "}}") + (f" ({shown})" if shown else "")
    try:
        level = Severity[severity.upper()]
    except KeyError:
        level = Severity.WARN
    return Tag(name, level, words, words)


def result_head(result: Result) -> dict[str, Any]:
    return {
        "job": asdict(result.job),
        "outcome": outcome_json(result.outcome),
        "began": result.began.isoformat(),
        "took": round(result.took, 6),
        "clause": result.clause,
        "evidence": list(result.evidence),
    }


def result_of(head: Mapping[str, Any]) -> Result:
    return Result(
        job=Job(**head["job"]),
        outcome=outcome_from(head["outcome"]),
        began=datetime.fromisoformat(head["began"]),
        took=float(head["took"]),
        clause=str(head["clause"]),
        evidence=tuple(head["evidence"]),
    )


def exchange_head(exchange: Exchange) -> tuple[dict[str, Any], list[bytes]]:
    """The head as JSON, and the raw parts in the order of the head's `parts`."""
    head = {
        "session": exchange.session,
        "question": list(exchange.question),
        "began": exchange.began.isoformat(),
        "took": round(exchange.took, 6),
        "facts": dict(exchange.facts),
        "parts": list(exchange.parts),
        "cut": exchange.cut,
        "unanswered": list(exchange.unanswered) if exchange.unanswered else None,
    }
    return head, list(exchange.parts.values())


def exchange_of(head: Mapping[str, Any], raw: Sequence[bytes]) -> Exchange:
    return Exchange(
        session=head["session"],
        question=tuple(head["question"]),
        began=datetime.fromisoformat(head["began"]),
        took=float(head["took"]),
        facts=head["facts"],
        parts=dict(zip(head["parts"], raw, strict=True)),
        cut=bool(head["cut"]),
        unanswered=unanswered_from(head["unanswered"]),
    )
