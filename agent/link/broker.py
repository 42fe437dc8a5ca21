"""How does an agent reach its controller through NATS? It dials out, asks, and is rung up when there is work.

The message in the stream only says that there is an order; the order itself is leased from the controller, so that a
message that was doubled, delayed or lost does no harm. It is acknowledged when the end of the order was taken.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext
from nats.js.errors import Error as JetStreamError

from agent.link.line import Batch, Leased, LineDownError, NotAnyMoreError
from agent.link.messages import (
    STREAM,
    MessageError,
    control_subject,
    durable,
    inbox,
    order_from,
    pack,
    unpack,
    up_subject,
)
from agent.link.place import Seat, nkey_seed
from agent.link.web import Web

__all__ = ["Broker", "tls_for"]

_LOG = logging.getLogger("secondline.agent")
_PATIENCE = 10.0
# Cannot be answered with: what the library raises when the line is down, or nobody listens.
_DOWN = (NatsError, JetStreamError, TimeoutError, OSError)


def tls_for(urls: tuple[str, ...], authority: Path | None) -> ssl.SSLContext | None:
    """Verified TLS wherever the address is not this machine's own. Raises ValueError for one without protection."""
    if all(url.startswith(("tls://", "wss://")) for url in urls):
        trust = ssl.create_default_context(cafile=str(authority) if authority else None)
        trust.minimum_version = ssl.TLSVersion.TLSv1_2
        return trust
    if any(not url.startswith(("nats://127.0.0.1:", "nats://[::1]:")) for url in urls):
        raise ValueError(f"{', '.join(urls)}: not protected: write tls://…")
    return None


