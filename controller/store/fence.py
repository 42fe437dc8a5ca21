"""Whose rows may this piece of work see? The second wall: a server's own policies keep it to those of its customers.

Every query says itself whose rows it wants. Should one forget, or be led astray, a PostgreSQL server gives no row of
another customer's all the same (row-level security, migration 0021), and takes none. A file has no such wall.

Work is bound where it begins: a request to the customers of whoever sent it, a diagnosis to its own. What is for all
(settling, deleting what is too old, the queues of agents) says so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["ALL", "FREE", "bind", "bound", "bound_to", "for_all"]

ALL = "*"
_BOUND: ContextVar[str] = ContextVar("secondline_customers", default=ALL)
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Tables whose rows are nobody's alone, with the reason; every other one has a policy (migration 0021 and later ones).
FREE = {
    "ledger": "one chain over all customers: without its last entry none can be added",
    "installation": "says which home the database belongs to",
    "promotion": "which playbooks may be applied, for all customers",
    "person": "read before anybody knows who asks",
    "person_role": "read before anybody knows who asks",
    "person_invitation": "read before anybody knows who asks",
    "login": "read before anybody knows who asks",
    "recovery_code": "read before anybody knows who asks",
    "program_token": "read before anybody knows who asks",
    "wrong_code": "counts tries of those who are nobody yet",
}


def bound() -> str:
    """The customers of this piece of work, separated by commas; `*` for all."""
    return _BOUND.get()


def bind(customers: Collection[str]) -> None:
    """Keep the rest of this piece of work (its task, its thread) to these customers; ALL among them for all."""
    _BOUND.set(_written(customers))


@contextmanager
def bound_to(customers: Collection[str]) -> Iterator[None]:
    """Keep a block to these customers."""
    token = _BOUND.set(_written(customers))
    try:
        yield
    finally:
        _BOUND.reset(token)


@contextmanager
def for_all() -> Iterator[None]:
    """Let a block see the rows of all customers: for what is done for all of them."""
    with bound_to((ALL,)):
        yield


def _written(customers: Collection[str]) -> str:
    if ALL in customers:
        return ALL
    # What could be no customer's id is none's: it must not become a part of the list, or of the statement.
    return ",".join(sorted(one for one in customers if _ID.fullmatch(one)))
