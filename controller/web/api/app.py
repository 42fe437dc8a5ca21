"""What may a program ask for? All routes of `/api/v1`, and the description that programs are made from."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from fastapi.security import HTTPBearer

from controller.web.api import customers, people, plans, runs, tickets
from controller.web.problems import PROBLEMS, add_problems

__all__ = ["add_api"]

# It only describes: whose token it is, the door finds out.
_TOKEN = HTTPBearer(auto_error=False, description="a token of 'secondline people token'")


def add_api(app: FastAPI) -> None:
    """Add the programming interface to an application."""
    for part in (tickets, runs, plans, customers, people):
        app.include_router(
            part.router, prefix="/api/v1", responses=dict(PROBLEMS), dependencies=[Depends(_TOKEN)]
        )
    add_problems(app)

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            ours = [one for one in iter_route_contexts(app.routes) if (one.path or "").startswith("/api/v1/")]
            app.openapi_schema = get_openapi(title=app.title, version="1", routes=ours)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
