"""What may we read and say as a customer? The contract, released reports, plans that wait for us, who touched what, questions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from collectors.catalogue import catalogue
from controller.asking import ask_engineers
from controller.hindrance import hindered
from controller.office import Office
from controller.reports.inert import clip
from controller.store.contracts import StoredContract, current_contracts, revisions
from controller.store.errors import BlobError, UnknownPlanError
from controller.store.inbox import Sight, plans_seen
from controller.store.plans import PlanState, get_plan
from controller.store.releases import Release, get_release, questions, releases
from controller.store.runs import get_run
from controller.web.access import Person, Right, may
from controller.web.customers import validity
from controller.web.door import needs
from controller.web.pages import language_of, segment
from controller.web.plain import AREAS, promises, uncovered
from controller.web.reach import contract_of, office_of, pages_of
from controller.web.sandbox import walled_in
from controller.work import Law
from inventory.contract import Contract
from inventory.decide import Diagnose
from inventory.outlook.scope import reasons, scope_rows
from inventory.read import ContractError, read
from inventory.revision.describe import describe
from inventory.revision.difference import difference
from playbooks.catalogue import playbook_catalogue

__all__ = ["router"]

router = APIRouter(prefix="/portal")
_Reader = Annotated[Person, Depends(needs(Right.SEE_RELEASED))]


@router.get("")
def customers(request: Request, person: _Reader) -> Response:
    """Whose portal: straight in where there is one only."""
    office = office_of(request)
    mine = [
        stored.customer
        for stored in current_contracts(office.store)
        if may(person, Right.SEE_RELEASED, stored.customer)
    ]
    if len(mine) == 1:
        return RedirectResponse(f"/portal/{segment(mine[0])}", 303)
    return pages_of(request).show(request, "portal_customers.html", customers=mine)


@router.get("/{customer}")
def start(request: Request, customer: str, person: _Reader) -> Response:
    """What is new for them, and what waits for them."""
    office = office_of(request)
    stored, contract = contract_of(request, customer)
    sight = Sight(customers=frozenset({customer}))
    plans = plans_seen(office.store, sight, limit=50)
    return _show(
        request,
        "portal.html",
        contract,
        stored=stored,
        validity=validity(contract, datetime.now(contract.zone_info).date()),
        releases=[one for one in releases(office.store, customer=customer, limit=5) if not one.withdrawn_at],
        waiting=[one for one in plans if one.state is PlanState.OPEN],
        questions=questions(office.store, customer=customer, limit=5),
        known=playbook_catalogue(),
        may_approve=may(person, Right.APPROVE, customer),
    )


@router.get("/{customer}/contract")
def contract_page(
    request: Request,
    customer: str,
    person: _Reader,  # noqa: ARG001 - that they may.
    host: Annotated[str, Query(max_length=100)] = "",
    area: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The contract in plain words; and may they ask about this area on that host now?"""
    office, language = office_of(request), _language(request)
    stored, contract = contract_of(request, customer)
    return _show(
        request,
        "portal_contract.html",
        contract,
        stored=stored,
        validity=validity(contract, datetime.now(contract.zone_info).date()),
        promises=promises(contract, language),
        uncovered=uncovered(contract),
        areas=[(one, AREAS[one][language == "de"] if one in AREAS else one) for one in catalogue().areas],
        asked={"host": host, "area": area},
        answer=_answer(office.law_of(customer)[1], host, area, language) if host and area else None,
        history=_history(office, customer, language),
    )


def _answer(law: Law, host: str, area: str, language: Literal["de", "en"]) -> dict[str, Any] | None:
    """The decision for one host and area, as the agent would take it now; None where there is no such host or area."""
    if host not in law.contract.targets or area not in catalogue().areas:
        return None
    now = datetime.now(UTC)
    rows = scope_rows(
        law.contracts, [host], [Diagnose(area)], now, ceiling_of=law.ceiling_of, language=language
    )
    row = hindered(rows[0], law)
    return {"row": row, "why": [line for line, _ in reasons([row], language)]}


def _history(
    office: Office, customer: str, language: Literal["de", "en"]
) -> list[tuple[StoredContract, tuple[str, ...]]]:
    """Revisions, the newest first, with what each changed."""
    told: list[tuple[StoredContract, tuple[str, ...]]] = []
    before: Contract | None = None
    for stored in revisions(office.store, customer)[-20:]:
        try:
            contract = read(stored.text)
        except ContractError:
            # Of a format that is read no more; what it changed is not known.
            before = None
            told.append((stored, ()))
            continue
        changed = tuple(describe(difference(before, contract), language)) if before is not None else ()
        told.append((stored, changed))
        before = contract
    return told[::-1]


