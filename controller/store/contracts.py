"""Which contract holds for this customer? Every revision that was ever added, with its exact text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from controller.store.errors import RevisionError
from controller.store.schema import contract
from controller.store.store import Store

__all__ = [
    "ContractState",
    "StoredContract",
    "add_contract",
    "approve_contract",
    "contract_at",
    "current_contract",
    "current_contracts",
    "digest_of",
    "revisions",
    "waiting_contract",
]


class ContractState(StrEnum):
    """Whether a revision counts: `waiting` is for a second person, as it permits more than the one before."""

    HOLDS = "holds"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredContract:
    """One revision of one customer's contract; digest: SHA-256 of its text in UTF-8."""

    customer: str
    revision: int
    digest: str
    text: str
    added_at: datetime
    added_by: str
    state: ContractState
    signatures: tuple[str, ...]


def digest_of(text: str) -> str:
    """The SHA-256 (hex) by which a contract's text is known, also in a grant."""
    return hashlib.sha256(text.encode()).hexdigest()


def add_contract(  # noqa: PLR0913 - what a revision consists of.
    store: Store,
    *,
    customer: str,
    revision: int,
    text: str,
    signatures: Sequence[str],
    state: ContractState,
    added_by: str,
) -> StoredContract:
    """Add a revision; the very same text again is no change but for its signatures, and gives what is stored.

    Raises RevisionError when the revision is lower than the newest one, or stands for another text.
    """
    fresh = StoredContract(
        customer=customer,
        revision=revision,
        digest=digest_of(text),
        text=text,
        added_at=datetime.now(UTC),
        added_by=added_by,
        state=state,
        signatures=tuple(signatures),
    )
    with store.write(durable=True) as connection:
        newest = connection.execute(_newest(customer).limit(1)).one_or_none()
        if newest is not None and newest.revision > revision:
            raise RevisionError(
                f"revision {revision} of {customer} is older than {newest.revision}, which is here already: "
                "a contract only goes forward, give it a higher revision"
            )
        if newest is not None and newest.revision == revision:
            if newest.digest == fresh.digest:
                return _sign(connection, _contract(newest), fresh.signatures, state)
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
                state=fresh.state.value,
                signatures=list(fresh.signatures),
            )
        )
    return fresh


def approve_contract(store: Store, waiting: StoredContract, signatures: Sequence[str]) -> StoredContract:
    """Let a waiting revision hold, with the signatures that were missing. Raises RevisionError when it cannot."""
    with store.write(durable=True) as connection:
        newest = connection.execute(_newest(waiting.customer).limit(1)).one_or_none()
        if newest is None or (newest.revision, newest.digest) != (waiting.revision, waiting.digest):
            raise RevisionError(
                f"revision {waiting.revision} of {waiting.customer} is not the newest any more: look at the newest one"
            )
        return _sign(connection, _contract(newest), tuple(signatures), ContractState.HOLDS)


def _sign(
    connection: Connection, known: StoredContract, signatures: tuple[str, ...], state: ContractState
) -> StoredContract:
    """Add signatures to a revision, and its new state; what holds never waits again."""
    every = tuple(dict.fromkeys((*known.signatures, *signatures)))
    state = known.state if known.state is ContractState.HOLDS else state
    connection.execute(
        update(contract)
        .where(contract.c.customer == known.customer, contract.c.revision == known.revision)
        .values(signatures=list(every), state=state.value)
    )
    return replace(known, signatures=every, state=state)


def _newest(customer: str) -> Select[tuple[object, ...]]:
    return select(contract).where(contract.c.customer == customer).order_by(contract.c.revision.desc())


def current_contract(store: Store, customer: str) -> StoredContract | None:
    """The newest revision of one customer's contract that holds."""
    holding = _newest(customer).where(contract.c.state == ContractState.HOLDS.value)
    with store.read() as connection:
        row = connection.execute(holding.limit(1)).one_or_none()
    return None if row is None else _contract(row)


def waiting_contract(store: Store, customer: str) -> StoredContract | None:
    """The newest revision, when it waits for a second person."""
    with store.read() as connection:
        row = connection.execute(_newest(customer).limit(1)).one_or_none()
    found = None if row is None else _contract(row)
    return found if found is not None and found.state is ContractState.WAITING else None


def current_contracts(store: Store) -> tuple[StoredContract, ...]:
    """The newest revision of every customer's contract that holds, by customer."""
    newest = (
        select(contract.c.customer, func.max(contract.c.revision).label("revision"))
        .where(contract.c.state == ContractState.HOLDS.value)
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
    kept = dict(row._mapping)  # noqa: SLF001 - the documented name of a row's columns.
    signatures = tuple(str(token) for token in kept.pop("signatures") or ())
    return StoredContract(**kept | {"state": ContractState(kept["state"]), "signatures": signatures})