class Broker:
    """A `Line` through NATS. What goes wrong is logged always, as the library only tells it there."""

    def __init__(self, seat: Seat, key: Mapping[str, Any], web: Web, authority: Path | None) -> None:
        self._seat, self._key, self._web, self._authority = seat, key, web, authority
        self._client = Client()
        self._upload = asyncio.Lock()
        # By how many seconds the controller's clock is before ours.
        self.clock_off = 0.0
        self.trouble = ""

    def anew(self) -> Broker:
        """Another connection of the same seat: one that was closed is not opened again."""
        return Broker(self._seat, self._key, self._web, self._authority)

    @property
    def is_up(self) -> bool:
        return self._client.is_connected

    async def open(self, stop: Callable[[str], None]) -> None:
        """Connect, for ever anew. stop: called with the id of an order that is to be stopped. Raises LineDownError."""
        try:
            # The library itself would try for ever, and say nothing of it but to the callback.
            async with asyncio.timeout(_PATIENCE):
                await self._client.connect(
                    servers=list(self._seat.nats),
                    nkeys_seed_str=nkey_seed(self._key),
                    tls=tls_for(self._seat.nats, self._authority),
                    inbox_prefix=inbox(self._seat.id),
                    name=f"secondline {self._seat.id}",
                    error_cb=self._failed,
                    disconnected_cb=self._cut,
                    reconnected_cb=self._back,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=2,
                    ping_interval=20,
                    max_outstanding_pings=2,
                    connect_timeout=5,
                    allow_reconnect=True,
                )

            async def control(message: Msg) -> None:
                try:
                    stop(str(unpack(message.data).get("cancel", "")))
                except MessageError as error:
                    _LOG.warning("a control message is not read: %s", error)

            await self._client.subscribe(control_subject(self._seat.customer, self._seat.agent), cb=control)
        except _DOWN as error:
            await self.close()
            why = self.trouble or str(error) or type(error).__name__
            raise LineDownError(f"the broker does not let this agent in: {why}") from None

    async def close(self) -> None:
        if not self._client.is_closed:
            await self._client.close()

    async def _failed(self, error: Exception) -> None:
        self.trouble = str(error)
        _LOG.warning("broker: %s", str(error) or type(error).__name__)

    async def _cut(self) -> None:
        _LOG.warning("the line to the broker is cut; it is tried again for ever")

    async def _back(self) -> None:
        _LOG.info("the line to the broker is back")

    async def calls(self, serve: Callable[[str], Awaitable[bool]], room: asyncio.Semaphore) -> None:
        """Be rung up for ever; serve: takes the id of an order ('': whichever there is), False when it was not reached."""
        stream = self._client.jetstream(timeout=_PATIENCE)
        name = durable(self._seat.customer, self._seat.agent)
        bound: JetStreamContext.PullSubscription | None = None
        running: set[asyncio.Task[None]] = set()
        while True:
            if self._client.is_closed:
                # The broker has ended it for good, as for a key that it does not know any more.
                raise LineDownError(f"the broker has hung up: {self.trouble}")
            await room.acquire()
            task: asyncio.Task[None]
            try:
                bound = bound or await stream.pull_subscribe_bind(durable=name, stream=STREAM)
                (message,) = await bound.fetch(1, timeout=25)
                task = asyncio.create_task(self._called(message, serve, room))
            except (*_DOWN, ValueError):
                # No call for a while, or the line is down: ask whether one was lost.
                task = asyncio.create_task(self._unasked(serve, room))
                if not self._client.is_connected:
                    await asyncio.sleep(1)
            running.add(task)
            task.add_done_callback(running.discard)

    async def _unasked(self, serve: Callable[[str], Awaitable[bool]], room: asyncio.Semaphore) -> None:
        try:
            if self._client.is_connected:
                await serve("")
        finally:
            room.release()

    async def _called(
        self, message: Msg, serve: Callable[[str], Awaitable[bool]], room: asyncio.Semaphore
    ) -> None:
        try:
            try:
                errand = str(unpack(message.data)["errand"])
            except (MessageError, LookupError) as error:
                _LOG.warning("a call cannot be read: %s", error)
                await message.nak(1)
                return
            serving = asyncio.ensure_future(serve(errand))
            while not (await asyncio.wait({serving}, timeout=10))[0]:
                await message.in_progress()
            await (message.ack() if serving.result() else message.nak(2))
        except _DOWN as error:
            # It will be handed over once more, and the lease says then that it is done.
            _LOG.warning("a call could not be answered: %s", error)
        finally:
            room.release()

    async def hello(self) -> None:
        """Say that we are there, and compare the clocks. Raises LineDownError, NotAnyMoreError."""
        began = time.time()
        said = await self._ask("hello", {"at": began, "version": version("secondline")})
        ended = time.time()
        self.clock_off = float(said.get("at", ended)) - (began + ended) / 2

    async def lease(self, errand: str = "") -> Leased | None:
        """See `agent.link.line.Line.lease`."""
        said = await self._ask("lease", {"errand": errand, "at": time.time()})
        if "order" not in said:
            return None
        try:
            return Leased(
                errand=str(said["errand"]),
                attempt=int(said["attempt"]),
                seconds=float(said["seconds"]),
                order=order_from(said["order"]),
            )
        except (MessageError, LookupError, TypeError, ValueError) as error:
            raise NotAnyMoreError(f"the controller sent what is no order: {error}") from None

    async def renew(self, errand: str, attempt: int) -> bool:
        """See `agent.link.line.Line.renew`."""
        return bool((await self._ask("renew", {"errand": errand, "attempt": attempt})).get("stop"))

    async def tell(self, errand: str, attempt: int, batch: Batch) -> int:
        """See `agent.link.line.Line.tell`."""
        sha256 = ""
        if batch.bundle:
            async with self._upload:
                sha256 = await asyncio.to_thread(
                    self._web.upload,
                    batch.bundle,
                    seat=self._seat.id,
                    errand=errand,
                    attempt=attempt,
                    key=self._key,
                )
        words = {"first": batch.first, "words": list(batch.words), "bundle": sha256}
        return int((await self._ask("tell", {"errand": errand, "attempt": attempt, **words}))["heard"])

    async def end(self, errand: str, attempt: int, last: int, *, whole: bool) -> int:
        """See `agent.link.line.Line.end`."""
        about = {"errand": errand, "attempt": attempt, "last": last, "whole": whole}
        return int((await self._ask("end", about))["heard"])

    async def _ask(self, verb: str, content: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._client.request(
                up_subject(self._seat.parts, verb), pack(content), timeout=_PATIENCE
            )
            said = unpack(answer.data)
        except _DOWN as error:
            raise LineDownError(
                f"the controller does not answer: {str(error) or type(error).__name__}"
            ) from None
        except MessageError as error:
            raise NotAnyMoreError(f"the controller's answer cannot be read: {error}") from None
        if "refused" in said:
            raise NotAnyMoreError(str(said["refused"]))
        if "later" in said:
            raise LineDownError(str(said["later"]))
        return said