@router.get("/{customer}/reports")
def reports(request: Request, customer: str, person: _Reader) -> Response:  # noqa: ARG001 - that they may.
    """What was released, and what was withdrawn, with why."""
    office = office_of(request)
    _, contract = contract_of(request, customer)
    found = [
        (one, get_run(office.store, one.run))
        for one in releases(office.store, customer=customer)
        if not one.withdrawn_at or one.withdrawn_why
    ]
    return _show(request, "portal_reports.html", contract, releases=found)


@router.get("/{customer}/reports/{release}")
def report(request: Request, customer: str, release: str, person: _Reader) -> Response:
    """A released report, with what can be done about it."""
    office = office_of(request)
    _, contract = contract_of(request, customer)
    found = _release(office, customer, release)
    run = get_run(office.store, found.run)
    return _show(
        request,
        "portal_report.html",
        contract,
        release=found,
        run=run,
        said=questions(office.store, customer=customer, about=found.run),
        may_object=may(person, Right.OBJECT, customer),
    )


@router.get("/{customer}/reports/{release}/{form}")
def form_of_report(
    request: Request,
    customer: str,
    release: str,
    form: Literal["page", "file", "data"],
    person: _Reader,  # noqa: ARG001 - that they may.
) -> Response:
    """The very bytes that were released: to be read here, or saved."""
    office = office_of(request)
    found = _release(office, customer, release)
    try:
        content = office.store.blobs.get(found.data if form == "data" else found.page)
    except BlobError:
        # Its time is over: the contract says for how long it is kept.
        raise HTTPException(404) from None
    if form == "data":
        named = {"Content-Disposition": f'attachment; filename="report-{found.run}.json"'}
        return Response(content, media_type="application/json", headers=named)
    return walled_in(content, name=f"report-{found.run}.html" if form == "file" else "")


@router.get("/{customer}/plans")
def plans(request: Request, customer: str, person: _Reader) -> Response:  # noqa: ARG001 - that they may.
    """Changes that wait for somebody, and those that are over."""
    office = office_of(request)
    _, contract = contract_of(request, customer)
    found = plans_seen(office.store, Sight(customers=frozenset({customer})))
    return _show(
        request,
        "portal_plans.html",
        contract,
        open=[one for one in found if one.state is PlanState.OPEN and not one.shadow],
        rest=[one for one in found if one.state is not PlanState.OPEN],
        known=playbook_catalogue(),
    )


@router.get("/{customer}/questions")
def asked(request: Request, customer: str, person: _Reader) -> Response:
    """What was asked and answered."""
    office = office_of(request)
    _, contract = contract_of(request, customer)
    return _show(
        request,
        "portal_questions.html",
        contract,
        said=questions(office.store, customer=customer),
        may_object=may(person, Right.OBJECT, customer),
    )


@router.post("/{customer}/questions")
async def ask(  # noqa: PLR0913, PLR0917 - what the form says.
    request: Request,
    customer: str,
    person: Annotated[Person, Depends(needs(Right.OBJECT))],  # noqa: ARG001 - that they may.
    about: Annotated[str, Form(max_length=64)],
    text: Annotated[str, Form(max_length=4000)],
    kind: Annotated[Literal["question", "objection"], Form()] = "question",
) -> Response:
    """Ask about a released report or a plan, or object to it: it goes to the ticket."""
    office = office_of(request)
    said, where = text.strip(), _subject(office, customer, about)
    if said and where is not None:
        desk, ticket, subject = where
        ask_engineers(office, customer, desk, ticket, about=subject, kind=kind, text=clip(said, 4000))
        await office.deliver([desk])
    elif where is None:
        raise HTTPException(404)
    return RedirectResponse(f"/portal/{segment(customer)}/questions", 303)


def _subject(office: Office, customer: str, about: str) -> tuple[str, str, str] | None:
    """Desk, ticket and id of a released run or a plan of this customer's."""
    found = get_release(office.store, about)
    if found is not None and found.customer == customer and not found.withdrawn_at:
        run = get_run(office.store, found.run)
        return run.desk, run.ticket, run.id
    try:
        plan = get_plan(office.store, about)
    except UnknownPlanError:
        return None
    return (plan.desk, plan.ticket, plan.id) if plan.customer == customer else None


def _release(office: Office, customer: str, release_id: str) -> Release:
    """A release of this customer's that was not withdrawn; anything else is not there."""
    found = get_release(office.store, release_id)
    if found is None or found.customer != customer or found.withdrawn_at is not None:
        raise HTTPException(404)
    return found


def _language(request: Request) -> Literal["de", "en"]:
    return "de" if language_of(request) == "de" else "en"


def _show(request: Request, template: str, contract: Contract, **facts: Any) -> Response:  # noqa: ANN401 - see `Pages`.
    return pages_of(request).show(
        request,
        template,
        contract=contract,
        customer=contract.customer,
        zone=contract.zone_info,
        german=language_of(request) == "de",
        **facts,
    )
