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
from controller.web.door import admit, needs, person_of
from controller.web.reach import pages_of
from controller.web.underway import Ended, Work

__all__ = ["router"]

router = APIRouter()
_LOOK, _SPEAK, _BEAT, _ROWS = 0.25, 5.0, 15.0, 60


@router.get("/live/{work}")
def live(request: Request, work: str, person: Annotated[Person, Depends(needs(Right.SEE_RUNS))]) -> Response:
    """The page; where it is over, the result says so."""
    found = _work(request, person, work)
    return pages_of(request).show(request, "live.html", **_facts(found))


@router.get("/live/{work}/events")
def events(
    request: Request, work: str, person: Annotated[Person, Depends(needs(Right.SEE_RUNS))]
) -> Response:
    """The stream that the page listens to."""
    found = _work(request, person, work)
    return StreamingResponse(
        _stream(request, found), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


@router.post("/live/{work}/stop")
def stop(request: Request, work: str, person: Annotated[Person, Depends(needs(Right.DIAGNOSE))]) -> Response:
    """Have it stopped; the page says 'stopping' until it is."""
    found = _work(request, person, work)
    admit(person, Right.DIAGNOSE if found.what == "diagnose" else Right.PLAN, found.customer)
    found.stop()
    return RedirectResponse(f"/live/{found.id}", 303)


def _work(request: Request, person: Person | None, work_id: str) -> Work:
    found: Work | None = request.app.state.underway.get(work_id)
    if found is None:
        raise HTTPException(404)
    admit(person, Right.SEE_RUNS, found.customer)
    return found


async def _stream(request: Request, work: Work) -> AsyncIterator[str]:
    pages, loop = pages_of(request), asyncio.get_running_loop()
    seen, spoken, heard = -1, loop.time(), loop.time()
    while True:
        # The last look comes after the end, so that nothing of it is missed.
        over, version, now = work.over, work.version, loop.time()
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
            yield _event("over", pages.text(request, "_over.html", **_facts(work)))
            return
        if person_of(request) is None or await request.is_disconnected():
            return
        await asyncio.sleep(_LOOK)


def _event(name: str, html: str) -> str:
    return f"event: {name}\n" + "".join(f"data: {line}\n" for line in html.splitlines()) + "\n"


def _facts(work: Work) -> dict[str, Any]:
    counts = work.counts()
    whole = sum(counts.values())
    left = counts.get("waiting", 0) + counts.get("asking", 0)
    return {
        "work": work,
        "over": work.over,
        "counts": counts,
        "whole": whole,
        "ended": whole - left,
        "percent": 100 * (whole - left) // whole if whole else 0,
        "lines": work.lines(_ROWS),
        "rest": max(0, whole - _ROWS),
        "result": _result(work),
        "why": _why(work),
    }


def _result(work: Work) -> Ended | None:
    return (
        work.ended.result()
        if work.over and not work.ended.cancelled() and not work.ended.exception()
        else None
    )


def _why(work: Work) -> str:
    """Why there is no result, in the error's own words, without secrets."""
    if not work.over:
        return ""
    if work.ended.cancelled():
        return "stopped"
    error = work.ended.exception()
    if error is None:
        return ""
    if isinstance(error, asyncio.CancelledError):
        return "stopped"
    return remove_secrets(str(error) or type(error).__name__, lambda _: None)
