"""What does the agent do with an order? Verify the grant, decide again, hand it to a worker, answer.

The agent trusts the controller for nothing but the question: the contract decides again here, on the
agent's own reading of it, and the grant's addresses must be the contract's.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.admission import Admitted, admit, look_at_switch
from agent.again import decide_again, kdcs_again, request_of
from agent.assent import Assent, assent, change_of, spend
from agent.carry import Carrying
from agent.change import WAY_BACK
from agent.codec import exchange_of, result_of
from agent.credentials import Credentials
from agent.crew import Crew
from agent.job import Broken, Job, NoAnswer, Outcome, Refused, Result
from agent.logins import find_logins
from agent.lookups import Lookups, said_of
from agent.memory import Memory
from agent.nursling import Process, Spawner
from agent.order import Event, Order, Tell
from agent.post import Post
from agent.refusal import Hold, HoldError
from agent.shares import Shares
from agent.start import START, Start
from agent.starting import start_for
from agent.wire import WireError, pack, receive
from collectors import Kind, Phase
from collectors.exchange import Exchange
from inventory.approval import ApprovalError
from inventory.contract import Clause, Contract
from inventory.decide import Diagnose, Reason, Request
from inventory.grant import GrantRefusedError
from inventory.kdcs import AREA
from inventory.outlook.when import closes_within
from inventory.resolution import Pinned, Turned, Unknown, looked_up, pin, settle
from inventory.signing import SignatureError

__all__ = ["Agent"]

_GRACE = 2.0
# Work that is ended by the agent itself has this long to say what it has; then its processes are killed.
_LAST_WORDS = 0.5
# How often running work looks whether it may still go on: at the switches, and at the memory.
_LOOK = 0.1
# Each is a process; what a run needs more waits its turn.
_WORKERS = 8


class Agent:
    """One agent under its own law, with its credentials."""

    def __init__(
        self, post: Post, credentials: Credentials, nursery: Spawner, *, way_back: float = WAY_BACK
    ) -> None:
        """way_back: for how long a host that a change may cut off waits for us, in seconds, before it undoes it itself."""
        self._post = post
        self._memory = Memory(post.memory)
        self._credentials = credentials
        self._nursery = nursery
        self._working: dict[str, tuple[Process, asyncio.StreamWriter]] = {}
        self._stopping = False
        self._open = Shares()
        self._lookups = Lookups()
        self._room = asyncio.Semaphore(_WORKERS)
        self._way_back = way_back
        self._changing: set[asyncio.Event] = set()

    def beside(self) -> Agent:
        """One that is stopped by itself: room, shares and what was looked up in a run are those of this one."""
        other = Agent(self._post, self._credentials, self._nursery, way_back=self._way_back)
        other._open, other._lookups, other._room = self._open, self._lookups, self._room
        return other

    async def perform(self, order: Order, tell: Tell) -> None:
        """Carry out one order; every job is answered by exactly one `result`."""
        left = _Left(order.jobs, tell)
        try:
            admitted = await asyncio.to_thread(admit, order, self._post, self._memory)
            if admitted.leave.grant.plan or order.plan:
                await self._change(order, admitted, left)
            else:
                await self._work(order, admitted, left)
        except (GrantRefusedError, HoldError, SignatureError, ApprovalError) as reason:
            left.answer_all(Refused(reason.reason, by="agent", detail=str(reason)))
        if self._stopping:
            left.answer_all(NoAnswer(Kind.STOPPED, Phase.ASK, "stopped"))
        else:
            left.answer_all(Broken("the worker ended before it answered"))

    async def _work(self, order: Order, admitted: Admitted, left: _Left) -> None:
        grant = admitted.leave.grant
        for job in self._lookups.begin(grant, order.jobs):
            left.answer(
                job, Refused(Hold.LOOKED_UP_BEFORE, by="agent", detail="names are looked up once in a run")
            )
        left.tell = self._lookups.listening(grant, left.tell)
        admitted = replace(admitted, contract=self._with_names(admitted, order.jobs, left))
        allowed = self._decide_again(admitted, order.jobs, left)
        for job, clause in allowed.items():
            left.tell(Event(what="decided", job=job.id, host=job.host, detail=clause.id))
        kdcs = kdcs_again(admitted, self._post.ceiling, allowed, datetime.now(UTC))
        logins = find_logins(admitted.contract, tuple(allowed), kdcs, self._credentials, left.answer)
        allowed = {job: clause for job, clause in allowed.items() if left.holds(job)}
        if not allowed:
            return
        limits = {
            clause.id: (admitted.leave.grant.shares.get(clause.id, 1), clause.at_once)
            for clause in allowed.values()
        }
        async with self._room, self._open.taken(limits) as shares:
            if not self._stopping:
                start = start_for(
                    order=order,
                    admitted=admitted,
                    allowed=allowed,
                    logins=logins,
                    shares=shares,
                    post=self._post,
                )
                await self._in_worker(start, admitted, left)

    async def _change(self, order: Order, admitted: Admitted, left: _Left) -> None:
        """Carry out a plan, or take it back. Raises HoldError, ApprovalError, before anything was opened."""
        told = assent(order, admitted, self._post)
        if not isinstance(told, Assent):
            for job, refused in told.items():
                left.answer(job, refused)
            return
        asked = tuple(change_of(told.plan.customer, host, told.plan.playbook) for host in told.plan.hosts)
        until = self._until(admitted, asked)

        def go_on() -> None:
            if self._stopping:
                raise HoldError(Hold.CANCELLED, "it was cancelled")
            self._look(admitted, until)

        go_on()
        await asyncio.to_thread(spend, told.approved, self._memory)
        for host, clause in told.clauses.items():
            left.tell(Event(what="decided", job=told.jobs[host].id, host=host, detail=clause.id))
        done = asyncio.Event()
        self._changing.add(done)
        began = time.monotonic()

        def answer(job: Job, outcome: Outcome, talk: tuple[Exchange, ...]) -> None:
            took = time.monotonic() - began
            left.end(Result(job=job, outcome=outcome, began=datetime.now(UTC), took=took), talk)

        try:
            async with self._room:
                await Carrying(
                    order=order,
                    admitted=admitted,
                    assent=told,
                    post=self._post,
                    credentials=self._credentials,
                    crew=Crew(nursery=self._nursery, tell=left.tell),
                    tell=left.tell,
                    answer=answer,
                    go_on=go_on,
                    way_back=self._way_back,
                ).all()
        finally:
            self._changing.discard(done)
            done.set()

    async def stop(self) -> None:
        """End all work; returns when every worker's process tree is gone, and what a change had begun is taken back."""
        self._stopping = True
        for process, writer in tuple(self._working.values()):
            with contextlib.suppress(ConnectionError, RuntimeError):
                writer.write(pack({"stop": True}))
            asyncio.get_running_loop().call_later(_GRACE, process.kill)
        for process, _ in tuple(self._working.values()):
            await process.gone.wait()
        for done in tuple(self._changing):
            await done.wait()

    def _with_names(self, admitted: Admitted, jobs: tuple[Job, ...], left: _Left) -> Contract:
        """The contract with the addresses that this agent itself has looked up in this run, where they may count."""
        contract, ceiling = admitted.contract, self._post.ceiling
        if ceiling is None:
            return contract
        named, heard, found = looked_up(contract), self._lookups.heard(admitted.leave.grant), {}
        for job in filter(left.holds, jobs):
            if job.host in named:
                match settle(contract, job.host, said_of(contract, job.host, heard), ceiling):
                    case Pinned(addresses):
                        found[job.host] = addresses
                    case Turned(reason, beyond):
                        left.answer(job, Refused(reason, by="agent", detail=beyond))
                    case Unknown(detail):
                        left.answer(job, Refused(Hold.NOT_LOOKED_UP, by="agent", detail=detail))
        return pin(contract, found)

    def _decide_again(
        self,
        admitted: Admitted,
        jobs: tuple[Job, ...],
        left: _Left,
    ) -> dict[Job, Clause]:
        ceiling, trouble = self._post.ceiling, self._post.ceiling_trouble
        allowed: dict[Job, Clause] = {}
        still_open = tuple(filter(left.holds, jobs))
        for job, answer in decide_again(admitted, ceiling, still_open, datetime.now(UTC), trouble).items():
            match answer:
                case Refused():
                    left.answer(job, answer)
                case Clause():
                    allowed[job] = answer
        return allowed

    def _until(self, admitted: Admitted, asked: tuple[Request, ...]) -> float:
        """When the first of these is allowed no more, in seconds since the epoch."""
        grant, now = admitted.leave.grant, datetime.now(UTC)
        span = timedelta(seconds=max(0.0, grant.expires - now.timestamp()))
        ends = closes_within((admitted.contract,), asked, now, span, lambda _: self._post.ceiling)
        return min((end.timestamp() for end in ends.values()), default=float("inf"))

    async def _in_worker(self, start: Start, admitted: Admitted, left: _Left) -> None:
        """Have a worker do it. Raises HoldError when the agent ended the work itself."""
        until = self._until(admitted, _requests(admitted.leave.grant.customer, start))
        self._look(admitted, until)
        name = f"{time.monotonic_ns():x}"
        try:
            process = await self._nursery.spawn(name)
        except OSError:
            # Its jobs stay open here, and end as a defect of ours.
            return
        left.tell(Event(what="worker", detail=str(process.pid)))
        reader, writer = await process.streams()
        self._working[name] = (process, writer)
        if self._stopping:
            # It was stopped while the worker was being born.
            process.kill()
        writer.write(pack({"start": START.dump_python(start, mode="json")}))
        loop = asyncio.get_running_loop()
        overtime = loop.call_later(start.seconds + _GRACE * 2, process.kill)
        watch = asyncio.create_task(self._watch(admitted, until, process, writer, left.tell))
        try:
            while (frame := await receive(reader)) is not None and frame[0]["event"] != "done":
                _hear_porter(process, left)
                if not watch.done():
                    _pass_on(*frame, left)
        except (WireError, LookupError, ValueError, TypeError, AttributeError):
            # It does not keep to the vocabulary: a worker that hostile hosts have talked to is not believed either.
            process.kill()
        finally:
            writer.close()
            loop.call_later(_GRACE, process.kill)
            await process.gone.wait()
            _hear_porter(process, left)
            overtime.cancel()
            del self._working[name]
            left.tell(Event(what="gone", detail=str(process.pid)))
            watch.cancel()
        if watch.done() and not watch.cancelled() and (reason := watch.exception()) is not None:
            raise reason

    async def _watch(
        self, admitted: Admitted, until: float, process: Process, writer: asyncio.StreamWriter, tell: Tell
    ) -> None:
        """Look again and again whether running work may go on; end it and raise HoldError when it may not."""
        while True:
            await asyncio.sleep(_LOOK)
            try:
                await asyncio.to_thread(self._look, admitted, until)
            except HoldError as reason:
                tell(Event(what="ending", detail=reason.reason))
                with contextlib.suppress(ConnectionError, RuntimeError):
                    writer.write(pack({"stop": True}))
                asyncio.get_running_loop().call_later(_LAST_WORDS, process.kill)
                raise

    def _look(self, admitted: Admitted, until: float) -> None:
        grant = admitted.leave.grant
        if time.time() >= until:
            raise HoldError(
                Reason.WINDOW_CLOSED,
                "the contract's window, or the contract, ended while the run was under way",
            )
        look_at_switch(self._post, grant.customer)
        number, end = self._memory.changes(grant.customer, grant.revision)
        if time.time() >= end:
            raise HoldError(
                Hold.ENDED, f"the contract of {grant.customer} was ended while the run was under way"
            )
        if number != admitted.changes:
            raise HoldError(
                Hold.CHANGED,
                f"the contract of {grant.customer} was changed while the run was under way: start it again",
            )


