"""Which contract holds for this customer? Every revision that was ever added, with its exact text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Row, func, insert, select

from controller.store.errors import RevisionError
from controller.store.schema import contract
from controller.store.store import Store

__all__ = [
    "StoredContract",
    "add_contract",
    "contract_at",
    "current_contract",
    "current_contracts",
    "digest_of",
    "revisions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredContract:
    """One revision of one customer's contract; digest: SHA-256 of its text in UTF-8."""

    customer: str
    revision: int
    digest: str
    text: str
    added_at: datetime
    added_by: str


def digest_of(text: str) -> str:
    """The SHA-256 (hex) by which a contract's text is known, also in a grant."""
    return hashlib.sha256(text.encode()).hexdigest()


def add_contract(store: Store, *, customer: str, revision: int, text: str, added_by: str) -> StoredContract:
    """Add a revision; the very same text again is no change and gives what is stored.

    Raises RevisionError when the revision is lower than the newest one, or stands for another text.
    """
    fresh = StoredContract(
        customer=customer,
        revision=revision,
        digest=digest_of(text),
        text=text,
        added_at=datetime.now(UTC),
        added_by=added_by,
    )
    newest_first = (
        select(contract).where(contract.c.customer == customer).order_by(contract.c.revision.desc())
    )
    with store.write(durable=True) as connection:
        newest = connection.execute(newest_first.limit(1)).one_or_none()
        if newest is not None and newest.revision > revision:
            raise RevisionError(
                f"revision {revision} of {customer} is older than {newest.revision}, which is here already: "
                "a contract only goes forward, give it a higher revision"
            )
        if newest is not None and newest.revision == revision:
            if newest.digest == fresh.digest:
                return _contract(newest)
            raise RevisionError(
                f"revision {revision} of {customer} is here already with another text: "
                "give the changed contract a higher revision"
            )
        connection.execute(
            insert(contract).values(
                customer=fresh.customer,
                revision=fresh.revision,
                digest=fresh.digest,
                text=fresh.text,
                added_at=fresh.added_at,
                added_by=fresh.added_by,
            )
        )
    return fresh


def current_contract(store: Store, customer: str) -> StoredContract | None:
    """The newest revision of one customer's contract."""
    newest = select(contract).where(contract.c.customer == customer).order_by(contract.c.revision.desc())
    with store.read() as connection:
        row = connection.execute(newest.limit(1)).one_or_none()
    return None if row is None else _contract(row)


def current_contracts(store: Store) -> tuple[StoredContract, ...]:
    """The newest revision of every customer's contract, by customer."""
    newest = (
        select(contract.c.customer, func.max(contract.c.revision).label("revision"))
        .group_by(contract.c.customer)
        .subquery()
    )
    joined = (
        select(contract)
        .join(newest, (contract.c.customer == newest.c.customer) & (contract.c.revision == newest.c.revision))
        .order_by(contract.c.customer)
    )
    with store.read() as connection:
        return tuple(_contract(row) for row in connection.execute(joined))


def contract_at(store: Store, digest: str) -> StoredContract | None:
    """The revision whose text has this SHA-256, so that an old run is read with its own contract."""
    with store.read() as connection:
        row = connection.execute(select(contract).where(contract.c.digest == digest).limit(1)).one_or_none()
    return None if row is None else _contract(row)


def revisions(store: Store, customer: str) -> tuple[StoredContract, ...]:
    """All revisions of one customer's contract, oldest first."""
    every = select(contract).where(contract.c.customer == customer).order_by(contract.c.revision)
    with store.read() as connection:
        return tuple(_contract(row) for row in connection.execute(every))


def _contract(row: Row[tuple[object, ...]]) -> StoredContract:
    return StoredContract(**row._mapping)  # noqa: SLF001 - the documented name of a row's columns.
