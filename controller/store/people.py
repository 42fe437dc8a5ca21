"""Who may log in, as whom, for whom? People with their roles, and what they are logged in by.

What a browser or a link holds is kept as its SHA-256 only, so that a stolen database opens no door.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, update

from controller.store.errors import StoreError
from controller.store.schema_people import login, person, person_invitation, person_role, recovery_code
from controller.store.store import Store

__all__ = [
    "Account",
    "Login",
    "PersonError",
    "account_of",
    "add_account",
    "bind",
    "change_account",
    "end_logins",
    "get_account",
    "get_accounts",
    "get_login",
    "invite",
    "invited",
    "keep_recovery_codes",
    "logins",
    "move_login",
    "open_login",
    "set_roles",
    "spend_recovery_code",
    "spend_step",
]


class PersonError(StoreError):
    """A person cannot be added or changed; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person as they are kept. roles: customer's id, or '*' for all -> role; totp: sealed."""

    id: str
    name: str
    email: str = ""
    language: str = ""
    password: str = field(default="", repr=False)
    totp: str = field(default="", repr=False)
    disabled: bool = False
    added: datetime
    issuer: str | None = None
    subject: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A log-in of a person. id: SHA-256 of what their browser holds. whole: nothing is missing any more."""

    id: str
    person: str
    whole: bool
    began: datetime
    seen: datetime
    proved: datetime | None
    address: str
    program: str


def add_account(store: Store, fresh: Account) -> None:
    """Add a person with their roles. Raises PersonError when the id is taken."""
    with store.write(durable=True) as connection:
        if connection.scalar(select(person.c.id).where(person.c.id == fresh.id)) is not None:
            raise PersonError(f"there is a person {fresh.id!r} already: choose another id")
        connection.execute(
            insert(person).values(
                id=fresh.id,
                name=fresh.name,
                email=fresh.email,
                language=fresh.language,
                password=fresh.password,
                totp=fresh.totp,
                totp_last=0,
                disabled=fresh.disabled,
                added=fresh.added,
                issuer=fresh.issuer,
                subject=fresh.subject,
            )
        )
        _set_roles(connection, fresh.id, fresh.roles)


def get_account(store: Store, person_id: str) -> Account | None:
    """One person."""
    with store.read() as connection:
        row = connection.execute(select(person).where(person.c.id == person_id)).one_or_none()
        return None if row is None else _account(row, _roles(connection, person_id))


def account_of(store: Store, issuer: str, subject: str) -> Account | None:
    """The person for whom a provider of log-ins vouches under this subject."""
    wanted = select(person).where(person.c.issuer == issuer, person.c.subject == subject)
    with store.read() as connection:
        row = connection.execute(wanted).one_or_none()
        return None if row is None else _account(row, _roles(connection, row.id))


def get_accounts(store: Store) -> tuple[Account, ...]:
    """Everybody, by id."""
    with store.read() as connection:
        rows = connection.execute(select(person).order_by(person.c.id)).all()
        return tuple(_account(row, _roles(connection, row.id)) for row in rows)


def change_account(store: Store, person_id: str, **values: object) -> None:
    """Change columns of a person; who can no longer log in as before is logged out. Raises PersonError."""
    with store.write(durable=True) as connection:
        changed = connection.execute(update(person).where(person.c.id == person_id).values(**values))
        if changed.rowcount != 1:
            raise PersonError(f"there is no person {person_id!r}: see 'secondline people list'")
        if values.keys() & {"password", "totp", "disabled"}:
            connection.execute(delete(login).where(login.c.person == person_id))


def set_roles(store: Store, person_id: str, roles: Mapping[str, str]) -> None:
    """Give a person exactly these roles; all their log-ins end. Raises PersonError."""
    with store.write(durable=True) as connection:
        if connection.scalar(select(person.c.id).where(person.c.id == person_id)) is None:
            raise PersonError(f"there is no person {person_id!r}: see 'secondline people list'")
        _set_roles(connection, person_id, roles)
        connection.execute(delete(login).where(login.c.person == person_id))


def open_login(store: Store, fresh: Login) -> None:
    """Write a log-in down."""
    with store.write() as connection:
        connection.execute(
            insert(login).values(
                id=fresh.id,
                person=fresh.person,
                whole=fresh.whole,
                began=fresh.began,
                seen=fresh.seen,
                proved=fresh.proved,
                address=fresh.address,
                program=fresh.program,
            )
        )


def get_login(store: Store, held: str) -> Login | None:
    """The log-in of what a browser holds."""
    with store.read() as connection:
        row = connection.execute(select(login).where(login.c.id == _hash(held))).one_or_none()
    return None if row is None else Login(**row._mapping)  # noqa: SLF001 - the documented name of a row's columns.


def logins(store: Store, person_id: str) -> tuple[Login, ...]:
    """A person's log-ins, the newest first."""
    wanted = select(login).where(login.c.person == person_id).order_by(login.c.began.desc())
    with store.read() as connection:
        return tuple(Login(**row._mapping) for row in connection.execute(wanted))  # noqa: SLF001 - see above.


