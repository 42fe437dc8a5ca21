"""What waits for me? The first page: what needs a person now, then tickets and runs together, newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.store.inbox import Key, Wanted, inbox, waiting
from controller.symptoms import SYMPTOMS
from controller.web.access import Person, Right, may
from controller.web.door import admit, needs
from controller.web.pages import segment
from controller.web.reach import office_of, pages_of, sight_of

__all__ = ["router"]

router = APIRouter()
_STATES = ("", "faults", "under-way", "done", "stopped", "failed")


@router.get("/")
def first(  # noqa: PLR0913, PLR0917 - by what the list is narrowed.
    request: Request,
    person: Annotated[Person, Depends(needs(Right.OWN))],
    q: Annotated[str, Query(max_length=200)] = "",
    customer: Annotated[str, Query(max_length=64)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    symptom: Annotated[str, Query(max_length=40)] = "",
    mine: Annotated[str, Query(max_length=1)] = "",
    after: Annotated[str, Query(max_length=120)] = "",
) -> Response:
    """The inbox; a part of it where only the list is wanted. Whoever has none is shown to their own place."""
    if not may(person, Right.SEE_RUNS):
        admit(person, Right.SEE_RELEASED, "")
        return RedirectResponse("/portal", 303)
    store, sight = office_of(request).store, sight_of(person)
    wanted = Wanted(
        customer=customer,
        state=state if state in _STATES else "",
        symptom=symptom if symptom in SYMPTOMS else "",
        by=tuple({person.id, person.name}) if mine else (),
        text=q.strip(),
    )
    page = inbox(store, sight, wanted, after=_key(after))
    asked = {"q": q, "customer": customer, "state": wanted.state, "symptom": wanted.symptom, "mine": mine}
    kept = {name: value for name, value in asked.items() if value}
    older = urlencode(kept | {"after": _written(page.next)}) if page.next else ""
    is_part = request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"
    facts: dict[str, Any] = {
        "page": page,
        "asked": asked,
        "older": older,
        "later": bool(after),
        "narrowed": bool(kept),
    }
    if is_part:
        return pages_of(request).show(request, "_runs.html", headers={"Vary": "HX-Request"}, **facts)
    return pages_of(request).show(
        request,
        "inbox.html",
        waits=waiting(store, sight, datetime.now(UTC)),
        works=[one for one in request.app.state.underway.works() if sight.has(one.customer)],
        symptoms=SYMPTOMS,
        states=_STATES,
        headers={"Vary": "HX-Request"},
        **facts,
    )


@router.get("/open")
def open_ticket(
    request: Request,
    person: Annotated[Person, Depends(needs(Right.SEE_TICKETS))],  # noqa: ARG001 - the right is the point.
    ticket: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Go to a ticket by its number."""
    desk = office_of(request).settings.desk
    number = ticket.strip().removeprefix("#")
    return RedirectResponse(f"/tickets/{segment(desk)}/{segment(number)}" if number else "/", 303)


def _written(key: Key) -> str:
    return f"{key[0].isoformat()}|{key[1]}"


def _key(text: str) -> Key | None:
    """Where a page goes on; what is no such place is the beginning."""
    moment, sign, run = text.partition("|")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (at, run) if sign and at.tzinfo else None
