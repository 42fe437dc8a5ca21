"""What if an agent sends what it should not, or a ring is poison? It is refused with its reason, and nothing else stops."""

from __future__ import annotations

import asyncio
import gc
import json
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select

from agent.job import Job, NoAnswer, Result, Seen
from agent.link.line import Batch, LineDownError, NotAnyMoreError
from agent.link.messages import LARGEST, event_word, order_subject, pack, unpack, up_subject
from agent.order import Event, Order
from collectors import Kind, Phase
from controller.courier.metrics import SitesCollector
from controller.courier.sites import Sites
from controller.ledger import What
from controller.settings import broker_key, controller_pin, signing_key
from controller.store.errand import LEASE
from controller.store.errands import announceable, get_errand, reconcile
from controller.store.schema import ledger
from inventory.grant import Grant, Target, seal
from tests.controller.courier.desk import Desk, Seated, _client, desk_in, heard_of

pytestmark = [pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"), pytest.mark.slow]

ID, SECOND = "a" * 32, "b" * 32
JOB = Job(id="h/linux.load", host="h", collector="linux.load")


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_in(tmp_path, largest=1 << 20, quota=2 << 20) as made:
        yield made
    gc.collect()


def entries(desk: Desk, what: What) -> list[dict[str, object]]:
    with desk.store.read() as connection:
        rows = connection.execute(select(ledger.c.facts).where(ledger.c.what == what.value))
        return [dict(row.facts) for row in rows]


async def still_serves(desk: Desk, seat: Seated) -> None:
    """Whatever was sent before: the next order is served."""
    desk.send(SECOND, seat.seat.customer, seat.seat.agent)
    async with seat.line() as line:
        leased = await line.lease(SECOND)
        assert leased is not None
        assert await line.end(SECOND, leased.attempt, 0, whole=True) == 0


BAD = {
    "not JSON": b"{nothing",
    "not squeezed": b"\x00\x01\x02",
    "no object": b"[1]",
    "an older version": json.dumps({"v": 0, "errand": ID, "at": 1}).encode(),
    "no version": json.dumps({"errand": ID}).encode(),
    "a newer version": json.dumps({"v": 2, "errand": ID, "at": 1}).encode(),
    "a bomb": zlib.compress(b"{" + b" " * (LARGEST + 1000)),
    "nested without end": b'{"v":1,"errand":' + b"[" * 100_000,
    "no number": json.dumps(
        {"v": 1, "errand": ID, "attempt": "x", "first": {}, "words": 1, "bundle": ""}
    ).encode(),
    "endless": b'{"v":1,"errand":"a","attempt":1e999,"last":1,"whole":true,"first":1,"words":[],"bundle":""}',
}


@pytest.mark.parametrize("verb", ["lease", "renew", "tell", "end"])
async def test_what_is_no_message_is_refused_and_the_next_one_is_served(desk: Desk, verb: str) -> None:
    mine = desk.seat("acme", "muc-1")
    subject = up_subject((mine.seat.customer, mine.seat.agent, mine.seat.id), verb)
    async with mine.stolen() as thief:
        for name, data in BAD.items():
            if verb == "lease" and name in {"no number", "endless"}:
                continue
            answer = await thief.request(subject, data, timeout=10)
            assert unpack(answer.data)["refused"], name
    assert entries(desk, What.MESSAGE_REFUSED)
    await still_serves(desk, mine)


async def test_who_shouts_does_not_fill_the_ledger(desk: Desk) -> None:
    mine = desk.seat("acme", "muc-1")
    subject = up_subject((mine.seat.customer, mine.seat.agent, mine.seat.id), "renew")
    async with mine.stolen() as thief:
        for _ in range(60):
            await thief.request(subject, b"{", timeout=10)
    assert desk.dispatch.refused["renew"] == 60
    # A minute may have begun meanwhile.
    assert len(entries(desk, What.MESSAGE_REFUSED)) <= 40


async def test_a_result_for_an_attempt_that_is_over_changes_nothing(desk: Desk) -> None:
    first, second = desk.seat("acme", "muc-1"), desk.seat("acme", "muc-1")
    desk.send(ID, "acme", "muc-1")
    async with first.line() as late, second.line() as line:
        assert await late.lease(ID) is not None
        reconcile(desk.store, datetime.now(UTC) + LEASE + timedelta(seconds=1))
        taken = await line.lease(ID)
        assert taken is not None
        assert taken.attempt == 2
        with pytest.raises(NotAnyMoreError, match="another one counts now"):
            await late.tell(ID, 1, Batch(first=1, words=("{}",)))
        with pytest.raises(NotAnyMoreError, match="another one counts now"):
            await late.end(ID, 1, 0, whole=True)
        assert await line.tell(ID, 2, Batch(first=1, words=("{}",))) == 1
        assert await line.end(ID, 2, 1, whole=True) == 1
        with pytest.raises(NotAnyMoreError, match="is over"):
            await line.tell(ID, 2, Batch(first=2, words=("{}",)))
    assert len(entries(desk, What.MESSAGE_REFUSED)) == 3


async def test_answers_that_were_not_uploaded_do_not_count(desk: Desk) -> None:
    mine = desk.seat("acme", "muc-1")
    desk.send(ID, "acme", "muc-1")
    async with mine.line() as line, mine.stolen() as thief:
        assert await line.lease(ID) is not None
        subject = up_subject((mine.seat.customer, mine.seat.agent, mine.seat.id), "tell")
        said = {"errand": ID, "attempt": 1, "first": 1, "words": ["{}"], "bundle": "0" * 64}
        assert (
            "not uploaded" in unpack((await thief.request(subject, pack(said), timeout=10)).data)["refused"]
        )
        said["bundle"] = "../../../etc/passwd"
        assert (
            "not uploaded" in unpack((await thief.request(subject, pack(said), timeout=10)).data)["refused"]
        )


async def test_a_poisoned_ring_is_parked_after_three_tries_with_an_alarm(desk: Desk) -> None:
    """The agent's own loop takes it and gives it back; the broker counts; what comes after it is served."""
    mine = desk.seat("acme", "muc-1")
    controller = await _client(desk.broker, broker_key(desk.store.home), _ignored, "_INBOX_test")
    stream = controller.jetstream()
    served: list[str] = []
    async with mine.line() as line:

        async def serve(errand: str) -> bool:
            if errand:
                served.append(errand)
            return True

        await heard_of(lambda: "acme=muc-1" in desk.exchange._known)
        calling = asyncio.create_task(line.calls(serve, asyncio.Semaphore(4)))
        await stream.publish(order_subject("acme", "muc-1"), b"\x00poison")
        await heard_of(lambda: desk.exchange.parked == 1, 30)
        desk.send(ID, "acme", "muc-1")
        await heard_of(lambda: served == [ID], 30)
        calling.cancel()
    info = await stream.stream_info("ORDERS")
    assert info.state.messages <= 1, "only what was acknowledged a moment ago may still be there"
    (alarm,) = entries(desk, What.ORDER_PARKED)
    assert "3 times" in str(alarm["reason"])
    watched = {
        sample.name: sample.value
        for family in SitesCollector(desk.store, desk.exchange, desk.dispatch).collect()
        for sample in family.samples
    }
    assert (watched["secondline_orders_parked_total"], watched["secondline_broker_up"]) == (1, 1)
    await controller.close()


async def _ignored(_: Exception) -> None: ...


def sealed(desk: Desk) -> Order:
    """An order as a run makes it."""
    now = int(datetime.now(UTC).timestamp())
    grant = Grant(
        id="g" * 32,
        run="r",
        ticket="1",
        customer="acme",
        agent="muc-1",
        contract="c" * 64,
        revision=1,
        deeds=("linux.load",),
        targets={"h": Target(addresses=("192.0.2.1",), ports={"ssh": 22})},
        not_before=now,
        expires=now + 120,
    )
    return Order(
        token=seal(grant, signing_key(desk.store.home)), contract="", signatures=(), jobs=(JOB,), seconds=30
    )


def words(*events: Event) -> tuple[str, ...]:
    return tuple(json.dumps(event_word(event)[0]) for event in events)


def seen(job: Job) -> Event:
    return Event(what="result", result=Result(job=job, outcome=Seen({}), began=datetime.now(UTC), took=0.1))


async def test_what_an_agent_makes_up_never_reaches_the_run(desk: Desk) -> None:
    mine = desk.seat("acme", "muc-1")
    sites = Sites(desk.store, _Nobody(), frozenset({("acme", "muc-1")}), controller_pin(desk.store.home))
    heard: list[Event] = []
    carrying = asyncio.create_task(sites.carry("muc-1", sealed(desk), heard.append))
    async with mine.line() as line:
        leased = None
        while leased is None:
            leased = await line.lease()
        other = Job(id="x/linux.load", host="x", collector="linux.load")
        told = (
            *words(seen(other), Event(what="started", job="x/linux.load"), Event(what="poweroff")),
            *words(Event(what="worker", detail="many"), seen(JOB), seen(JOB)),
            '{"what": "result"}',
            '{"what": 7, "job": [], "host": null, "detail": {}}',
        )
        assert await line.tell(leased.errand, 1, Batch(first=1, words=told)) == len(told)
        assert await line.end(leased.errand, 1, len(told), whole=True) == len(told)
    await asyncio.wait_for(carrying, 20)
    assert [(event.what, event.result.job if event.result else None) for event in heard] == [("result", JOB)]
    assert len(entries(desk, What.MESSAGE_REFUSED)) == 6
    assert not list(desk.incoming.folder.glob("*"))


async def test_an_order_that_nobody_takes_says_so(desk: Desk) -> None:
    desk.seat("acme", "muc-1")
    sites = Sites(desk.store, _Nobody(), frozenset({("acme", "muc-1")}), controller_pin(desk.store.home))
    heard: list[Event] = []
    order = sealed(desk)
    short = Order(token=order.token, contract="", signatures=(), jobs=order.jobs, seconds=0.5)
    await asyncio.wait_for(sites.carry("muc-1", short, heard.append), 20)
    (event,) = heard
    assert event.result is not None
    assert event.result.outcome == NoAnswer(
        Kind.AGENT_AWAY, Phase.CONNECT, "expired before the agent took it"
    )
    (ended,) = entries(desk, What.ORDER_ENDED)
    assert ended["state"] == "expired"


async def test_nobody_is_rung_for_what_is_over(desk: Desk) -> None:
    mine = desk.seat("acme", "muc-1")
    desk.send(ID, "acme", "muc-1")
    async with mine.line() as line:
        assert await line.lease(ID) is not None
        await line.end(ID, 1, 0, whole=True)
        assert await line.lease(ID) is None, "a ring that was doubled finds nothing to do"
    later = datetime.now(UTC) + timedelta(minutes=5)
    assert announceable(desk.store, later, timedelta(0)) == ()
    one = get_errand(desk.store, ID)
    assert one is not None
    assert one.attempt == 1


async def test_a_line_that_is_down_is_told_as_that(desk: Desk) -> None:
    mine = desk.seat("acme", "muc-1")
    async with mine.line() as line:
        desk.server.terminate()
        desk.server.wait(10)
        with pytest.raises(LineDownError):
            await line.lease()


class _Nobody:
    """No agent is near."""

    async def carry(self, agent: str, order: Order, tell: object) -> None:
        raise AssertionError(f"{agent} is not near: {order} {tell}")

    async def cancel(self) -> None:
        """Nothing is carried."""
