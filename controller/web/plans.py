"""What would be changed, who agrees, and did it help? Plans as people read them; agreed to, applied and taken back here.

An approval is signed by the person's own key, which is in their browser or their file and never comes here: what comes
is the signed text, and it is judged as the agent will judge it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from agent.nursling import Nursery
from agent.refusal import HoldError
from controller.change.agreeing import take_approval, take_rejection, withdraw
from controller.change.carry import plan_of
from controller.change.doing import carried_out
from controller.change.ground import ground_for, standing_of
from controller.change.phrases import phrases_for
from controller.change.standing import rehearsed
from controller.change.telling import outcome_lines, plain, step_lines, value
from controller.office import NoContractError, Office
from controller.progress import Watch
from controller.reports.coverage import State
from controller.reports.story import words_for
from controller.reports.withhold import remove_secrets
from controller.store.errors import PlanStateError, UnknownPlanError
from controller.store.inbox import plans_seen
from controller.store.plans import Doing, PlanState, StoredPlan, get_plan, promotions
from controller.store.releases import questions
from controller.web.access import Person, Right, may
from controller.web.door import admit, needs
from controller.web.pages import language_of, segment
from controller.web.reach import begun, new_work, office_of, pages_of, sight_of
from controller.web.underway import Do, Ended, Work
from inventory.approval import ApprovalError
from inventory.clause import Approval
from inventory.people import plain_name
from inventory.read import ContractError
from playbooks.catalogue import playbook_catalogue
from playbooks.plan import Plan

__all__ = ["router", "say_no", "say_yes", "work_of"]

router = APIRouter()
_TOKEN = 64_000
# What is shown of a plan that cannot be read.
_UNREAD: Mapping[str, Any] = {"parts": (), "wanted": (), "final": False, "cuts": False, "content": None}
_WRONG = (ApprovalError, PlanStateError, NoContractError, ContractError, HoldError)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPart:
    """What is done on one host: the state as it is, and the steps, each with its reason and its lines."""

    host: str
    state: tuple[tuple[str, str], ...]
    steps: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@router.get("/plans")
def listed(request: Request, person: Annotated[Person, Depends(needs(Right.PLAN))]) -> Response:
    """Plans, those first that wait for somebody."""
    office = office_of(request)
    found = plans_seen(office.store, sight_of(person, Right.PLAN))
    open_ = [one for one in found if one.state is PlanState.OPEN]
    rest = [one for one in found if one.state is not PlanState.OPEN]
    known = playbook_catalogue()
    return pages_of(request).show(
        request, "plans.html", open=open_, rest=rest, known=known, german=language_of(request) == "de"
    )


@router.get("/plans/{plan}")
def shown(
    request: Request, plan: str, person: Annotated[Person, Depends(needs(Right.SEE_PLANS))]
) -> Response:
    """A plan: what, why, who must agree and has, when it may be done, and how it ended."""
    return _show(request, plan, person)


def _show(request: Request, plan: str, person: Person, problem: str = "") -> Response:
    office, stored = office_of(request), _admitted(request, person, Right.SEE_PLANS, plan)
    language, now = language_of(request), datetime.now(UTC)
    phrases = phrases_for(language)
    facts: dict[str, Any] = {"plan": stored, "problem": problem, "f": phrases, "standing": None, **_UNREAD}
    try:
        content = plan_of(stored)
        facts |= _told(stored, content, language)
        ground = ground_for(office, stored.customer, content.hosts)
        standing = standing_of(ground, stored, content, now)
        facts |= {
            "standing": standing,
            "demanded": _demanded(standing.approval, standing.may.colleagues, standing.may.customers),
            "outcomes": [(one, outcome_lines(one.outcome, phrases)) for one in standing.hosts],
            "now": now,
        }
    except _WRONG as error:
        facts["problem"] = problem or str(error)
    mine = plain_name(person.name) == plain_name(stored.requested_by)
    return pages_of(request).show(
        request,
        "plan.html",
        status=422 if problem else 200,
        **facts,
        mine=mine,
        known=playbook_catalogue().get(stored.playbook),
        platforms=rehearsed().get(stored.playbook, ()),
        promoted=promotions(office.store).get(stored.playbook),
        works=[
            one
            for one in request.app.state.underway.of_ticket(stored.ticket)
            if one.customer == stored.customer
        ],
        may_approve=may(person, Right.APPROVE, stored.customer),
        may_apply=may(person, Right.APPLY, stored.customer),
        german=language == "de",
        said=questions(office.store, about=stored.id),
    )


def _demanded(
    approval: Approval, colleagues: tuple[str, ...], customers: tuple[str, ...]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The sides that must agree, and whose yes counts there."""
    ours, theirs = ("colleague", colleagues), ("customer", customers)
    sides = {
        Approval.NONE: (),
        Approval.COLLEAGUE: (ours,),
        Approval.CUSTOMER: (theirs,),
        Approval.BOTH: (ours, theirs),
    }
    return sides[approval]


def _told(stored: StoredPlan, content: Plan, language: str) -> dict[str, Any]:
    phrases = phrases_for(language)
    return {
        "content": content,
        "wanted": [(name, plain(value(one, phrases))) for name, one in content.wanted.items()],
        "parts": tuple(_parts(content, language)),
        "final": any(step.is_final for part in content.parts for step in part.steps),
        "cuts": any(step.cuts for part in content.parts for step in part.steps),
        "digest": stored.digest,
    }


