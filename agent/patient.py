"""How is one host asked all its questions? One session a way in, opened when first needed, closed at the end.

Name servers, directories and other services are asked in the worker's event loop. A host with a command line is reached and greeted there
too, without a thread; from the login on it has a thread of its own, so that its questions need no hand-over.

This is the one place where anything that goes wrong in a collector is caught: it becomes the outcome
`broken`, and the other questions go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from agent.codec import exchange_head, result_head
from agent.job import Broken, Job, NoAnswer, Outcome, Refused, Result, Seen
from agent.planning import planned, question_of
from agent.refusal import Hold
from agent.sessions.gate import Gate
from agent.sessions.hello import GreetingSession
from agent.sessions.login import Greeted
from agent.sessions.services import LogIns, Services
from agent.sessions.ssh import SshSession, open_ssh, reach_ssh
from agent.start import LdapWay, SipWay, SnmpWay, SshWay, WinrmWay
from agent.turns import Turn, Turns
from agent.wall import WallError
from agent.wire import Frame
from collectors.collector import About, Collector
from collectors.exchange import Exchange
from collectors.session import Cli, Greeting, Kind, Phase, Resolver, Shell, Unanswered
from inventory.grant import GrantRefusedError, Leave, NotGranted
from playbooks.playbook import Playbook, WantedError

__all__ = ["Held", "Patient", "blamed"]

# How long a host's thread may take to notice that it was stopped.
_NOTICE = 1.2


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What the first wall held back while a job's own code ran."""

    job: str
    what: list[str] = field(default_factory=list)


HELD: ContextVar[Held | None] = ContextVar("HELD", default=None)
# What was said in the question that is being asked, where several are asked at once.
_TALK: ContextVar[list[Exchange]] = ContextVar("_TALK")
# The questions that are being asked just now: what a thread of nobody's does may be any of theirs.
_ASKED: set[Held] = set()


def blamed() -> tuple[Held, ...]:
    """Whose doing it may be that something was held just now: the question's whose code this is, or all that are asked."""
    mine = HELD.get()
    return (mine,) if mine is not None else tuple(_ASKED)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A beginning, on the clock and on the watch."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    start: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class _Questions:
    """What is asked in a host's own thread. talk: what was asked and answered, and is not told yet."""

    jobs: Sequence[Job]
    way: SshWay
    since: _Moment
    talk: list[Exchange]


