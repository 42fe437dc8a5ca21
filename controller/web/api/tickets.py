"""Which ticket is it, and may it be diagnosed now? Tickets of the ticket system that is set up."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from controller.choice import one_each
from controller.desks.builtin import BuiltinDesk
from controller.desks.desk import Ticket
from controller.inquiry import Wishes, check
from controller.office import NoContractError, Office, customer_of
from controller.store.contracts import current_contract
from controller.store.tickets import StoredTicket, add_ticket, tickets
from controller.web.access import Person, Right, may
from controller.web.api.parts import Name, Ours, Ways
from controller.web.door import admit, needs

__all__ = ["router"]

router = APIRouter(tags=["tickets"])


class TicketFound(BaseModel):
    """A ticket as its system has it. customer: empty when it names none."""

    id: str
    customer: str
    subject: str
    text: str
    state: str
    requester: str
    created: datetime


class TicketWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    customer: Name
    subject: str = Field(min_length=1, max_length=500)
    text: str = Field(default="", max_length=100_000)
    requester: str = Field(default="", max_length=200)


class Inquiry(BaseModel):
    """What is asked of whom; empty: all that the symptom or the contract has. seconds: at most, for the whole run."""

    model_config = ConfigDict(extra="forbid")

    hosts: list[Name] = Field(default=[], max_length=1000)
    areas: list[Name] = Field(default=[], max_length=50)
    questions: list[Name] = Field(default=[], max_length=500)
    accounts: list[Name] = Field(default=[], max_length=50)
    symptom: str = Field(default="", max_length=100)
    language: Literal["", "de", "en"] = ""
    seconds: float = Field(default=300, gt=0, le=3600)


class Begun(BaseModel):
    """A diagnosis that was taken on. run: its id, at once; see `/runs/{run}/progress`."""

    run: str


@router.get("/tickets")
def list_tickets(
    office: Ours,
    person: Annotated[Person, Depends(needs(Right.SEE_TICKETS))],
    customer: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[TicketFound]:
    """The newest tickets of the built-in desk; other ticket systems list their own."""
    found = tickets(office.store, customer=customer, limit=limit)
    return [_told(one) for one in found if may(person, Right.SEE_TICKETS, one.customer)]


@router.post("/tickets", status_code=201)
async def open_ticket(
    office: Ours, person: Annotated[Person, Depends(needs(Right.DIAGNOSE))], wanted: TicketWanted
) -> TicketFound:
    """Open a ticket at the built-in desk."""
    admit(person, Right.DIAGNOSE, wanted.customer)
    if current_contract(office.store, wanted.customer) is None:
        raise NoContractError(f"there is no contract for {wanted.customer!r}: see 'secondline contract add'")
    requester = wanted.requester or person.name
    number = add_ticket(
        office.store,
        customer=wanted.customer,
        subject=wanted.subject,
        text=wanted.text,
        requester=requester,
    )
    return _told(await BuiltinDesk(office.store).read(str(number)))


@router.get("/tickets/{ticket}")
async def show_ticket(
    office: Ours, ticket: Name, person: Annotated[Person, Depends(needs(Right.SEE_TICKETS))]
) -> TicketFound:
    """Read one ticket at its ticket system."""
    found = await _read(office, ticket)
    admit(person, Right.SEE_TICKETS, found.customer)
    return _told(found)


@router.post("/tickets/{ticket}/diagnoses", status_code=202)
async def diagnose(  # noqa: PLR0913, PLR0917 - what is asked, of whom, by whom, and where.
    office: Ours,
    under_way: Ways,
    ticket: Name,
    person: Annotated[Person, Depends(needs(Right.DIAGNOSE))],
    inquiry: Inquiry,
    response: Response,
) -> Begun:
    """Take on a diagnosis, within the contract. It goes its way in the server; the run's id comes at once."""
    found = await _read(office, ticket)
    admit(person, Right.DIAGNOSE, found.customer)
    customer_of(found)
    wishes = Wishes(
        ticket=found.id,
        customer=found.customer,
        hosts=tuple(inquiry.hosts),
        areas=tuple(inquiry.areas),
        questions=tuple(inquiry.questions),
        language=inquiry.language,
        seconds=inquiry.seconds,
        accounts=tuple(inquiry.accounts),
        symptom=inquiry.symptom,
    )
    await asyncio.to_thread(_see, office, wishes, found.customer)
    run = under_way.start(wishes, who=person.name, customer=found.customer)
    response.headers["Location"] = f"/api/v1/runs/{run}/progress"
    return Begun(run=run)


def _see(office: Office, wishes: Wishes, customer: str) -> None:
    """That it can be asked at all, before the run begins. Raises ChoiceError, NoContractError, ContractError."""
    check(wishes)
    one_each(office.contract_of(customer)[1], wishes.hosts)


def _told(one: Ticket | StoredTicket) -> TicketFound:
    return TicketFound(
        id=str(one.id),
        customer=one.customer,
        subject=one.subject,
        text=one.text,
        state=one.state,
        requester=one.requester,
        created=one.created,
    )


async def _read(office: Office, ticket: str) -> Ticket:
    async with office.desk() as (_, desk):
        return await desk.read(ticket)
