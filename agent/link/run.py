"""How does an agent work as a program of its own? It dials out, takes orders, and tells, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from pathlib import Path

from agent.agent import Agent
from agent.credentials import Credentials
from agent.link.broker import Broker
from agent.link.duty import Duty, deliver
from agent.link.examine import CLOCK
from agent.link.line import LineDownError, NotAnyMoreError
from agent.link.place import Place
from agent.link.resting import RestingNursery
from agent.link.spool import left_over
from agent.link.web import Web
from agent.post import load_post

__all__ = ["run"]

_LOG = logging.getLogger("secondline.agent")
# Orders at once; each waits for room among the agent's workers besides.
_AT_ONCE = 4
_HELLO = 60.0
_LONGEST_PAUSE = 30.0
# For what is still to be told when the program ends; the rest is told when it is started again.
_LAST_WORDS = 10.0


async def run(home: Path, name: str) -> int:
    """Work until SIGTERM or SIGINT; gives 1 when the line has ended for good. Raises HoldError, OSError."""
    place = Place.of(home, name)
    seat, post, key = place.seat(), load_post(home, name), place.key()
    place.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    web = Web(seat.web, place.authority)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with RestingNursery() as nursery:
        agent = Agent(post, Credentials(home / "credentials"), nursery)
        seated = _Seated(place, agent, Broker(seat, key, web, place.authority))
        working = asyncio.create_task(seated.work())
        stopping = asyncio.create_task(ended.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await seated.stop()
        stopping.cancel()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError, LineDownError):
            await working
    web.close()
    return 0 if ended.is_set() else 1


class _Seated:
    """One agent at its line."""

    def __init__(self, place: Place, agent: Agent, broker: Broker) -> None:
        self._place, self._agent, self._broker = place, agent, broker
        self._duties: dict[str, Duty] = {}
        self._left: set[asyncio.Task[bool]] = set()
        self._ending = False

    async def work(self) -> None:
        await self._dial()
        for spool in await asyncio.to_thread(left_over, self._place.spool):
            _LOG.info("what is left of order %s is told now", spool.errand)
            self._left.add(asyncio.create_task(deliver(spool, self._broker)))
        await asyncio.gather(self._broker.calls(self._serve, asyncio.Semaphore(_AT_ONCE)), self._greet())

    async def stop(self) -> None:
        """End all work, tell what there is for a moment, and hang up."""
        self._ending = True
        for duty in self._duties.values():
            duty.leave()
        serving = [duty.over.wait() for duty in self._duties.values()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await asyncio.gather(*serving)
        await self._broker.close()

    async def _dial(self) -> None:
        """Call until somebody answers: an agent that nobody has admitted yet waits here."""
        pause = 1.0
        while True:
            try:
                await self._broker.open(self._stop_one)
                await self._hello()
            except LineDownError as error:
                _LOG.warning("%s; it is tried again in %.0f seconds", error, pause)
                self._say(trouble=str(error))
                await self._broker.close()
                self._broker = self._broker.anew()
            except NotAnyMoreError as error:
                _LOG.warning("the controller refuses this agent: %s", error)
                self._say(trouble=str(error))
                await self._broker.close()
                self._broker = self._broker.anew()
            else:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _greet(self) -> None:
        while True:
            await asyncio.sleep(_HELLO)
            try:
                await self._hello()
            except (LineDownError, NotAnyMoreError) as error:
                self._say(trouble=str(error))

    async def _hello(self) -> None:
        await self._broker.hello()
        off = self._broker.clock_off
        if abs(off) > CLOCK:
            _LOG.warning(
                "this machine's clock differs from the controller's by %.0f seconds: put it right", off
            )
        self._say()

    def _say(self, trouble: str = "") -> None:
        self._place.say(
            at=time.time(),
            connected=self._broker.is_up and not trouble,
            trouble=trouble,
            clock_off=round(self._broker.clock_off, 1),
            orders=sorted(self._duties),
        )

    def _stop_one(self, errand: str) -> None:
        if errand in self._duties:
            self._duties[errand].stop()

    async def _serve(self, errand: str) -> bool:
        """Serve one order to its end; False when the controller could not be asked for it."""
        if self._ending:
            return False
        try:
            leased = await self._broker.lease(errand)
        except LineDownError as error:
            _LOG.warning("%s", error)
            return False
        except NotAnyMoreError as error:
            _LOG.warning("an order is not given to this agent: %s", error)
            return True
        if leased is None:
            return True
        duty = Duty(self._agent.beside(), self._broker, leased, self._place.spool)
        self._duties[leased.errand] = duty
        _LOG.info("order %s, attempt %d: %d questions", leased.errand, leased.attempt, len(leased.order.jobs))
        try:
            if not await duty.serve():
                _LOG.warning("order %s is not this agent's any more", leased.errand)
        finally:
            duty.over.set()
            del self._duties[leased.errand]
        return True
