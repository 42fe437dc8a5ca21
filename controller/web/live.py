"""How far is it, on which host, and is it stopped already? A page that follows a piece of work while it goes on.

The parts of the page come ready made, in the reader's language, as server-sent events: the table as it is, and in a
few words, not often, what a screen reader says.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from controller.reports.withhold import remove_secrets
from controller.web.access import Person, Right
from controller.web.door import admit, needs, still
from controller.web.pages import segment
from controller.web.reach import office_of, pages_of
from controller.web.underway import Standing, Work

__all__ = ["router"]

router = APIRouter()
_LOOK, _SPEAK, _BEAT, _ROWS = 0.25, 5.0, 15.0, 60


@router.get("/live/{work}")
def live(request: Request, work: str, person: Annotated[Person, Depends(needs(Right.SEE_RUNS))]) -> Response:
    """The page; where it is over, the result says so."""
    found = _work(request, person, work)
    return pages_of(request).show(
        request, "live.html", desk=office_of(request).settings.desk, **_facts(found)
    )


@router.get("/live/{work}/events")
def events(
    request: Request, work: str, person: Annotated[Person, Depends(needs(Right.SEE_RUNS))]
) -> Response:
    """The stream that the page listens to."""
    found = _work(request, person, work)
    return StreamingResponse(
        _stream(request, person, found), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


@router.post("/live/{work}/stop")
async def stop(
    request: Request, work: str, person: Annotated[Person, Depends(needs(Right.DIAGNOSE))]
) -> Response:
    """Have it stopped; the page says 'stopping' until it is."""
    found = _work(request, person, work)
    admit(person, Right.DIAGNOSE if found.what == "diagnose" else Right.PLAN, found.customer)
    request.app.state.underway.cancel(found.run)
    return RedirectResponse(f"/live/{segment(found.run)}", 303)


def _work(request: Request, person: Person | None, work_id: str) -> Work:
    found: Work | None = request.app.state.underway.work(work_id)
    if found is None:
        raise HTTPException(404)
    admit(person, Right.SEE_RUNS, found.customer)
    return found


async def _stream(request: Request, person: Person, work: Work) -> AsyncIterator[str]:
    pages, loop = pages_of(request), asyncio.get_running_loop()
    seen, spoken, heard = -1, loop.time(), loop.time()
    # Whoever was logged out meanwhile, or lost the right, hears no more.
    while still(request, person, Right.SEE_RUNS, work.customer):
        # The last look comes after the end, so that nothing of it is missed.
        over, version, now = work.standing.over, work.number, loop.time()
        if version != seen or over:
            facts = _facts(work)
            yield _event("progress", pages.text(request, "_progress.html", **facts))
            if over or now - spoken >= _SPEAK or seen < 0:
                yield _event("said", pages.text(request, "_said.html", **facts))
                spoken = now
            seen, heard = version, now
        elif now - heard >= _BEAT:
            yield ": still here\n\n"
            heard = now
        if over:
            yield _event(
                "over",
                pages.text(request, "_over.html", desk=office_of(request).settings.desk, **_facts(work)),
            )
            return
        if await request.is_disconnected():
            return
        await asyncio.sleep(_LOOK)


def _event(name: str, html: str) -> str:
    return f"event: {name}\n" + "".join(f"data: {line}\n" for line in html.splitlines()) + "\n"


def _facts(work: Work) -> dict[str, Any]:
    counts = work.counts
    whole = counts.total()
    left = counts["waiting"] + counts["asking"]
    return {
        "work": work,
        "over": work.standing.over,
        "stopping": work.standing is Standing.STOPPING,
        "waits": work.standing is Standing.WAITING,
        "stopped": work.standing is Standing.STOPPED,
        "counts": dict(counts),
        "whole": whole,
        "ended": whole - left,
        "percent": 100 * (whole - left) // whole if whole else 0,
        "lines": work.worth_seeing(_ROWS),
        "rest": max(0, whole - _ROWS),
        "result": work.ended,
        "why": remove_secrets(work.error, lambda _: None),
    }
