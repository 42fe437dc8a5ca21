"""How does the report come to the ticket? Rendered once, kept with the run, handed to the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from collectors import Severity
from controller.desks.desk import File, Letterbox
from controller.ledger import Entry, What, append
from controller.outbox import Action, ActionKind, Delivery, deliver_due, finish_run
from controller.reports.coverage import Coverage, State, coverage
from controller.reports.csv import render_coverage, render_findings
from controller.reports.html import render_html, render_paper
from controller.reports.json import render_json
from controller.reports.model import Blobs, Report
from controller.reports.note import render_note
from controller.reports.paper import render_pdf
from controller.reports.redact import Audience, Redactor, redactor
from controller.store.blobs import MAX_BLOB
from controller.store.runs import RunState
from controller.store.store import Store
from inventory.contract import Contract, Redaction

__all__ = ["Published", "deliver", "publish", "write_report"]


# The state in which a run ends that ended early.
_ENDS = {"stopped": RunState.STOPPED, "abandoned": RunState.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Where the forms of a report are, and the note as it was handed over."""

    page: Path
    data: Path
    note: str
    paper: Path | None = None
    tables: tuple[Path, ...] = ()


def write_report(  # noqa: PLR0913, PLR0917 - what, by which rules, for whom, where.
    store: Store,
    report: Report,
    rules: Redaction,
    language: str,
    folder: Path,
    audience: Audience,
    *,
    pdf: bool = False,
    tables: bool = False,
) -> Published:
    """Write all forms of a report into a folder (created when missing, for this account only).

    pdf: on paper as well, which takes seconds. Raises PaperError then. tables: findings and coverage as CSV as well.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    page, data = folder / "report.html", folder / "report.json"
    # Each form looks at the same evidence.
    blobs = cache(store.blobs.get)
    hide = redactor(report, rules, audience, blobs)
    page.write_text(
        render_html(report, blobs, language, audience=audience, rules=rules, hide=hide.again()), "utf-8"
    )
    data.write_text(
        render_json(report, audience=audience, rules=rules, blobs=blobs, hide=hide.again()), "utf-8"
    )
    whole = all(_fits(form) for form in (page, data))
    where = "" if whole else f"secondline report write {report.run}"
    note = render_note(report, language, audience, rules, blobs=blobs, where=where, hide=hide.again())
    paper = _on_paper(report, language, audience, hide.again(), blobs, folder) if pdf else None
    lists = _as_tables(report, language, hide.again(), folder) if tables else ()
    return Published(page=page, data=data, note=note, paper=paper, tables=lists)


def _as_tables(report: Report, language: str, hide: Redactor, folder: Path) -> tuple[Path, ...]:
    findings, questions = folder / "findings.csv", folder / "coverage.csv"
    findings.write_text(render_findings(report, language, hide), "utf-8", newline="")
    questions.write_text(render_coverage(report, language, hide), "utf-8", newline="")
    return findings, questions


def _on_paper(  # noqa: PLR0913, PLR0917 - see above.
    report: Report, language: str, audience: Audience, hide: Redactor, blobs: Blobs, folder: Path
) -> Path:
    paper = folder / "report.pdf"
    paper.write_bytes(render_pdf(render_paper(report, blobs, language, audience=audience, hide=hide)))
    return paper


def _fits(form: Path) -> bool:
    """Whether a form can be attached: a run over very many hosts makes more than a ticket system takes."""
    return form.stat().st_size <= MAX_BLOB


def publish(store: Store, report: Report, contract: Contract, language: str) -> Published:
    """End the run: write the report as the ticket gets it, and hand it to the outbox, both or neither.

    The ledger is told first: rather twice there than never.
    """
    folder = store.home / "runs" / report.run
    published = write_report(store, report, contract.data.redact, language, folder, Audience.TICKET)
    seen = coverage(report)
    state = _ENDS.get(report.stopped, RunState.DONE)
    data = File(name="report.json", media_type="application/json", content=published.data.read_bytes())
    note = Action(
        kind=ActionKind.NOTE,
        text=published.note,
        html=published.page.read_text(encoding="utf-8") if _fits(published.page) else None,
        files=(data,) if _fits(published.data) else (),
    )
    summary = _numbers(seen)
    facts = {"state": state.value, **summary}
    append(store, Entry(what=What.RUN_ENDED, who="controller", run=report.run, facts=facts))
    finish_run(
        store, report.run, state, ended=report.ended, summary=summary, actions=(note,), found=_found(report)
    )
    return published


async def deliver(store: Store, desks: Mapping[str, Letterbox]) -> tuple[Delivery, ...]:
    """Try to deliver what is due; what cannot be delivered now stays in the outbox."""
    return await deliver_due(store, desks, datetime.now(UTC))


def _found(report: Report) -> tuple[int, str]:
    """How many findings are more than a note, and the first cause's tag: what an inbox shows."""
    faults = sum(finding.severity > Severity.NOTE for finding in report.findings)
    return faults, report.causes[0].finding.tag.name if report.causes else ""


def _numbers(seen: Coverage) -> dict[str, int]:
    return {
        "seen": seen.count(State.SEEN),
        "unanswered": seen.count(State.UNANSWERED),
        "refused": seen.count(State.REFUSED) + seen.count(State.NOT_COVERED),
        "broken": seen.count(State.BROKEN),
    }
