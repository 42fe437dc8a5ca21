"""What can be done about what was found? What treats the findings of a ticket's last run is planned; carried out is only
what needs nobody, may be done now, and was wished for.

The command, the pages and automation all do it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.nursling import Nursery
from controller.change.doing import carried_out
from controller.change.drawing import MADE, NOTHING, REFUSED, Drawn, draw
from controller.change.permit import approval_for, next_time
from controller.change.proposing import Proposal, proposals
from controller.choice import ChoiceError
from controller.office import Office
from controller.progress import Watch
from controller.run import report_of
from controller.store.plans import Doing, PlanState
from controller.store.runs import RunState, runs
from inventory.clause import Approval

__all__ = ["FAILED", "LEFT", "PERSON", "VERIFY", "WAS_REFUSED", "Remedied", "remedied"]

LEFT, PERSON, WAS_REFUSED, FAILED, VERIFY = 0, 1, 3, 4, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedied:
    """What came of one proposal: in a word, with the plan where there is one, and what to do next."""

    proposal: Proposal
    state: str
    status: int
    drawn: Drawn | None = None
    next: str = ""


async def remedied(
    office: Office, nursery: Nursery, ticket: str, watch: Watch, *, apply: bool
) -> tuple[tuple[Remedied, ...], str]:
    found = runs(office.store, ticket=ticket, states=(RunState.DONE,), limit=1)
    if not found:
        raise ChoiceError(f"ticket {ticket} has no finished run: secondline diagnose --ticket {ticket}")
    contract = office.contract_with(found[0].contract)
    report = report_of(office.store, found[0].id, contract)
    # What explains most comes first: where it is treated, the rest may go by itself.
    ordered = [finding for cause in report.causes for finding in (cause.finding, *cause.explains)]
    wanted = proposals((*ordered, *report.findings), report.hosts, contract)
    lines = []
    async with nursery:
        for proposal in wanted:
            lines.append(await _one(office, nursery, ticket, proposal, watch, apply=apply))
            if lines[-1].status == VERIFY:
                # What nobody knows is looked at by a person before anything else is changed.
                break
    await office.deliver([found[0].desk])
    return tuple(lines), contract.language


async def _one(  # noqa: PLR0913 - see above.
    office: Office, nursery: Nursery, ticket: str, proposal: Proposal, watch: Watch, *, apply: bool
) -> Remedied:
    """Plan one proposal, and carry it out where that is wished for, allowed now and nobody has to agree."""
    try:
        drawn = await draw(office, nursery, ticket, proposal.known, proposal.hosts, proposal.said, watch)
    except ChoiceError as error:
        return Remedied(proposal=proposal, state="not planned", status=PERSON, next=str(error))
    if drawn.stored is None or drawn.plan is None:
        if drawn.status == NOTHING:
            return Remedied(proposal=proposal, state="so already", status=LEFT, drawn=drawn)
        status = WAS_REFUSED if drawn.status == REFUSED else FAILED
        return Remedied(proposal=proposal, state="not planned", status=status, drawn=drawn)
    law, now, plan = drawn.ground.law, datetime.now(UTC), drawn.stored.id
    if drawn.stored.shadow:
        then = f"secondline playbooks promote {proposal.playbook}"
        return Remedied(proposal=proposal, state="planned in shadow", status=PERSON, drawn=drawn, next=then)
    if approval_for(law, proposal.playbook, proposal.hosts, now) is not Approval.NONE:
        then = f"secondline approve {plan} --key FILE"
        return Remedied(proposal=proposal, state="must be approved", status=PERSON, drawn=drawn, next=then)
    opened, then = next_time(law, proposal.playbook, proposal.hosts, now), f"secondline apply {plan}"
    if opened is None or opened > now:
        return Remedied(proposal=proposal, state="not allowed now", status=PERSON, drawn=drawn, next=then)
    if not apply or drawn.status != MADE:
        return Remedied(proposal=proposal, state="may be applied", status=PERSON, drawn=drawn, next=then)
    return await _applied(office, nursery, proposal, drawn, watch)


async def _applied(
    office: Office, nursery: Nursery, proposal: Proposal, drawn: Drawn, watch: Watch
) -> Remedied:
    if drawn.stored is None:
        raise ValueError("there is no plan to carry out")
    state: PlanState | Mapping[str, object] = await carried_out(
        office, nursery, drawn.stored, Doing.APPLY, watch
    )
    if isinstance(state, Mapping):
        return Remedied(proposal=proposal, state="refused", status=WAS_REFUSED, drawn=drawn)
    status = {PlanState.DONE: LEFT, PlanState.UNKNOWN: VERIFY}.get(state, FAILED)
    return Remedied(proposal=proposal, state=state.value, status=status, drawn=drawn)
