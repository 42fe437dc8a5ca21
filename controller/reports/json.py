"""How does another program read the report? The whole of it as JSON, in a published and stable form.

`schema.json` beside this file is the form: fields may be added within version 1, none changes its meaning
and none goes. Texts come in both languages; redaction is the same as on the page.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import Any

from agent.job import (
    AlreadySo,
    Broken,
    Changed,
    NoAnswer,
    Planned,
    Refused,
    Result,
    Seen,
    UndoFailed,
    Undone,
    Unfit,
    Unknown,
)
from collectors import Finding
from controller.diagnosis import Cause
from controller.path import Path
from controller.reports.coverage import Coverage, State, coverage, entry
from controller.reports.inert import clip, inert
from controller.reports.model import Blobs, Evidence, Remedy, Report
from controller.reports.redact import Audience, Redactor, redactor
from controller.reports.story import Links, phrase, sentence, words_for
from inventory.contract import Redaction

__all__ = ["SCHEMA", "render_json", "schema"]

SCHEMA = "secondline/report/1"
_LONG = 2_000


def render_json(
    report: Report,
    *,
    audience: Audience = Audience.ENGINEER,
    rules: Redaction | None = None,
    blobs: Blobs | None = None,
    hide: Redactor | None = None,
) -> str:
    """Give the report as JSON text. blobs: to learn accounts from the raw evidence, as the page does. hide: see `redactor`."""
    hide = hide or redactor(report, rules or Redaction(), audience, blobs)
    content = _Writer(report, hide, audience).content()
    # Without indentation, since only then the standard library's fast writer works: a tenth of the time.
    return json.dumps(_plain(content), ensure_ascii=False, allow_nan=False) + "\n"


def schema() -> dict[str, Any]:
    """The published JSON Schema (draft 2020-12)."""
    text = FilePath(__file__).with_name("schema.json").read_text("utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


class _Writer:
    """Holds the report, its links and its redactor while the parts are written."""

    def __init__(self, report: Report, hide: Redactor, audience: Audience) -> None:
        self._audience = audience
        self._report = report
        self._hide = hide
        self._links = Links(report)
        self._english, self._german = words_for("en"), words_for("de")

    def content(self) -> dict[str, Any]:
        report, seen = self._report, coverage(self._report)
        return {
            "schema": SCHEMA,
            "run": report.run,
            "ticket": self._text(report.ticket),
            "subject": self._text(report.subject),
            "customer": {"id": self._text(report.customer), "name": self._text(report.customer_name)},
            "contract": self._text(report.contract),
            "revision": report.revision,
            "timezone": report.timezone,
            "asked_by": self._text(report.asked_by),
            "areas": list(report.areas),
            "began": _utc(report.began),
            "ended": _utc(report.ended),
            "stopped": self._text(report.stopped),
            "summary": {
                words.code: sentence(report, seen, words, self._hide.text)
                for words in (self._german, self._english)
            },
            "causes": [self._cause(cause) for cause in report.causes],
            "findings": [self._finding(finding) for finding in report.findings],
            "path": self._path(report.path) if report.path else None,
            "remedies": [self._remedy(remedy) for remedy in report.remedies],
            "coverage": self._coverage(seen),
            "results": [self._result(result) for result in report.results],
            "evidence": [self._evidence(item) for item in report.evidence],
            "touched": [
                {
                    "number": touch.number,
                    "at": _utc(touch.at),
                    "what": touch.what,
                    "host": self._text(touch.host),
                    "clause": self._text(touch.clause),
                    "who": self._text(touch.who),
                    "about": self._text(touch.about),
                }
                for touch in report.touched
            ],
            # Counted while everything above was written.
            "redactions": dict(sorted(self._hide.removed.items())),
        }

    def _text(self, text: str) -> str:
        return clip(self._hide.text(text), _LONG)

    def _cause(self, cause: Cause) -> dict[str, Any]:
        return {
            **self._finding(cause.finding),
            "sure": cause.sure,
            "advice": {
                words.code: self._text(cause.finding.advice(words.code))
                for words in (self._german, self._english)
            },
            "explains": [{"tag": f.tag.name, "host": self._text(f.host)} for f in cause.explains],
            "evidence": [self._text(id_) for id_ in self._links.of(cause.finding)],
        }

    def _finding(self, finding: Finding) -> dict[str, Any]:
        return {
            "tag": finding.tag.name,
            "host": self._text(finding.host),
            "severity": finding.severity.name.lower(),
            "text": {
                words.code: phrase(finding, words, self._hide.text) for words in (self._german, self._english)
            },
            "facts": {
                name: self._text(fact) if isinstance(fact, str) else fact
                for name, fact in finding.facts.items()
            },
        }

    def _remedy(self, remedy: Remedy) -> dict[str, Any]:
        return {
            "playbook": remedy.playbook,
            "does": _both(remedy.does),
            "notices": _both(remedy.notices),
            "risk": remedy.risk,
            "hosts": [self._text(host) for host in remedy.hosts],
            "tags": list(remedy.tags),
            "approval": remedy.approval,
            "command": [self._text(word) for word in remedy.command],
        }

    def _path(self, path: Path) -> dict[str, Any]:
        return {
            "symptom": path.symptom,
            "title": _both(path.title),
            "stages": [
                {
                    "asks": _both(stage.asks),
                    "state": stage.state.value,
                    "asked": stage.asked,
                    "answered": stage.answered,
                    "refused": stage.refused,
                    "found": [{"tag": f.tag.name, "host": self._text(f.host)} for f in stage.found],
                }
                for stage in path.stages
            ],
            "beyond": path.beyond,
        }

    def _coverage(self, seen: Coverage) -> dict[str, Any]:
        counts: dict[str, Any] = {_key(state): seen.count(state) for state in State}
        return {
            **counts,
            "total": seen.total,
            "lists": {
                _key(state): [
                    {
                        "job": self._text(item.job),
                        "host": self._text(item.host),
                        "collector": item.collector,
                        "reason": self._text(item.reason),
                        "detail": self._text(item.detail),
                        "clauses": [self._text(clause) for clause in item.clauses],
                    }
                    for item in seen.by_state[state]
                ]
                for state in State
            },
            "unasked": [self._text(host) for host in seen.unasked],
        }

    def _result(self, result: Result) -> dict[str, Any]:
        common: dict[str, Any] = {
            "job": self._text(result.job.id),
            "host": self._text(result.job.host),
            "collector": result.job.collector,
            "clause": self._text(result.clause),
            "began": _utc(result.began),
            "took": result.took,
            "evidence": [self._text(id_) for id_ in result.evidence],
        }
        match result.outcome:
            case Seen():
                return common | {"state": "seen"}
            case Refused(reason, clauses, by, detail):
                covered = entry(result).state is State.REFUSED
                return common | {
                    "state": "refused",
                    "reason": self._text(reason),
                    "clauses": [self._text(clause) for clause in clauses],
                    "by": self._text(by),
                    "detail": self._text(detail),
                    "covered": covered,
                }
            case NoAnswer(kind, phase, detail):
                return common | {
                    "state": "unanswered",
                    "kind": kind,
                    "phase": phase,
                    "detail": self._text(detail),
                }
            case Broken(error):
                return common | {"state": "broken", "detail": self._text(error)}
            case Planned() | Unfit() | Changed() | AlreadySo() | Undone() | UndoFailed() | Unknown():
                raise ValueError(f"{result.job.id} is a change: a report on questions has no place for it")

    def _evidence(self, item: Evidence) -> dict[str, Any]:
        unanswered: Mapping[str, str] | None = None
        if item.unanswered is not None:
            kind, phase, detail = item.unanswered
            unanswered = {"kind": kind, "phase": phase, "detail": self._text(detail)}
        return {
            "id": self._text(item.id),
            "host": self._text(item.host),
            "session": item.session,
            "question": [self._text(word) for word in item.question],
            "began": _utc(item.began),
            "took": item.took,
            # With all but an address known, the hash of an answer would tell it: see `Piece`.
            "sha256": dict(item.parts) if self._audience is Audience.ENGINEER else {},
            "cut": item.cut,
            "unanswered": unanswered,
        }


def _plain(content: object) -> object:
    """Make every text and key harmless, and write numbers that JSON does not know as text."""
    match content:
        case str():
            return inert(content)
        case dict():
            return {inert(str(key)): _plain(value) for key, value in content.items()}
        case list():
            return [_plain(value) for value in content]
        case float() if not math.isfinite(content):
            return str(content)
        case _:
            return content


def _key(state: State) -> str:
    return state.value.replace("-", "_")


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _both(texts: tuple[str, str]) -> dict[str, str]:
    english, german = texts
    return {"de": german, "en": english}
