"""How far is a run, what came of it, and how is it stopped?"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from controller.reports.json import render_json
from controller.run import report_of
from controller.store.runs import Run, get_run, runs
from controller.web.access import Person, Right, may
from controller.web.api.parts import Name, Ours, Ways
from controller.web.door import needs, still
from controller.web.underway import UnderWay, Work

__all__ = ["router"]

router = APIRouter(tags=["runs"])


class RunFound(BaseModel):
    """A run as it is written down. summary: its numbers, once it is over."""

    id: str
    ticket: str
    desk: str
    customer: str
    subject: str
    revision: int
    asked_by: str
    state: str
    began: datetime
    ended: datetime | None
    expired: datetime | None
    summary: dict[str, Any]


class Line(BaseModel):
    """How far one question to one host is."""

    host: str
    question: str
    state: str
    detail: str
    took: float


class Far(BaseModel):
    """How far a run is. number: grows with everything that is new; here: whether this server carries it out."""

    run: str
    standing: str
    here: bool
    number: int = 0
    error: str = ""
    lines: list[Line] = []


@router.get("/runs")
def list_runs(  # noqa: PLR0913, PLR0917 - by what the list is narrowed.
    office: Ours,
    person: Annotated[Person, Depends(needs(Right.SEE_RUNS))],
    customer: Annotated[str, Query(max_length=64)] = "",
    ticket: Annotated[str, Query(max_length=64)] = "",
    kind: Annotated[str, Query(max_length=20)] = "diagnose",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[RunFound]:
    """The newest runs that may be seen. kind: diagnose, plan, apply, undo; empty for all."""
    found: list[RunFound] = []
    # Narrowed after the limit, a page could be empty though there is something to see.
    for one in runs(office.store, customer=customer, ticket=ticket, kind=kind, limit=0):
        if may(person, Right.SEE_RUNS, one.customer):
            found.append(_told(one))
        if len(found) == limit:
            break
    return found


@router.get("/runs/{run}")
def show_run(
    office: Ours,
    run: Name,
    person: Annotated[Person, Depends(needs(Right.SEE_RUNS))],  # noqa: ARG001 - the right is the point.
) -> RunFound:
    """One run, from the moment on at which its first question is decided."""
    return _told(get_run(office.store, run))


@router.get("/runs/{run}/progress")
def progress(
    office: Ours,
    under_way: Ways,
    run: Name,
    person: Annotated[Person, Depends(needs(Right.SEE_RUNS))],  # noqa: ARG001 - see above.
) -> Far:
    """How far a run is now, from the moment on at which it was taken on."""
    if (work := under_way.work(run)) is not None:
        return _far(work)
    stored = get_run(office.store, run)
    return Far(run=stored.id, standing=stored.state.value, here=False)


@router.get("/runs/{run}/events", response_class=StreamingResponse)
def events(
    request: Request,
    office: Ours,
    under_way: Ways,
    run: Name,
    person: Annotated[Person, Depends(needs(Right.SEE_RUNS))],
) -> Response:
    """The same as server-sent events: `progress` with everything that is new, `end` when it is over."""
    work = under_way.work(run)
    said = _events(request, under_way, work, person) if work else _over(get_run(office.store, run))
    return StreamingResponse(said, media_type="text/event-stream")


async def _events(request: Request, under_way: UnderWay, work: Work, person: Person) -> AsyncIterator[str]:
    seen: dict[tuple[str, str], object] = {}
    async for now in under_way.follow(work.run):
        # Whoever was logged out meanwhile, or lost the right, hears no more.
        if not still(request, person, Right.SEE_RUNS, now.customer):
            return
        fresh = {key: line for key, line in now.lines.items() if seen.get(key) != line}
        seen |= fresh
        far = _far(now)
        far.lines = [one for one in far.lines if (one.host, one.question) in fresh]
        kind = "end" if now.standing.over else "progress"
        yield _event(kind, far)


async def _over(stored: Run) -> AsyncIterator[str]:
    yield _event("end", Far(run=stored.id, standing=stored.state.value, here=False))


def _event(kind: str, far: Far) -> str:
    return f"id: {far.number}\nevent: {kind}\ndata: {json.dumps(far.model_dump(), ensure_ascii=False)}\n\n"


@router.post("/runs/{run}/cancel", status_code=202)
async def cancel(
    under_way: Ways,
    run: Name,
    person: Annotated[Person, Depends(needs(Right.DIAGNOSE))],  # noqa: ARG001 - see above.
) -> Far:
    """Have a diagnosis of this server stopped; it is over when nothing works at it any more."""
    under_way.cancel(run)
    if (work := under_way.work(run)) is None:
        raise HTTPException(409, "this server does not carry it out (any more): see its state")
    return _far(work)


@router.get("/runs/{run}/report")
def report(
    office: Ours,
    run: Name,
    person: Annotated[Person, Depends(needs(Right.SEE_EVIDENCE))],  # noqa: ARG001 - see above.
) -> Response:
    """The report of a run as an engineer may see it, in the published form `secondline/report/1`."""
    stored = get_run(office.store, run)
    if not stored.state.over:
        raise HTTPException(409, "the run is not over: see its progress, and ask again")
    contract = office.contract_with(stored.contract)
    found = report_of(office.store, run, contract)
    text = render_json(found, rules=contract.data.redact, blobs=office.store.blobs.get)
    return Response(text, media_type="application/json")


def _told(one: Run) -> RunFound:
    return RunFound(
        id=one.id,
        ticket=one.ticket,
        desk=one.desk,
        customer=one.customer,
        subject=one.subject,
        revision=one.revision,
        asked_by=one.asked_by,
        state=one.state.value,
        began=one.began,
        ended=one.ended,
        expired=one.expired,
        summary=dict(one.summary),
    )


def _far(work: Work) -> Far:
    return Far(
        run=work.run,
        standing=work.standing.value,
        here=True,
        number=work.number,
        error=work.error,
        lines=[
            Line(host=one.host, question=one.collector, state=one.state, detail=one.detail, took=one.took)
            for one in work.lines.values()
        ],
    )
