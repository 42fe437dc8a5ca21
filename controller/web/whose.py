"""Whose is what a path names? The customers of its runs and plans, so that no route can forget to ask.

A ticket's customer stands in the ticket system: the route that reads the ticket asks for itself (`door.admit`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from starlette.exceptions import HTTPException
from starlette.requests import Request

from controller.office import Office
from controller.store.errors import UnknownPlanError, UnknownRunError
from controller.store.plans import get_plan
from controller.store.runs import get_run
from controller.web.underway import UnderWay

__all__ = ["NAMED", "whose"]


def whose(request: Request) -> tuple[str, ...]:
    """The customers of what the path names; empty when it names nothing of anybody's. Raises HTTPException 404."""
    named = request.path_params
    return tuple(find(request, str(named[word])) for word, find in NAMED.items() if word in named)


def _customer(_: Request, customer: str) -> str:
    return customer


def _run(request: Request, run: str) -> str:
    office: Office = request.app.state.office
    under_way: UnderWay = request.app.state.underway
    try:
        return get_run(office.store, run).customer
    except UnknownRunError:
        # One that waits for its turn is not in the store yet.
        if (work := under_way.work(run)) is None:
            raise HTTPException(404) from None
        return work.customer


def _plan(request: Request, plan: str) -> str:
    office: Office = request.app.state.office
    try:
        return get_plan(office.store, plan).customer
    except UnknownPlanError:
        raise HTTPException(404) from None


# A word in a path -> whose it is. `live/{work}` is a run of this server's, too.
NAMED: Mapping[str, Callable[[Request, str], str]] = MappingProxyType(
    {"customer": _customer, "run": _run, "work": _run, "plan": _plan}
)
