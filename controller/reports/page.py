"""What stands on the page? The report as a reader meets it: redacted, worded, in order, without layout."""

from __future__ import annotations

import shlex
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from collectors import Finding, Severity
from controller.diagnosis import Cause
from controller.path import Path, Stage
from controller.pictures.mesh import mesh
from controller.pictures.site import held_back, site
from controller.pictures.svg import svgs
from controller.pictures.tree import tree
from controller.pictures.tunnels import tunnel_map
from controller.pictures.voice import voice
from controller.reports.coverage import Coverage, State, coverage, grouped
from controller.reports.exhibits import Exhibits, Shown
from controller.reports.inert import clip
from controller.reports.model import Blobs, Remedy, Report
from controller.reports.parts import (
    Card,
    Gap,
    HostPart,
    Picture,
    Place,
    RemedyLine,
    Said,
    Segment,
    StepLine,
    Way,
)
from controller.reports.redact import Redactor
from controller.reports.story import Links, advice, cause_groups, phrase, ruled_out, sentence, stopped
from controller.reports.words import Words

__all__ = ["Page", "page"]

_LINKS = 6


@dataclass(frozen=True, slots=True)
class Page:
    """All of it. `w` are the words; the rest is in the order of the page."""

    w: Words
    report: Report
    title: str
    subject: str
    customer: str
    contract: str
    asked_by: str
    sentence: str
    stopped: str
    cards: tuple[Card, ...]
    advice: tuple[tuple[str, tuple[Place, ...]], ...]
    remedies: tuple[RemedyLine, ...]
    way: Way | None
    ruled_out: tuple[tuple[str, str, int, tuple[str, ...]], ...]
    segments: tuple[Segment, ...]
    gaps: tuple[tuple[State, int, int, tuple[Gap, ...]], ...]
    unasked: tuple[str, ...]
    hosts: tuple[HostPart, ...]
    quiet: tuple[str, ...]
    pictures: tuple[Picture, ...]
    evidence: tuple[tuple[str, tuple[Shown, ...]], ...]
    touched: tuple[tuple[int, str, str, str, str, str, str, str], ...]
    clauses: tuple[tuple[str, str], ...]
    span: str
    zone: str
    redactions: tuple[str, ...]


def page(report: Report, blobs: Blobs, words: Words, hide: Redactor) -> Page:
    """Say everything in the order of the page; the count of what was withheld comes last."""
    return _Writer(report, cache(blobs), words, hide).page()