@dataclass(kw_only=True)
class Patient:
    """One host under examination. `tell` may be called from any thread. outdated: whether its SSH may be.

    also: questions that the grant's plan needs, so that it is seen whether the change did what it shall.
    """

    leave: Leave
    about: About
    way: SshWay | None
    directory: LdapWay | None
    windows: WinrmWay | None
    snmp: SnmpWay | None
    sip: SipWay | None
    rate: int
    outdated: bool
    doors: Gate
    gate: Gate
    threads: ThreadPoolExecutor
    tell: Callable[[Frame], None]
    known: Mapping[str, Collector[Any]]
    also: frozenset[str] = frozenset()
    _left: dict[str, Job] = field(default_factory=dict)
    _begun: set[str] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)

    async def ask_all(self, jobs: Sequence[Job], share: asyncio.Semaphore | None) -> None:
        """Answer every job with exactly one result, whatever happens."""
        self._left = {job.id: job for job in jobs}
        # What is not granted, or not known, is answered before anything is opened.
        self._all([job for job in jobs if not self._granted(job)], Refused(NotGranted.NOT_NAMED, by="worker"))
        unknown = Broken("this agent does not know the collector, or the playbook: update it")
        self._all([job for job in jobs if self._question(job) is None], unknown)
        by_shell = [job for job in jobs if self._wants(job, Shell)]
        greetings = [job for job in jobs if self._wants(job, Greeting)]
        others = [job for job in jobs if job.id in self._left and job not in (*by_shell, *greetings)]
        try:
            async with share or contextlib.nullcontext():
                # What is asked in the loop need not wait for what has a thread of its own.
                await asyncio.gather(self._ask_services(others), self._ask_login(greetings, by_shell))
        except asyncio.CancelledError as why:
            reason = str(why) or "stopped"
            # It says nothing about the host, whether a person or the run's own limit ended the asking.
            for job in tuple(self._left.values()):
                self._report(job, NoAnswer(Kind.STOPPED, Phase.ASK, reason), _Moment())

    async def _ask_login(self, greetings: Sequence[Job], by_shell: Sequence[Job]) -> None:
        for job in greetings:
            await self._greet(job)
        if by_shell:
            await self._ask_shell(by_shell)

    def _granted(self, job: Job) -> bool:
        named = job.collector in self.also and self.leave.names(job.host)
        return self.leave.permits(job.host, job.collector) or named

    def _question(self, job: Job) -> Collector[Any] | Playbook[Any, Any] | None:
        """What is asked: a collector's question, or the state from which a playbook plans."""
        return question_of(job, self.known)

    def _known(self, job: Job) -> Collector[Any] | Playbook[Any, Any]:
        """The same, of a job that was not answered as unknown."""
        if (found := self._question(job)) is None:
            raise LookupError(job.collector)
        return found

    def _wants(self, job: Job, session: type) -> bool:
        known = self._question(job)
        return job.id in self._left and known is not None and session in known.sessions

    async def _ask_services(self, jobs: Sequence[Job]) -> None:
        """Ask a host's directory, its clock …, one question after the other, and its name server meanwhile, here in the loop.

        The questions to a name server wait for each other only where its session says so.
        """
        talk: list[Exchange] = []

        def record(exchange: Exchange) -> None:
            # A directory's thread has no question of its own: it serves those that are asked in turn.
            _TALK.get(talk).append(exchange)

        at_once = [job for job in jobs if self._known(job).sessions == (Resolver,)]
        in_turn = [job for job in jobs if job not in at_once]
        log_ins = LogIns(
            directory=self.directory,
            windows=self.windows,
            snmp=self.snmp,
            sip=self.sip,
            ssh=self.way,
            platform=self.about.platform,
        )
        async with (
            Services(self.leave, self.about.id, log_ins, self.threads, record, rate=self.rate) as services,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(self._ask_in_turn(in_turn, services, talk, gate=self._gate_for(in_turn)))
            for job in at_once:
                group.create_task(self._ask_in_turn((job,), services, []))

    def _gate_for(self, jobs: Sequence[Job]) -> AbstractAsyncContextManager[object]:
        """A log-in to a command line costs the processor; as many at once as it can serve."""
        by_cli = any(Cli in self._known(job).sessions for job in jobs)
        return self.gate if by_cli else contextlib.nullcontext()

    async def _ask_in_turn(
        self,
        jobs: Sequence[Job],
        services: Services,
        talk: list[Exchange],
        *,
        gate: AbstractAsyncContextManager[object] | None = None,
    ) -> None:
        _TALK.set(talk)
        async with gate or contextlib.nullcontext():
            await self._ask_each(jobs, services, talk)

    async def _ask_each(self, jobs: Sequence[Job], services: Services, talk: list[Exchange]) -> None:
        for job in jobs:
            since, wanted = _Moment(), self._known(job).sessions
            for kind in services.not_open(wanted):
                self._tell_opening(kind, job)
            try:
                sessions = [await services.get(kind) for kind in wanted]
            except (Unanswered, GrantRefusedError, WallError) as reason:
                self._report(job, _outcome_of(reason), since, talk)
                continue
            limit = asyncio.timeout(self._known(job).deadline)
            await self._answer(job, sessions, limit, since, talk)

    async def _greet(self, job: Job) -> None:
        """Come as far as the host's key, and no further."""
        async with self.doors:
            since, talk = _Moment(), list[Exchange]()
            self._tell_opening(Greeting, job)
            try:
                at = await reach_ssh(self.leave, self.about.id, talk.append, "greeting")
            except (Unanswered, GrantRefusedError, WallError) as reason:
                self._report(job, _outcome_of(reason), since, talk)
                return
            with contextlib.closing(
                GreetingSession(at, talk.append, self.threads, outdated=self.outdated)
            ) as session:
                limit = asyncio.timeout(self._known(job).deadline)
                await self._answer(job, (session,), limit, since, talk)

    async def _ask_shell(self, jobs: Sequence[Job]) -> None:
        """Reach a host and wait for its greeting, then give it a thread."""
        if self.way is None:
            detail = f"the contract names no SSH login for {self.about.id!r}"
            self._all(jobs, Refused(NotGranted.NOT_NAMED, by="worker", detail=detail))
            return
        async with contextlib.AsyncExitStack() as door:
            # Not all at once: a host that has greeted keeps a connection open while it waits for its turn.
            await door.enter_async_context(self.doors)
            since, talk = _Moment(), list[Exchange]()
            self._tell_opening(Shell, jobs[0])
            try:
                at = await reach_ssh(self.leave, self.about.id, talk.append)
            except (Unanswered, GrantRefusedError, WallError) as reason:
                self._all(jobs, _outcome_of(reason), since, talk)
                return
            self.doors.stay()
            # The thread keeps what was said on the way to it.
            questions = _Questions(jobs, self.way, since, talk)
            await self._log_in(questions, at, door)

    async def _log_in(self, questions: _Questions, at: Greeted, door: contextlib.AsyncExitStack) -> None:
        """Wait for a place, then ask everything in a thread of the host's own."""
        loop = asyncio.get_running_loop()
        thread: asyncio.Future[None] | None = None
        try:
            async with self.gate:
                await door.aclose()
                thread = loop.run_in_executor(self.threads, self._in_thread, questions, at)
                await asyncio.shield(thread)
        except asyncio.CancelledError:
            self._stop.set()
            if thread is not None:
                await asyncio.wait({thread}, timeout=_NOTICE)
            raise

    def _in_thread(self, questions: _Questions, at: Greeted) -> None:
        """Log in and ask everything, in the host's own thread."""
        jobs, since, talk = questions.jobs, questions.since, questions.talk

        def record(exchange: Exchange) -> None:
            _TALK.get(talk).append(exchange)

        try:
            session = open_ssh(at, questions.way, record, self._stop)
        except Unanswered as reason:
            self._all(jobs, _outcome_of(reason), since, talk)
            return
        with contextlib.closing(session):

            def begin(turn: Turn) -> None:
                session.until = turn.until

            turns = Turns(begin, self._stop)
            for job in jobs:
                if not self._stop.is_set():
                    # The first question's time, and its talk, include the way to the host.
                    first = job is jobs[0]
                    turns.take(self._turn(job, session, since if first else _Moment(), talk if first else []))
            turns.finish()

    def _turn(self, job: Job, session: SshSession, begun: _Moment, talk: list[Exchange]) -> Turn:
        context = copy_context()
        context.run(_TALK.set, talk)
        lost = Broken("it waits for something other than its host")
        return Turn(
            asking=self._answer(job, (session,), contextlib.nullcontext(), begun, talk),
            until=time.monotonic() + self._known(job).deadline,
            lost=lambda: self._report(job, lost, begun, talk),
            context=context,
        )

    async def _answer(
        self,
        job: Job,
        sessions: Sequence[object],
        limit: AbstractAsyncContextManager[object],
        since: _Moment,
        talk: list[Exchange],
    ) -> None:
        self._tell_started(job)
        held = Held(job.id)
        before = HELD.set(held)
        _ASKED.add(held)
        try:
            outcome = await self._outcome(job, sessions, limit)
        finally:
            _ASKED.discard(held)
            HELD.reset(before)
        if held.what:
            # Also when the collector went on as if nothing had been: what it says then rests on who knows what.
            outcome = Refused(Hold.WALL, by="worker", detail=f"the first wall: {held.what[0]}")
        if not (self._stop.is_set() and isinstance(outcome, NoAnswer)):
            self._report(job, outcome, since, talk)

    async def _outcome(
        self, job: Job, sessions: Sequence[object], limit: AbstractAsyncContextManager[object]
    ) -> Outcome:
        if not self._granted(job):
            return Refused(NotGranted.NOT_NAMED, by="worker")
        collector = self._known(job)
        try:
            if isinstance(collector, Playbook):
                async with limit:
                    return await planned(collector, sessions, self.about, job.wanted or {})
            async with limit:
                reading = await collector(sessions, self.about)
            findings = tuple(replace(f, host=f.host or job.host) for f in collector.judge(reading))
            return Seen(collector.adapter.dump_python(reading, mode="json"), findings)
        except (Unanswered, GrantRefusedError, PermissionError) as reason:
            return _outcome_of(reason)
        except WantedError as wrong:
            return Refused(Hold.PARAMETERS, by="worker", detail=str(wrong))
        except TimeoutError:
            return NoAnswer(Kind.TIMED_OUT, Phase.ASK, f"not answered within {collector.deadline:g} s")
        except Exception as error:  # noqa: BLE001 - the one broad except: a collector's defect stays its own.
            return Broken(f"{type(error).__name__}: {error}"[:500])

    def _all(
        self,
        jobs: Sequence[Job],
        outcome: Outcome,
        since: _Moment | None = None,
        talk: list[Exchange] | None = None,
    ) -> None:
        for job in jobs:
            self._report(job, outcome, since or _Moment(), talk)

    def _tell_opening(self, session: type, first: Job) -> None:
        """The first question begins with the way to the host."""
        self._tell_started(first)
        self.tell(({"event": "opening", "session": session.__name__.lower(), "host": first.host}, ()))

    def _tell_started(self, job: Job) -> None:
        if job.id not in self._begun:
            self._begun.add(job.id)
            self.tell(({"event": "started", "job": job.id}, ()))

    def _report(self, job: Job, outcome: Outcome, since: _Moment, talk: list[Exchange] | None = None) -> None:
        """Tell how a job ended, once: a thread that comes late has nothing left to say.

        talk: what was asked and answered for it, which is told and forgotten.
        """
        if self._left.pop(job.id, None) is None:
            return
        exchanges, parts = [], []
        for exchange in talk or ():
            head, raw = exchange_head(exchange)
            exchanges.append(head)
            parts.extend(raw)
        if talk is not None:
            talk.clear()
        result = Result(job=job, outcome=outcome, began=since.at, took=time.monotonic() - since.start)
        self.tell(({"event": "result", "result": result_head(result), "exchanges": exchanges}, tuple(parts)))


def _outcome_of(reason: Unanswered | GrantRefusedError | PermissionError) -> Outcome:
    match reason:
        case Unanswered():
            return NoAnswer(reason.kind, reason.phase, reason.detail)
        case GrantRefusedError():
            return Refused(reason.reason, by="worker", detail=str(reason))
        case PermissionError():
            # Of the first wall, or of the kernel's, which says no more than this.
            return Refused(Hold.WALL, by="worker", detail=str(reason))