def _requests(customer: str, start: Start) -> tuple[Request, ...]:
    """What these jobs ask for, and the KDCs for them."""
    return (
        *(request_of(customer, job) for job in start.jobs),
        *(
            Request(customer=customer, host=kdc, deed=Diagnose(AREA))
            for way in start.windows.values()
            if way.kerberos is not None
            for kdc in way.kerberos.kdcs
        ),
    )


class _Left:
    """The jobs of one order that have no answer yet; each gets exactly one."""

    def __init__(self, jobs: tuple[Job, ...], tell: Tell) -> None:
        self._jobs = {job.id: job for job in jobs}
        self.tell = tell

    def holds(self, job: Job) -> bool:
        return self._jobs.get(job.id) == job

    def answer(self, job: Job, outcome: Outcome) -> None:
        self.end(_at_once(job, outcome))

    def answer_all(self, outcome: Outcome) -> None:
        for job in tuple(self._jobs.values()):
            self.answer(job, outcome)

    def end(self, result: Result, exchanges: tuple[Exchange, ...] = ()) -> None:
        del self._jobs[result.job.id]
        self.tell(Event(what="result", result=result, exchanges=exchanges))


def _at_once(job: Job, outcome: Outcome) -> Result:
    return Result(job=job, outcome=outcome, began=datetime.now(UTC), took=0.0)


