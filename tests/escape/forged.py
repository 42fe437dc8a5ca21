"""What if the store was edited by hand, the contract does not hold, or the clock is wrong? A customer each."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent import switch
from agent.memory import Memory
from agent.post import Post
from agent.refusal import Hold
from controller.store.contracts import ContractState, digest_of
from inventory.decide import Reason
from inventory.signing import NotSigned
from tests.escape.books import Books
from tests.escape.papers import text_of
from tests.escape.places import Spot
from tests.law import ANNA, sign

__all__ = ["FORGED", "Forged", "customer_of"]


def customer_of(number: int) -> str:
    return f"forged-{number}"


@dataclass(frozen=True, slots=True)
class Store:
    """One customer's part of the store, and whoever can write to it."""

    books: Books
    number: int

    @property
    def customer(self) -> str:
        return customer_of(self.number)

    def honest(self, **changes: object) -> dict[str, Any]:
        return self.books.honest(self.customer, self.number, **changes)

    def widened(self, **changes: object) -> dict[str, Any]:
        """The contract with the own host at an address that nobody shall reach."""
        document = self.honest(**changes)
        document["hosts"][0]["addresses"] = [Spot(self.number).other]
        return document

    def entered(self, **changes: object) -> Post:
        """Put an honest contract into the store, and set its agent up."""
        document = self.honest(**changes)
        self.books.enter(document)
        (post,) = self.books.agents(document).values()
        return post

    def edit(self, sql: str, *values: object) -> None:
        """Change the database behind the product's back."""
        with (
            contextlib.closing(sqlite3.connect(self.books.home / "secondline.sqlite3", timeout=20)) as base,
            base,
        ):
            if base.execute(sql, values).rowcount != 1:
                raise ValueError(f"{sql} has not changed one row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forged:
    """forge: what is done beforehand. reason: why it must be refused; says: what stands in for it where no run begins."""

    forge: Callable[[Store], object]
    reason: str = ""
    says: str = ""
    env: Mapping[str, str] = field(default_factory=dict)


def _text_alone(at: Store) -> None:
    at.entered()
    at.edit("update contract set text = ? where customer = ?", text_of(at.widened()), at.customer)


def _text_and_digest(at: Store) -> None:
    at.entered()
    text = text_of(at.widened())
    at.edit("update contract set text = ?, digest = ? where customer = ?", text, digest_of(text), at.customer)


def _waiting(at: Store) -> None:
    at.entered()
    document = at.widened(revision=2)
    at.books.enter(document, signatures=sign(text_of(document), ANNA), state=ContractState.WAITING)


def _waiting_made_to_hold(at: Store) -> None:
    _waiting(at)
    at.edit("update contract set state = 'holds' where customer = ? and revision = 2", at.customer)


def _unsigned(at: Store) -> None:
    at.entered()
    at.edit("update contract set signatures = '[]' where customer = ?", at.customer)


def _signatures_of_another(at: Store) -> None:
    at.books.agents(at.widened())
    other = at.widened() | {"customer": "musterbau"}
    at.books.enter(at.widened(), signatures=sign(text_of(other)))


def _set_back(at: Store) -> None:
    at.books.enter(at.widened(revision=4))
    post = at.entered(revision=5)
    text = text_of(at.honest(revision=5))
    Memory(post.memory).accept(customer=at.customer, revision=5, digest=digest_of(text), text=text)
    at.edit("delete from contract where customer = ? and revision = 5", at.customer)


def _closed_window(at: Store) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).strftime("%a").lower()[:2]
    (clause,) = at.honest()["clauses"]
    at.entered(clauses=[clause | {"windows": [{"days": [day], "from": "10:00", "until": "12:00"}]}])


def _clock_later_before(at: Store) -> None:
    post = at.entered()
    Memory(post.memory).spend(
        grant="0" * 16, expires=0, customer=at.customer, revision=1, now=datetime.now(UTC).timestamp()
    )


def _unreadable(at: Store) -> None:
    at.entered()
    at.edit("update contract set text = ? where customer = ?", "hosts: all\n", at.customer)


_EARLIER = {
    "LD_PRELOAD": "".join(map(str, Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))),
    "FAKETIME": "-40d",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
}
FORGED: dict[str, Forged] = {
    "a contract widened in the database": Forged(forge=_text_alone, reason=Hold.OTHER_TEXT),
    "a contract widened in the database, with its digest": Forged(
        forge=_text_and_digest, reason=NotSigned.UNSIGNED
    ),
    "a waiting revision that is made to hold in the database": Forged(
        forge=_waiting_made_to_hold, reason=NotSigned.ONE_PERSON
    ),
    "signatures taken away in the database": Forged(forge=_unsigned, reason=NotSigned.UNSIGNED),
    "signatures of another customer's contract": Forged(
        forge=_signatures_of_another, reason=NotSigned.UNSIGNED
    ),
    "the newer revision deleted in the database, so that the wider one holds": Forged(
        forge=_set_back, reason=Hold.OLDER
    ),
    "a contract that is over": Forged(
        forge=lambda at: at.entered(valid={"from": "2025-01-01", "until": "2025-12-31"}),
        reason=Reason.EXPIRED,
    ),
    "a contract that has not begun": Forged(
        forge=lambda at: at.entered(valid={"from": "2098-01-01", "until": "2098-12-31"}),
        reason=Reason.NOT_YET_VALID,
    ),
    "a window that is closed": Forged(forge=_closed_window, reason=Reason.WINDOW_CLOSED),
    "a kill switch": Forged(
        forge=lambda at: switch.throw(at.entered().folder, at.customer, "fire"), reason=Hold.SWITCH
    ),
    "a clock that was set back by forty days": Forged(
        forge=_clock_later_before, reason=Hold.CLOCK_SET_BACK, env=_EARLIER
    ),
    "an agent that is not here": Forged(forge=lambda at: at.books.enter(at.honest()), reason=Hold.NO_AGENT),
    "no contract at all": Forged(forge=lambda _: None, says="there is no contract for"),
    "a contract that cannot be read": Forged(
        forge=_unreadable,
        says="is missing",
    ),
}
