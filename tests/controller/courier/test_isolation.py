"""What can somebody do with an agent's key at a real nats-server? Serve that agent's orders, and nothing else."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from agent.link.line import Batch, NotAnyMoreError
from agent.link.messages import (
    STREAM,
    control_subject,
    durable,
    inbox,
    order_subject,
    pack,
    unpack,
    up_subject,
)
from controller.ledger import What
from controller.settings import broker_key
from controller.store.errands import get_errand
from controller.store.seats import SeatState, move_seat
from tests.controller.courier.desk import Desk, Seated, _client, desk_in, heard_of

# The library leaves its socket to the garbage collector where the server does not let it in.
pytestmark = [pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"), pytest.mark.slow]

ID, OTHER = "a" * 32, "b" * 32
VERBS = ("hello", "lease", "renew", "tell", "end")


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_in(tmp_path) as made:
        yield made
    gc.collect()


def refusals(desk: Desk) -> list[str]:
    """The reasons of refused messages in the ledger."""
    from sqlalchemy import select  # noqa: PLC0415 - here alone.

    from controller.store.schema import ledger  # noqa: PLC0415

    with desk.store.read() as connection:
        rows = connection.execute(select(ledger.c.facts).where(ledger.c.what == What.MESSAGE_REFUSED.value))
        return [row.facts["reason"] for row in rows]


async def test_with_its_own_key_an_agent_takes_its_own_order_and_ends_it(desk: Desk) -> None:
    """The witness: what is refused below is refused to somebody who is let in."""
    mine = desk.seat("acme", "muc-1")
    desk.send(ID, "acme", "muc-1")
    async with mine.line() as line:
        await line.hello()
        leased = await line.lease(ID)
        assert leased is not None
        assert (leased.errand, leased.attempt, len(leased.order.jobs)) == (ID, 1, 2)
        assert await line.tell(ID, 1, Batch(first=1, words=("{}", "{}"), bundle=b"raw")) == 2
        assert await line.tell(ID, 1, Batch(first=1, words=("{}", "{}"))) == 2, "told twice, it counts once"
        assert await line.end(ID, 1, 2, whole=True) == 2
        assert await line.end(ID, 1, 2, whole=True) == 2, "an answer that was lost is given again"
    one = get_errand(desk.store, ID)
    assert one is not None
    assert one.state == "done"
    assert refusals(desk) == []


def strange_publishes(mine: Seated, other: Seated) -> list[str]:
    me, theirs = mine.seat, other.seat
    name, foreign = durable(me.customer, me.agent), durable(theirs.customer, theirs.agent)
    api = "$JS.API"
    elsewhere = (
        [up_subject((theirs.customer, me.agent, me.id), "lease")] if theirs.customer != me.customer else []
    )
    return [
        *elsewhere,
        *(up_subject((theirs.customer, theirs.agent, theirs.id), verb) for verb in VERBS),
        *(up_subject((me.customer, me.agent, theirs.id), verb) for verb in VERBS),
        up_subject((me.customer, me.agent, me.id), "admit"),
        order_subject(me.customer, me.agent),
        order_subject(theirs.customer, theirs.agent),
        control_subject(me.customer, me.agent),
        control_subject(theirs.customer, theirs.agent),
        f"{inbox(theirs.id)}.x",
        f"{api}.CONSUMER.MSG.NEXT.{STREAM}.{foreign}",
        f"$JS.ACK.{STREAM}.{foreign}.1.1.1.1.0",
        f"{api}.INFO",
        *(f"{api}.STREAM.{verb}" for verb in ("NAMES", "LIST")),
        *(f"{api}.STREAM.{verb}.{STREAM}" for verb in ("INFO", "UPDATE", "DELETE", "PURGE", "SNAPSHOT")),
        *(f"{api}.STREAM.MSG.{verb}.{STREAM}" for verb in ("GET", "DELETE")),
        f"{api}.STREAM.CREATE.MINE",
        f"{api}.STREAM.RESTORE.{STREAM}",
        f"{api}.DIRECT.GET.{STREAM}",
        f"{api}.CONSUMER.CREATE.{STREAM}",
        f"{api}.CONSUMER.CREATE.{STREAM}.{name}",
        f"{api}.CONSUMER.DURABLE.CREATE.{STREAM}.{name}",
        f"{api}.CONSUMER.DURABLE.CREATE.{STREAM}.{foreign}",
        *(
            f"{api}.CONSUMER.{verb}.{STREAM}.{each}"
            for verb in ("INFO", "DELETE")
            for each in (name, foreign)
        ),
        f"{api}.CONSUMER.NAMES.{STREAM}",
        f"{api}.CONSUMER.LIST.{STREAM}",
        "$SYS.REQ.SERVER.PING",
        "$SYS.REQ.ACCOUNT.SECONDLINE.CONNZ",
        "anything",
    ]


def strange_subscriptions(mine: Seated, other: Seated) -> list[str]:
    return [
        ">",
        "*",
        "up.>",
        "order.>",
        "ctl.>",
        "ctl.acme.*",
        control_subject(other.seat.customer, other.seat.agent),
        f"{inbox(other.seat.id)}.>",
        "_INBOX.>",
        "*.>",
        "$JS.>",
        "$JS.EVENT.>",
        "$SYS.>",
        up_subject((mine.seat.customer, mine.seat.agent, mine.seat.id), "lease"),
    ]


@pytest.mark.parametrize("theirs", [("globex", "ber-1"), ("acme", "ber-1")])
async def test_a_stolen_key_may_speak_nowhere_else_and_hear_nothing_else(
    desk: Desk, theirs: tuple[str, str]
) -> None:
    mine, other = desk.seat("acme", "muc-1"), desk.seat(*theirs)
    seen: list[str] = []
    everything = strange_publishes(mine, other)

    async def failed(_: Exception) -> None: ...

    async def see(message: Msg) -> None:
        if message.data == b"stolen":
            seen.append(message.subject)

    # The controller hears all there is, and would hear it if a word of the thief's came through.
    witness = await _client(desk.broker, broker_key(desk.store.home), failed, "_INBOX_witness")
    await witness.subscribe(">", cb=see)
    await witness.publish("anything", b"stolen")
    await witness.flush()
    await heard_of(lambda: seen == ["anything"])
    seen.clear()
    async with mine.stolen() as thief:
        for subject in everything:
            await thief.publish(subject, b"stolen")
        await thief.flush()
        await heard_of(lambda: len(mine.errors) >= len(everything))
        for subject in everything:
            assert any(
                "publish" in error and f'"{subject}"'.lower() in error
                for error in map(str.lower, mine.errors)
            ), subject
        await witness.flush()
        assert seen == []
        mine.errors.clear()
        subscriptions = strange_subscriptions(mine, other)
        for subject in subscriptions:
            await thief.subscribe(subject)
        await thief.flush()
        await heard_of(lambda: len(mine.errors) >= len(subscriptions))
        for subject in subscriptions:
            assert any(
                "subscription" in error and f'"{subject}"'.lower() in error
                for error in map(str.lower, mine.errors)
            ), subject
    await witness.close()


async def test_an_order_of_another_agent_is_not_given_out_whoever_asks_for_it(desk: Desk) -> None:
    mine, other = desk.seat("acme", "muc-1"), desk.seat("globex", "ber-1")
    desk.send(OTHER, "globex", "ber-1")
    async with mine.line() as line:
        assert await line.lease() is None
        with pytest.raises(NotAnyMoreError, match="not for this agent"):
            await line.lease(OTHER)
        with pytest.raises(NotAnyMoreError, match="never had such an order"):
            await line.renew(OTHER, 1)
    async with other.line() as line:
        assert await line.lease(OTHER) is not None
    async with mine.line() as line:
        with pytest.raises(NotAnyMoreError, match="never had such an order"):
            await line.end(OTHER, 1, 0, whole=True)
    assert len(refusals(desk)) == 3


async def test_the_controller_answers_nowhere_but_to_the_asker(desk: Desk) -> None:
    """Else it could be made to speak where the thief may not."""
    mine, other = desk.seat("acme", "muc-1"), desk.seat("globex", "ber-1")
    heard: list[bytes] = []

    async def see(message: Msg) -> None:
        heard.append(message.data)

    async with mine.stolen() as thief, other.stolen() as victim:
        await victim.subscribe(control_subject("globex", "ber-1"), cb=see)
        await victim.subscribe(f"{inbox(other.seat.id)}.x", cb=see)
        await victim.flush()
        hello = up_subject((mine.seat.customer, mine.seat.agent, mine.seat.id), "hello")
        said = pack({"at": 0.0, "version": "1"})
        for reply in (
            control_subject("globex", "ber-1"),
            f"{inbox(other.seat.id)}.x",
            order_subject("globex", "ber-1"),
        ):
            await thief.publish(hello, said, reply=reply)
        # Answered in turn: when the last has its answer, those before it had none.
        assert "at" in unpack((await thief.request(hello, said, timeout=5)).data)
        await victim.flush()
        assert heard == []


async def test_who_is_revoked_is_cut_off_and_what_they_say_counts_no_more(desk: Desk) -> None:
    mine, other = desk.seat("acme", "muc-1"), desk.seat("acme", "muc-1")
    desk.send(ID, "acme", "muc-1")
    async with mine.stolen() as thief:
        move_seat(desk.store, mine.seat.id, SeatState.REVOKED, "eva")
        # Before the broker has heard of it: the controller knows already.
        lease = up_subject((mine.seat.customer, mine.seat.agent, mine.seat.id), "lease")
        said = await thief.request(lease, pack({"errand": ID, "at": 0.0}), timeout=5)
        assert "revoked" in unpack(said.data)["refused"]
        desk.reload()
        await heard_of(lambda: not thief.is_connected)
    with pytest.raises((NatsError, OSError)):
        async with asyncio.timeout(10):
            await _client(desk.broker, mine.key, _ignored, inbox(mine.seat.id))
    async with other.line() as line:
        assert await line.lease(ID) is not None, "the other seat of the same agent serves on"
    assert any("revoked" in reason for reason in refusals(desk))


async def _ignored(_: Exception) -> None: ...


async def test_who_waits_for_a_person_is_not_let_in(desk: Desk) -> None:
    waiting = desk.seat("acme", "muc-1", admitted=False)
    with pytest.raises((NatsError, OSError)):
        async with asyncio.timeout(10):
            await _client(desk.broker, waiting.key, _ignored, inbox(waiting.seat.id))
