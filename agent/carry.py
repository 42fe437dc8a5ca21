"""In which order is a plan carried out over its hosts? The first alone, then the others, so many at once as the clause says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from agent.admission import Admitted
from agent.again import kdcs_again
from agent.assent import Assent
from agent.change import HostChange
from agent.credentials import CredentialError, Credentials
from agent.crew import Crew
from agent.eyes import Eyes
from agent.job import (
    AlreadySo,
    Broken,
    Changed,
    Job,
    NoAnswer,
    Outcome,
    Planned,
    Refused,
    Seen,
    UndoFailed,
    Undone,
    Unfit,
    Unknown,
)
from agent.journal import Journal
from agent.lock import only_one
from agent.logins import find_change_logins, find_logins
from agent.order import Order, Tell
from agent.post import Post
from agent.refusal import Hold, HoldError
from agent.start import Start
from agent.starting import start_for
from collectors import Kind, Phase
from collectors.exchange import Exchange
from playbooks.plan import Part

__all__ = ["Carrying"]

Answer = Callable[[Job, Outcome, tuple[Exchange, ...]], None]


@dataclass(kw_only=True)
class Carrying:
    """One order of a change. go_on: raises HoldError when nothing more may be begun. way_back: seconds."""

    order: Order
    admitted: Admitted
    assent: Assent
    post: Post
    credentials: Credentials
    crew: Crew
    tell: Tell
    answer: Answer
    go_on: Callable[[], None]
    way_back: float

    async def all(self) -> None:
        """Every host once; what was begun is brought to its end, also when nothing more may be begun."""
        left = min(self.order.seconds, self.admitted.leave.grant.expires - time.time())
        end = time.monotonic() + left
        first, *others = self.assent.plan.parts
        failed = await self._one(first, end, "")
        rooms = {
            clause.id: asyncio.Semaphore(
                max(1, min(self.admitted.leave.grant.shares.get(clause.id, 1), clause.at_once))
            )
            for clause in self.assent.clauses.values()
        }
        said = [failed]

        async def one(part: Part) -> None:
            async with rooms[self.assent.clauses[part.host].id]:
                said.append(await self._one(part, end, next(filter(None, said), "")))

        await asyncio.gather(*(one(part) for part in others))

    async def _one(self, part: Part, end: float, failed: str) -> str:
        """One host; gives why no further host should be begun after it. failed: why not even this one."""
        job = self.assent.jobs[part.host]
        if failed and not self.assent.undo:
            outcome: Outcome = Refused(
                Hold.STOPPED_BEFORE, by="agent", detail=f"{failed}: nothing was done here"
            )
            self.answer(job, outcome, ())
            return failed
        talk: list[Exchange] = []
        change = HostChange(
            assent=self.assent,
            part=part,
            journal=Journal(self.post.journal),
            crew=self.crew,
            tell=self.tell,
            eyes=Eyes(
                assent=self.assent, host=part.host, crew=self.crew, reading=self._reading, keep=talk.append
            ),
            keep=talk.append,
            changing=lambda seconds: self._changing(part, seconds),
            go_on=self.go_on,
            end=end,
            way_back=self.way_back,
        )
        try:
            outcome = await self._locked(part, change)
        except HoldError as reason:
            outcome = Refused(reason.reason, by="agent", detail=str(reason))
        except CredentialError as error:
            outcome = NoAnswer(Kind.CREDENTIALS_REJECTED, Phase.CONNECT, str(error))
        self.answer(job, outcome, tuple(talk))
        return _why_stop(part.host, outcome)

    async def _locked(self, part: Part, change: HostChange) -> Outcome:
        """With nobody else at the host. Raises HoldError, CredentialError, and nothing once a step was begun."""
        contract = self.admitted.contract
        held = (part.host, *map(str, contract.targets[part.host].addresses))
        with only_one(self.post.locks, contract.customer, held):
            if part.steps:
                # Before anything is looked at: whoever has no account for changes shall hear that first.
                self._changing(part, 1.0)
            self.go_on()
            if self.assent.undo:
                return await change.take_back()
            standing = change.journal.standing(contract.customer, part.host)
            if standing is not None and standing.is_open:
                raise HoldError(
                    Hold.LEFT_OPEN,
                    f"{standing.words()}; nothing is done here before somebody has looked: 'secondline agent journal', then "
                    f"'secondline agent verify {self.post.name} {contract.customer} {part.host}', or order the undo of that plan",
                )
            return await change.apply()

    def _reading(self, jobs: tuple[Job, ...], seconds: float) -> Start:
        """The start of a worker that asks; jobs whose log-in cannot be used are not in it."""
        kdcs = kdcs_again(self.admitted, self.post.ceiling, jobs, datetime.now(UTC))
        lost: list[Job] = []
        logins = find_logins(
            self.admitted.contract, jobs, kdcs, self.credentials, lambda job, _: lost.append(job)
        )
        allowed = {job: self.assent.clauses[job.host] for job in jobs if job not in lost}
        start = start_for(
            order=self.order,
            admitted=self.admitted,
            allowed=allowed,
            logins=logins,
            shares={},
            post=self.post,
        )
        return replace(start, plan=self.order.plan, seconds=seconds)

    def _changing(self, part: Part, seconds: float) -> Start:
        """The start of a worker with hands, for one host. Raises HoldError, CredentialError."""
        job = self.assent.jobs[part.host]
        logins = find_change_logins(self.admitted.contract, part.host, part.operations, self.credentials)
        start = start_for(
            order=self.order,
            admitted=self.admitted,
            allowed={job: self.assent.clauses[part.host]},
            logins=logins,
            shares={},
            post=self.post,
        )
        return replace(start, plan=self.order.plan, hands=True, seconds=seconds)


def _why_stop(host: str, outcome: Outcome) -> str:
    """Why no further host is begun after one that ended so; '' when nothing speaks against it."""
    match outcome:
        case Changed() | AlreadySo():
            return ""
        case Undone(_, why) | UndoFailed(_, why) | Unknown(_, why):
            return f"{host} was first and did not end well ({why})"
        case Refused(reason, _, _, detail):
            return f"{host} was first and was refused ({detail or reason})"
        case NoAnswer(kind, _, detail):
            return f"{host} was first and did not answer ({detail or kind})"
        case Broken(error):
            return f"{host} was first and broke us ({error})"
        case Seen() | Planned() | Unfit():
            return f"{host} was first and has no end"
