"""Which program is this, and in whose place does it work? The bearer tokens of the programming interface.

A program never has more than the person has now, and nothing of what needs a fresh second factor or is a person's own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from starlette.requests import Request

from controller.store.people import Account, get_account
from controller.store.store import Store
from controller.store.tokens import PREFIX, ProgramToken, get_token, use_token
from controller.web.access import EVERY_CUSTOMER, GIVEN, Person, Right, Role

__all__ = ["bearer", "person_from", "program", "within"]

_SEEN = timedelta(minutes=1)


def bearer(request: Request) -> str:
    """The token that a program brings along, empty where there is none: pages know none."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    fits = kind.lower() == "bearer" and request.url.path.startswith("/api/")
    return secret.strip() if fits else ""


def program(store: Store, secret: str) -> Person | None:
    """The person in whose place a program works, with no more than it was given; None when its token holds no more."""
    now = datetime.now(UTC)
    token = get_token(store, secret) if secret.startswith(PREFIX) else None
    account = get_account(store, token.person) if token and token.holds(now) else None
    if token is None or account is None or account.disabled:
        return None
    if token.used is None or now - token.used > _SEEN:
        use_token(store, token.id, now)
    return within(person_from(account), token)


def person_from(account: Account) -> Person:
    """The person of an account; a role that nobody knows any more is none."""
    known = {role.value for role in Role}
    roles = {customer: Role(role) for customer, role in account.roles.items() if role in known}
    return Person(id=account.id, name=account.name, roles=roles, language=account.language)


def within(person: Person, token: ProgramToken) -> Person:
    """A person as far as a token reaches."""
    given = {right.value for right in GIVEN}
    rights = frozenset(Right(right) for right in token.rights if right in given)
    roles = person.roles
    if token.customers:
        roles = {
            customer: role
            for customer in token.customers
            if customer != EVERY_CUSTOMER and (role := person.role(customer)) is not None
        }
    return replace(person, roles=roles, rights=rights)
