"""A desk rings: is it the desk, and what about? Verified, written down, answered at once; worked off from the store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agent.credentials import CredentialError
from controller.desks.desk import DeskRefusedError
from controller.desks.named import bell_named
from controller.desks.ring import MAX_RING, NotHeardError, Ring, Silence, heard
from controller.office import Office
from controller.store.arrivals import ring
from controller.web.access import Person, Right
from controller.web.door import needs

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.post("/desks/{desk}/ring")
async def rung(
    request: Request,
    desk: str,
    _: Annotated[Person | None, Depends(needs(Right.PUBLIC))],
) -> Response:
    """202 for what was written down, also when it was known already; 403 or 413 with the reason for what was not."""
    body = await _body(request)
    if body is None:
        return JSONResponse({"refused": Silence.TOO_LARGE.value}, 413)
    office: Office = request.app.state.office
    try:
        told = await run_in_threadpool(_heard, office, desk, dict(request.headers), body)
    except (DeskRefusedError, CredentialError):
        raise HTTPException(404) from None
    except NotHeardError as error:
        return JSONResponse({"refused": error.reason.value}, 403)
    now = datetime.now(UTC)
    fresh = await run_in_threadpool(ring, office.store, told.desk, told.ticket, told.id, now)
    return JSONResponse({"known": not fresh}, 202)


def _heard(office: Office, desk: str, headers: dict[str, str], body: bytes) -> Ring:
    bell = bell_named(desk, office.settings.desks, secret=office.credentials.resolve)
    return heard(bell, headers, body, datetime.now(UTC))


async def _body(request: Request) -> bytes | None:
    """What was sent; None as soon as it is too much."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_RING:
            return None
        parts.append(part)
    return b"".join(parts)
