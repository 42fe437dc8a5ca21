"""Whose runs does somebody see, and in whose name is something done? The installation as one person uses it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.office import NoContractError, Office
from controller.run import new_run
from controller.store.contracts import StoredContract
from controller.store.inbox import Sight
from controller.web.access import EVERY_CUSTOMER, RIGHTS, Person, Right
from controller.web.door import person_of
from controller.web.pages import Pages, segment
from controller.web.underway import Do, TooManyError, UnderWay, Work
from inventory.contract import Contract
from inventory.read import ContractError

__all__ = ["begun", "contract_of", "new_work", "office_of", "pages_of", "sight_of"]


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


def new_work(  # noqa: PLR0913 - what is told of it while it goes on.
    what: str, customer: str, desk: str, ticket: str, *, title: str, who: str
) -> Work:
    """Something that is about to begin."""
    now = datetime.now(UTC)
    return Work(
        run=new_run(now),
        what=what,
        customer=customer,
        desk=desk,
        ticket=ticket,
        title=title,
        who=who,
        asked=now,
    )


def begun(request: Request, work: Work, do: Do) -> Response:
    """Begin it, and go where it can be followed."""
    underway: UnderWay = request.app.state.underway
    try:
        underway.begin(work, do)
    except TooManyError as error:
        facts: dict[str, Any] = {"desk": work.desk, "ticket": work.ticket, "problem": str(error)}
        return pages_of(request).show(request, "ticket_unread.html", status=503, **facts)
    return RedirectResponse(f"/live/{segment(work.run)}", 303)


def pages_of(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


def contract_of(request: Request, customer: str) -> tuple[StoredContract, Contract]:
    """A customer's contract, for a page that is nothing without. Raises HTTPException 404 where it cannot be read."""
    try:
        return office_of(request).contract_of(customer)
    except (NoContractError, ContractError):
        raise HTTPException(404) from None