class _Writer:
    """Holds what every part of one page needs: words, redactor, anchors."""

    def __init__(self, report: Report, blobs: Blobs, words: Words, hide: Redactor) -> None:
        self._report = report
        self._w = words
        self._hide = hide
        self._say = hide.text
        self._zone = ZoneInfo(report.timezone)
        self._links = Links(report)
        self._exhibits = Exhibits(report.evidence, blobs, words, hide, self._zone)
        told = dict.fromkeys(finding.host for finding in report.findings if finding.host)
        self._places = {host: f"h{number}" for number, host in enumerate(told, 1)}

    def page(self) -> Page:
        report, words, seen = self._report, self._w, coverage(self._report)
        evidence = self._exhibits.by_host()
        cards = tuple(self._card(number, group) for number, group in enumerate(cause_groups(report), 1))
        hosts = self._hosts()
        quiet = [host for host in seen.hosts(State.SEEN) if host not in self._places]
        parts: dict[str, Any] = {
            "title": self._say(report.ticket),
            "subject": clip(self._say(report.subject).strip(), 300)
            or f"{words.ticket} {self._say(report.ticket)}",
            "customer": self._say(report.customer_name),
            "contract": self._say(report.contract),
            "asked_by": self._say(report.asked_by),
            "sentence": sentence(report, seen, words, self._say),
            "stopped": stopped(report, words, self._say),
            "advice": tuple(
                (text, tuple(Place(host) for host in hosts))
                for text, hosts in advice(report, words, self._say)
            ),
            "remedies": tuple(map(self._remedy, report.remedies)),
            "way": self._way(report.path) if report.path else None,
            "ruled_out": self._ruled_out(),
            "unasked": tuple(map(self._say, seen.unasked)),
            "quiet": tuple(map(self._say, quiet)),
            "clauses": tuple((self._say(clause), self._say(text)) for clause, text in report.clauses.items()),
        }
        return Page(
            w=words,
            report=report,
            cards=cards,
            segments=_segments(seen, words),
            gaps=self._gaps(seen),
            hosts=hosts,
            pictures=self._pictures(),
            evidence=evidence,
            touched=self._touched(),
            span=words.span_of(report.began, report.ended, self._zone),
            zone=words.zone(report.began, self._zone),
            redactions=tuple(
                words.count(words.redacted_kinds[kind], number)
                for kind, number in sorted(self._hide.removed.items())
            ),
            **parts,
        )

    def _said(self, finding: Finding, *, linked: bool = False) -> Said:
        ids = self._links.of(finding) if linked else []
        return Said(
            severity=self._w.severity[finding.severity],
            level=finding.severity.name.lower(),
            host=self._say(finding.host),
            anchor=self._places.get(finding.host, ""),
            text=phrase(finding, self._w, self._say),
            tag=finding.tag.name,
            facts=tuple((name, clip(self._say(str(fact)), 200)) for name, fact in finding.facts.items()),
            links=tuple((self._exhibits.anchors[id_], self._exhibits.asked[id_]) for id_ in ids[:_LINKS]),
            more_links=max(0, len(ids) - _LINKS),
        )

    def _card(self, number: int, group: list[Cause]) -> Card:
        first = group[0]
        why = self._w.sure_why.get(first.sure, "")
        return Card(
            number=number,
            said=self._said(first.finding, linked=True),
            sure=self._w.sure.get(first.sure, first.sure),
            sure_why=why if first.explains or first.sure != "certain" else self._w.sure_alone,
            explains=tuple(self._said(finding, linked=True) for finding in first.explains),
            same=tuple(self._said(cause.finding, linked=True) for cause in group[1:]),
        )

    def _remedy(self, remedy: Remedy) -> RemedyLine:
        words, at = self._w, self._w.code == "de"
        return RemedyLine(
            does=remedy.does[at],
            notices=remedy.notices[at],
            playbook=remedy.playbook,
            hosts=tuple(Place(self._say(host), self._places.get(host, "")) for host in remedy.hosts),
            risk=words.remedy_risk[remedy.risk],
            approval=words.remedy_approval[remedy.approval],
            command=clip(self._say(shlex.join(remedy.command)), 300),
        )

    def _way(self, path: Path) -> Way:
        words, at = self._w, self._w.code == "de"
        steps = tuple(
            StepLine(
                state=stage.state.value,
                label=words.path_states[stage.state],
                asks=stage.asks[at],
                count=self._counted(stage),
                found=tuple(
                    (
                        Place(self._say(one.host) or words.several_hosts, self._places.get(one.host, "")),
                        phrase(one, words, self._say),
                    )
                    for one in stage.found
                ),
            )
            for stage in path.stages
        )
        return Way(
            intro=words.path_intro.format(title=path.title[at]),
            steps=steps,
            beyond=words.count(words.path_beyond, path.beyond) if path.beyond else "",
        )

    def _counted(self, stage: Stage) -> str:
        """How many questions were answered, and how many hosts might not be asked."""
        words, counts = self._w, []
        if stage.asked:
            asked, answered = words.number(stage.asked), words.number(stage.answered)
            counts.append(words.path_count.format(answered=answered, asked=asked))
        if stage.refused:
            counts.append(words.count(words.path_refused, stage.refused))
        return ", ".join(counts)

    def _ruled_out(self) -> tuple[tuple[str, str, int, tuple[str, ...]], ...]:
        rows = []
        for item in ruled_out(self._report):
            english, german = self._report.questions.get(item.collector, ("", ""))
            text = german if self._w.code == "de" else english
            rows.append((text, item.collector, item.asked, tuple(map(self._say, item.quiet))))
        return tuple(rows)

    def _gaps(self, seen: Coverage) -> tuple[tuple[State, int, int, tuple[Gap, ...]], ...]:
        missing = [state for state in State if state is not State.SEEN and seen.count(state)]
        return tuple(
            (state, seen.count(state), len(seen.hosts(state)), self._reasons(seen, state))
            for state in missing
        )

    def _reasons(self, seen: Coverage, state: State) -> tuple[Gap, ...]:
        gaps = []
        for (reason, clauses), entries in grouped(seen.by_state[state]).items():
            asked: defaultdict[str, list[str]] = defaultdict(list)
            details: defaultdict[str, dict[str, None]] = defaultdict(dict)
            for entry in entries:
                asked[entry.host].append(entry.collector)
                phase = self._w.phases.get(entry.phase, entry.phase)
                if entry.detail:
                    text = clip(self._say(entry.detail), 300)
                    details[entry.host][f"{phase}: {text}" if phase else text] = None
            rows = tuple(
                (Place(self._say(host), self._places.get(host, "")), tuple(names), tuple(details[host])[:3])
                for host, names in asked.items()
            )
            why = self._w.why(state, self._say(reason))
            said = tuple((self._say(one), self._say(self._report.clauses.get(one, ""))) for one in clauses)
            gaps.append(Gap(why[:1].upper() + why[1:], self._say(reason), said, rows))
        return tuple(gaps)

    def _hosts(self) -> tuple[HostPart, ...]:
        found: defaultdict[str, list[Finding]] = defaultdict(list)
        for finding in self._report.findings:
            found[finding.host].append(finding)
        parts = []
        for host, findings in found.items():
            findings.sort(key=lambda finding: -finding.severity)
            about = self._report.hosts.get(host)
            parts.append(
                HostPart(
                    place=Place(self._say(host) or self._w.several_hosts, self._places.get(host, "")),
                    name=self._say(about.name) if about else "",
                    addresses=tuple(map(self._say, about.addresses)) if about else (),
                    roles=tuple(map(self._say, about.roles)) if about else (),
                    worst=findings[0].severity.name.lower(),
                    findings=tuple(self._said(finding, linked=True) for finding in findings),
                )
            )
        order = {severity.name.lower(): -severity for severity in Severity}
        return tuple(sorted(parts, key=lambda part: order[part.worst]))

    def _pictures(self) -> tuple[Picture, ...]:
        report, words, say = self._report, self._w, self._say
        drawings = [
            drawing
            for drawing in (
                mesh(report.results, report.findings, words, say),
                site(report.results, report.findings, words, say, blocked=held_back(report.results)),
                tree(report.results, report.hosts, report.findings, words, say),
                tunnel_map(report.results, report.findings, words, say),
            )
            if drawing
        ]
        return (
            *map(Picture, drawings, svgs(drawings)),
            *(Picture(drawing, svg) for drawing, svg in voice(report.results, words, say)),
        )

    def _touched(self) -> tuple[tuple[int, str, str, str, str, str, str, str], ...]:
        words = self._w
        return tuple(
            (
                touch.number,
                words.moment(touch.at, self._zone),
                words.deeds.get(touch.what, ""),
                touch.what,
                self._say(touch.host),
                self._say(touch.clause),
                self._say(touch.who),
                self._say(touch.about),
            )
            for touch in self._report.touched
        )


def _segments(seen: Coverage, words: Words) -> tuple[Segment, ...]:
    """The bar's parts; what occurs at all is wide enough to be seen."""
    shown = [(state, seen.count(state)) for state in State if seen.count(state)]
    rough = [max(12.0, 1000 * number / seen.total) for _, number in shown]
    widths = [1000 * width / sum(rough) for width in rough]
    starts = [sum(widths[:at]) for at in range(len(widths))]
    return tuple(
        Segment(state.value, words.state[state], number, round(start, 1), round(width, 1))
        for (state, number), start, width in zip(shown, starts, widths, strict=True)
    )