def _parts(content: Plan, language: str) -> Iterator[HostPart]:
    phrases = phrases_for(language)
    for part in content.parts:
        yield HostPart(
            host=plain(part.host),
            state=tuple((name, plain(value(one, phrases))) for name, one in part.state.items()),
            steps=tuple(
                (
                    plain(step.why[language == "de"]),
                    tuple((kind, plain(line)) for kind, line in step_lines(step, phrases)),
                )
                for step in part.steps
            ),
        )


@router.get("/plans/{plan}/text")
def text(request: Request, plan: str, person: Annotated[Person, Depends(needs(Right.APPROVE))]) -> Response:
    """The exact text over which the digest is: the browser reckons it anew before anything is signed."""
    stored = _admitted(request, person, Right.APPROVE, plan)
    if remove_secrets(stored.text, lambda _: None) != stored.text:
        # What must not be seen cannot be agreed to here; the command shows it withheld and signs on its own machine.
        raise HTTPException(404)
    return PlainTextResponse(stored.text)


@router.post("/plans/{plan}/approve")
async def approve(
    request: Request,
    plan: str,
    person: Annotated[Person, Depends(needs(Right.APPROVE))],
    token: Annotated[str, Form(max_length=_TOKEN)] = "",
    file: UploadFile | None = None,
) -> Response:
    """Take a signed yes: from the browser's key, or a file that `secondline approve --output` wrote."""
    given = await _given(token, file)
    return await _said(request, plan, person, lambda office, stored: say_yes(office, stored, given))


@router.post("/plans/{plan}/reject")
async def reject(
    request: Request,
    plan: str,
    person: Annotated[Person, Depends(needs(Right.APPROVE))],
    token: Annotated[str, Form(max_length=_TOKEN)] = "",
    why: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Take a signed no; whoever asked for the plan withdraws it without a signature."""
    given = token.strip()
    return await _said(request, plan, person, lambda office, stored: say_no(office, stored, given, why))


def say_yes(office: Office, stored: StoredPlan, given: str) -> None:
    """Take a signed approval. Raises ApprovalError, PlanStateError, NoContractError, ContractError, HoldError."""
    hosts = plan_of(stored).hosts
    take_approval(office, ground_for(office, stored.customer, hosts), stored, hosts, given)


def say_no(office: Office, stored: StoredPlan, given: str, why: str) -> None:
    """Take a signed rejection; unsigned, that of whoever asked for the plan. Raises as `say_yes`."""
    hosts = plan_of(stored).hosts
    ground = ground_for(office, stored.customer, hosts)
    if given:
        take_rejection(office, ground, stored, hosts, given, why)
    else:
        withdraw(office, ground, stored, why)


async def _given(token: str, file: UploadFile | None) -> str:
    if token.strip() or file is None:
        return token.strip()
    return (await file.read(_TOKEN)).decode("ascii", "replace").strip()


async def _said(
    request: Request, plan: str, person: Person, take: Callable[[Office, StoredPlan], None]
) -> Response:
    office = office_of(request)
    stored = await run_in_threadpool(_admitted, request, person, Right.APPROVE, plan)

    def judged() -> str:
        try:
            take(office, stored)
        except _WRONG as error:
            return str(error)
        return ""

    problem = await run_in_threadpool(judged)
    if problem:
        return await run_in_threadpool(_show, request, plan, person, problem)
    await office.deliver([stored.desk])
    return RedirectResponse(f"/plans/{segment(stored.id)}#standing", 303)


@router.post("/plans/{plan}/apply")
async def apply(
    request: Request, plan: str, person: Annotated[Person, Depends(needs(Right.APPLY))]
) -> Response:
    """Carry it out, once; the live page follows it."""
    return await _begin(request, plan, person, Doing.APPLY)


@router.post("/plans/{plan}/undo")
async def undo(
    request: Request, plan: str, person: Annotated[Person, Depends(needs(Right.APPLY))]
) -> Response:
    """Take back what it has changed; the live page follows it."""
    return await _begin(request, plan, person, Doing.UNDO)


async def _begin(request: Request, plan: str, person: Person, kind: Doing) -> Response:
    stored = await run_in_threadpool(_admitted, request, person, Right.APPLY, plan)
    return begun(request, *work_of(request, stored, person, kind))


def work_of(request: Request, stored: StoredPlan, person: Person, kind: Doing) -> tuple[Work, Do]:
    """What is begun when a plan is applied or undone, and how it is done."""
    office, language = office_of(request), language_of(request)
    known = playbook_catalogue().get(stored.playbook)
    title = known.does[language == "de"] if known else stored.playbook
    work = new_work(kind.value, stored.customer, stored.desk, stored.ticket, title=title, who=person.name)
    return work, _doing(office, stored, kind, language)


def _doing(office: Office, stored: StoredPlan, kind: Doing, language: str) -> Do:
    async def do(nursery: Nursery, watch: Watch) -> Ended:
        state = await carried_out(office, nursery, stored, kind, watch)
        await office.deliver([stored.desk])
        url = f"/plans/{segment(stored.id)}"
        if isinstance(state, Mapping):
            words = words_for(language)
            said = tuple(
                f"{plain(host)}: {plain(words.why(State.REFUSED, one.reason))} ({one.reason})"
                for host, one in state.items()
            )
            return Ended(url=url, said=said, good=False)
        return Ended(url=url, good=state in {PlanState.DONE, PlanState.UNDONE})

    return do


def _admitted(request: Request, person: Person, right: Right, plan_id: str) -> StoredPlan:
    """The plan, for whoever may see it. Raises HTTPException 404."""
    try:
        stored = get_plan(office_of(request).store, plan_id)
    except UnknownPlanError:
        raise HTTPException(404) from None
    admit(person, right, stored.customer)
    return stored
