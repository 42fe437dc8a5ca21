"""How is a host now, and is what a plan treats still there? Asked with the accounts that only read, each time anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.assent import Assent
from agent.crew import Crew
from agent.job import Broken, Job, NoAnswer, Outcome, Planned, Refused, Seen, Unfit
from agent.start import Start
from collectors import Kind, Phase
from collectors.exchange import Exchange
from playbooks.plan import PART, Part

__all__ = ["Eyes", "NotSeenError"]


class NotSeenError(Exception):
    """The host could not be looked at: `outcome` says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome

    def __str__(self) -> str:
        return _why(self.outcome)


@dataclass(frozen=True, kw_only=True)
class Eyes:
    """For one host of a plan. reading: the start of a worker that asks these jobs. keep: takes the evidence."""

    assent: Assent
    host: str
    crew: Crew
    reading: Callable[[tuple[Job, ...], float], Start]
    keep: Callable[[Exchange], None]

    async def look(self) -> Part:
        """What would be planned now. Raises NotSeenError."""
        outcome = await self._asked_state()
        if isinstance(outcome, Planned):
            return PART.validate_python(outcome.part)
        raise NotSeenError(outcome)

    async def state(self) -> Mapping[str, Any]:
        """The state that it has now. Raises NotSeenError."""
        match await self._asked_state():
            case Planned(part):
                return PART.validate_python(part).state
            case Unfit(state=state):
                return state
            case other:
                raise NotSeenError(other)

    async def _asked_state(self) -> Outcome:
        job = replace(self.assent.jobs[self.host], wanted=dict(self.assent.plan.wanted))
        return (await self._ask((job,)))[job.id]

    async def _ask(self, jobs: tuple[Job, ...]) -> dict[str, Outcome]:
        seconds = 20.0 + self.assent.book.deadline
        start = self.reading(jobs, seconds)
        missing: dict[str, Outcome] = {
            job.id: NoAnswer(
                Kind.CREDENTIALS_REJECTED, Phase.CONNECT, "the credential for reading cannot be used"
            )
            for job in jobs
            if job not in start.jobs
        }
        if not start.jobs:
            return missing
        return missing | await self.crew.ask(start, self.keep)

    async def still_there(self) -> str:
        """Why it does not count as done yet; '' when it does."""
        asked = tuple(
            Job(id=f"{self.host}/{name}", host=self.host, collector=name) for name in self.assent.plan.asked
        )
        found = await self._ask(asked)
        for job in asked:
            match found[job.id]:
                case Seen(findings=findings):
                    for one in findings:
                        if (
                            one.host == self.host
                            and one.tag.name in self.assent.plan.tags
                            and self.assent.book.is_about(one, self.assent.wanted)
                        ):
                            return f"{one.tag.name} is still there: {one.text('en')}"
                case other:
                    return f"whether it did cannot be seen: {_why(other)}"
        return ""


def _why(outcome: Outcome) -> str:
    """Why a host could not be looked at, in a few words."""
    match outcome:
        case NoAnswer(kind, _, detail):
            return detail or str(kind)
        case Refused(reason, _, _, detail):
            return detail or str(reason)
        case Broken(error):
            return error
        case Unfit(en=en):
            return en
        case _:
            return type(outcome).__name__
