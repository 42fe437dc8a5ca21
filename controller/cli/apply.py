"""Is it carried out, and did it help? A plan is applied once, or taken back; everything is told to its ticket.

Exit status: 0 changed and verified (or so already); 1 it did not succeed, and was taken back or never done; 2 bad
input, or somebody must agree first; 3 refused by the contract; 4 no host could be asked; 5 nobody knows how far it
came, or it could not be taken back: verify first.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from agent.nursling import Nursery
from controller.cli.live import Live
from controller.cli.show import print_error, print_json, print_line
from controller.office import Office, open_office

if TYPE_CHECKING:
    from agent.job import Refused
    from controller.change.phrases import Phrases
    from controller.store.plans import Carried, Doing, PlanState, StoredPlan

__all__ = ["VERIFY_FIRST", "apply", "undo"]

DONE, FAILED, REFUSED, NOTHING_ASKED, VERIFY_FIRST = 0, 1, 3, 4, 5
Plan = Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id, or the first signs of its digest.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No live table.")]
Language = Annotated[str, typer.Option(help="de or en; the contract's when not given.")]


def apply(
    context: typer.Context, plan: Plan, *, language: Language = "", json: Json = False, quiet: Quiet = False
) -> None:
    """Carry a plan out, once: the contract decides again, the approvals are checked, the first host goes alone."""
    from controller.store.plans import Doing  # noqa: PLC0415 - start-up counts.

    raise typer.Exit(_do(context, plan, Doing.APPLY, language, as_json=json, quiet=quiet))


def undo(
    context: typer.Context, plan: Plan, *, language: Language = "", json: Json = False, quiet: Quiet = False
) -> None:
    """Take back what a plan has changed, in reverse, from what the agent's journal says."""
    from controller.store.plans import Doing  # noqa: PLC0415 - see above.

    raise typer.Exit(_do(context, plan, Doing.UNDO, language, as_json=json, quiet=quiet))


def _do(context: typer.Context, plan: str, kind: Doing, language: str, *, as_json: bool, quiet: bool) -> int:
    from controller.change.phrases import phrases_for  # noqa: PLC0415 - see above.
    from controller.store.plans import carried, get_plan  # noqa: PLC0415

    nursery = context.obj if isinstance(context.obj, Nursery) else Nursery()
    try:
        office = open_office(print_error).tidy()
        stored = get_plan(office.store, plan)
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            # From here on it stops the change, which is written down all the same.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        with Live(shown=sys.stderr.isatty() and not quiet) as live:
            state = asyncio.run(_carried(office, nursery, stored, kind, live))
    finally:
        nursery.close()
    spoken = language or office.settings.language or office.contract_of(stored.customer)[1].language
    phrases = phrases_for(spoken)
    if isinstance(state, Mapping):
        return _refused(stored, state, phrases, as_json=as_json)
    hosts = tuple(one for one in carried(office.store, stored.id) if one.kind is kind)
    _print(get_plan(office.store, stored.id), state, kind, hosts, phrases, as_json=as_json)
    return _status(state, kind, hosts)


async def _carried(
    office: Office, nursery: Nursery, stored: StoredPlan, kind: Doing, live: Live
) -> PlanState | Mapping[str, Refused]:
    from controller.change.doing import carried_out  # noqa: PLC0415 - see above.

    async with nursery:
        state = await carried_out(office, nursery, stored, kind, live.take)
    await office.deliver([stored.desk])
    return state


def _refused(stored: StoredPlan, refused: Mapping[str, Refused], phrases: Phrases, *, as_json: bool) -> int:
    from agent.codec import outcome_json  # noqa: PLC0415 - see above.
    from controller.change.telling import plain  # noqa: PLC0415
    from controller.reports.coverage import State  # noqa: PLC0415
    from controller.reports.story import words_for  # noqa: PLC0415

    if as_json:
        print_json(
            {
                "plan": stored.id,
                "state": "refused",
                "hosts": {host: outcome_json(one) for host, one in refused.items()},
            }
        )
    for host, one in refused.items() if not as_json else ():
        why = words_for(phrases.code).why(State.REFUSED, one.reason)
        print_line(
            f"{plain(host)}: {plain(why)} ({one.reason}{f': {plain(one.detail)}' if one.detail else ''})"
        )
    print_error(f"nothing was changed: see 'secondline plans show {stored.id}' for when it is allowed")
    return REFUSED


def _print(
    stored: StoredPlan,
    state: PlanState,
    kind: Doing,
    hosts: Iterable[Carried],
    phrases: Phrases,
    *,
    as_json: bool,
) -> None:
    from agent.codec import outcome_json  # noqa: PLC0415 - see above.
    from controller.change.telling import does, outcome_lines, plain  # noqa: PLC0415
    from controller.store.plans import Doing, PlanState  # noqa: PLC0415

    if as_json:
        print_json(
            {
                "plan": stored.id,
                "kind": kind.value,
                "state": state.value,
                "run": stored.applied_in if kind is Doing.APPLY else stored.undone_in,
                "hosts": {one.host: one.outcome and outcome_json(one.outcome) for one in hosts},
            }
        )
    else:
        patterns = phrases.ended_note if kind is Doing.APPLY else phrases.undo_ended_note
        print_line(patterns[state].format(id=stored.id, does=does(stored, phrases)))
        for one in hosts:
            first, *rest = outcome_lines(one.outcome, phrases)
            print_line(f"  {plain(one.host)}: {plain(first)}")
            for line in rest:
                print_line(f"    {plain(line)}")
        if kind is Doing.APPLY and state in {PlanState.DONE, PlanState.FAILED}:
            print_line(phrases.undo_with.format(id=stored.id))
    if state is PlanState.UNKNOWN:
        print_error(
            f"look at the hosts of plan {stored.id} before anything else is changed there: nothing is done again by itself"
        )


def _status(state: PlanState, kind: Doing, hosts: Iterable[Carried]) -> int:
    from agent.job import NoAnswer, Refused  # noqa: PLC0415 - see above.
    from controller.store.plans import Doing, PlanState  # noqa: PLC0415

    if state is PlanState.UNKNOWN:
        return VERIFY_FIRST
    if state is (PlanState.DONE if kind is Doing.APPLY else PlanState.UNDONE):
        return DONE
    outcomes = [one.outcome for one in hosts]
    if all(isinstance(one, Refused) for one in outcomes):
        return REFUSED
    return NOTHING_ASKED if all(isinstance(one, Refused | NoAnswer) for one in outcomes) else FAILED
