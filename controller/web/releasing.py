"""May the customer read this? An engineer sees the full report and the customer's copy side by side, and releases that one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.asking import answer_customer
from controller.office import NoContractError
from controller.release import ReleaseError, copy_of, release, withdraw
from controller.store.errors import ExpiredError, UnknownRunError
from controller.store.releases import get_question, get_release, releases
from controller.store.runs import Run, get_run
from controller.web.access import Person, Right
from controller.web.door import admit, needs
from controller.web.pages import language_of, segment
from controller.web.reach import office_of, pages_of
from controller.web.sandbox import walled_in
from inventory.read import ContractError

__all__ = ["router"]

router = APIRouter()
_Releaser = Annotated[Person, Depends(needs(Right.RELEASE))]
_WRONG = (ReleaseError, NoContractError, ContractError, ExpiredError)


@router.get("/runs/{run}/release")
def page(request: Request, run: str, person: _Releaser) -> Response:
    """Both side by side, and what was released before."""
    return _show(request, _admitted(request, person, run))


@router.get("/runs/{run}/release/copy")
def copy(request: Request, run: str, person: _Releaser) -> Response:
    """The customer's copy, as it would be released."""
    found, office = _admitted(request, person, run), office_of(request)
    try:
        return walled_in(copy_of(office, found, language_of(request)).page)
    except _WRONG:
        raise HTTPException(404) from None


@router.post("/runs/{run}/release")
def release_it(
    request: Request,
    run: str,
    person: _Releaser,
    digest: Annotated[str, Form(max_length=64)],
    said: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Release exactly the copy that was seen."""
    found = _admitted(request, person, run)
    try:
        release(office_of(request), found, language_of(request), digest, said.strip())
    except _WRONG as error:
        return _show(request, found, str(error))
    return RedirectResponse(f"/runs/{segment(found.id)}/release", 303)


@router.post("/releases/{release}/withdraw")
def withdraw_it(
    request: Request, release: str, person: _Releaser, why: Annotated[str, Form(max_length=500)]
) -> Response:
    """Take it back, with a reason that the customer sees."""
    office = office_of(request)
    held = get_release(office.store, release)
    if held is None:
        raise HTTPException(404)
    admit(person, Right.RELEASE, held.customer)
    try:
        withdraw(office, held.id, why.strip())
    except ReleaseError as error:
        return _show(request, get_run(office.store, held.run), str(error))
    return RedirectResponse(f"/runs/{segment(held.run)}/release", 303)


@router.post("/questions/{question}/answer")
async def answer(
    request: Request,
    question: str,
    person: Annotated[Person, Depends(needs(Right.DIAGNOSE))],
    answer: Annotated[str, Form(max_length=4000)],
) -> Response:
    """Answer what a customer has asked; the ticket gets it, too."""
    office = office_of(request)
    found = get_question(office.store, question)
    if found is None:
        raise HTTPException(404)
    admit(person, Right.DIAGNOSE, found.customer)
    if answer.strip() and answer_customer(office, found.id, answer.strip()):
        await office.deliver([found.desk])
    return RedirectResponse(f"/tickets/{segment(found.desk)}/{segment(found.ticket)}", 303)


def _show(request: Request, found: Run, problem: str = "") -> Response:
    office, digest = office_of(request), ""
    try:
        digest = copy_of(office, found, language_of(request)).digest
    except _WRONG as error:
        problem = problem or str(error)
    return pages_of(request).show(
        request,
        "release.html",
        status=422 if problem else 200,
        run=found,
        digest=digest,
        problem=problem,
        earlier=releases(office.store, run=found.id),
    )


def _admitted(request: Request, person: Person, run_id: str) -> Run:
    try:
        found = get_run(office_of(request).store, run_id)
    except UnknownRunError:
        raise HTTPException(404) from None
    admit(person, Right.RELEASE, found.customer)
    return found
