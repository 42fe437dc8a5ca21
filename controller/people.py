"""Who is let in, by whom? People are added, get their roles, and lose them; each of it stands in the ledger.

Whoever manages people for some customers alone cannot reach further, and nobody changes their own roles.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from controller.ledger import Entry, LedgerFact, What, append
from controller.store.people import (
    Account,
    PersonError,
    add_account,
    change_account,
    end_logins,
    get_account,
    invite,
    set_roles,
)
from controller.store.people import bind as bind_account
from controller.store.store import Store
from inventory.contract import Contract

__all__ = [
    "OwnRolesError",
    "add",
    "allow",
    "bind",
    "end_all",
    "give_roles",
    "invite_contact",
    "known_person",
    "link",
    "told",
]

_LINK = timedelta(days=1)


class OwnRolesError(PersonError):
    """Nobody changes their own roles: somebody else who manages people has to."""


def known_person(store: Store, who: str) -> Account:
    """One person. Raises PersonError."""
    if (account := get_account(store, who)) is None:
        raise PersonError(f"there is no person {who!r}: see 'secondline people list'")
    return account


def add(store: Store, fresh: Account, *, by: str) -> str:
    """Add a person, and give the link (behind the server's address) by which they set a password, once.

    Raises PersonError.
    """
    if not fresh.id.replace(".", "").replace("-", "").replace("_", "").isalnum() or not fresh.id.isascii():
        raise PersonError(f"{fresh.id!r} cannot be a name here: use letters, digits, '.', '-' and '_'")
    if not fresh.name.strip():
        raise PersonError("the person has no name: give the one that stands beside their key")
    add_account(store, fresh)
    _tell(store, What.PERSON_ADDED, by, person=fresh.id, roles=told(fresh.roles))
    return _link(store, fresh.id)


def link(store: Store, who: str, *, by: str) -> str:
    """A new link by which a person sets a password, once; what they have holds until then. Raises PersonError."""
    known_person(store, who)
    made = _link(store, who)
    _tell(store, What.PERSON_CHANGED, by, person=who, what="link")
    return made


def give_roles(store: Store, who: str, roles: Mapping[str, str], *, by: str) -> None:
    """Give a person exactly these roles; all their log-ins end. Raises PersonError."""
    if who == by:
        raise OwnRolesError("these are your own roles: somebody else who manages people has to change them")
    set_roles(store, who, roles)
    _tell(store, What.PERSON_CHANGED, by, person=who, what="roles", roles=told(roles))


def allow(store: Store, who: str, allowed: bool, *, by: str) -> None:  # noqa: FBT001 - the value that is kept.
    """Let a person log in, or not any more; all their log-ins end. Raises PersonError."""
    change_account(store, who, disabled=not allowed)
    what = "may log in again" if allowed else "may not log in"
    _tell(store, What.PERSON_CHANGED, by, person=who, what=what)


def bind(store: Store, who: str, identity: tuple[str, str] | None, *, by: str) -> None:
    """Have a person log in by a provider, under its issuer and subject; None: no more. Raises PersonError."""
    bind_account(store, who, identity)
    _tell(store, What.PERSON_CHANGED, by, person=who, what="provider" if identity else "no provider")


def end_all(store: Store, who: str, *, by: str) -> int:
    """End all log-ins of a person; gives how many there were. Raises PersonError."""
    known_person(store, who)
    ended = end_logins(store, who)
    if ended:
        _tell(store, What.LOGGED_OUT, by, person=who, how="by somebody who manages people")
    return ended


def invite_contact(store: Store, contract: Contract, contact: str, *, by: str) -> tuple[str, str]:
    """Let one of the customer's people of the contract in; gives their id here and the link. Raises PersonError."""
    found = next((one for one in contract.contacts if one.id == contact), None)
    if found is None:
        known = ", ".join(one.id for one in contract.contacts) or "nobody"
        raise PersonError(f"the contract of {contract.customer} names no contact {contact!r}: it has {known}")
    who = f"{contract.customer}.{found.id}"
    if get_account(store, who) is not None:
        return who, link(store, who, by=by)
    role = "customer-approver" if "change" in found.approves else "customer"
    fresh = Account(
        id=who,
        name=found.name,
        email=str(found.email),
        language=contract.language,
        added=datetime.now(UTC),
        roles={contract.customer: role},
    )
    return who, add(store, fresh, by=by)


def told(roles: Mapping[str, str]) -> str:
    """Roles in one line.

    >>> told({"musterbau": "engineer", "*": "auditor"})
    'auditor:*, engineer:musterbau'
    """
    return ", ".join(f"{role}:{customer}" for customer, role in sorted(roles.items()))


def _link(store: Store, who: str) -> str:
    return f"/invitation/{invite(store, who, datetime.now(UTC) + _LINK)}"


def _tell(store: Store, kind: What, by: str, **facts: LedgerFact) -> None:
    append(store, Entry(what=kind, who=by, facts=facts))
