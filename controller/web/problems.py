"""What does a program hear when something cannot be done? A problem (RFC 9457) that says what to do, and never a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agent.credentials import CredentialError
from agent.refusal import HoldError
from controller.choice import ChoiceError
from controller.desks.desk import DeskError, TicketGoneError
from controller.office import NoContractError
from controller.people import OwnRolesError
from controller.reports.inert import inert
from controller.store.errors import (
    ExpiredError,
    StoreError,
    StoreUnusableError,
    UnknownPlanError,
    UnknownRunError,
)
from controller.store.people import PersonError
from controller.web.underway import TooManyError
from inventory.read import ContractError

__all__ = ["PROBLEMS", "Problem", "add_problems", "of_program", "problem"]

_KIND = "application/problem+json"


class Problem(BaseModel):
    """Why something was not done. detail: what to do about it."""

    type: str = Field(description="the kind of problem: stable, to be told apart by programs")
    title: str
    status: int
    detail: str


# What every route of the programming interface may answer besides what it is for.
PROBLEMS: Mapping[int | str, dict[str, Any]] = {
    "default": {
        "model": Problem,
        "description": "It was not done.",
        "content": {_KIND: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}

_TITLES = {
    400: ("unreadable", "This cannot be read"),
    401: ("log-in", "Somebody has to be logged in"),
    403: ("not-like-this", "Not in this way"),
    404: ("not-here", "There is nothing here for you"),
    405: ("no-such-method", "This cannot be done here"),
    409: ("conflict", "This does not fit what is there"),
    410: ("expired", "This was deleted"),
    422: ("mistake", "There is a mistake in what was sent"),
    502: ("desk", "The ticket system gave no answer"),
    503: ("busy", "Not now"),
}
# The most particular first: what is raised -> the status.
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (TooManyError, 503),
    (TicketGoneError, 404),
    (DeskError, 502),
    (UnknownRunError, 404),
    (UnknownPlanError, 404),
    (ExpiredError, 410),
    (OwnRolesError, 409),
    (PersonError, 422),
    (StoreUnusableError, 503),
    (StoreError, 409),
    (NoContractError, 409),
    (ContractError, 409),
    (HoldError, 409),
    (CredentialError, 502),
    (ChoiceError, 422),
)


def of_program(request: Request) -> bool:
    """Whether a program asks, and no browser for a page."""
    return request.url.path.startswith("/api/")


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Say what was not done, and what to do."""
    kind, title = _TITLES.get(status, ("failed", "This failed"))
    said = Problem(type=f"urn:secondline:{kind}", title=title, status=status, detail=inert(detail))
    return JSONResponse(said.model_dump(), status, headers, media_type=_KIND)


def add_problems(app: FastAPI) -> None:
    """Have the errors of the product told to programs; on pages they go their way as before."""
    for kind, _ in _STATUS:
        app.add_exception_handler(kind, _tell)
    app.add_exception_handler(RequestValidationError, _mistake)


def _tell(request: Request, error: Exception) -> Response:
    if not of_program(request):
        raise error
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    # Others' words about a ticket that is not there are no matter of whoever may not see it.
    detail = "see that it exists, and that you may see it" if status == 404 else str(error)
    return problem(status, detail, {"Retry-After": "10"} if status == 503 else None)


async def _mistake(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    if not of_program(request):
        from fastapi.exception_handlers import request_validation_exception_handler  # noqa: PLC0415 - for pages alone.

        return await request_validation_exception_handler(request, error)
    # Where and why, never what: it may be a secret in the wrong place.
    wrong = "; ".join(
        f"{'.'.join(map(str, one['loc'][1:])) or one['loc'][0]}: {one['msg']}" for one in error.errors()[:10]
    )
    return problem(422, wrong)
