"""Whose runs does somebody see, and in whose name is something done? The installation as one person uses it."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request

from controller.office import Office
from controller.store.inbox import Sight
from controller.web.access import EVERY_CUSTOMER, RIGHTS, Person, Right
from controller.web.door import person_of
from controller.web.pages import Pages

__all__ = ["office_of", "pages_of", "sight_of"]


def sight_of(person: Person | None, right: Right = Right.SEE_RUNS) -> Sight:
    """The customers for whom somebody has a right, for a query.

    >>> from controller.web.access import Role
    >>> sight_of(Person(id="e", name="E", roles={"*": Role.ENGINEER, "k": Role.AUDITOR}))
    Sight(customers=frozenset(), others=True, barred=frozenset({'k'}))
    """
    if person is None:
        return Sight(customers=frozenset())
    named = {customer: right in RIGHTS[role] for customer, role in person.roles.items()}
    others = named.pop(EVERY_CUSTOMER, False)
    return Sight(
        customers=frozenset(customer for customer, may in named.items() if may and not others),
        others=others,
        barred=frozenset(customer for customer, may in named.items() if not may),
    )


def office_of(request: Request) -> Office:
    """The installation, in the name of whoever is logged in: as the ledger and the approvals know them."""
    office: Office = request.app.state.office
    person = person_of(request)
    return office if person is None else replace(office, who=person.name)


def pages_of(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages
