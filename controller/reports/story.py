"""What does the run tell, in which order? What all forms of a report share: sentence, causes, advice.

Everything here is picked and ordered, and worded by `Words`; redaction comes in as `say`, a function that
every text from outside passes on its way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from agent.job import Result, Seen
from collectors import Finding, Severity
from controller.diagnosis import Cause
from controller.reports.coverage import Coverage, State, grouped
from controller.reports.inert import clip
from controller.reports.model import Report
from controller.reports.words import Words

__all__ = [
    "Links",
    "RuledOut",
    "Say",
    "advice",
    "cause_groups",
    "counts",
    "phrase",
    "ruled_out",
    "sentence",
    "stopped",
    "words_for",
]

Say = Callable[[str], str]

_LONG = 600


def words_for(language: str) -> Words:
    """The phrases of a language; anything but 'de' reads English."""
    if language == "de":
        from controller.reports.german import GERMAN  # noqa: PLC0415 - only the language that is read.

        return GERMAN
    from controller.reports.english import ENGLISH  # noqa: PLC0415 - only the language that is read.

    return ENGLISH


def phrase(finding: Finding, words: Words, say: Say) -> str:
    """The finding's sentence, redacted, without its full stop."""
    return clip(say(finding.text(words.code)), _LONG).strip().rstrip(".")


def sentence(report: Report, seen: Coverage, words: Words, say: Say) -> str:
    """One sentence that the ticket's owner can send on."""
    if not seen.count(State.SEEN):
        return _nothing(report, seen, words, say)
    if not report.causes:
        return _no_fault(seen, words)
    first = report.causes[0]
    finding = first.finding
    text = phrase(finding, words, say)
    host = say(finding.host)
    # A warning that explains a fault is what broke it.
    worst = max(one.severity for one in (finding, *first.explains))
    if worst is Severity.FAULT:
        if host:
            begin = (words.cause_on if first.sure == "certain" else words.likely_on).format(
                host=host, text=text
            )
        else:
            begin = (words.cause_is if first.sure == "certain" else words.likely_is).format(text=text)
    else:
        pattern = words.matters if worst is Severity.WARN else words.worth_knowing
        begin = pattern.format(on=f" ({host})" if host else "", text=text)
    return _end(begin + _explains(first, words, say))


def _explains(cause: Cause, words: Words, say: Say) -> str:
    if not cause.explains:
        return ""
    first = cause.explains[0]
    where = f" ({say(first.host)})" if first.host and first.host != cause.finding.host else ""
    rest = len(cause.explains) - 1
    more = f" {words.count(words.and_more, rest)}" if rest else ""
    return "; " + words.explains_too.format(text=phrase(first, words, say)) + where + more


def _no_fault(seen: Coverage, words: Words) -> str:
    answered, silent = seen.hosts(State.SEEN), seen.hosts(State.UNANSWERED)
    closed = {
        host for state in (State.REFUSED, State.NOT_COVERED, State.BROKEN) for host in seen.hosts(state)
    }
    whole = not silent and not closed
    parts = [words.count(words.no_fault if whole else words.no_fault_partly, len(answered))]
    if silent:
        parts.append(words.count(words.did_not_answer, len(silent)))
    if closed:
        parts.append(words.count(words.not_asked, len(closed)))
    return _end("; ".join(parts))


def _nothing(report: Report, seen: Coverage, words: Words, say: Say) -> str:
    parts = []
    for state in State:
        for (reason, _), entries in grouped(seen.by_state[state]).items():
            hosts = {entry.host for entry in entries}
            parts.append(
                (len(hosts), f"{words.why(state, say(reason))} ({words.count(words.hosts, len(hosts))})")
            )
    parts.sort(key=lambda part: -part[0])
    if report.stopped and not parts:
        return stopped(report, words, say)
    why = "; ".join(dict.fromkeys(text for _, text in parts[:3])) or words.no_questions
    return _end(words.nothing_because.format(why=why))


def stopped(report: Report, words: Words, say: Say) -> str:
    """Why the run ended early; empty when it did not."""
    if not report.stopped:
        return ""
    why = words.stops.get(report.stopped) or clip(say(report.stopped), _LONG)
    return _end(words.stopped.format(why=why))


