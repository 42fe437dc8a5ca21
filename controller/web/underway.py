"""What is being asked at this moment, how far is it, and how is it stopped? Diagnoses and changes that this server does.

They share one nursery, which stands ready; each agent's own limits hold. A run that was started waits for its turn where
too many go on: the customer who has fewest under way comes first, then who asked first.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial

from agent.nursling import Nursery
from controller.inquiry import Done, Wishes, carry_out
from controller.office import Office
from controller.progress import Progress, State, Watch
from controller.run import new_run
from controller.store.fence import bind

__all__ = ["Do", "Ended", "Standing", "TooManyError", "UnderWay", "Work"]

_LOG = logging.getLogger(__name__)
# So many may wait; whoever asks for more hears that at once.
_WAITING = 1000
# For so many that are over, how they went is still told to whoever watches.
_REMEMBERED = 200
# What is looked at first, where not all can be shown.
_WORTH: tuple[State, ...] = ("asking", "undo-failed", "unknown", "unanswered", "broken", "refused", "unfit")


class TooManyError(Exception):
    """So many diagnoses wait already that another one would not be asked in time: try again later."""


class Standing(StrEnum):
    """How far a run is here. `stopping` until the workers' process trees are gone."""

    WAITING = "waiting"
    ASKING = "asking"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        return self in {Standing.DONE, Standing.STOPPED, Standing.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How it ended: where that is to be read, or what is said where there is no page for it. good: as was wished."""

    url: str
    said: tuple[str, ...] = ()
    good: bool = True


# Does it with a nursery that is open. Cancelling it stops it; it may still say how it ended.
Do = Callable[[Nursery, Watch], Awaitable[Ended]]


@dataclass(kw_only=True, eq=False)
class Work:
    """One diagnosis, or a change. lines: (host, question) -> how far; number: grows with everything that is new.

    run: its id here; of a diagnosis that of its run, too. what: 'diagnose', 'plan', 'apply' or 'undo'. error: why it
    failed. done: of a diagnosis; ended: of everything that was begun with `begin`.
    """

    run: str
    ticket: str
    customer: str
    who: str
    asked: datetime
    standing: Standing = Standing.WAITING
    lines: dict[tuple[str, str], Progress] = field(default_factory=dict)
    what: str = "diagnose"
    desk: str = ""
    title: str = ""
    done: Done | None = None
    ended: Ended | None = None
    error: str = ""
    number: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def counts(self) -> Counter[str]:
        return Counter(line.state for line in self.lines.values())

    def worth_seeing(self, most: int) -> list[Progress]:
        """So many lines, those first that are most worth being looked at."""
        place = {state: number for number, state in enumerate(_WORTH)}
        return sorted(
            self.lines.values(),
            key=lambda line: (place.get(line.state, len(place)), line.state == "waiting", line.host),
        )[:most]


class UnderWay:
    """The diagnoses of one server. at_once: so many are asked at the same time."""

    def __init__(self, office: Office, *, at_once: int = 20) -> None:
        self._office, self._at_once = office, at_once
        self._nursery: Nursery | None = None
        self._works: dict[str, Work] = {}
        self._dos: dict[str, Do] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def nursery(self) -> Nursery:
        """Where the workers of this server come from, for others who ask hosts here. Raises RuntimeError when closed."""
        if self._nursery is None:
            raise RuntimeError("the server is not open yet")
        return self._nursery

    @property
    def is_open(self) -> bool:
        return self._nursery is not None

    async def open(self) -> None:
        """Start the nursery: from then on the first question is a matter of milliseconds."""
        self._nursery = await Nursery().__aenter__()

    async def close(self) -> None:
        """Stop everything, have it written down, and end the nursery."""
        for work in self._works.values():
            self.cancel(work.run)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._nursery is not None:
            await self._nursery.__aexit__()

    def start(self, wishes: Wishes, *, who: str, customer: str) -> str:
        """Take a diagnosis on, and give the id of its run. Raises TooManyError."""
        now = datetime.now(UTC)
        work = Work(run=new_run(now), ticket=wishes.ticket, customer=customer, who=who, asked=now)
        office = replace(self._office, who=who)

        async def ask(nursery: Nursery, watch: Watch) -> Ended:
            work.done = await carry_out(office, nullcontext(nursery), wishes, watch, run=work.run)
            return Ended(url=f"/runs/{work.run}")

        self.begin(work, ask)
        return work.run

    def begin(self, work: Work, do: Do) -> None:
        """Take something on; it waits for its turn. Raises TooManyError."""
        if sum(not one.standing.over for one in self._works.values()) >= _WAITING:
            raise TooManyError(
                f"{_WAITING} diagnoses wait already: stop some, or try again when they are over"
            )
        self._forget()
        self._works[work.run], self._dos[work.run] = work, do
        self._next()

    def work(self, run: str) -> Work | None:
        """What is known of a run here; None when it was never here, or is long over."""
        return self._works.get(run)

    def works(self) -> tuple[Work, ...]:
        """Those that are not over, in the order in which they were asked for."""
        return tuple(work for work in self._works.values() if not work.standing.over)

    def of_ticket(self, ticket: str) -> tuple[Work, ...]:
        """Those for a ticket that are not over."""
        return tuple(work for work in self.works() if work.ticket == ticket)

    async def follow(self, run: str) -> AsyncIterator[Work]:
        """Give a run now, and again each time that there is news, until it is over. Many news may be one."""
        work, seen = self._works.get(run), -1
        while work is not None:
            while work.number == seen:
                await work.news.wait()
            seen = work.number
            yield work
            if work.standing.over:
                return

    def cancel(self, run: str) -> bool:
        """Have a run stopped; whether there was one to stop. It is over only when nothing works at it any more."""
        work = self._works.get(run)
        if work is None or work.standing.over or work.standing is Standing.STOPPING:
            return False
        if work.standing is Standing.WAITING:
            del self._dos[run]
            self._tell(work, Standing.STOPPED)
            return True
        self._tell(work, Standing.STOPPING)
        self._tasks[run].cancel()
        return True

    def _next(self) -> None:
        """Begin as many as may go on at once, fairly."""
        while True:
            going = Counter(w.customer for w in self.works() if w.standing is not Standing.WAITING)
            waiting = [w for w in self.works() if w.standing is Standing.WAITING]
            if not waiting or going.total() >= self._at_once:
                return
            work = min(waiting, key=lambda one: (going[one.customer], one.asked))
            self._tell(work, Standing.ASKING)
            asking = asyncio.create_task(self._ask(work), name=work.run)
            self._tasks[work.run] = asking
            asking.add_done_callback(partial(self._ended, work))

    async def _ask(self, work: Work) -> None:
        nursery = self._nursery

        def take(progress: Progress) -> None:
            work.lines[progress.host, progress.collector] = progress
            self._tell(work, work.standing)

        if nursery is None:
            raise RuntimeError("the server is not open yet")
        # Begun by whoever asked for the one before: bound to whose it is, and to nobody else.
        bind((work.customer,))
        work.ended = await self._dos[work.run](nursery, take)

    def _ended(self, work: Work, task: asyncio.Task[None]) -> None:
        """However it ended, it is told, and the next one gets its turn."""
        self._tasks.pop(work.run, None)
        self._dos.pop(work.run, None)
        if task.cancelled():
            self._tell(work, Standing.STOPPED)
        elif (error := task.exception()) is not None:
            _LOG.warning("run %s failed: %s", work.run, type(error).__name__)
            work.error = str(error)
            self._tell(work, Standing.FAILED)
        else:
            stopped = work.standing is Standing.STOPPING
            self._tell(work, Standing.STOPPED if stopped else Standing.DONE)
        self._next()

    def _tell(self, work: Work, standing: Standing) -> None:
        work.standing = standing
        work.number += 1
        # Who waits is woken; whoever waits from now on waits for what comes next.
        work.news.set()
        work.news = asyncio.Event()

    def _forget(self) -> None:
        over = [run for run, work in self._works.items() if work.standing.over]
        for run in over[: max(0, len(over) - _REMEMBERED)]:
            del self._works[run]
