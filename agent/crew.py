"""How does the agent have a host looked at, or a step done? Workers of their own for each: one asks, another has hands."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.codec import exchange_of, result_of
from agent.deed import Deed
from agent.job import Broken, Outcome, Refused
from agent.nursling import Process, Spawner
from agent.order import Event, Tell
from agent.refusal import Hold
from agent.start import START, Start
from agent.wire import WireError, pack, receive
from collectors.exchange import Exchange

__all__ = ["Crew", "Hand"]

_MORE = 60.0
_ODD = (WireError, LookupError, ValueError, TypeError, AttributeError)
_COUNT = itertools.count()


@dataclass(kw_only=True)
class Crew:
    """Workers for changes. A worker that does not keep to the vocabulary, or that a wall held back, is not believed."""

    nursery: Spawner
    tell: Tell
    _alive: set[Process] = field(default_factory=set)

    async def ask(self, start: Start, keep: Callable[[Exchange], None]) -> dict[str, Outcome]:
        """Have the jobs of a start asked; gives an outcome for each, by its id. keep: takes the evidence."""
        found: dict[str, Outcome] = {}
        try:
            process = await self._spawned()
        except OSError as error:
            return {job.id: Broken(f"no worker can be started: {error}") for job in start.jobs}
        reader, writer = await process.streams()
        overtime = asyncio.get_running_loop().call_later(start.seconds + 5.0, process.kill)
        try:
            writer.write(pack({"start": START.dump_python(start, mode="json")}))
            while (frame := await receive(reader)) is not None and frame[0]["event"] != "done":
                self._hear(process)
                head, raw = frame[0], list(frame[1])
                if head["event"] == "refused":
                    for job in start.jobs:
                        found.setdefault(
                            job.id, Refused(str(head["reason"]), (), "worker", str(head["detail"]))
                        )
                if head["event"] == "result":
                    result = result_of(head["result"])
                    found[result.job.id] = result.outcome
                    _keep(head["exchanges"], raw, keep)
        except _ODD as error:
            found = {job.id: Broken(f"a worker says what is no answer: {error}"[:300]) for job in start.jobs}
        finally:
            overtime.cancel()
            await self._end(process, writer)
        if process.is_breached:
            return {
                job.id: Refused(Hold.WALL, by="worker", detail="the wall held its worker back")
                for job in start.jobs
            }
        lost = Broken("the worker ended before it answered")
        return {job.id: found.get(job.id, lost) for job in start.jobs}

    async def hire(self, start: Start, keep: Callable[[Exchange], None]) -> Hand:
        """A worker with the accounts for changes, for one host. Raises OSError."""
        process = await self._spawned()
        reader, writer = await process.streams()
        writer.write(pack({"start": START.dump_python(start, mode="json")}))
        return Hand(self, process, reader, writer, keep)

    async def _spawned(self) -> Process:
        process = await self.nursery.spawn(f"change-{next(_COUNT)}-{id(self):x}")
        self._alive.add(process)
        self.tell(Event(what="worker", detail=str(process.pid)))
        return process

    def _hear(self, process: Process) -> None:
        for said in process.told():
            if "breach" in said:
                process.is_breached = True
                process.kill()
                self.tell(Event(what="blocked", detail=f"kernel: {said['breach']}"))
            elif "walls" in said:
                self.tell(Event(what="walls", detail=said["walls"]))

    async def _end(self, process: Process, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            writer.write(pack({"stop": True}))
        writer.close()
        asyncio.get_running_loop().call_later(2.0, process.kill)
        await process.gone.wait()
        self._hear(process)
        self._alive.discard(process)
        self.tell(Event(what="gone", detail=str(process.pid)))


class Hand:
    """One worker that does operations on one host, as long as it lives."""

    def __init__(
        self,
        crew: Crew,
        process: Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        keep: Callable[[Exchange], None],
    ) -> None:
        self._crew, self._process, self._reader, self._writer, self._keep = (
            crew,
            process,
            reader,
            writer,
            keep,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    async def act(self, what: str, step: int = 0, limit: float = 30.0, **more: object) -> Deed:
        """Have one thing done. A worker that is gone, or says nothing in time, has lost it: nobody knows whether it was done."""
        try:
            self._writer.write(pack({"act": what, "step": step, **more}))
            async with asyncio.timeout(limit + _MORE):
                frame = await receive(self._reader)
            self._crew._hear(self._process)  # noqa: SLF001 - a hand is its crew's.
            while frame is not None and frame[0]["event"] == "blocked":
                frame = await receive(self._reader)
            if frame is None or self._process.is_breached:
                return Deed("lost", "the worker that did it ended before it said what came of it")
            head, raw = frame[0], list(frame[1])
            if head["event"] == "refused":
                return Deed("unsent", str(head["detail"]))
            _keep(head["exchanges"], raw, self._keep)
            if head["how"] not in {"done", "failed", "unsent", "lost"}:
                raise WireError("no such answer")
            return Deed(head["how"], str(head["detail"]))
        except TimeoutError:
            self._process.kill()
            return Deed("lost", "the worker that does it says nothing any more, and was ended")
        except (*_ODD, ConnectionError):
            self._process.kill()
            return Deed("lost", "the worker that did it says what is no answer, and was ended")

    async def end(self) -> None:
        """Leave the host; returns when the worker is gone."""
        await self._crew._end(self._process, self._writer)  # noqa: SLF001 - a hand is its crew's.


def _keep(heads: list[dict[str, object]], raw: list[bytes], keep: Callable[[Exchange], None]) -> None:
    for head in heads:
        names = head["parts"]
        count = len(names) if isinstance(names, list) else 0
        keep(exchange_of(head, raw[:count]))
        del raw[:count]