def _end(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else text + "."


def cause_groups(report: Report) -> list[list[Cause]]:
    """Causes in rank order; the same tag on several hosts is one group, at its best rank."""
    groups: dict[tuple[str, str, bool], list[Cause]] = {}
    for number, cause in enumerate(report.causes):
        key = (cause.finding.tag.name, cause.sure, bool(cause.explains))
        # A cause with consequences keeps a card of its own.
        groups.setdefault((*key[:2], True) if not cause.explains else (str(number), "", False), []).append(
            cause
        )
    return list(groups.values())


def advice(report: Report, words: Words, say: Say) -> list[tuple[str, list[str]]]:
    """What to do, in rank order, each text once with the hosts that it is for."""
    found: dict[str, list[str]] = {}
    for cause in report.causes:
        for finding in (cause.finding, *cause.explains):
            text = clip(say(finding.advice(words.code)), _LONG).strip()
            if text and finding.host not in found.setdefault(_end(text), []):
                found[_end(text)].append(finding.host)
    return [(text, [say(host) for host in hosts if host]) for text, hosts in found.items()]


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A question that some hosts answered without a warning or a fault."""

    collector: str
    asked: int
    quiet: tuple[str, ...]


def ruled_out(report: Report) -> list[RuledOut]:
    """The questions with the hosts on which they found nothing, in the order in which they were asked."""
    marked = _marked(report)
    asked: defaultdict[str, list[Result]] = defaultdict(list)
    for result in report.results:
        if isinstance(result.outcome, Seen):
            asked[result.job.collector].append(result)
    out = []
    for name, results in asked.items():
        quiet = tuple(r.job.host for r in results if _is_quiet(r, marked))
        if quiet:
            out.append(RuledOut(name, len(results), quiet))
    return out


def _marked(report: Report) -> set[tuple[str, str]]:
    """Host and area of each serious finding that no single answer gave: what comparing several hosts found."""
    answered = {
        (result.job.host, finding.tag.name)
        for result in report.results
        if isinstance(result.outcome, Seen)
        for finding in result.outcome.findings
    }
    return {
        (finding.host, finding.tag.name.partition(".")[0])
        for finding in _all(report)
        if finding.severity > Severity.NOTE and (finding.host, finding.tag.name) not in answered
    }


def _is_quiet(result: Result, marked: set[tuple[str, str]]) -> bool:
    """No warning and no fault of its own, nor one that a comparison found in its area on this host."""
    if not isinstance(result.outcome, Seen) or any(
        f.severity > Severity.NOTE for f in result.outcome.findings
    ):
        return False
    area = result.job.collector.partition(".")[0]
    return (result.job.host, area) not in marked and ("", area) not in marked


def _all(report: Report) -> Iterable[Finding]:
    yield from report.findings
    for cause in report.causes:
        yield cause.finding
        yield from cause.explains


class Links:
    """Which exchanges does a finding rest on?

    Those of the result whose judge said it; for a finding of a survey or of the diagnosis, those of all
    results in its area on its host (on all hosts, when it is about several).
    """

    def __init__(self, report: Report) -> None:
        self._known = {item.id for item in report.evidence}
        self._of: defaultdict[tuple[str, str], list[tuple[Mapping[str, object], Result]]] = defaultdict(list)
        self._area: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for result in report.results:
            area = result.job.collector.partition(".")[0]
            self._area[result.job.host, area] += result.evidence
            self._area["", area] += result.evidence
            if isinstance(result.outcome, Seen):
                for finding in result.outcome.findings:
                    self._of[result.job.host, finding.tag.name].append((finding.facts, result))

    def of(self, finding: Finding) -> list[str]:
        """The ids of the exchanges, each once and only those that the report holds."""
        results = self._of.get((finding.host, finding.tag.name), [])
        exact = [result for facts, result in results if dict(facts) == dict(finding.facts)]
        ids = [id_ for result in exact or [result for _, result in results] for id_ in result.evidence]
        if not ids:
            ids = self._area.get((finding.host, finding.tag.name.partition(".")[0]), [])
        return [id_ for id_ in dict.fromkeys(ids) if id_ in self._known]


def counts(seen: Coverage, words: Words) -> list[str]:
    """The coverage in words: '12 of 15 seen', with the states that occur."""
    total = words.number(seen.total)
    shown = [state for state in State if seen.count(state) or state is State.SEEN]
    return [
        (
            words.of_all.format(share=words.number(seen.count(state)), total=total)
            if state is State.SEEN
            else words.number(seen.count(state))
        )
        + " "
        + words.state[state]
        for state in shown
    ]
