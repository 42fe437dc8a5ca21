"""Which questions come next, and which way led to the answer? A symptom's chain, step by step.

A chain ends where a step is answered: then only that is asked which may explain the answer. What no step
answers is asked of everybody in the end, so that no ticket learns less than without a symptom.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from agent.job import Job, Refused, Result, Seen
from agent.lookups import QUESTION
from collectors import Finding, Severity
from collectors.catalogue import catalogue
from controller.explains import RULES
from controller.symptoms import SYMPTOMS, Step
from controller.work import Work

__all__ = ["Chain", "Path", "Stage", "StageState", "path_of"]


class StageState(StrEnum):
    """What became of a step.

    OPEN: it was asked, and not everybody answered or might be asked. NOBODY: there was nobody who could or might be asked.
    """

    FOUND = "found"
    RULED_OUT = "ruled-out"
    OPEN = "open"
    NOBODY = "nobody"
    NOT_NEEDED = "not-needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step as it went. asked, answered: how many questions. found: what answers it.

    refused: how many hosts the contract did not let be asked about that.
    """

    asks: tuple[str, str]
    state: StageState
    asked: int
    answered: int
    refused: int = 0
    found: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The way through a symptom's chain. beyond: how many questions were asked besides the steps' own."""

    symptom: str
    title: tuple[str, str]
    stages: tuple[Stage, ...]
    beyond: int

    @property
    def is_answered(self) -> bool:
        return any(stage.state is StageState.FOUND for stage in self.stages)


def path_of(symptom: str, results: Sequence[Result], findings: Sequence[Finding]) -> Path | None:
    """The path of a run, from what was asked and found; None for a run without a symptom.

    A run of a symptom that is not known any more reads like one without.
    """
    chosen = SYMPTOMS.get(symptom)
    if chosen is None:
        return None
    stages: list[Stage] = []
    for step in chosen.steps:
        is_over = any(stage.state is StageState.FOUND for stage in stages)
        stages.append(_stage(step, results, findings, is_over=is_over))
    beyond = sum(
        not any(step.wants(r.job.collector) for step in chosen.steps)
        for r in results
        if r.job.collector in catalogue().collectors
    )
    return Path(symptom=symptom, title=chosen.title, stages=tuple(stages), beyond=beyond)


def _stage(step: Step, results: Sequence[Result], findings: Iterable[Finding], *, is_over: bool) -> Stage:
    mine = [result for result in results if step.wants(result.job.collector)]
    answered = sum(isinstance(result.outcome, Seen) for result in mine)
    refused = len({result.job.host for result in results if _is_refused(step, result)})
    found = tuple(_answers(step, findings)) if mine else ()
    if found and not is_over:
        state = StageState.FOUND
    elif not mine:
        state = StageState.NOT_NEEDED if is_over else StageState.NOBODY
    elif found or answered < len(mine) or refused:
        # What a later step shows beside the answer is among the findings.
        state = StageState.OPEN
    else:
        state = StageState.RULED_OUT
    return Stage(
        asks=step.asks, state=state, asked=len(mine), answered=answered, refused=refused, found=found
    )


def _is_refused(step: Step, result: Result) -> bool:
    """Whether the contract did not let a host be asked about the area of this step: nothing is ruled out there."""
    area = result.job.collector
    return isinstance(result.outcome, Refused) and any(
        one.partition(".")[0] == area for one in step.questions
    )


def _answers(step: Step, findings: Iterable[Finding]) -> Iterator[Finding]:
    for finding in findings:
        if finding.severity > Severity.NOTE and step.is_answered_by(finding.tag.name):
            yield finding


class Chain:
    """Gives a run's work in waves. Without a symptom there is one, which holds everything.

    named: the servers that are known by name only.
    """

    def __init__(self, work: Work, symptom: str, named: Collection[str] = ()) -> None:
        self._work = work
        self._left = dict.fromkeys(work.jobs)
        self._named = frozenset(named)
        chosen = SYMPTOMS.get(symptom)
        self._steps: list[Step] = list(chosen.steps) if chosen else []
        self._gone: list[Step] = []
        self._is_explained = False

    @property
    def has_steps(self) -> bool:
        """Whether there is a symptom, and so more than one wave perhaps."""
        return bool(self._steps or self._gone)

    def first(self) -> Work:
        """What is asked first; without jobs only where there are none."""
        return self._of_next_step() or self._all_left()

    def after(self, results: Sequence[Result], findings: Sequence[Finding]) -> Work | None:
        """What is asked next, given all that was seen so far; None when nothing is left to ask."""
        if self._is_explained or not self._left:
            return None
        found = [finding for step in self._gone for finding in _answers(step, findings)]
        if found:
            self._is_explained = True
            return self._taken(_explaining(self._left, found, results))
        return self._of_next_step() or self._all_left()

    def _of_next_step(self) -> Work | None:
        """The next step for which there is anybody to ask."""
        while self._steps:
            step = self._steps.pop(0)
            self._gone.append(step)
            if work := self._taken(job for job in self._left if step.wants(job.collector)):
                return work
        return None

    def _all_left(self) -> Work:
        return self._taken(tuple(self._left)) or replace(self._work, jobs={})

    def _taken(self, jobs: Iterable[Job]) -> Work | None:
        """Take these jobs out of what is left.

        Servers that are known by name only are asked together, since their names are looked up once.
        """
        wanted = dict.fromkeys(jobs)
        if any(job.host in self._named for job in wanted):
            wanted |= dict.fromkeys(job for job in self._left if self._goes_with_names(job))
        for job in wanted:
            del self._left[job]
        if not wanted:
            return None
        return replace(self._work, jobs={job: self._work.jobs[job] for job in wanted})

    def _goes_with_names(self, job: Job) -> bool:
        return job.host in self._named or job.collector == QUESTION


def _explaining(
    left: Collection[Job], found: Sequence[Finding], results: Sequence[Result]
) -> tuple[Job, ...]:
    """What may say why it is so: everything on the hosts where it was found, and by the rules also elsewhere."""
    hosts = {finding.host for finding in found}
    if "" in hosts:
        hosts |= {result.job.host for result in results if isinstance(result.outcome, Seen)}
    elsewhere = _asked_elsewhere({finding.tag.name for finding in found})
    return tuple(job for job in left if job.host in hosts or job.collector in elsewhere)


def _asked_elsewhere(tags: set[str]) -> set[str]:
    """The questions whose findings on other hosts may explain these tags, in any number of rules."""
    said = catalogue().said_by
    reached, far = set(tags), set[str]()
    waiting = list(tags)
    for effect in waiting:
        for rule in RULES:
            if not any(fnmatchcase(effect, pattern) for pattern in rule.effects):
                continue
            for tag in (tag for tag in said if fnmatchcase(tag, rule.cause)):
                if rule.far:
                    far.add(tag)
                if tag not in reached:
                    reached.add(tag)
                    waiting.append(tag)
    return {name for tag in far for name in said[tag]}
