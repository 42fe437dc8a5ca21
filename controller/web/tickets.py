"""What does this ticket ask, and what would be asked for it? Read at its desk; a diagnosis is prepared, shown and begun."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from agent.credentials import CredentialError
from agent.job import Refused
from agent.nursling import Nursery
from controller.choice import ChoiceError, one_each
from controller.desks.desk import DeskError, Ticket, TicketGoneError
from controller.inquiry import Verdict, Wishes, carry_out, check
from controller.office import NoContractError, Office
from controller.path import Chain
from controller.progress import Watch
from controller.reports.coverage import State
from controller.reports.story import words_for
from controller.store.plans import plans
from controller.store.runs import runs
from controller.subject import AccountError, account_of, accounts_in_text
from controller.symptoms import EVERYTHING, SYMPTOMS
from controller.triggers.classify import classify
from controller.triggers.resolve import Named, resolve
from controller.web.access import Person, Right, may
from controller.web.door import admit, needs
from controller.web.pages import language_of, segment
from controller.web.reach import begun, new_work, office_of, pages_of
from controller.web.underway import Ended
from controller.work import Law, plan_work
from inventory.contract import Contract
from inventory.read import ContractError

__all__ = ["router"]

router = APIRouter()
# A preview decides for so many hosts at the most; a run decides for all.
_PREVIEWED, _LISTED = 200, 80
Words = Annotated[str, Query(max_length=20_000)]
Sent = Annotated[str, Form(max_length=20_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the form says: hosts and accounts as somebody wrote them."""

    symptom: str
    hosts: tuple[str, ...]
    accounts: tuple[str, ...]
    areas: tuple[str, ...] = ()


@router.get("/tickets/{desk}/{ticket}")
async def ticket(
    request: Request,
    desk: str,
    ticket: str,
    person: Annotated[Person, Depends(needs(Right.SEE_TICKETS))],
) -> Response:
    """The ticket with a diagnosis prepared as well as its text lets it be."""
    office = office_of(request)
    found = await _read(office, desk, ticket)
    if isinstance(found, str):
        facts: dict[str, Any] = {"desk": desk, "ticket": ticket, "problem": found}
        return pages_of(request).show(request, "ticket_unread.html", status=502, **facts)
    if found.customer:
        admit(person, Right.SEE_TICKETS, found.customer)
    elif not may(person, Right.SEE_TICKETS, "*"):
        raise HTTPException(404)
    return await asyncio.to_thread(_shown, request, office, person, desk, found)


def _shown(request: Request, office: Office, person: Person, desk: str, found: Ticket) -> Response:
    facts: dict[str, Any] = {"desk": desk, "ticket": found, "problem": "", "law": None, "hosts": ()}
    try:
        if found.customer:
            _, law = office.law_of(found.customer)
            drafted = _drafted(found, law.contract)
            known = law.contract.hosts
            hosts = known if len(known) <= _LISTED else ()
            facts |= {"law": law, "draft": drafted, "hosts": hosts, **_preview(request, law, drafted)}
    except (NoContractError, ContractError) as error:
        facts["problem"] = str(error)
    return pages_of(request).show(
        request,
        "ticket.html",
        **facts,
        symptoms=SYMPTOMS,
        everything=EVERYTHING,
        runs=[one for one in runs(office.store, ticket=found.id, limit=20) if one.desk == desk],
        plans=[one for one in plans(office.store, ticket=found.id, limit=20) if one.desk == desk],
        works=[
            one for one in request.app.state.underway.of_ticket(found.id) if one.customer == found.customer
        ],
        may_diagnose=bool(found.customer) and may(person, Right.DIAGNOSE, found.customer),
    )


async def _read(office: Office, desk: str, ticket: str) -> Ticket | str:
    """The ticket, or why it cannot be read. Raises HTTPException 404 for a desk that is not set up."""
    if desk not in {"builtin", office.settings.desk, *office.settings.desks}:
        raise HTTPException(404)
    try:
        async with office.desk(desk) as (_, opened):
            return await opened.read(ticket)
    except TicketGoneError:
        # Whether there is such a ticket is a matter of whoever may see it.
        raise HTTPException(404) from None
    except (DeskError, CredentialError) as error:
        return str(error)


def _drafted(found: Ticket, contract: Contract) -> Draft:
    """What the ticket itself speaks of: its complaint, hosts and accounts."""
    said = f"{found.subject}\n{found.text}"
    domains = [domain.name for domain in contract.domains]
    meant = resolve(contract, found.subject, found.text)
    return Draft(
        symptom=classify(found.subject, found.text).symptom,
        hosts=meant.hosts if isinstance(meant, Named) else (),
        accounts=accounts_in_text(said, domains),
    )


