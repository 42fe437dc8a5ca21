"""Which agents elsewhere are ours? Invitations that serve once, seats with their keys, and who admitted them.

A code is kept as its hash alone, and it is long enough that nobody guesses it; wrong ones are counted all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from controller.store.errors import SeatError
from controller.store.schema_sites import invitation, seat, wrong_code
from controller.store.store import Store

__all__ = [
    "Seat",
    "SeatState",
    "enrol",
    "get_seat",
    "invite",
    "move_seat",
    "saw",
    "seats",
    "too_many_wrong",
]

# So many wrong codes within so long: from one source, and from everywhere.
_SPAN = timedelta(minutes=10)
_WRONG_FROM_ONE, _WRONG_AT_ALL = 5, 50


class SeatState(StrEnum):
    """Public and stable."""

    PENDING = "pending"
    ADMITTED = "admitted"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One program at a customer's site. agent: the name that contracts call it by; law: what it says of its own law.

    clock_off: by how many seconds its clock is before ours, as it was last heard.
    """

    id: str
    customer: str
    site: str
    agent: str
    public: str
    law: Mapping[str, Any]
    state: SeatState
    made: datetime
    by: str
    seen: datetime | None = None
    clock_off: float | None = None
    version: str = ""


def invite(  # noqa: PLR0913 - what an invitation fixes.
    store: Store, code: str, *, customer: str, site: str, agent: str, by: str, now: datetime, until: datetime
) -> None:
    """Keep the hash of a code, and what it fixes."""
    with store.write(durable=True) as connection:
        connection.execute(delete(invitation).where(invitation.c.expires < now - timedelta(days=7)))
        connection.execute(
            insert(invitation).values(
                digest=_digest(code),
                customer=customer,
                site=site,
                agent=agent,
                by=by,
                made=now,
                expires=until,
                seat="",
            )
        )


def enrol(  # noqa: PLR0913 - who asks, with what, from where.
    store: Store, code: str, *, public: str, law: Mapping[str, Any], source: str, now: datetime
) -> Seat:
    """Use a code for a seat that waits for a person. Raises SeatError.

    Who asks once more with the same key, because the answer was lost, gets the same seat.
    """
    if too_many_wrong(store, source, now):
        raise SeatError("too many wrong codes came from there: wait ten minutes")
    with store.write(durable=True) as connection:
        found = connection.execute(
            select(invitation).where(invitation.c.digest == _digest(code)).with_for_update()
        ).one_or_none()
        known = connection.execute(select(seat).where(seat.c.public == public)).one_or_none()
        if found is not None and known is not None and found.seat == known.id:
            return _seat(known)
        if found is not None and not found.seat and found.expires > now and known is None:
            id_ = f"{found.agent}-{hashlib.sha256(public.encode()).hexdigest()[:8]}"
            connection.execute(
                insert(seat).values(
                    id=id_,
                    customer=found.customer,
                    site=found.site,
                    agent=found.agent,
                    public=public,
                    law=dict(law),
                    state=SeatState.PENDING.value,
                    made=now,
                    by="",
                    version="",
                )
            )
            connection.execute(update(invitation).where(invitation.c.digest == found.digest).values(seat=id_))
            return _seat(connection.execute(select(seat).where(seat.c.id == id_)).one())
        connection.execute(insert(wrong_code).values(at=now, source=source[:64]))
    if found is not None and not found.seat and known is None:
        raise SeatError("this code's time is over: have the agent invited anew")
    # Whether a code was ever one is not told to whoever guesses.
    raise SeatError("this code does not count: have the agent invited anew")


def too_many_wrong(store: Store, source: str, now: datetime) -> bool:
    with store.read() as connection:
        lately = wrong_code.c.at > now - _SPAN
        every = connection.scalar(select(func.count()).select_from(wrong_code).where(lately)) or 0
        here = wrong_code.c.source == source[:64]
        one = connection.scalar(select(func.count()).select_from(wrong_code).where(lately, here)) or 0
    return every >= _WRONG_AT_ALL or one >= _WRONG_FROM_ONE


def get_seat(store: Store, id_: str) -> Seat | None:
    with store.read() as connection:
        row = connection.execute(select(seat).where(seat.c.id == id_)).one_or_none()
    return None if row is None else _seat(row)


def seats(
    store: Store, *, customer: str = "", agent: str = "", state: SeatState | None = None
) -> tuple[Seat, ...]:
    """All seats that fit, the oldest first."""
    wanted = select(seat).order_by(seat.c.made, seat.c.id)
    if customer:
        wanted = wanted.where(seat.c.customer == customer)
    if agent:
        wanted = wanted.where(seat.c.agent == agent)
    if state is not None:
        wanted = wanted.where(seat.c.state == state.value)
    with store.read() as connection:
        return tuple(map(_seat, connection.execute(wanted)))


def move_seat(store: Store, id_: str, state: SeatState, by: str) -> Seat:
    """Admit a seat that waits, or revoke one. Raises SeatError; what was revoked stays so."""
    with store.write(durable=True) as connection:
        row = connection.execute(select(seat).where(seat.c.id == id_).with_for_update()).one_or_none()
        if row is None:
            raise SeatError(f"no agent {id_!r} has asked for a seat: see 'secondline agent seats'")
        if SeatState(row.state) is SeatState.REVOKED:
            raise SeatError(f"{id_} was revoked: invite the agent anew")
        connection.execute(update(seat).where(seat.c.id == id_).values(state=state.value, by=by))
        return _seat(connection.execute(select(seat).where(seat.c.id == id_)).one())


def saw(store: Store, id_: str, now: datetime, *, clock_off: float | None = None, version: str = "") -> None:
    """A seat was heard of."""
    values: dict[str, object] = {"seen": now}
    if clock_off is not None:
        values |= {"clock_off": clock_off, "version": version[:40]}
    with store.write() as connection:
        connection.execute(update(seat).where(seat.c.id == id_).values(**values))


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _seat(row: Row[tuple[object, ...]]) -> Seat:
    columns = dict(row._mapping)  # noqa: SLF001 - the documented name of a row's columns.
    return Seat(**columns | {"state": SeatState(row.state)})