def _pass_on(head: dict[str, Any], parts: tuple[bytes, ...], left: _Left) -> None:
    """Turn a worker's frame into an event; what names a job that is not open is dropped."""
    match head["event"]:
        case "result":
            result = result_of(head["result"])
            if not left.holds(result.job):
                return
            exchanges, raw = [], list(parts)
            for exchange in head["exchanges"]:
                count = len(exchange["parts"])
                exchanges.append(exchange_of(exchange, raw[:count]))
                del raw[:count]
            left.end(result, tuple(exchanges))
        case "started":
            left.tell(Event(what="started", job=head["job"]))
        case "opening":
            left.tell(Event(what="opening", host=head["host"], detail=head["session"]))
        case "blocked":
            left.tell(Event(what="blocked", detail=f"python: {head['what']}", job=head["job"]))
        case "refused":
            # The grant held when it came, and not any more when the worker's turn had come; or no wall can stand.
            left.answer_all(Refused(str(head["reason"]), by="worker", detail=str(head["detail"])))
        case _:
            raise WireError(f"{head['event']!r} is no event of a worker")


def _hear_porter(process: Process, left: _Left) -> None:
    """Take in what the porter said before anything of its worker is believed."""
    for said in process.told():
        if "walls" in said:
            left.tell(Event(what="walls", detail=said["walls"]))
        else:
            # The porter has ended the worker already; whoever else is in its group goes as well.
            process.kill()
            left.tell(Event(what="blocked", detail=f"kernel: {said['breach']}"))
            left.answer_all(Refused(Hold.WALL, by="worker", detail=f"the kernel's wall: {said['breach']}"))
