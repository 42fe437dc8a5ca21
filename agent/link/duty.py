"""How does a seat serve one order that it leased? It works, writes down what there is to tell, and tells it until it counts.

When the line is down the work goes on: it is told afterwards, once. When the controller says that the order is somebody
else's, the work is ended, and nothing of it is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path

from agent.agent import Agent
from agent.job import NoAnswer, Result
from agent.link.line import Leased, Line, LineDownError, NotAnyMoreError
from agent.link.spool import Spool
from agent.order import Event
from collectors import Kind

__all__ = ["Duty", "deliver"]

_LOG = logging.getLogger("secondline.agent")
# In seconds: how often words are written down, and how long until something is said again.
_OFTEN, _AGAIN = 0.2, 1.0


async def deliver(spool: Spool, line: Line, *, again: float = _AGAIN) -> bool:
    """Tell all of it; False when it is not wanted any more. Waits for as long as the line is down."""
    while True:
        try:
            for batch in await asyncio.to_thread(lambda: list(spool.batches())):
                if await line.tell(spool.errand, spool.attempt, batch) < batch.last:
                    # Words before these are missing, and will be: somebody has taken them away here.
                    await asyncio.to_thread(spool.remove)
                    return False
                await asyncio.to_thread(spool.taken, batch)
            end = spool.end()
            if end is None:
                return True
            last, whole = end
            if not any(True for _ in spool.batches()):
                await line.end(spool.errand, spool.attempt, last, whole=whole)
                await asyncio.to_thread(spool.remove)
                return True
        except LineDownError:
            await asyncio.sleep(again)
        except NotAnyMoreError:
            await asyncio.to_thread(spool.remove)
            return False


class Duty:
    """One leased order, from the first word to the last."""

    def __init__(self, agent: Agent, line: Line, leased: Leased, root: Path) -> None:
        self._agent, self._line, self._leased = agent, line, leased
        self._spool = Spool.begin(root, leased.errand, leased.attempt)
        self._stopping: asyncio.Task[None] | None = None
        self._leaving = False
        self.over = asyncio.Event()

    @property
    def errand(self) -> str:
        return self._leased.errand

    def stop(self) -> None:
        """End the work; what there is is told, and that its processes are gone is told last."""
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._agent.stop())

    def leave(self) -> None:
        """End the work because this program ends: what it had not come to is another's to answer."""
        self._leaving = True
        self.stop()

    def _take(self, event: Event) -> None:
        if not (self._leaving and _is_left(event)):
            self._spool.take(event)

    async def serve(self) -> bool:
        """Work and tell; False when it is not ours any more."""
        working = asyncio.create_task(self._agent.perform(self._leased.order, self._take))
        keeping = asyncio.create_task(self._keep())
        telling = asyncio.create_task(self._tell(working))
        try:
            await asyncio.wait({working, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                # The lease is somebody else's: nothing may work on here.
                self.stop()
            await asyncio.wait({working})
        finally:
            if self._stopping is not None:
                await self._stopping
        if not working.cancelled() and (defect := working.exception()) is not None:
            _LOG.error("order %s ended by a defect of ours", self.errand, exc_info=defect)
        ours = not keeping.done()
        try:
            return await telling and ours
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping

    async def _tell(self, working: asyncio.Task[None]) -> bool:
        """Write down and tell what comes, until the work is over and all of it was taken."""
        wanted = True
        while not (await asyncio.wait({working}, timeout=_OFTEN))[0]:
            await asyncio.to_thread(self._spool.write)
            wanted = wanted and await self._deliver_some()
        if not wanted:
            await asyncio.to_thread(self._spool.remove)
            return False
        # Questions that were left are somebody else's; what became of a change is said by its results.
        left = self._leaving and not self._leased.order.plan
        await asyncio.to_thread(lambda: self._spool.close(whole=working.exception() is None and not left))
        return await deliver(self._spool, self._line)

    async def _deliver_some(self) -> bool:
        """Tell what there is so far; a line that is down is no reason to wait."""
        try:
            for batch in await asyncio.to_thread(lambda: list(self._spool.batches())):
                if await self._line.tell(self._spool.errand, self._spool.attempt, batch) < batch.last:
                    break
                await asyncio.to_thread(self._spool.taken, batch)
        except LineDownError:
            await asyncio.sleep(_OFTEN)
        except NotAnyMoreError:
            self.stop()
            return False
        return True

    async def _keep(self) -> None:
        """Renew the lease in time; ends when it is not ours any more."""
        while True:
            await asyncio.sleep(self._leased.seconds / 6)
            try:
                if await self._line.renew(self._leased.errand, self._leased.attempt):
                    self.stop()
            except LineDownError:
                continue
            except NotAnyMoreError:
                return


def _is_left(event: Event) -> bool:
    """Whether this says of a question only that it was stopped."""
    match event.result:
        case Result(outcome=NoAnswer(kind=Kind.STOPPED)):
            return True
        case _:
            return False
