"""What waits for me? The first page: runs and their tickets, newest first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from controller.office import Office
from controller.store.runs import runs
from controller.web.access import Person, Right, may
from controller.web.door import needs
from controller.web.pages import Pages

__all__ = ["router"]

router = APIRouter()


@router.get("/")
def inbox(request: Request, person: Annotated[Person, Depends(needs(Right.SEE_RUNS))]) -> Response:
    office: Office = request.app.state.office
    pages: Pages = request.app.state.pages
    seen = [run for run in runs(office.store, limit=50) if may(person, Right.SEE_RUNS, run.customer)]
    return pages.show(request, "inbox.html", runs=seen)
