"""Who touched our systems? Every access of a customer's, narrowed, paged, and as a table that proves itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from controller.accesses import Narrowed, accesses
from controller.extract import Span, write_extract
from controller.ledger import head_of
from controller.reports.story import words_for
from controller.web.access import Person, Right
from controller.web.door import needs
from controller.web.pages import language_of
from controller.web.reach import contract_of, office_of, pages_of
from inventory.contract import Contract

__all__ = ["router"]

router = APIRouter(prefix="/portal")
_Reader = Annotated[Person, Depends(needs(Right.SEE_ACCESSES))]
_PAGE = 50


@router.get("/{customer}/accesses")
def page(  # noqa: PLR0913, PLR0917 - by what the list is narrowed.
    request: Request,
    customer: str,
    person: _Reader,  # noqa: ARG001 - that they may.
    host: Annotated[str, Query(max_length=100)] = "",
    who: Annotated[str, Query(max_length=200)] = "",
    ticket: Annotated[str, Query(max_length=64)] = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    before: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """The newest first; each page goes on where the last one ended."""
    office, (_, contract) = office_of(request), contract_of(request, customer)
    narrowed = Narrowed(
        host=host,
        who=who,
        ticket=ticket,
        since=_day(since, contract, 0),
        until=_day(until, contract, 1),
        before=before,
    )
    found = accesses(office.store, customer, narrowed, _PAGE + 1)
    return pages_of(request).show(
        request,
        "portal_accesses.html",
        contract=contract,
        customer=customer,
        zone=contract.zone_info,
        entries=found[:_PAGE],
        more=len(found) > _PAGE,
        asked={"host": host, "who": who, "ticket": ticket, "since": since, "until": until},
        deeds=words_for(language_of(request)).deeds,
        head=head_of(office.store),
    )


@router.get("/{customer}/accesses/table")
def table(
    request: Request,
    customer: str,
    person: _Reader,  # noqa: ARG001 - that they may.
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """All entries of a span as CSV, each with the text that was hashed."""
    _, contract = contract_of(request, customer)
    span = Span(customer=customer, since=_day(since, contract, 0), until=_day(until, contract, 1))
    named = {"Content-Disposition": f'attachment; filename="accesses-{datetime.now(UTC):%Y-%m-%d}.csv"'}
    text = write_extract(office_of(request).store, span)
    return Response(text, media_type="text/csv; charset=utf-8", headers=named)


def _day(text: str, contract: Contract, later: int) -> datetime | None:
    """The begin of a day where the customer is, or of the day after; None for what is no day."""
    try:
        day = date.fromisoformat(text) + timedelta(days=later)
    except (ValueError, OverflowError):
        return None
    return datetime.combine(day, time(), contract.zone_info)
