"""What was found in this run, on what evidence, and what came of it? The run's page, its report, and what to compare it with."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agent.nursling import Nursery
from controller.change.drawing import draw, outcomes_told
from controller.change.phrases import phrases_for
from controller.change.proposing import Proposal, proposals
from controller.ledger import touches
from controller.office import NoContractError, Office, contract_kept
from controller.outbox import deliveries, try_again
from controller.pictures.drawing import SIGNS
from controller.progress import Watch
from controller.reports.html import render_html
from controller.reports.model import Report
from controller.reports.page import page
from controller.reports.redact import Audience, redactor
from controller.reports.story import words_for
from controller.run import report_of
from controller.since import since
from controller.store.errors import ExpiredError, UnknownRunError
from controller.store.inbox import last_good
from controller.store.plans import plans
from controller.store.releases import questions
from controller.store.runs import Run, get_run, runs
from controller.store.store import Store
from controller.web.access import Person, Right, may
from controller.web.door import admit, needs
from controller.web.pages import language_of, segment
from controller.web.reach import begun, new_work, office_of, pages_of
from controller.web.sandbox import walled_in
from controller.web.underway import Do, Ended
from inventory.contract import Contract, Redaction
from inventory.read import ContractError

__all__ = ["router"]

router = APIRouter()
_LEDGER = 400


@router.get("/runs/{run}")
def shown(request: Request, run: str, person: Annotated[Person, Depends(needs(Right.SEE_RUNS))]) -> Response:
    """The page of a run; what is left of it where its evidence was deleted."""
    office = office_of(request)
    found = _admitted(office, person, Right.SEE_RUNS, run)
    language = language_of(request)
    report, problem = _report(office, found)
    facts: dict[str, Any] = {
        "run": found,
        "problem": problem,
        "letters": deliveries(office.store, run_id=found.id),
        "others": [
            one
            for one in runs(office.store, ticket=found.ticket, kind="", limit=12)
            if one.desk == found.desk
        ],
        "plans": [
            one for one in plans(office.store, ticket=found.ticket, limit=20) if one.desk == found.desk
        ],
        "good": last_good(office.store, found) if found.kind == "diagnose" else None,
        "may_plan": may(person, Right.PLAN, found.customer),
        "may_read": may(person, Right.SEE_EVIDENCE, found.customer),
        "may_ledger": may(person, Right.SEE_LEDGER, found.customer),
        "may_diagnose": may(person, Right.DIAGNOSE, found.customer),
        "may_release": may(person, Right.RELEASE, found.customer),
        "said": questions(office.store, about=found.id),
    }
    if report is not None:
        words = words_for(language)
        blobs = cache(office.store.blobs.get)
        p = page(report, blobs, words, redactor(report, Redaction(), Audience.ENGINEER, blobs))
        contract = office.contract_with(found.contract)
        facts |= {"p": p, "w": words, "signs": SIGNS, "remedies": _proposals(report, contract)}
    return pages_of(request).show(request, "run.html" if report else "run_bare.html", **facts)


@router.get("/runs/{run}/report")
def report(
    request: Request, run: str, person: Annotated[Person, Depends(needs(Right.SEE_EVIDENCE))]
) -> Response:
    """The report as it is, walled in: no script, no form, nothing loaded, and in no page but ours."""
    office = office_of(request)
    found = _admitted(office, person, Right.SEE_EVIDENCE, run)
    made, problem = _report(office, found)
    if made is None:
        facts: dict[str, Any] = {"problem": problem, "run": found}
        return pages_of(request).show(request, "run_gone.html", status=410, **facts)
    text = render_html(made, office.store.blobs.get, language_of(request), audience=Audience.ENGINEER)
    return walled_in(text.encode())


@router.get("/runs/{run}/compare")
def compare(
    request: Request,
    run: str,
    person: Annotated[Person, Depends(needs(Right.SEE_RUNS))],
    to: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """What is different from the last good run of this customer, or from the one that is named."""
    office = office_of(request)
    found = _admitted(office, person, Right.SEE_RUNS, run)
    before = _admitted(office, person, Right.SEE_RUNS, to) if to else last_good(office.store, found)
    if before is not None and before.customer != found.customer:
        raise HTTPException(404)
    facts: dict[str, Any] = {"run": found, "before": before, "problem": "", "since": None}
    if before is not None:
        now, problem = _report(office, found)
        then, problem_then = _report(office, before)
        facts |= {"problem": problem or problem_then}
        if now is not None and then is not None:
            facts |= {"since": since(then, now)}
    return pages_of(request).show(request, "compare.html", code=language_of(request), **facts)


@router.get("/runs/{run}/ledger")
def ledger(
    request: Request,
    run: str,
    person: Annotated[Person, Depends(needs(Right.SEE_LEDGER))],
    after: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Who did what to which host under which clause, in this run."""
    office = office_of(request)
    found = _admitted(office, person, Right.SEE_LEDGER, run)
    every = [one for one in touches(office.store, found.id) if one.number > after]
    return pages_of(request).show(
        request, "ledger.html", run=found, entries=every[:_LEDGER], more=len(every) > _LEDGER
    )


