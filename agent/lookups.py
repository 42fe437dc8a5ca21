"""Which addresses has this agent itself heard for a name outside, in this run? It believes nobody else's.

A run looks names up once, before it asks anything there (`collectors.dns.outside`). What came of it is kept here, by
run, until a day is over; nobody is asked a second time in the same run, also where the first time brought nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from agent.job import Job, Result, Seen
from agent.order import Event, Tell
from collectors.dns.outside import Found, Lost
from collectors.dns.outside import outside as question
from inventory.contract import Contract
from inventory.grant import Grant
from inventory.resolution import Said, looked_up

__all__ = ["QUESTION", "Heard", "Lookups", "heard", "lookups_of", "said_of"]

QUESTION = question.name
# As long as the longest grant holds, in seconds.
_KEPT = 24 * 3600.0

# By resolver, and then by name: its addresses. A name that was not answered is missing.
Heard = Mapping[str, Mapping[str, tuple[str, ...]]]


def heard(results: Iterable[Result]) -> Heard:
    """What resolvers answered, from the results of their look-ups; the first of each counts."""
    found: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for result in results:
        if result.job.collector == QUESTION and isinstance(result.outcome, Seen):
            names = {one.name: one.addresses for one in lookups_of(result) if isinstance(one, Found)}
            found.setdefault(result.job.host, names)
    return found


def lookups_of(result: Result) -> tuple[Found | Lost, ...]:
    """The names that were looked up; none, where it was no look-up, or a worker sent what is no reading."""
    if result.job.collector != QUESTION or not isinstance(result.outcome, Seen):
        return ()
    try:
        reading = question.adapter.validate_python(dict(result.outcome.reading))
    except ValidationError:
        return ()
    return reading.names


def said_of(contract: Contract, target: str, told: Heard) -> Said:
    """What each resolver of a server said, as `inventory.resolution.settle` takes it."""
    server = looked_up(contract)[target]
    return {
        name: told[name][server.name]
        for name in server.resolved_by
        if name in told and server.name in told[name]
    }


@dataclass
class _Run:
    """What was begun, and what came of it."""

    since: float = field(default_factory=time.monotonic)
    begun: set[str] = field(default_factory=set)
    results: list[Result] = field(default_factory=list)


class Lookups:
    """The look-ups of one agent, by run."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str, str], _Run] = {}

    def begin(self, grant: Grant, jobs: Iterable[Job]) -> tuple[Job, ...]:
        """Take note of the look-ups among these jobs; gives those that were made, or tried, in this run before."""
        run = self._run(grant)
        again = []
        for job in jobs:
            if job.collector == QUESTION:
                if job.host in run.begun:
                    again.append(job)
                run.begun.add(job.host)
        return tuple(again)

    def listening(self, grant: Grant, tell: Tell) -> Tell:
        """Hear what comes of them, and pass it on."""
        run = self._run(grant)

        def hear(event: Event) -> None:
            if event.result is not None and event.result.job.collector == QUESTION:
                run.results.append(event.result)
            tell(event)

        return hear

    def heard(self, grant: Grant) -> Heard:
        """What this agent heard in the run of a grant."""
        return heard(self._run(grant).results)

    def _run(self, grant: Grant) -> _Run:
        oldest = time.monotonic() - _KEPT
        self._runs = {key: run for key, run in self._runs.items() if run.since > oldest}
        return self._runs.setdefault((grant.customer, grant.run, grant.contract), _Run())
