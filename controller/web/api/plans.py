"""What would be changed, who agreed, and how did it end? Plans as programs read them; agreed to, applied and undone by people.

What counts needs a fresh second factor, which no token has: those routes are for whoever is logged in, such as a page of a
customer's own. An approval is signed by the person's own key, which never comes here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from controller.office import Office
from controller.reports.withhold import remove_secrets
from controller.store.inbox import plans_seen
from controller.store.plans import Doing, StoredPlan, carried, get_plan
from controller.store.plans import words as words_of
from controller.web.access import Person, Right
from controller.web.api.parts import Name, Ways
from controller.web.door import needs
from controller.web.plans import say_no, say_yes, work_of
from controller.web.reach import office_of, sight_of
from inventory.approval import ApprovalError

__all__ = ["router"]

router = APIRouter(tags=["plans"])
_MOST_TOKEN = 64_000


class PlanFound(BaseModel):
    """A plan. digest: what an approval names; state: open, rejected, running, done, failed, unknown, undoing, undone."""

    id: str
    digest: str
    customer: str
    desk: str
    ticket: str
    playbook: str
    requested_by: str
    made: datetime
    state: str
    shadow: bool
    applied_in: str
    undone_in: str


class Said(BaseModel):
    """What a person said to a plan. kind: approve or reject."""

    kind: str
    person: str
    at: datetime
    expires: datetime | None
    why: str


class HostDone(BaseModel):
    """What became of it on one host. kind: apply or undo; ended: None while nobody knows."""

    host: str
    kind: str
    began: datetime
    ended: datetime | None
    outcome: str


class PlanWhole(PlanFound):
    """With what it does (the very content that the digest is over), who said what, and how it went."""

    content: dict[str, Any]
    said: list[Said]
    hosts: list[HostDone]


class Yes(BaseModel):
    """An approval, as `secondline approve --output` or the page's script writes it."""

    token: str = Field(min_length=1, max_length=_MOST_TOKEN)


class No(BaseModel):
    """A rejection: signed; or unsigned, of whoever asked for the plan."""

    token: str = Field(default="", max_length=_MOST_TOKEN)
    why: str = Field(default="", max_length=2000)


class Under(BaseModel):
    """What was begun: follow it at /api/v1/runs/RUN/progress."""

    run: str


@router.get("/plans")
def list_plans(
    request: Request,
    person: Annotated[Person, Depends(needs(Right.SEE_PLANS))],
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[PlanFound]:
    """The newest plans that may be seen."""
    found = plans_seen(office_of(request).store, sight_of(person, Right.SEE_PLANS), limit=limit)
    return [PlanFound(**_told(one)) for one in found]


@router.get("/plans/{plan}")
def show_plan(
    request: Request,
    plan: Name,
    person: Annotated[Person, Depends(needs(Right.SEE_PLANS))],  # noqa: ARG001 - the right is the point.
) -> PlanWhole:
    """One plan, with what it would do."""
    store = office_of(request).store
    stored = get_plan(store, plan)
    said = [
        Said(kind=one.kind, person=one.person, at=one.at, expires=one.expires, why=one.why)
        for one in words_of(store, plan)
    ]
    hosts = [
        HostDone(
            host=one.host,
            kind=one.kind.value,
            began=one.began,
            ended=one.ended,
            outcome=type(one.outcome).__name__ if one.outcome is not None else "",
        )
        for one in carried(store, plan)
    ]
    content = json.loads(remove_secrets(stored.text, lambda _: None))
    return PlanWhole(**_told(stored), content=content, said=said, hosts=hosts)


@router.post("/plans/{plan}/approve")
async def approve_plan(
    request: Request,
    plan: Name,
    person: Annotated[Person, Depends(needs(Right.APPROVE))],  # noqa: ARG001 - the right is the point.
    yes: Yes,
) -> PlanFound:
    """Take a signed yes, judged as the agent will judge it again."""
    given = yes.token.strip()
    return await _taken(request, plan, lambda office, stored: say_yes(office, stored, given))


@router.post("/plans/{plan}/reject")
async def reject_plan(
    request: Request,
    plan: Name,
    person: Annotated[Person, Depends(needs(Right.APPROVE))],  # noqa: ARG001 - the right is the point.
    no: No,
) -> PlanFound:
    """Take a signed no; whoever asked for the plan withdraws it without a signature."""
    given = no.token.strip()
    return await _taken(request, plan, lambda office, stored: say_no(office, stored, given, no.why))


@router.post("/plans/{plan}/apply", status_code=202)
async def apply_plan(
    request: Request,
    under_way: Ways,
    plan: Name,
    person: Annotated[Person, Depends(needs(Right.APPLY))],
    response: Response,
) -> Under:
    """Carry it out, once; the contract decides again, and the approvals are judged again."""
    return await _begun(request, under_way, plan, person, Doing.APPLY, response)


@router.post("/plans/{plan}/undo", status_code=202)
async def undo_plan(
    request: Request,
    under_way: Ways,
    plan: Name,
    person: Annotated[Person, Depends(needs(Right.APPLY))],
    response: Response,
) -> Under:
    """Take back what it has changed."""
    return await _begun(request, under_way, plan, person, Doing.UNDO, response)


async def _taken(request: Request, plan: str, take: Callable[[Office, StoredPlan], None]) -> PlanFound:
    office = office_of(request)

    def taken() -> StoredPlan:
        take(office, get_plan(office.store, plan))
        return get_plan(office.store, plan)

    try:
        stored = await run_in_threadpool(taken)
    except ApprovalError as error:
        raise HTTPException(422, str(error)) from None
    await office.deliver([stored.desk])
    return PlanFound(**_told(stored))


async def _begun(  # noqa: PLR0913, PLR0917 - what is begun, by whom, and where it can be followed.
    request: Request, under_way: Ways, plan: str, person: Person, kind: Doing, response: Response
) -> Under:
    stored = await run_in_threadpool(get_plan, office_of(request).store, plan)
    work, do = work_of(request, stored, person, kind)
    under_way.begin(work, do)
    response.headers["Location"] = f"/api/v1/runs/{work.run}/progress"
    return Under(run=work.run)


def _told(one: StoredPlan) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in PlanFound.model_fields if name != "state"},
        "state": one.state.value,
    }