@router.post("/runs/{run}/deliver")
async def deliver(
    request: Request,
    run: str,
    person: Annotated[Person, Depends(needs(Right.DIAGNOSE))],
    delivery: Annotated[int, Form(ge=1, le=2**63 - 1)],
) -> Response:
    """Try again what did not reach its ticket, and what waits for the same desk with it."""
    office = office_of(request)
    found = await run_in_threadpool(_admitted, office, person, Right.DIAGNOSE, run)
    letters = await run_in_threadpool(lambda: deliveries(office.store, run_id=found.id))
    letter = next((one for one in letters if one.id == delivery), None)
    if letter is None:
        raise HTTPException(404)
    await run_in_threadpool(try_again, office.store, letter.id, datetime.now(UTC))
    await office.deliver([letter.desk])
    return RedirectResponse(f"/runs/{segment(found.id)}#deliveries", 303)


@router.post("/runs/{run}/plan")
async def plan(
    request: Request,
    run: str,
    person: Annotated[Person, Depends(needs(Right.PLAN))],
    remedy: Annotated[int, Form(ge=0, le=500)],
) -> Response:
    """Have one of the remedies planned; the live page follows it. Nothing is changed."""
    office, language = office_of(request), language_of(request)
    found = await run_in_threadpool(_admitted, office, person, Right.PLAN, run)
    made, _ = await run_in_threadpool(_report, office, found)
    wanted = _proposals(made, office.contract_with(found.contract)) if made else ()
    if remedy >= len(wanted):
        raise HTTPException(404)
    title = wanted[remedy].known.does[language == "de"]
    work = new_work("plan", found.customer, found.desk, found.ticket, title=title, who=person.name)
    return begun(request, work, _drawing(office, found, wanted[remedy], language))


def _drawing(office: Office, found: Run, proposal: Proposal, language: str) -> Do:
    async def do(nursery: Nursery, watch: Watch) -> Ended:
        drawn = await draw(
            *(office, nursery, found.ticket, proposal.known, proposal.hosts, proposal.said, watch),
            desk=found.desk,
            customer=found.customer,
        )
        await office.deliver([found.desk])
        if drawn.stored is not None:
            return Ended(url=f"/plans/{segment(drawn.stored.id)}")
        said = outcomes_told(drawn, phrases_for(language))
        return Ended(url=f"/runs/{segment(found.id)}", said=said, good=False)

    return do


def _proposals(report: Report, contract: Contract) -> tuple[Proposal, ...]:
    """What treats the findings; what explains most comes first."""
    ordered = [finding for cause in report.causes for finding in (cause.finding, *cause.explains)]
    return proposals((*ordered, *report.findings), report.hosts, contract)


def _admitted(office: Office, person: Person, right: Right, run_id: str) -> Run:
    """The run, for whoever may see it. Raises HTTPException 404."""
    try:
        found = get_run(office.store, run_id)
    except UnknownRunError:
        raise HTTPException(404) from None
    admit(person, right, found.customer)
    return found


def _report(office: Office, found: Run) -> tuple[Report | None, str]:
    """The report of a run, or why there is none."""
    if found.kind != "diagnose":
        return None, ""
    try:
        if found.state.over and found.expired is None:
            return _ended_report(office.store, found.id, found.contract), ""
        return report_of(office.store, found.id, office.contract_with(found.contract)), ""
    except (ExpiredError, NoContractError, ContractError) as error:
        return None, str(error)


@lru_cache(maxsize=16)
def _ended_report(store: Store, run_id: str, digest: str) -> Report:
    """What a run that is over says does not change; its page, report and comparison ask for it one after the other."""
    return report_of(store, run_id, contract_kept(store, digest))
