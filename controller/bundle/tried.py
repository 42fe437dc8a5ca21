"""What has been done about it already? For the third level, which knows neither the hosts nor the customer."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from agent.job import Seen
from controller.bundle.hidden import hidden
from controller.progress import shown
from controller.reports.model import Report
from controller.reports.redact import Redactor
from controller.reports.story import ruled_out
from controller.store.plans import carried, plans
from controller.store.runs import Run
from controller.store.store import Store

__all__ = ["tried"]

# What systems say of themselves, wherever a reading has it.
_SAYS = re.compile(r"(?i)(?:version|release|firmware|model|product|software)$")
_LONGEST = 200
_MOST = 40


def tried(store: Store, run: Run, report: Report, hide: Redactor) -> object:
    """What was asked and found, what was ruled out, what was changed with which outcome, and on which systems."""
    content = {
        "questions": _questions(report),
        "ruled_out": [
            {"question": item.collector, "asked": item.asked, "quiet": list(item.quiet)}
            for item in ruled_out(report)
        ],
        "changes": list(_changes(store, run)),
        "hosts": _hosts(report),
    }
    return hidden(content, hide)


def _questions(report: Report) -> list[dict[str, Any]]:
    """Each question with how it ended on each host."""
    by_question: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for result in report.results:
        by_question[result.job.collector][result.job.host] = shown(result.outcome)[0]
    return [
        {
            "question": name,
            "asks": dict(zip(("en", "de"), report.questions.get(name, ("", "")), strict=True)),
            "hosts": [{"host": host, "state": state} for host, state in hosts.items()],
            "states": dict(Counter(hosts.values())),
        }
        for name, hosts in by_question.items()
    ]


def _changes(store: Store, run: Run) -> Iterator[dict[str, Any]]:
    """The plans of this ticket, with what came of them on each host; the oldest first."""
    made = [
        plan
        for plan in plans(store, ticket=run.ticket, limit=0)
        if (plan.customer, plan.desk) == (run.customer, run.desk)
    ]
    for plan in sorted(made, key=lambda one: (one.made, one.id)):
        yield {
            "playbook": plan.playbook,
            "made": plan.made.isoformat(),
            "state": plan.state.value,
            "hosts": [
                {
                    "host": one.host,
                    "deed": one.kind.value,
                    "began": one.began.isoformat(),
                    "outcome": list(shown(one.outcome)) if one.outcome is not None else None,
                }
                for one in carried(store, plan.id)
            ],
        }


def _hosts(report: Report) -> list[dict[str, Any]]:
    said: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for result in report.results:
        if isinstance(result.outcome, Seen):
            for where, what in _versions(result.outcome.reading, ()):
                said[result.job.host].append(
                    {"question": result.job.collector, "of": ".".join(where), "says": what}
                )
    return [
        {
            "host": host,
            "platform": about.platform,
            "environment": about.environment,
            "roles": list(about.roles),
            "versions": said[host][:_MOST],
        }
        for host, about in report.hosts.items()
    ]


def _versions(value: object, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    match value:
        case Mapping():
            for name, one in value.items():
                yield from _versions(one, (*where, str(name)))
        case list() | tuple():
            for one in value:
                yield from _versions(one, where)
        case str() if where and value and _SAYS.search(where[-1]):
            yield where, value[:_LONGEST]
        case _:
            return
