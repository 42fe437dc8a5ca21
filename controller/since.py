"""What is different from the last time that all was well? Findings that are new, gone or changed, and who answered then.

Two runs are compared by what was found, host by host; only what was asked in both can be said to be new or gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.job import Seen
from collectors import Finding
from controller.reports.model import Report

__all__ = ["Changed", "Since", "since"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The same finding on the same host, with other facts."""

    before: Finding
    after: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """new, gone, changed: findings. unknown: findings of before whose question was not answered this time.

    silent: hosts that answered something before, and nothing now. fresh: the other way round.
    """

    new: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    changed: tuple[Changed, ...]
    unknown: tuple[Finding, ...]
    silent: tuple[str, ...]
    fresh: tuple[str, ...]

    @property
    def same(self) -> bool:
        return not (self.new or self.gone or self.changed or self.unknown or self.silent or self.fresh)


def since(before: Report, after: Report) -> Since:
    """Compare; pure."""
    old, now = _by_place(before.findings), _by_place(after.findings)
    answered = {host for host, _ in _seen(after)}
    answered_before = {host for host, _ in _seen(before)}
    asked_now = {(host, area) for host, collector in _seen(after) for area in (collector.partition(".")[0],)}
    left = [finding for place, finding in old.items() if place not in now]
    known = [one for one in left if not one.host or (one.host, one.tag.name.partition(".")[0]) in asked_now]
    return Since(
        new=tuple(finding for place, finding in now.items() if place not in old),
        gone=tuple(known),
        changed=tuple(
            Changed(before=old[place], after=finding)
            for place, finding in now.items()
            if place in old and dict(old[place].facts) != dict(finding.facts)
        ),
        unknown=tuple(one for one in left if one not in known),
        silent=tuple(sorted(answered_before & set(after.hosts) - answered)),
        fresh=tuple(sorted(answered & set(before.hosts) - answered_before)),
    )


def _seen(report: Report) -> Iterable[tuple[str, str]]:
    return ((one.job.host, one.job.collector) for one in report.results if isinstance(one.outcome, Seen))


def _by_place(findings: Iterable[Finding]) -> dict[tuple[str, str, str], Finding]:
    """By host and tag; of several alike on one host each has a number, in the order of their facts."""
    several: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        several.setdefault((finding.host, finding.tag.name), []).append(finding)
    return {
        (host, tag, key): finding for (host, tag), alike in several.items() for key, finding in _keyed(alike)
    }


def _keyed(alike: list[Finding]) -> Iterable[tuple[str, Finding]]:
    """A lone finding is the same one whatever its facts; of several, each is told by its facts."""
    if len(alike) == 1:
        return (("", alike[0]),)
    return ((repr(sorted(map(repr, finding.facts.items()))), finding) for finding in alike)
