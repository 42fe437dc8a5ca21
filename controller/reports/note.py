"""What goes into the ticket itself? A plain note of a few lines, for any ticket system."""

from __future__ import annotations

from controller.path import Path, StageState
from controller.reports.coverage import coverage
from controller.reports.inert import clip, inert_line
from controller.reports.model import Blobs, Report
from controller.reports.redact import Audience, Redactor, redactor
from controller.reports.story import Say, advice, cause_groups, counts, phrase, sentence, stopped, words_for
from controller.reports.words import Words
from inventory.contract import Redaction

__all__ = ["render_note"]

_LENGTH = 2_000
_LINE = 240
_CAUSES = 4
_ADVICE = 3


def render_note(  # noqa: PLR0913 - the same arguments as the other forms take.
    report: Report,
    language: str,
    audience: Audience = Audience.TICKET,
    rules: Redaction | None = None,
    *,
    blobs: Blobs | None = None,
    where: str = "",
    hide: Redactor | None = None,
) -> str:
    """Write the note: at most 15 lines and 2,000 characters, no markup, nothing that acts.

    where: where the full report is, such as its address or the name of an attachment. hide: see `redactor`.
    """
    words = words_for(language)
    hide = hide or redactor(report, rules or Redaction(), audience, blobs)
    seen = coverage(report)
    lines = [clip(inert_line(sentence(report, seen, words, hide.text)), 2 * _LINE)]
    if report.stopped:
        lines.append(stopped(report, words, hide.text))
    lines += _causes(report, words, hide.text)
    if report.path:
        lines.append(_path(report.path, words))
    todo = [
        f"- {text}" + (f" ({', '.join(hosts[:3])}{', …' if hosts[3:] else ''})" if hosts else "")
        for text, hosts in advice(report, words, hide.text)
    ]
    doing = (
        words.note_do_planned.format(ticket=hide.text(report.ticket)) if report.remedies else words.note_do
    )
    lines += [doing, *_some(todo, _ADVICE, words)] if todo else []
    lines.append(words.note_coverage.format(list=", ".join(counts(seen, words))))
    if where:
        lines.append(words.note_more.format(where=hide.text(where)))
    lines.append(f"{words.run} {report.run}, {words.contract} {hide.text(report.contract)}")
    return _fit([clip(inert_line(line), 2 * _LINE) for line in lines])


def _path(path: Path, words: Words) -> str:
    """Which step gave the answer."""
    title, total = path.title[words.code == "de"], len(path.stages)
    if not path.is_answered:
        return words.note_path_open.format(title=title, total=total)
    number = [stage.state for stage in path.stages].index(StageState.FOUND) + 1
    return words.note_path.format(title=title, number=number, total=total)


def _causes(report: Report, words: Words, say: Say) -> list[str]:
    """One line a cause; empty when the sentence has said it all."""
    if len(report.causes) < 2:
        return []
    lines = []
    for group in cause_groups(report):
        first = group[0].finding
        where = f"{say(first.host)}: " if first.host else ""
        more = f" ({words.count(words.same_on, len(group) - 1)})" if group[1:] else ""
        lines.append(f"- {words.severity[first.severity]}: {where}{phrase(first, words, say)}{more}")
    return [words.note_causes, *_some(lines, _CAUSES, words)]


def _some(lines: list[str], limit: int, words: Words) -> list[str]:
    kept = [clip(inert_line(line), _LINE) for line in lines[:limit]]
    return kept if len(lines) <= limit else [*kept, f"- {words.count(words.more, len(lines) - limit)}"]


def _fit(lines: list[str]) -> str:
    """Shorten the longest lines until the note fits; every part keeps its place."""
    length = 2 * _LINE
    while sum(map(len, lines)) + len(lines) > _LENGTH:
        length -= 20
        lines = [clip(line, length) for line in lines]
    return "\n".join(lines)
