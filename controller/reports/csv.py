"""What was found, and what was asked, as tables for a spreadsheet? Redacted as every other form of the report."""

from __future__ import annotations

from controller.reports.cells import table
from controller.reports.coverage import State, coverage
from controller.reports.inert import clip
from controller.reports.model import Report
from controller.reports.redact import Redactor
from controller.reports.story import Links, phrase, words_for

__all__ = ["render_coverage", "render_findings"]

_LONG = 2_000


def render_findings(report: Report, language: str, hide: Redactor) -> str:
    """Every finding on its row; cause: whether it is one, and how sure; the heads are codes, the same in each language."""
    words, links = words_for(language), Links(report)
    sure = {cause.finding: cause.sure for cause in report.causes}
    rows = (
        (
            finding.severity.name.lower(),
            hide.text(finding.host),
            finding.tag.name,
            clip(phrase(finding, words, hide.text), _LONG),
            sure.get(finding, ""),
            " ".join(map(hide.text, links.of(finding))),
            *(
                ("", "")
                if (about := report.hosts.get(finding.host)) is None
                else (about.platform, about.environment)
            ),
        )
        for finding in report.findings
    )
    heads = ("severity", "host", "tag", "text", "cause", "evidence", "platform", "environment")
    return table(heads, rows)


def render_coverage(report: Report, language: str, hide: Redactor) -> str:
    """Every question on its row: asked of whom, how it ended and why, by which clause."""
    words, seen = words_for(language), coverage(report)
    rows = (
        (
            state.value,
            hide.text(item.host),
            item.collector,
            hide.text(item.reason),
            "" if state is State.SEEN else words.why(state, hide.text(item.reason)),
            clip(hide.text(item.detail), _LONG),
            " ".join(map(hide.text, item.clauses)),
        )
        for state in State
        for item in seen.by_state[state]
    )
    return table(("state", "host", "question", "reason", "text", "detail", "clauses"), rows)
