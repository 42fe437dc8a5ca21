"""What is answered to an agent elsewhere? It greets, takes an order, renews, tells and ends: each is looked up in the store.

Who speaks is what the broker let through for a key; what they may is decided here once more. What does not count is
refused with its reason, stands in the ledger, and stops nothing else. No broker is known here: bytes in, bytes out.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent.link.messages import MessageError, order_from, order_json, pack, sender_of, unpack
from controller.ledger import Entry, LedgerFact, What, append, append_many
from controller.store.errand import LEASE, Errand, Held, Word
from controller.store.errands import finish, get_errand, hear, lease, renew, words_after
from controller.store.seats import Seat, SeatState, get_seat, saw
from controller.store.store import Store
from inventory.grant import GrantRefusedError, seal, verify
from inventory.token import Pin, pin_of

__all__ = ["CLOCK", "Dispatch"]

# In seconds: a clock that differs by more is said, in the ledger as well.
CLOCK = 5.0
# So many refused messages of one seat stand in the ledger a minute; of the rest only their number is known.
_REFUSED_A_MINUTE = 20
# Of one message, and of one word in it.
_MANY_WORDS, _LONGEST_WORD = 1000, 9 << 20


_VERBS = frozenset({"hello", "lease", "renew", "tell", "end"})


class _RefusedError(Exception):
    """It does not count; the message says why."""

    def __init__(self, why: str, order: str = "") -> None:
        super().__init__(why)
        self.order = order


@dataclass
class Dispatch:
    """The controller's side of `agent.link.line.Line`, over the store. has: whether a bundle was uploaded whole."""

    store: Store
    key: Mapping[str, Any]
    has: Callable[[str, str], bool]
    # How often something was refused, by reason: for whoever measures.
    refused: Counter[str] = field(default_factory=Counter)
    _lately: Counter[tuple[str, int]] = field(default_factory=Counter)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def pin(self) -> Pin:
        return pin_of(self.key, "controller")

    def answer(self, subject: str, data: bytes, now: datetime) -> bytes:
        """Answer one message. Never raises for what an agent says."""
        who, verb = ("", "", ""), ""
        try:
            who, verb = sender_of(subject)
            seat = self._seat(who)
            return pack({"at": now.timestamp(), **self._said(seat, verb, unpack(data), now)})
        except (_RefusedError, MessageError) as why:
            order = why.order if isinstance(why, _RefusedError) else ""
            self._remember(who, verb, order, str(why), now)
            return pack({"refused": str(why)})

    def _seat(self, who: tuple[str, str, str]) -> Seat:
        """The seat that speaks. A key that the broker still lets in, and we do not, is refused here."""
        seat = get_seat(self.store, who[2])
        if seat is None or (seat.customer, seat.agent) != who[:2]:
            raise _RefusedError("nobody has this seat")
        if seat.state is not SeatState.ADMITTED:
            why = "was revoked" if seat.state is SeatState.REVOKED else "waits for a person to admit it"
            raise _RefusedError(f"this seat {why}")
        return seat

    def _said(self, seat: Seat, verb: str, said: dict[str, Any], now: datetime) -> dict[str, Any]:
        try:
            match verb:
                case "hello":
                    return self._greet(seat, float(said["at"]), str(said["version"]), now)
                case "lease":
                    return self._lease(seat, str(said["errand"]), now)
                case "renew":
                    return self._renew(seat, str(said["errand"]), int(said["attempt"]), now)
                case "tell":
                    return self._tell(seat, said, now)
                case "end":
                    return self._end(seat, said, now)
                case _:
                    raise _RefusedError(f"{verb[:40]!r} is nothing that an agent says")
        except (LookupError, TypeError, ValueError, OverflowError):
            raise _RefusedError("the message is not of the form that this version speaks") from None

    def _greet(self, seat: Seat, at: float, version: str, now: datetime) -> dict[str, Any]:
        off = at - now.timestamp()
        if abs(off) > CLOCK and (seat.clock_off is None or abs(seat.clock_off - off) > CLOCK):
            facts: dict[str, LedgerFact] = {"agent": seat.agent, "seat": seat.id, "seconds": round(off, 1)}
            append(self.store, Entry(what=What.AGENT_CLOCK, who=seat.id, facts=facts))
        saw(self.store, seat.id, now, clock_off=off, version=version)
        return {}

    def _lease(self, seat: Seat, wanted: str, now: datetime) -> dict[str, Any]:
        taken = lease(self.store, customer=seat.customer, agent=seat.agent, seat=seat.id, now=now, id_=wanted)
        if taken is None:
            if (
                wanted
                and (one := get_errand(self.store, wanted))
                and (one.customer, one.agent) != (seat.customer, seat.agent)
            ):
                raise _RefusedError("this order is not for this agent", wanted)
            return {}
        order, grant = self._order(taken)
        facts: dict[str, LedgerFact] = {"order": taken.id, "agent": taken.agent, "grant": grant}
        facts |= {"seat": seat.id, "attempt": taken.attempt}
        append(self.store, Entry(what=What.ORDER_TAKEN, who=seat.id, run=taken.run, facts=facts))
        about = {"errand": taken.id, "attempt": taken.attempt, "seconds": LEASE.total_seconds()}
        return {**about, "order": order}

    def _order(self, taken: Errand) -> tuple[dict[str, Any], str]:
        """The order as it is given out, and its grant's id. A second try has a grant of its own, and only what is open."""
        order = order_from(json.loads(taken.body))
        try:
            grant = verify(order.token, (self.pin,), agent=taken.agent).grant
        except GrantRefusedError:
            # The agent will say so itself, with the reason.
            return order_json(order), ""
        if taken.attempt == 1:
            return order_json(order), grant.id
        grant = grant.model_copy(update={"id": secrets.token_hex(16)})
        done = {
            word["result"]["job"]["id"]
            for one in words_after(self.store, taken.id, 0, 0, limit=100_000)
            if "result" in (word := json.loads(one.body))
        }
        jobs = [job for job in order_json(order)["jobs"] if job["id"] not in done]
        facts: dict[str, LedgerFact] = {"grant": grant.id, "agent": taken.agent}
        facts |= {
            "hosts": len({job["host"] for job in jobs}),
            "deeds": len({job["collector"] for job in jobs}),
        }
        append(self.store, Entry(what=What.GRANT_SEALED, who="controller", run=taken.run, facts=facts))
        return {**order_json(order), "token": seal(grant, self.key), "jobs": jobs}, grant.id

    def _renew(self, seat: Seat, errand: str, attempt: int, now: datetime) -> dict[str, Any]:
        held = renew(self.store, errand, attempt, seat.id, now)
        if held is Held.NO:
            raise self._not_theirs(seat, errand, attempt)
        return {"stop": held is Held.STOP}

    def _tell(self, seat: Seat, said: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        errand, attempt, first = str(said["errand"]), int(said["attempt"]), int(said["first"])
        texts, bundle = said["words"], str(said["bundle"])
        if not isinstance(texts, list) or len(texts) > _MANY_WORDS:
            raise _RefusedError("too many words at once", errand)
        for text in texts:
            if not isinstance(text, str) or len(text) > _LONGEST_WORD:
                raise _RefusedError("a word is too long", errand)
            if not isinstance(json.loads(text), dict):
                raise _RefusedError("a word is no object", errand)
        if bundle and not self.has(errand, bundle):
            raise _RefusedError("the answers that belong to it were not uploaded", errand)
        words = [Word(attempt, number, text, bundle) for number, text in enumerate(texts, first)]
        heard = hear(self.store, errand, attempt, seat.id, words, now)
        if heard is None:
            raise self._not_theirs(seat, errand, attempt)
        return {"heard": heard}

    def _end(self, seat: Seat, said: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        errand, attempt, last, whole = (
            str(said["errand"]),
            int(said["attempt"]),
            int(said["last"]),
            said["whole"] is True,
        )
        heard = finish(self.store, errand, attempt, seat.id, last, now, whole=whole)
        if heard is None:
            raise self._not_theirs(seat, errand, attempt)
        return {"heard": heard}

    def _not_theirs(self, seat: Seat, errand: str, attempt: int) -> _RefusedError:
        one = get_errand(self.store, errand)
        if one is None or (one.customer, one.agent) != (seat.customer, seat.agent):
            return _RefusedError("this agent never had such an order", errand)
        if one.seat != seat.id or one.attempt != attempt:
            return _RefusedError(f"it is of attempt {attempt}, and another one counts now", errand)
        return _RefusedError(f"this order is over: {one.state}", errand)

    def _remember(self, who: tuple[str, str, str], verb: str, order: str, why: str, now: datetime) -> None:
        """Into the ledger, unless a seat is shouting: then it is only counted."""
        minute = int(now.timestamp() // 60)
        with self._turn:
            self.refused[verb if verb in _VERBS else "other"] += 1
            self._lately = Counter({key: n for key, n in self._lately.items() if key[1] == minute})
            self._lately[who[2], minute] += 1
            if self._lately[who[2], minute] > _REFUSED_A_MINUTE:
                return
        facts: dict[str, LedgerFact] = {"agent": who[1], "seat": who[2], "order": order[:64]}
        facts |= {"verb": verb[:40], "reason": why[:300]}
        append_many(self.store, (Entry(what=What.MESSAGE_REFUSED, who=who[2] or "unknown", facts=facts),))
