"""What can be done about what was found? Plans what treats the findings of a ticket's last run; applies only what may be.

Exit status: 0 nothing is left to do; 1 a person must do something first: agree, wait for a window, or promote; 2 bad
input; 3 refused by the contract; 4 no answer, or it did not succeed; 5 verify first.
"""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from agent.job import Planned
from agent.nursling import Nursery
from controller.cli.live import Live
from controller.cli.show import print_error, print_json, print_line
from controller.office import Office, open_office

if TYPE_CHECKING:
    from controller.change.phrases import Phrases
    from controller.change.proposing import Proposal
    from controller.cli.plan import Drawn
    from controller.store.plans import PlanState

__all__ = ["remedy"]

_LEFT, _PERSON, _REFUSED, _FAILED, _VERIFY = 0, 1, 3, 4, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """What came of one proposal: in a word, with the plan where there is one, and what to do next."""

    proposal: Proposal
    state: str
    status: int
    drawn: Drawn | None = None
    next: str = ""


def remedy(
    context: typer.Context,
    ticket: Annotated[str, typer.Argument(help="The ticket whose last run is looked at.")],
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Carry out what needs nobody's approval, and may be done now.")
    ] = False,
    language: Annotated[str, typer.Option(help="de or en; the contract's when not given.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No live table.")] = False,
) -> None:
    """Plan what treats the findings of the ticket's last run; stop at everything that needs a person."""
    nursery = context.obj if isinstance(context.obj, Nursery) else Nursery()
    try:
        office = open_office(print_error).tidy()
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        with Live(shown=sys.stderr.isatty() and not quiet) as live:
            lines, spoken = asyncio.run(_remedied(office, nursery, ticket, live, apply=apply))
    finally:
        nursery.close()
    _print(ticket, lines, language or office.settings.language or spoken, as_json=json)
    raise typer.Exit(max((line.status for line in lines), default=_LEFT))


async def _remedied(
    office: Office, nursery: Nursery, ticket: str, live: Live, *, apply: bool
) -> tuple[tuple[_Line, ...], str]:
    from controller.change.proposing import proposals  # noqa: PLC0415 - start-up counts.
    from controller.run import report_of  # noqa: PLC0415
    from controller.store.runs import RunState, runs  # noqa: PLC0415

    found = runs(office.store, ticket=ticket, states=(RunState.DONE,), limit=1)
    if not found:
        raise typer.BadParameter(
            f"ticket {ticket} has no finished run: secondline diagnose --ticket {ticket}"
        )
    contract = office.contract_with(found[0].contract)
    report = report_of(office.store, found[0].id, contract)
    # What explains most comes first: where it is treated, the rest may go by itself.
    ordered = [finding for cause in report.causes for finding in (cause.finding, *cause.explains)]
    wanted = proposals((*ordered, *report.findings), report.hosts, contract)
    lines = []
    async with nursery:
        for proposal in wanted:
            lines.append(await _one(office, nursery, ticket, proposal, live, apply=apply))
            if lines[-1].status == _VERIFY:
                # What nobody knows is looked at by a person before anything else is changed.
                break
    await office.deliver([found[0].desk])
    return tuple(lines), contract.language


async def _one(
    office: Office, nursery: Nursery, ticket: str, proposal: Proposal, live: Live, *, apply: bool
) -> _Line:
    """Plan one proposal, and carry it out where that is wished for, allowed now and nobody has to agree."""
    from controller.change.permit import approval_for, next_time  # noqa: PLC0415 - see above.
    from controller.cli.plan import MADE, NOTHING, REFUSED, draw  # noqa: PLC0415
    from inventory.clause import Approval  # noqa: PLC0415

    try:
        drawn = await draw(office, nursery, ticket, proposal.known, proposal.hosts, proposal.said, live)
    except typer.BadParameter as error:
        return _Line(proposal=proposal, state="not planned", status=_PERSON, next=str(error))
    if drawn.stored is None or drawn.plan is None:
        if drawn.status == NOTHING:
            return _Line(proposal=proposal, state="so already", status=_LEFT, drawn=drawn)
        status = _REFUSED if drawn.status == REFUSED else _FAILED
        return _Line(proposal=proposal, state="not planned", status=status, drawn=drawn)
    law, now, plan = drawn.ground.law, datetime.now(UTC), drawn.stored.id
    if drawn.stored.shadow:
        then = f"secondline playbooks promote {proposal.playbook}"
        return _Line(proposal=proposal, state="planned in shadow", status=_PERSON, drawn=drawn, next=then)
    if approval_for(law, proposal.playbook, proposal.hosts, now) is not Approval.NONE:
        then = f"secondline approve {plan} --key FILE"
        return _Line(proposal=proposal, state="must be approved", status=_PERSON, drawn=drawn, next=then)
    opened, then = next_time(law, proposal.playbook, proposal.hosts, now), f"secondline apply {plan}"
    if opened is None or opened > now:
        return _Line(proposal=proposal, state="not allowed now", status=_PERSON, drawn=drawn, next=then)
    if not apply or drawn.status != MADE:
        return _Line(proposal=proposal, state="may be applied", status=_PERSON, drawn=drawn, next=then)
    return await _applied(office, nursery, proposal, drawn, live)