def move_login(store: Store, login_id: str, **values: object) -> None:
    """Set when a log-in was last seen, or that a second factor was given."""
    with store.write() as connection:
        connection.execute(update(login).where(login.c.id == login_id).values(**values))


def end_logins(store: Store, person_id: str, login_id: str = "") -> int:
    """End one log-in of a person, or all of them; gives how many."""
    wanted = delete(login).where(login.c.person == person_id)
    with store.write() as connection:
        return connection.execute(wanted.where(login.c.id == login_id) if login_id else wanted).rowcount


def invite(store: Store, person_id: str, expires: datetime) -> str:
    """Make a link's secret by which this person sets a password, once; an earlier one counts no more."""
    secret = secrets.token_urlsafe(32)
    with store.write(durable=True) as connection:
        connection.execute(delete(person_invitation).where(person_invitation.c.person == person_id))
        connection.execute(
            insert(person_invitation).values(id=_hash(secret), person=person_id, expires=expires)
        )
    return secret


def invited(
    store: Store, secret: str, now: datetime, *, password: str = "", identity: tuple[str, str] | None = None
) -> str:
    """The person whom a link invites, empty for nobody.

    password: the hash to set; identity: issuer and subject by which they shall log in. With either the link is spent.
    Raises PersonError when the identity is somebody else's.
    """
    values = {"password": password} if password else {}
    if identity is not None:
        values |= dict(zip(("issuer", "subject"), identity, strict=True))
    with store.write(durable=bool(values)) as connection:
        row = connection.execute(
            select(person_invitation).where(person_invitation.c.id == _hash(secret))
        ).one_or_none()
        if row is None or row.expires <= now:
            return ""
        if identity is not None:
            _see_that_it_is_free(connection, row.person, identity)
        if values:
            connection.execute(delete(person_invitation).where(person_invitation.c.person == row.person))
            connection.execute(delete(login).where(login.c.person == row.person))
            connection.execute(update(person).where(person.c.id == row.person).values(**values))
        return str(row.person)


def bind(store: Store, person_id: str, identity: tuple[str, str] | None) -> None:
    """Have a person log in by a provider, under issuer and subject; None: no more. All their log-ins end.

    Raises PersonError when there is no such person, or the identity is somebody else's.
    """
    issuer, subject = identity or (None, None)
    with store.write(durable=True) as connection:
        if identity is not None:
            _see_that_it_is_free(connection, person_id, identity)
        changed = connection.execute(
            update(person).where(person.c.id == person_id).values(issuer=issuer, subject=subject)
        )
        if changed.rowcount != 1:
            raise PersonError(f"there is no person {person_id!r}: see 'secondline people list'")
        connection.execute(delete(login).where(login.c.person == person_id))


def _see_that_it_is_free(connection: Connection, person_id: str, identity: tuple[str, str]) -> None:
    issuer, subject = identity
    other = connection.scalar(
        select(person.c.id).where(
            person.c.issuer == issuer, person.c.subject == subject, person.c.id != person_id
        )
    )
    if other is not None:
        raise PersonError(f"{subject!r} at {issuer} is {other!r} here already: one log-in is one person's")


def spend_step(store: Store, person_id: str, step: int) -> bool:
    """Say whether a code of this time step may count: only one that is newer than the last that did."""
    newer = update(person).where(person.c.id == person_id, person.c.totp_last < step)
    with store.write(durable=True) as connection:
        return connection.execute(newer.values(totp_last=step)).rowcount == 1


def keep_recovery_codes(store: Store, person_id: str, codes: tuple[str, ...]) -> None:
    """Keep these codes in place of all earlier ones."""
    with store.write(durable=True) as connection:
        connection.execute(delete(recovery_code).where(recovery_code.c.person == person_id))
        for code in codes:
            connection.execute(insert(recovery_code).values(person=person_id, id=_hash(code)))


def spend_recovery_code(store: Store, person_id: str, code: str) -> bool:
    """Say whether this is one of the person's codes; from then on it is not."""
    one = delete(recovery_code).where(recovery_code.c.person == person_id, recovery_code.c.id == _hash(code))
    with store.write(durable=True) as connection:
        return connection.execute(one).rowcount == 1


def _set_roles(connection: Connection, person_id: str, roles: Mapping[str, str]) -> None:
    connection.execute(delete(person_role).where(person_role.c.person == person_id))
    for customer, role in roles.items():
        connection.execute(insert(person_role).values(person=person_id, customer=customer, role=role))


def _roles(connection: Connection, person_id: str) -> dict[str, str]:
    rows = connection.execute(select(person_role).where(person_role.c.person == person_id))
    return {row.customer: row.role for row in rows}


def _account(row: Row[tuple[object, ...]], roles: Mapping[str, str]) -> Account:
    columns = dict(row._mapping)  # noqa: SLF001 - the documented name of a row's columns.
    del columns["totp_last"]
    return Account(**columns, roles=roles)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
