"""A controller's end with a real nats-server and a real web server, in the test's own loop; and seats with keys of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from nats.aio.client import Client

from agent.job import Job
from agent.link.broker import Broker
from agent.link.messages import inbox, order_json
from agent.link.place import Seat as Place
from agent.link.place import nkey_seed
from agent.link.web import Web
from agent.order import Order
from controller.courier.broker import Exchange
from controller.courier.broker_config import BrokerConfig, config_text, users_text
from controller.courier.dispatch import Dispatch
from controller.courier.front import Front
from controller.courier.incoming import Incoming
from controller.settings import broker_key, controller_pin, signing_key
from controller.store.errand import Errand
from controller.store.errands import submit
from controller.store.seats import Seat, SeatState, enrol, invite, move_seat, seats
from controller.store.store import Store, open_store
from inventory.token import new_key
from tests.sites import await_that, free_port

__all__ = ["Desk", "Seated", "desk_in", "heard_of"]


@dataclass
class Seated:
    """A seat with its private key, as only its machine has it."""

    seat: Seat
    key: Mapping[str, Any]
    desk: Desk
    errors: list[str] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return Place(
            id=self.seat.id,
            customer=self.seat.customer,
            site=self.seat.site,
            agent=self.seat.agent,
            web=self.desk.url,
            nats=(self.desk.broker,),
        )

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Broker]:
        """The product's own line."""
        web = Web(self.desk.url)
        broker = Broker(self.place, self.key, web, None)
        await broker.open(lambda _: None)
        try:
            yield broker
        finally:
            await broker.close()
            web.close()

    @asynccontextmanager
    async def stolen(self) -> AsyncIterator[Client]:
        """A client of somebody who has the key, and does with it what he likes."""

        async def failed(error: Exception) -> None:
            self.errors.append(str(error))

        client = await _client(self.desk.broker, self.key, failed, inbox(self.seat.id))
        try:
            yield client
        finally:
            with contextlib.suppress(Exception):
                await client.close()


@dataclass
class Desk:
    """What runs, and where."""

    store: Store
    folder: Path
    broker: str
    url: str
    exchange: Exchange
    dispatch: Dispatch
    incoming: Incoming
    server: subprocess.Popen[bytes]

    def seat(self, customer: str, agent: str, *, admitted: bool = True) -> Seated:
        """A seat, admitted as the command does it."""
        key, now = new_key(), datetime.now(UTC)
        code = f"{customer}-{agent}-{key['x']}"
        invite(
            self.store,
            code,
            customer=customer,
            site="s",
            agent=agent,
            by="eva",
            now=now,
            until=now + timedelta(minutes=5),
        )
        seat = enrol(self.store, code, public=str(key["x"]), law={}, source="", now=now)
        if admitted:
            seat = move_seat(self.store, seat.id, SeatState.ADMITTED, "eva")
            self.reload()
        return Seated(seat, key, self)

    def reload(self) -> None:
        admitted = seats(self.store, state=SeatState.ADMITTED)
        (self.folder / "users.conf").write_text(users_text(str(broker_key(self.store.home)["x"]), admitted))
        log, said = self.folder.parents[1] / "broker.log", b"Reloaded server configuration"
        before = log.read_bytes().count(said)
        self.server.send_signal(signal.SIGHUP)
        await_that(lambda: log.read_bytes().count(said) > before)

    def send(self, id_: str, customer: str, agent: str, *, seconds: float = 60, change: bool = False) -> None:
        """An order on its way. Its token is none: here nobody looks at what is in it."""
        jobs = (
            Job(id="h/linux.load", host="h", collector="linux.load"),
            Job(id="h/linux.disk", host="h", collector="linux.disk"),
        )
        order = Order(token="none", contract="", signatures=(), jobs=jobs, seconds=seconds)
        now = datetime.now(UTC)
        submit(
            self.store,
            Errand(
                id=id_,
                run="r",
                customer=customer,
                agent=agent,
                body=json.dumps(order_json(order)),
                change=change,
                expires=now + timedelta(seconds=seconds),
                made=now,
            ),
            id_,
        )


def _broker(config: Path, log: Path) -> subprocess.Popen[bytes]:
    """A server that listens."""
    with log.open("wb") as said:
        server = subprocess.Popen(["nats-server", "-c", config], stdout=said, stderr=said)
    await_that(lambda: b"Server is ready" in log.read_bytes())
    return server


@asynccontextmanager
async def desk_in(folder: Path, **limits: int) -> AsyncIterator[Desk]:
    """Start everything, and end it. limits: of uploads."""
    store = open_store(folder / "home")
    home, nats = store.home, store.home / "nats"
    nats.mkdir(mode=0o700)
    port, web = free_port(), free_port()
    users = nats / "users.conf"
    public = str(broker_key(home)["x"])
    users.write_text(users_text(public, ()))
    listen = f"127.0.0.1:{port}"
    (nats / "server.conf").write_text(
        config_text(BrokerConfig(listen=listen, folder=nats, controller=public, users=users, modern=False))
    )
    server = _broker(nats / "server.conf", folder / "broker.log")
    incoming = Incoming(home / "incoming", **limits)
    dispatch = Dispatch(store=store, key=signing_key(home), has=incoming.has)
    exchange = Exchange(store, dispatch, broker_key(home), (f"nats://{listen}",), None)
    front = Front(store=store, incoming=incoming, controller=controller_pin(home), nats=(f"nats://{listen}",))
    asgi = uvicorn.Server(uvicorn.Config(front, port=web, log_level="error", lifespan="off"))
    working = [asyncio.create_task(exchange.serve()), asyncio.create_task(asgi._serve())]
    try:
        await heard_of(lambda: exchange.is_up and asgi.started, 30)
        yield Desk(
            store, nats, f"nats://{listen}", f"http://127.0.0.1:{web}", exchange, dispatch, incoming, server
        )
    finally:
        working[0].cancel()
        asgi.should_exit = True
        await asyncio.gather(*working, return_exceptions=True)
        server.terminate()
        await asyncio.to_thread(server.wait, 10)
        store.close()


async def _client(url: str, key: Mapping[str, Any], failed: Any, prefix: str) -> Client:  # noqa: ANN401 - a callback.
    client = Client()
    await client.connect(
        servers=[url],
        nkeys_seed_str=nkey_seed(key),
        error_cb=failed,
        inbox_prefix=prefix,
        allow_reconnect=False,
    )
    return client


async def heard_of(true: Any, seconds: float = 15) -> None:  # noqa: ANN401 - any condition.
    """Wait until it is so."""
    until = asyncio.get_running_loop().time() + seconds
    for _ in iter(true, True):
        assert asyncio.get_running_loop().time() < until, "it was not so in time"
        await asyncio.sleep(0.02)