async def _applied(office: Office, nursery: Nursery, proposal: Proposal, drawn: Drawn, live: Live) -> _Line:
    from controller.cli.apply import carried_out  # noqa: PLC0415 - see above.
    from controller.store.plans import Doing, PlanState  # noqa: PLC0415

    if drawn.stored is None:
        raise ValueError("there is no plan to carry out")
    state: PlanState | Mapping[str, object] = await carried_out(
        office, nursery, drawn.stored, Doing.APPLY, live
    )
    if isinstance(state, Mapping):
        return _Line(proposal=proposal, state="refused", status=_REFUSED, drawn=drawn)
    status = {PlanState.DONE: _LEFT, PlanState.UNKNOWN: _VERIFY}.get(state, _FAILED)
    return _Line(proposal=proposal, state=state.value, status=status, drawn=drawn)


def _print(ticket: str, lines: Iterable[_Line], language: str, *, as_json: bool) -> None:
    from controller.change.phrases import phrases_for  # noqa: PLC0415 - see above.

    told = tuple(lines)
    if as_json:
        print_json({"ticket": ticket, "remedies": [_json(ticket, line) for line in told]})
        return
    if not told:
        print_line(f"nothing that was found for ticket {ticket} is treated by a playbook")
    for line in told:
        for text in _told(line, phrases_for(language)):
            print_line(text)
    if any(line.status == _VERIFY for line in told):
        print_error(
            "a change ended in a way that nobody knows: look at its hosts before anything else is changed there"
        )


def _told(line: _Line, phrases: Phrases) -> Iterator[str]:
    """One proposal as people read it: its plan, or why there is none, and what to do next."""
    from controller.change.telling import outcome_lines, plain, plan_lines  # noqa: PLC0415 - see above.
    from controller.store.plans import carried  # noqa: PLC0415

    title, drawn = line.proposal.known.does[phrases.code == "de"], line.drawn
    hosts = ", ".join(map(plain, line.proposal.hosts))
    yield f"{line.proposal.playbook}: {title} ({hosts}): {line.state}"
    if drawn is not None and drawn.stored is not None and drawn.plan is not None:
        yield from (f"  {text}" if text else "" for text in plan_lines(drawn.stored, drawn.plan, phrases))
        for one in carried(drawn.ground.store, drawn.stored.id):
            yield from (f"  {plain(one.host)}: {plain(text)}" for text in outcome_lines(one.outcome, phrases))
    elif drawn is not None and line.status != _LEFT:
        for host, outcome in drawn.looked.outcomes.items():
            if not isinstance(outcome, Planned):
                yield f"  {plain(host)}: {plain(' '.join(outcome_lines(outcome, phrases)))}"
    if line.next:
        yield f"  -> {plain(line.next)}"


def _json(ticket: str, line: _Line) -> dict[str, object]:
    stored = line.drawn.stored if line.drawn else None
    return {
        "playbook": line.proposal.playbook,
        "parameters": dict(line.proposal.said),
        "hosts": list(line.proposal.hosts),
        "treats": list(line.proposal.tags),
        "state": line.state,
        "plan": stored.id if stored else None,
        "digest": stored.digest if stored else None,
        "next": line.next,
        "command": shlex.join(line.proposal.words(ticket)),
    }
