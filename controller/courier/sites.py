"""How do orders reach agents elsewhere? They are written down, somebody takes them, and what is told comes back here.

The store is the truth: this courier writes and reads there, and knows no broker. Agents of this home are served in this
process as before; where no agent is elsewhere, nothing of this is loaded.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from agent.job import Job, NoAnswer, Outcome, Result, Unknown
from agent.link.messages import MessageError, event_from, order_json
from agent.order import Event, Order
from collectors import Kind, Phase
from controller.courier.courier import Courier
from controller.courier.incoming import Incoming
from controller.ledger import Entry, LedgerFact, What, append, append_many
from controller.store.errand import Errand, ErrandState, Moved, Word
from controller.store.errands import (
    cancel,
    forgettable,
    get_errand,
    orphans,
    reconcile,
    remove,
    submit,
    words_after,
)
from controller.store.errors import EvidenceError
from controller.store.store import Store
from inventory.grant import Grant, verify
from inventory.token import Pin

__all__ = ["Sites", "closed_gaps", "tidied"]

# In seconds: how often it is looked what was told, and whether time has ended something.
_LOOK, _GAPS = 0.05, 1.0
# An order's words outlive it by so much, for the run that may still be reading them.
_KEPT = timedelta(days=1)
_TOLD = frozenset(
    {"decided", "started", "opening", "result", "walls", "blocked", "worker", "ending", "step", "gone"}
)
# What is left without an answer, by how its order ended.
_SILENCES: Mapping[ErrandState, Kind] = {
    ErrandState.EXPIRED: Kind.AGENT_AWAY,
    ErrandState.LOST: Kind.AGENT_LOST,
    ErrandState.PARKED: Kind.AGENT_LOST,
    ErrandState.DONE: Kind.AGENT_LOST,
    ErrandState.CANCELLED: Kind.STOPPED,
    ErrandState.UNCONFIRMED: Kind.STOP_UNCONFIRMED,
}


def closed_gaps(store: Store, now: datetime) -> tuple[Moved, ...]:
    """Let time do what it does, and write down what it has done; alarms among it."""
    if left := orphans(store):
        cancel(store, left, now)
    moved = reconcile(store, now)
    append_many(store, tuple(_entry(one) for one in moved if one.to is not ErrandState.QUEUED))
    return moved


def tidied(store: Store, incoming: Incoming, now: datetime) -> None:
    """Throw away what is left of orders whose run's process was killed: it was nobody's evidence."""
    old = forgettable(store, now - _KEPT)
    remove(store, old)
    for id_ in old:
        incoming.remove(id_)


def _entry(moved: Moved) -> Entry:
    one = moved.errand
    facts: dict[str, LedgerFact] = {
        "order": one.id,
        "agent": one.agent,
        "seat": one.seat,
        "attempt": one.attempt,
    }
    if moved.to is ErrandState.PARKED:
        facts["reason"] = f"it was tried {one.attempt} times, and no agent came to its end"
        return Entry(what=What.ORDER_PARKED, who="controller", run=one.run, facts=facts)
    return Entry(
        what=What.ORDER_ENDED, who="controller", run=one.run, facts=facts | {"state": moved.to.value}
    )


@dataclass(eq=False)
class _Carried:
    """One order on its way, as far as this process has heard of it."""

    id: str
    order: Order
    tell: Callable[[Event], None]
    open: dict[str, Job]
    attempt: int = 0
    number: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Sites:
    """A `Courier` to every agent: near ones in this process, far ones by the store."""

    def __init__(self, store: Store, near: Courier, far: frozenset[tuple[str, str]], pin: Pin) -> None:
        """far: customer and name of the agents elsewhere. pin: the controller's own, by which grants are read."""
        self._store, self._near, self._far, self._pin = store, near, far, pin
        self._incoming = Incoming(store.home / "incoming")
        self._carried: dict[str, _Carried] = {}

    async def carry(self, agent: str, order: Order, tell: Callable[[Event], None]) -> None:
        """See `controller.courier.courier.Courier.carry`."""
        grant = verify(order.token, (self._pin,), agent=agent).grant
        if (grant.customer, agent) not in self._far:
            await self._near.carry(agent, order, tell)
            return
        one = _Carried(secrets.token_hex(16), order, tell, {job.id: job for job in order.jobs})
        self._carried[one.id] = one
        carrying = asyncio.create_task(self._carry(one, grant))
        try:
            await asyncio.shield(carrying)
        except asyncio.CancelledError:
            # Whoever has the order works on until it was told to stop, and has said that it has.
            await asyncio.to_thread(cancel, self._store, [one.id], datetime.now(UTC))
            await carrying
            raise

    async def _carry(self, one: _Carried, grant: Grant) -> None:
        try:
            await asyncio.to_thread(self._send, one, grant)
            await self._listen(one)
        finally:
            one.over.set()
            del self._carried[one.id]
            await asyncio.to_thread(self._forget, one.id)

    async def cancel(self) -> None:
        """See `controller.courier.courier.Courier.cancel`. What is not confirmed within its time is told as that."""
        under_way = tuple(self._carried.values())
        ids = [one.id for one in under_way]
        await asyncio.gather(
            self._near.cancel(), asyncio.to_thread(cancel, self._store, ids, datetime.now(UTC))
        )
        for one in under_way:
            await one.over.wait()

    def _send(self, one: _Carried, grant: Grant) -> None:
        now = datetime.now(UTC)
        expires = min(now + timedelta(seconds=one.order.seconds), datetime.fromtimestamp(grant.expires, UTC))
        facts: dict[str, LedgerFact] = {"order": one.id, "agent": grant.agent, "grant": grant.id}
        facts["expires"] = expires.isoformat(timespec="seconds")
        append(self._store, Entry(what=What.ORDER_SENT, who="controller", run=grant.run, facts=facts))
        fresh = Errand(
            id=one.id,
            run=grant.run,
            customer=grant.customer,
            agent=grant.agent,
            body=json.dumps(order_json(one.order), ensure_ascii=False),
            change=bool(grant.plan),
            expires=expires,
            made=now,
        )
        # The grant serves once, and so does the order that brings it.
        submit(self._store, fresh, dedupe=grant.id)

    def _forget(self, id_: str) -> None:
        remove(self._store, [id_])
        self._incoming.remove(id_)

    async def _listen(self, one: _Carried) -> None:
        """Pass on what is told, until the order is over."""
        loop = asyncio.get_running_loop()
        gaps = loop.time()
        while True:
            now = datetime.now(UTC)
            if loop.time() >= gaps:
                await asyncio.to_thread(closed_gaps, self._store, now)
                gaps = loop.time() + _GAPS
            state = await asyncio.to_thread(get_errand, self._store, one.id)
            words = await asyncio.to_thread(words_after, self._store, one.id, one.attempt, one.number)
            for word in words:
                await self._take(one, word)
            if words:
                continue
            if state is None or state.state.over:
                break
            await asyncio.sleep(_LOOK)
        self._close(one, state)

    async def _take(self, one: _Carried, word: Word) -> None:
        one.attempt, one.number = word.attempt, word.number
        try:
            said = json.loads(word.body)
            raw = b""
            if word.bundle and said.get("exchanges"):
                raw = await asyncio.to_thread(self._incoming.get, one.id, word.bundle)
                raw = raw[int(said.get("at", 0)) :]
            self._pass_on(one, event_from(said, raw))
        except (MessageError, EvidenceError, TypeError, ValueError) as error:
            await asyncio.to_thread(self._refuse, one, str(error))

    def _pass_on(self, one: _Carried, event: Event) -> None:
        """Raises MessageError for what does not belong to this order."""
        if event.what not in _TOLD:
            raise MessageError(f"{event.what[:40]!r} is no event of an agent")
        if event.what in {"worker", "gone"} and not event.detail.isdigit():
            raise MessageError("a process has a number")
        if event.job and event.job not in {job.id for job in one.order.jobs}:
            raise MessageError("it speaks of a question that the order does not hold")
        if event.what != "result":
            one.tell(event)
            return
        if event.result is None or event.result.job not in one.order.jobs:
            raise MessageError("it answers a question that the order does not hold")
        # What an attempt before this one has answered stays as it is.
        if one.open.pop(event.result.job.id, None) is not None:
            one.tell(event)

    def _refuse(self, one: _Carried, why: str) -> None:
        stored = get_errand(self._store, one.id)
        facts: dict[str, LedgerFact] = {"order": one.id, "verb": "tell", "reason": why[:300]}
        if stored is not None:
            facts |= {"agent": stored.agent, "seat": stored.seat}
        append(
            self._store,
            Entry(what=What.MESSAGE_REFUSED, who="controller", facts=facts, run=stored.run if stored else ""),
        )

    def _close(self, one: _Carried, errand: Errand | None) -> None:
        """Every question gets its end: what the agent did not say, its order's end says."""
        for job in tuple(one.open.values()):
            del one.open[job.id]
            result = Result(job=job, outcome=_silence(one.order, errand), began=datetime.now(UTC), took=0.0)
            one.tell(Event(what="result", result=result))


def _silence(order: Order, errand: Errand | None) -> Outcome:
    state = errand.state if errand else ErrandState.LOST
    why = errand.why if errand and errand.why else "the agent did not say"
    if order.plan and state not in {ErrandState.EXPIRED, ErrandState.CANCELLED}:
        # What was taken may have been done.
        return Unknown(0, why)
    return NoAnswer(_SILENCES.get(state, Kind.AGENT_LOST), Phase.CONNECT, why)
