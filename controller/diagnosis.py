"""What is the cause? Ranks the findings of a whole run, and says which explains which others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from agent.job import Broken, NoAnswer, Refused, Result, Seen
from collectors import Finding, Severity
from collectors.catalogue import catalogue
from collectors.reach import SITE_UNREACHABLE, judge_silence
from controller.explains import RULES, Rule, Sure

__all__ = ["Cause", "findings_of", "rank"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A finding that nothing else explains, and the findings that follow from it.

    sure: 'certain' when the evidence names the link to everything explained (or there is none to name),
    'likely' when something only fits.
    """

    finding: Finding
    explains: tuple[Finding, ...] = ()
    sure: Sure = "certain"


def findings_of(results: Iterable[Result], sites: Mapping[str, str]) -> tuple[Finding, ...]:
    """All findings of a run: those of its judges, of its silences, and of the surveys over its readings.

    sites: host -> site, for hosts that stand at one.
    """
    judged: list[Finding] = []
    silent: dict[tuple[str, str], Finding] = {}
    readings: dict[str, dict[str, Mapping[str, Any]]] = {}
    for result in results:
        match result.outcome:
            case Seen(reading, findings):
                judged.extend(findings)
                readings.setdefault(result.job.collector, {})[result.job.host] = reading
            case NoAnswer(kind, phase, detail):
                finding = judge_silence(result.job.host, kind, phase, detail)
                if finding is not None:
                    silent.setdefault((finding.host, finding.tag.name), finding)
            case Refused() | Broken():
                pass
    judged.extend(silent.values())
    judged.extend(_surveyed(readings))
    judged.extend(_sites(tuple(silent.values()), readings, sites))
    return tuple(dict.fromkeys(judged))


def _surveyed(readings: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterable[Finding]:
    for survey in catalogue().surveys.values():
        seen = readings.get(survey.over.name)
        if seen:
            yield from survey.compare(
                {host: survey.over.adapter.validate_python(r) for host, r in seen.items()}
            )


def _sites(
    silent: Sequence[Finding], readings: Mapping[str, Mapping[str, Any]], sites: Mapping[str, str]
) -> Iterable[Finding]:
    """A site of which nobody can be reached is one trouble and not many."""
    answered = {sites.get(host) for hosts in readings.values() for host in hosts}
    gone: dict[str, set[str]] = {}
    for finding in silent:
        site = sites.get(finding.host)
        if site is not None and site not in answered:
            gone.setdefault(site, set()).add(finding.host if finding.tag.name == "reach.no-answer" else "")
    for site, hosts in gone.items():
        if len(hosts) > 2 and "" not in hosts:
            yield SITE_UNREACHABLE(site=site, count=len(hosts), hosts=" ".join(sorted(hosts)))


def rank(findings: Iterable[Finding]) -> tuple[Cause, ...]:
    """Order the causes: the worst first, then who explains most. Notes cause nothing."""
    serious = [f for f in findings if f.severity > Severity.NOTE]
    explained = _links(serious)
    causes = []
    for at in _roots(len(serious), explained):
        follows = _follows(at, explained)
        causes.append(
            Cause(
                finding=serious[at],
                explains=tuple(serious[i] for i in follows),
                sure="likely" if "likely" in follows.values() else "certain",
            )
        )
    return tuple(sorted(causes, key=_weight))


def _links(findings: Sequence[Finding]) -> dict[int, list[tuple[int, Sure]]]:
    """For every finding that is explained: by which others, and how surely."""
    by_tag: dict[str, list[int]] = {}
    for at, finding in enumerate(findings):
        by_tag.setdefault(finding.tag.name, []).append(at)
    links: dict[int, list[tuple[int, Sure]]] = {}
    for cause_tag, causes in by_tag.items():
        for effect_tag, effects in by_tag.items():
            rules = tuple(rule for rule in RULES if rule.fits(cause_tag, effect_tag))
            for cause_at, effect_at in product(causes, effects) if rules else ():
                if cause_at != effect_at:
                    sure = _surest(rules, findings[cause_at], findings[effect_at])
                    if sure is not None:
                        links.setdefault(effect_at, []).append((cause_at, sure))
    return links


def _surest(rules: Sequence[Rule], cause: Finding, effect: Finding) -> Sure | None:
    answers = {rule.where(cause, effect) for rule in rules}
    return "certain" if "certain" in answers else "likely" if "likely" in answers else None


def _roots(count: int, explained: Mapping[int, Sequence[tuple[int, Sure]]]) -> list[int]:
    """Findings that nothing explains; of a ring in which each explains the next, the first."""
    roots = [at for at in range(count) if at not in explained]
    reached = set(roots)
    for at in roots:
        reached.update(_follows(at, explained))
    for at in range(count):
        if at not in reached:
            roots.append(at)
            reached.update((at, *_follows(at, explained)))
    return roots


def _follows(root: int, explained: Mapping[int, Sequence[tuple[int, Sure]]]) -> dict[int, Sure]:
    """Everything that follows from a finding, directly or through others, and how surely."""
    found: dict[int, Sure] = {}
    open_ends = [(root, "certain")]
    while open_ends:
        cause_at, so_far = open_ends.pop(0)
        for effect_at, causes in explained.items():
            for at, sure in causes:
                if at == cause_at and effect_at not in found and effect_at != root:
                    found[effect_at] = "certain" if (so_far, sure) == ("certain", "certain") else "likely"
                    open_ends.append((effect_at, found[effect_at]))
    return found


def _weight(cause: Cause) -> tuple[int, int, int, str, str]:
    worst = max((f.severity for f in cause.explains), default=cause.finding.severity)
    return (
        -max(worst, cause.finding.severity),
        -len(cause.explains),
        -cause.finding.severity,
        cause.finding.host,
        cause.finding.tag.name,
    )
