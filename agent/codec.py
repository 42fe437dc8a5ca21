"""How do outcomes and evidence look on the wire and in the store? JSON, and nothing that runs code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from agent.job import Broken, Job, NoAnswer, Outcome, Refused, Result, Seen
from collectors import Finding, Kind, Phase, Tag, note
from collectors.catalogue import catalogue
from collectors.exchange import Exchange

__all__ = [
    "exchange_head",
    "exchange_of",
    "finding_head",
    "finding_of",
    "outcome_head",
    "outcome_of",
    "result_head",
    "result_of",
]


def finding_head(finding: Finding) -> dict[str, Any]:
    return {"tag": finding.tag.name, "facts": dict(finding.facts), "host": finding.host}


def finding_of(head: Mapping[str, Any]) -> Finding:
    """Read a finding back; a tag that this version does not know keeps its name and loses its wording."""
    name = str(head["tag"])
    return Finding(catalogue().tags.get(name) or _unknown(name), dict(head["facts"]), str(head["host"]))


def _unknown(name: str) -> Tag:
    return note(name, f"{name} (said by another version)", f"{name} (Aussage einer anderen Version)")


def outcome_head(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Seen(reading, findings):
            return {"state": "seen", "reading": reading, "findings": [finding_head(f) for f in findings]}
        case Refused(reason, clauses, by):
            return {"state": "refused", "reason": reason, "clauses": list(clauses), "by": by}
        case NoAnswer(kind, phase, detail):
            return {"state": "unanswered", "kind": kind, "phase": phase, "detail": detail}
        case Broken(error):
            return {"state": "broken", "error": error}


def outcome_of(head: Mapping[str, Any]) -> Outcome:
    """Read an outcome back. Raises ValueError for a state that is none."""
    match head["state"]:
        case "seen":
            return Seen(head["reading"], tuple(finding_of(f) for f in head["findings"]))
        case "refused":
            return Refused(head["reason"], tuple(head["clauses"]), head["by"])
        case "unanswered":
            return NoAnswer(Kind(head["kind"]), Phase(head["phase"]), head["detail"])
        case "broken":
            return Broken(head["error"])
        case state:
            raise ValueError(f"{state!r} is no state of an outcome")


def result_head(result: Result) -> dict[str, Any]:
    return {
        "job": asdict(result.job),
        "outcome": outcome_head(result.outcome),
        "began": result.began.isoformat(),
        "took": round(result.took, 6),
        "clause": result.clause,
        "evidence": list(result.evidence),
    }


def result_of(head: Mapping[str, Any]) -> Result:
    return Result(
        job=Job(**head["job"]),
        outcome=outcome_of(head["outcome"]),
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
    unmet = head["unanswered"]
    return Exchange(
        session=head["session"],
        question=tuple(head["question"]),
        began=datetime.fromisoformat(head["began"]),
        took=float(head["took"]),
        facts=head["facts"],
        parts=dict(zip(head["parts"], raw, strict=True)),
        cut=bool(head["cut"]),
        unanswered=(Kind(unmet[0]), Phase(unmet[1]), unmet[2]) if unmet else None,
    )
