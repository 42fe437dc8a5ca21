"""How does the store's work get to agents through NATS? A ring for each order that waits, and an answer to each message.

The stream holds rings and no orders; one durable consumer for each agent's name, which all its seats share. Whatever is
lost here is rung again, as the store says what waits.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import Error as JetStreamError

from agent.link.broker import tls_for
from agent.link.messages import (
    STREAM,
    MessageError,
    control_subject,
    durable,
    inbox,
    order_subject,
    pack,
    unpack,
)
from agent.link.place import nkey_seed
from controller.courier.dispatch import Dispatch
from controller.courier.incoming import Incoming
from controller.courier.sites import closed_gaps, tidied
from controller.ledger import Entry, LedgerFact, What, append
from controller.store.errand import Errand
from controller.store.errands import announceable, announced, get_errand, park
from controller.store.errors import StoreError
from controller.store.seats import SeatState, seats
from controller.store.store import Store

__all__ = ["Exchange"]

_LOG = logging.getLogger("secondline.broker")
_DOWN = (NatsError, JetStreamError, TimeoutError, OSError)
# In seconds: how often it is looked what waits, and how long a ring may be without an answer until it is rung anew.
_LOOK, _AGAIN = 0.05, 60.0
# How long an agent may be silent about a ring, and how often one is handed over.
_ACK_WAIT, _TRIES = 60.0, 3
# So many messages are answered at once.
_ANSWERS = 8
_WINDOW, _KEPT = 120.0, 3600.0


class Exchange:
    """The controller's end of the broker. Several processes may have one each: messages are shared among them."""

    def __init__(
        self,
        store: Store,
        dispatch: Dispatch,
        key: Mapping[str, Any],
        urls: tuple[str, ...],
        authority: Path | None,
    ) -> None:
        self._store, self._dispatch, self._key = store, dispatch, key
        self._urls, self._authority = urls, authority
        self._client = Client()
        self._known: set[str] = set()
        self._serving = False
        self._room = asyncio.Semaphore(_ANSWERS)
        self._answering: set[asyncio.Task[None]] = set()
        self.parked = 0

    @property
    def is_up(self) -> bool:
        """Whether agents are answered just now."""
        return self._serving and self._client.is_connected

    async def serve(self) -> None:
        """Work until this is cancelled; what goes wrong on the line is logged, and tried again for ever."""
        pause = 1.0
        try:
            while not self._serving:
                try:
                    await self._open()
                except _DOWN as error:
                    _LOG.warning("the broker does not answer: %s; again in %.0f s", error, pause)
                    await asyncio.sleep(pause)
                    pause = min(30.0, pause * 2)
                    await self._client.close()
                    self._client = Client()
            await asyncio.gather(self._ring(), self._close_gaps())
        finally:
            await self._client.close()

    async def _open(self) -> None:
        async def failed(error: Exception) -> None:
            _LOG.warning("broker: %s", str(error) or type(error).__name__)

        await self._client.connect(
            servers=list(self._urls),
            nkeys_seed_str=nkey_seed(self._key),
            tls=tls_for(self._urls, self._authority),
            name="secondline controller",
            error_cb=failed,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            ping_interval=20,
            connect_timeout=5,
        )
        await self._make_stream()
        # All controllers are one queue: each message is answered once.
        await self._client.subscribe("up.*.*.*.*", queue="controller", cb=self._asked)
        await self._client.subscribe(
            f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{STREAM}.*", queue="controller", cb=self._in_vain
        )
        await self._client.flush()
        self._serving = True

    async def _make_stream(self) -> None:
        """The stream, and one consumer for each agent: agents may make neither."""
        stream = self._client.jetstream(timeout=5)
        config = StreamConfig(
            name=STREAM,
            subjects=["order.*.*"],
            retention=RetentionPolicy.WORK_QUEUE,
            discard=DiscardPolicy.OLD,
            duplicate_window=_WINDOW,
            max_age=_KEPT,
            max_msg_size=4096,
        )
        try:
            await stream.add_stream(config)
        except JetStreamError as error:
            _LOG.info("the stream is there: %s", error)
        await self._make_consumers(stream)

    async def _make_consumers(self, stream: JetStreamContext) -> None:
        admitted = await asyncio.to_thread(lambda: seats(self._store, state=SeatState.ADMITTED))
        for customer, agent in dict.fromkeys((one.customer, one.agent) for one in admitted):
            name = durable(customer, agent)
            if name in self._known:
                continue
            await stream.add_consumer(
                STREAM,
                ConsumerConfig(
                    durable_name=name,
                    filter_subject=order_subject(customer, agent),
                    ack_policy=AckPolicy.EXPLICIT,
                    ack_wait=_ACK_WAIT,
                    max_deliver=_TRIES,
                    max_ack_pending=64,
                ),
            )
            self._known.add(name)

    async def _asked(self, message: Msg) -> None:
        """Several are answered at once; who asks waits for its answer before it says the next thing."""
        await self._room.acquire()
        task = asyncio.create_task(self._answer(message))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, message: Msg) -> None:
        try:
            answer = await asyncio.to_thread(
                self._dispatch.answer, message.subject, message.data, datetime.now(UTC)
            )
            # To the asker's own inbox alone: else it could have us say things where it may not speak itself.
            if message.reply.startswith(f"{inbox(message.subject.split('.')[3].replace('~', '.'))}."):
                await self._client.publish(message.reply, answer)
        except (*_DOWN, StoreError) as error:
            # Nobody gets an answer: it is asked again.
            _LOG.warning("a message could not be answered: %s", str(error) or type(error).__name__)
        finally:
            self._room.release()

    async def _ring(self) -> None:
        """Ring for what waits, tell what shall stop, for ever."""
        stream = self._client.jetstream(timeout=5)
        looked = 0.0
        loop = asyncio.get_running_loop()
        while True:
            now = datetime.now(UTC)
            try:
                if loop.time() - looked > 1.0:
                    await self._make_consumers(stream)
                    looked = loop.time()
                waiting = await asyncio.to_thread(announceable, self._store, now, timedelta(seconds=_AGAIN))
                if waiting and self._client.is_connected:
                    await asyncio.gather(*(self._tell(stream, one) for one in waiting))
                    await asyncio.to_thread(announced, self._store, [one.id for one in waiting], now)
            except _DOWN as error:
                _LOG.warning("an order could not be rung for: %s", str(error) or type(error).__name__)
                await asyncio.sleep(1)
            await asyncio.sleep(_LOOK)

    async def _tell(self, stream: JetStreamContext, one: Errand) -> None:
        if one.cancelled is not None:
            await self._client.publish(control_subject(one.customer, one.agent), pack({"cancel": one.id}))
        elif durable(one.customer, one.agent) in self._known:
            await stream.publish(
                order_subject(one.customer, one.agent),
                pack({"errand": one.id}),
                headers={"Nats-Msg-Id": f"{one.id}.{one.attempt}"},
            )

    async def _close_gaps(self) -> None:
        tidy = datetime.now(UTC)
        while True:
            await asyncio.sleep(1)
            now = datetime.now(UTC)
            await asyncio.to_thread(closed_gaps, self._store, now)
            if now >= tidy:
                await asyncio.to_thread(tidied, self._store, Incoming(self._store.home / "incoming"), now)
                tidy = now + timedelta(hours=1)

    async def _in_vain(self, message: Msg) -> None:
        """A ring was handed over as often as it is, and nobody took it: park it, and let it block nobody."""
        try:
            said = json.loads(message.data)
            sequence = int(said["stream_seq"])
            stream = self._client.jetstream(timeout=5)
            found = await stream.get_msg(STREAM, sequence)
            await stream.delete_msg(STREAM, sequence)
        except (*_DOWN, ValueError, LookupError) as error:
            _LOG.warning("a message that nobody took cannot be looked at: %s", error)
            return
        try:
            errand = str(unpack(found.data or b"")["errand"])
        except (MessageError, LookupError):
            errand = ""
        await asyncio.to_thread(self._park, errand, str(said.get("consumer", "")))

    def _park(self, errand: str, consumer: str) -> None:
        now, why = datetime.now(UTC), f"it was handed over {_TRIES} times, and no agent could take it"
        one = get_errand(self._store, errand) if errand else None
        if one is not None and not park(self._store, errand, why, now):
            # Somebody works at it, or it is over: the message was only late.
            return
        self.parked += 1
        facts: dict[str, LedgerFact] = {
            "order": errand,
            "agent": one.agent if one else consumer,
            "reason": why,
        }
        _LOG.error("ALARM: order %s of %s: %s", errand or "(unreadable)", facts["agent"], why)
        append(
            self._store,
            Entry(what=What.ORDER_PARKED, who="controller", run=one.run if one else "", facts=facts),
        )
