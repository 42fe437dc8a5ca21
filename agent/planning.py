"""What does a job ask a host for: a collector's question, or the state from which a playbook plans?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.job import Job, Outcome, Planned, Unfit
from collectors.collector import About, Collector
from playbooks.catalogue import playbook_catalogue
from playbooks.plan import PART
from playbooks.playbook import Playbook, UnfitError

__all__ = ["Question", "planned", "question_of"]

Question = Collector[Any] | Playbook[Any, Any]


def question_of(job: Job, known: Mapping[str, Collector[Any]]) -> Question | None:
    """What a job asks for: with `wanted` a playbook; None for what is not known here."""
    return known.get(job.collector) if job.wanted is None else playbook_catalogue().get(job.collector)


async def planned(
    book: Playbook[Any, Any], sessions: Sequence[object], about: About, said: Mapping[str, Any]
) -> Outcome:
    """Look, and plan from what is seen. Raises WantedError, Unanswered."""
    wanted = book.read(said)
    state = await book.seen(sessions, about, wanted)
    try:
        return Planned(PART.dump_python(book.part_of(about.id, state, wanted), mode="json"))
    except UnfitError as why:
        return Unfit(*why.words, book.state_adapter.dump_python(state, mode="json"))
