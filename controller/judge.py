"""What do we say of this evidence today? Judges a bundle again, offline: no host is asked.

Every question is asked again, of the recorded answers: parsers, judges, surveys and diagnosis are today's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from agent.job import (
    AlreadySo,
    Broken,
    Changed,
    NoAnswer,
    Outcome,
    Planned,
    Refused,
    Result,
    Seen,
    UndoFailed,
    Undone,
    Unfit,
    Unknown,
)
from collectors import Finding, Unanswered
from collectors.catalogue import catalogue
from collectors.collector import Collector
from collectors.replay import Replay, open_failure
from controller.bundle.read import Bundle
from controller.diagnosis import Cause, findings_of, rank

__all__ = ["Judgement", "judge"]


# What a question that meets an answer it was not made for may raise: its own trouble, and not the others'.
_OUR_DEFECTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Today's findings and causes, and how they differ from those of the run.

    lost: what was answered in the run and cannot be judged today, such as a question that is no more.
    redacted: how many of the results rest on answers out of which secrets were taken.
    """

    findings: tuple[Finding, ...]
    causes: tuple[Cause, ...]
    new: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    lost: tuple[Result, ...]
    redacted: int

    @property
    def same(self) -> bool:
        return not (self.new or self.gone or self.lost)


def judge(bundle: Bundle) -> Judgement:
    """Judge every result of a bundle again."""
    results = asyncio.run(_all(bundle))
    found = findings_of(results, bundle.sites)
    return Judgement(
        findings=found,
        causes=rank(found),
        new=tuple(f for f in found if f not in bundle.findings),
        gone=tuple(f for f in bundle.findings if f not in found),
        lost=tuple(
            today
            for before, today in zip(bundle.results, results, strict=True)
            if isinstance(before.outcome, Seen) and not isinstance(today.outcome, Seen)
        ),
        redacted=sum(not bundle.redacted.isdisjoint(result.evidence) for result in bundle.results),
    )


async def _all(bundle: Bundle) -> list[Result]:
    return [replace(result, outcome=await _again(bundle, result)) for result in bundle.results]


async def _again(bundle: Bundle, result: Result) -> Outcome:
    match result.outcome:
        case Planned() | Unfit() | Changed() | AlreadySo() | Undone() | UndoFailed() | Unknown():
            # What was done, or would have been, is no reading that could be judged anew.
            return result.outcome
        case Refused() | Broken():
            # What broke us stays broken: an answer to it is a better collector and a new run.
            return result.outcome
        case NoAnswer() if not result.evidence:
            return result.outcome
        case Seen() | NoAnswer():
            collector = catalogue().collectors.get(result.job.collector)
            if collector is None:
                return Broken(f"there is no collector {result.job.collector!r} any more")
            return await _replayed(bundle, result, collector)


async def _replayed(bundle: Bundle, result: Result, collector: Collector[Any]) -> Outcome:
    """Run today's question over the recorded answers; a silence stays the silence that it was."""
    exchanges = [bundle.exchanges[name] for name in result.evidence]
    if isinstance(result.outcome, Seen) and any(one.session == "capture" and one.cut for one in exchanges):
        # A large capture is not kept as a whole: what was read of it is judged, by today's rules.
        kept = collector.adapter.validate_python(result.outcome.reading)
        return Seen(result.outcome.reading, _findings(collector, kept, result))
    about = bundle.hosts[result.job.host]
    failure = open_failure(exchanges)
    try:
        if failure is not None:
            raise failure
        reading = await collector(
            (Replay(exchanges, addresses=about.addresses),) * len(collector.sessions), about
        )
        findings = _findings(collector, reading, result)
        return Seen(collector.adapter.dump_python(reading, mode="json"), findings)
    except Unanswered as reason:
        if isinstance(result.outcome, NoAnswer):
            return result.outcome
        return NoAnswer(reason.kind, reason.phase, reason.detail)
    except _OUR_DEFECTS as error:
        return Broken(f"{type(error).__name__}: {error}"[:500])


def _findings(collector: Collector[Any], reading: object, result: Result) -> tuple[Finding, ...]:
    return tuple(replace(f, host=f.host or result.job.host) for f in collector.judge(reading))
