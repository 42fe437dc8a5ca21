"""In which language does somebody read? A cookie that says it, for whoever wants another one than their browser."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.web.access import Person, Right
from controller.web.door import needs
from controller.web.inside import inside
from controller.web.pages import LANGUAGES

__all__ = ["router"]

router = APIRouter()
_YEAR = 365 * 24 * 3600


@router.post("/language")
def choose(
    request: Request,
    person: Annotated[Person | None, Depends(needs(Right.PUBLIC))],  # noqa: ARG001 - it says that nobody is needed.
    to: Annotated[str, Form(max_length=5)],
    back: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Choose, and go back to where one was: a path of this installation, and nowhere else."""
    answer = RedirectResponse(inside(back), 303)
    if to in LANGUAGES:
        secure = request.url.scheme == "https"
        answer.set_cookie("language", to, max_age=_YEAR, samesite="lax", httponly=True, secure=secure)
    return answer