@router.get("/tickets/{desk}/{ticket}/preview")
def preview(  # noqa: PLR0913, PLR0917 - what the form holds.
    request: Request,
    desk: str,  # noqa: ARG001 - a part of the address.
    ticket: str,  # noqa: ARG001 - see above.
    person: Annotated[Person, Depends(needs(Right.DIAGNOSE))],
    customer_id: Annotated[str, Query(max_length=64)],
    symptom: Words = "",
    hosts: Annotated[list[str] | None, Query()] = None,
    accounts: Words = "",
) -> Response:
    """What would be asked and what refused, for what the form says just now."""
    admit(person, Right.DIAGNOSE, customer_id)
    facts: dict[str, Any] = {"problem": ""}
    try:
        _, law = office_of(request).law_of(customer_id)
        facts |= _preview(request, law, _read_draft(law.contract, symptom, hosts or [], accounts))
    except (NoContractError, ContractError, ChoiceError, AccountError) as error:
        facts["problem"] = str(error)
    return pages_of(request).show(request, "_preview.html", **facts)


def _read_draft(contract: Contract, symptom: str, hosts: list[str], accounts: str) -> Draft:
    """Raises ChoiceError, AccountError."""
    words = [word for text in hosts for word in re.split(r"[\s,;]+", text) if word]
    return Draft(
        symptom=symptom if symptom in {*SYMPTOMS, EVERYTHING} else EVERYTHING,
        hosts=one_each(contract, words),
        accounts=tuple(account_of(word) for word in re.split(r"[\s,;]+", accounts) if word),
    )


def _preview(request: Request, law: Law, draft: Draft) -> dict[str, Any]:
    """Decided now, as the run will decide again."""
    language, every = language_of(request), tuple(law.contract.targets)
    hosts = draft.hosts or every
    work = plan_work(law, hosts[:_PREVIEWED], (), (), datetime.now(UTC))
    symptom = SYMPTOMS.get(draft.symptom)
    first = Chain(work, draft.symptom, ()).first() if symptom is not None else work
    words = words_for(language)
    why: Counter[tuple[str, str]] = Counter()
    for result in work.refused:
        if isinstance(result.outcome, Refused):
            why[words.why(State.REFUSED, result.outcome.reason), result.outcome.reason] += 1
    return {
        "may": Counter(job.collector.partition(".")[0] for job in work.jobs),
        "whole": len(work.jobs),
        "first": len(first.jobs) if symptom is not None else 0,
        "steps": [step.asks[language == "de"] for step in symptom.steps] if symptom is not None else [],
        "refused": why.most_common(),
        "refused_count": len(work.refused),
        "clauses": sorted({clause.id for clause in work.jobs.values()}),
        "host_count": len(hosts),
        "left_out": max(0, len(hosts) - _PREVIEWED),
    }


@router.post("/tickets/{desk}/{ticket}/diagnose")
async def diagnose(  # noqa: PLR0913, PLR0917 - what the form holds.
    request: Request,
    desk: str,
    ticket: str,
    person: Annotated[Person, Depends(needs(Right.DIAGNOSE))],
    symptom: Sent = "",
    hosts: Annotated[list[str] | None, Form()] = None,
    accounts: Sent = "",
) -> Response:
    """Begin; the live page follows it."""
    office = office_of(request)
    found = await _read(office, desk, ticket)
    if isinstance(found, str) or not found.customer:
        raise HTTPException(404)
    admit(person, Right.DIAGNOSE, found.customer)
    try:
        _, law = await asyncio.to_thread(office.law_of, found.customer)
        draft = _read_draft(law.contract, symptom, hosts or [], accounts)
        wishes = _wishes(office, found, draft)
        await asyncio.to_thread(check, wishes)
    except (NoContractError, ContractError, ChoiceError, AccountError) as error:
        facts: dict[str, Any] = {"desk": desk, "ticket": ticket, "problem": str(error)}
        return pages_of(request).show(request, "ticket_unread.html", status=422, **facts)
    at_desk = replace(office, settings=office.settings.model_copy(update={"desk": desk}))

    work = new_work("diagnose", found.customer, desk, found.id, title=found.subject, who=person.name)

    async def do(nursery: Nursery, watch: Watch) -> Ended:
        work.done = await carry_out(at_desk, nullcontext(nursery), wishes, watch, run=work.run)
        is_good = work.done.status in {Verdict.NO_FAULT, Verdict.FAULTS}
        return Ended(url=f"/runs/{segment(work.run)}", good=is_good)

    return begun(request, work, do)


def _wishes(office: Office, found: Ticket, draft: Draft) -> Wishes:
    """The ticket hears of it in the contract's language; a page is made anew in its reader's."""
    return Wishes(
        ticket=found.id,
        customer=found.customer,
        hosts=draft.hosts,
        areas=draft.areas,
        questions=(),
        language="",
        seconds=office.settings.deadline,
        accounts=draft.accounts,
        symptom=draft.symptom,
    )
