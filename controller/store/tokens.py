"""By what does a program get in? Tokens that work in somebody's place: for some rights and customers, for a time.

Kept as their SHA-256: a stolen database opens no door.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, insert, select, update

from controller.store.people import PersonError
from controller.store.schema_people import person, program_token
from controller.store.store import Store

__all__ = ["PREFIX", "ProgramToken", "get_token", "make_token", "revoke_token", "tokens", "use_token"]

# Programs that look for secrets in published text find them by it.
PREFIX = "slt_"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramToken:
    """One token, without its secret. customers: empty for all that the person may see."""

    id: str
    person: str
    name: str
    rights: tuple[str, ...]
    customers: tuple[str, ...]
    made: datetime
    expires: datetime
    used: datetime | None = None
    revoked: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.revoked is None and self.made <= now < self.expires


def make_token(  # noqa: PLR0913 - whose, what for, and how long.
    store: Store,
    person_id: str,
    name: str,
    *,
    rights: Iterable[str],
    customers: Iterable[str],
    now: datetime,
    expires: datetime,
) -> tuple[ProgramToken, str]:
    """Make a token, and give it with its secret: told once, and never again. Raises PersonError."""
    secret = PREFIX + secrets.token_urlsafe(32)
    fresh = ProgramToken(
        id=secrets.token_hex(4),
        person=person_id,
        name=name,
        rights=tuple(rights),
        customers=tuple(customers),
        made=now,
        expires=expires,
    )
    with store.write(durable=True) as connection:
        if connection.scalar(select(person.c.id).where(person.c.id == person_id)) is None:
            raise PersonError(f"there is no person {person_id!r}: see 'secondline people list'")
        connection.execute(
            insert(program_token).values(
                id=fresh.id,
                secret=_hash(secret),
                person=person_id,
                name=name,
                rights=list(fresh.rights),
                customers=list(fresh.customers),
                made=now,
                expires=expires,
            )
        )
    return fresh, secret


def get_token(store: Store, secret: str) -> ProgramToken | None:
    """The token of what a program brings along, whether it holds or not."""
    with store.read() as connection:
        row = connection.execute(
            select(program_token).where(program_token.c.secret == _hash(secret))
        ).one_or_none()
    return None if row is None else _token(row)


def tokens(store: Store, person_id: str = "") -> tuple[ProgramToken, ...]:
    """The tokens of a person, or of everybody; the newest first."""
    wanted = select(program_token).order_by(program_token.c.made.desc())
    if person_id:
        wanted = wanted.where(program_token.c.person == person_id)
    with store.read() as connection:
        return tuple(_token(row) for row in connection.execute(wanted))


def use_token(store: Store, token_id: str, now: datetime) -> None:
    """Write down that a token was used."""
    with store.write() as connection:
        connection.execute(update(program_token).where(program_token.c.id == token_id).values(used=now))


def revoke_token(store: Store, token_id: str, now: datetime, *, person_id: str = "") -> bool:
    """Let a token count no more; False when there is none (of this person's) that did."""
    wanted = update(program_token).where(program_token.c.id == token_id, program_token.c.revoked.is_(None))
    if person_id:
        wanted = wanted.where(program_token.c.person == person_id)
    with store.write(durable=True) as connection:
        return connection.execute(wanted.values(revoked=now)).rowcount == 1


def _token(row: Row[tuple[object, ...]]) -> ProgramToken:
    columns = dict(row._mapping)  # noqa: SLF001 - the documented name of a row's columns.
    del columns["secret"]
    return ProgramToken(
        **columns | {"rights": tuple(columns["rights"]), "customers": tuple(columns["customers"])}
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
