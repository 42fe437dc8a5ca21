"""What would be changed, and how would it be undone? A playbook is planned for a ticket; nothing is changed.

Exit status: 0 a plan was made, 1 nothing is to be done, 2 bad input, 3 refused by the contract, 4 no answer, 5 the
playbook is not for the state that a host has.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.nursling import Nursery
from controller.choice import LANGUAGES, must_be_known, one_each
from controller.cli.live import Live
from controller.cli.show import print_error, print_json, print_line
from controller.office import NoContractError, Office, open_office

if TYPE_CHECKING:
    from agent.job import Outcome
    from controller.change.carry import Ground
    from controller.change.planning import Looked, Wanted
    from controller.store.plans import StoredPlan
    from playbooks.plan import Plan
    from playbooks.playbook import Playbook

__all__ = [
    "MADE",
    "NOTHING",
    "NO_ANSWER",
    "REFUSED",
    "UNFIT",
    "Drawn",
    "draw",
    "look_at",
    "parameters",
    "plan",
]

MADE, NOTHING, REFUSED, NO_ANSWER, UNFIT = 0, 1, 3, 4, 5
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No live table.")]
Language = Annotated[str, typer.Option(help="de or en; the contract's when not given.")]


def plan(  # noqa: PLR0917 - the arguments of a main command.
    context: typer.Context,
    ticket: Annotated[str, typer.Argument(help="The ticket that asks for it.")],
    playbook: Annotated[str, typer.Argument(help="The change, such as linux.start_service.")],
    host: Annotated[
        list[str], typer.Argument(help="The hosts: id, name or address; the first is changed first, alone.")
    ],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter, as name=value; may be given again.")
    ] = None,
    language: Language = "",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look at hosts, and plan a change there: what, why, who must agree, how it is undone. Nothing is changed."""
    from controller.cli.shown_plan import plan_json, show_plan, standing_of  # noqa: PLC0415 - start-up counts.
    from playbooks.catalogue import playbook_catalogue  # noqa: PLC0415

    must_be_known("language", [language] if language else [], LANGUAGES)
    must_be_known("playbook", [playbook], playbook_catalogue())
    known = playbook_catalogue()[playbook]
    said = parameters(known, set_ or ())
    nursery = context.obj if isinstance(context.obj, Nursery) else Nursery()
    try:
        office = open_office(print_error).tidy()
        with Live(shown=sys.stderr.isatty() and not quiet) as live:
            drawn = asyncio.run(_drawn(office, nursery, ticket, known, tuple(host), said, live))
    finally:
        nursery.close()
    spoken = language or office.settings.language or drawn.ground.law.contract.language
    if drawn.stored is None or drawn.plan is None:
        _say_why_not(drawn, spoken, as_json=json)
    else:
        standing = standing_of(drawn.ground, drawn.stored, drawn.plan, datetime.now(UTC))
        if json:
            print_json(plan_json(drawn.stored, drawn.plan, standing))
        else:
            show_plan(drawn.stored, drawn.plan, standing, spoken)
            _say_next(office, drawn)
    raise typer.Exit(drawn.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What planning gave. stored, plan: None where there is none."""

    ground: Ground
    looked: Looked
    plan: Plan | None
    stored: StoredPlan | None
    status: int


def parameters(known: Playbook[Any, Any], pairs: Iterable[str]) -> Mapping[str, Any]:
    """What `--set` says, held to the playbook's types. Raises BadParameter."""
    from playbooks.playbook import WantedError  # noqa: PLC0415 - see above.

    said: dict[str, str] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign or not name:
            raise typer.BadParameter(f"{pair!r} is no parameter: write --set name=value")
        if name in said:
            raise typer.BadParameter(f"the parameter {name!r} is given twice")
        said[name] = text
    try:
        return known.said(known.read(said))
    except WantedError as error:
        raise typer.BadParameter(str(error)) from None


async def _drawn(  # noqa: PLR0917 - what is wanted, and what it is done with.
    office: Office,
    nursery: Nursery,
    ticket: str,
    known: Playbook[Any, Any],
    hosts: tuple[str, ...],
    said: Mapping[str, Any],
    live: Live,
) -> Drawn:
    async with nursery:
        drawn = await draw(office, nursery, ticket, known, hosts, said, live)
    if drawn.stored is not None:
        await office.deliver([drawn.stored.desk])
    return drawn


async def draw(  # noqa: PLR0917 - see above.
    office: Office,
    nursery: Nursery,
    ticket: str,
    known: Playbook[Any, Any],
    hosts: tuple[str, ...],
    said: Mapping[str, Any],
    live: Live,
) -> Drawn:
    """Have the agents look, and keep what would be done as a plan; the nursery is open."""
    from controller.change.planning import Wanted, make_plan, one_agent, store_plan  # noqa: PLC0415 - see above.
    from controller.cli.shown_plan import ground_for  # noqa: PLC0415
    from controller.run import new_run  # noqa: PLC0415
    from controller.store.living import held  # noqa: PLC0415
    from controller.store.plans import promotions  # noqa: PLC0415

    async with office.desk() as (desk_name, desk):
        found = await desk.read(ticket)
    if not found.customer:
        raise NoContractError(f"ticket {found.id} names no customer: set it in the ticket, then ask again")
    stored, law = office.law_of(found.customer)
    ids = one_each(law.contract, hosts)
    ground = ground_for(office, found.customer, ids)
    if several := one_agent(law, ids):
        raise typer.BadParameter(several)
    wanted = Wanted(
        ticket=found.id,
        desk=desk_name,
        subject=found.subject,
        by=office.who,
        person=office.person,
        playbook=known,
        hosts=ids,
        said=said,
        shadow=known.name not in promotions(office.store),
    )
    run = new_run(datetime.now(UTC))
    with held(office.store.home, run):
        looked = await look_at(office, nursery, ground, wanted, run, live)
        parts = looked.parts
        fresh = (
            make_plan(law.contract, stored, wanted, parts) if parts and any(p.steps for p in parts) else None
        )
        kept = store_plan(office.store, law.contract, wanted, looked, fresh, more=_more(ground, fresh))
    status = MADE if kept else NOTHING if parts else _status(looked.outcomes.values())
    return Drawn(ground=ground, looked=looked, plan=fresh, stored=kept, status=status)


async def look_at(  # noqa: PLR0917 - see above.
    office: Office, nursery: Nursery, ground: Ground, wanted: Wanted, run: str, live: Live
) -> Looked:
    """Have the agents of this installation look, under a run that the caller holds."""
    from controller.change.planning import look  # noqa: PLC0415 - see above.
    from controller.courier.inprocess import InProcess  # noqa: PLC0415
    from controller.settings import signing_key  # noqa: PLC0415

    return await look(
        office.store,
        ground.stored,
        ground.law,
        wanted,
        run=run,
        courier=InProcess(office.settings.home, office.credentials, nursery),
        key=signing_key(office.settings.home),
        watch=live.take,
    )


def _more(ground: Ground, fresh: Plan | None) -> tuple[str, ...]:
    """Who must agree, for the ticket's note."""
    from controller.change.permit import approval_for  # noqa: PLC0415 - see above.
    from controller.change.phrases import phrases_for  # noqa: PLC0415

    if fresh is None:
        return ()
    phrases = phrases_for(ground.law.contract.language)
    approval = approval_for(ground.law, fresh.playbook, fresh.hosts, datetime.now(UTC))
    return (phrases.approval.format(who=phrases.approvals[approval]),)


def _status(outcomes: Iterable[Outcome]) -> int:
    from agent.job import Refused, Unfit  # noqa: PLC0415 - see above.

    several = tuple(outcomes)
    if any(isinstance(one, Refused) for one in several):
        return REFUSED
    return UNFIT if any(isinstance(one, Unfit) for one in several) else NO_ANSWER


def _say_why_not(drawn: Drawn, language: str, *, as_json: bool) -> None:
    """No plan: what each host said."""
    from agent.codec import outcome_json  # noqa: PLC0415 - see above.
    from agent.job import Planned, Refused  # noqa: PLC0415
    from controller.change.phrases import phrases_for  # noqa: PLC0415
    from controller.change.telling import outcome_lines, plain  # noqa: PLC0415
    from controller.reports.coverage import State  # noqa: PLC0415
    from controller.reports.story import words_for  # noqa: PLC0415

    phrases = phrases_for(language)
    if as_json:
        print_json(
            {"plan": None, "hosts": {host: outcome_json(one) for host, one in drawn.looked.outcomes.items()}}
        )
        return
    for host, one in drawn.looked.outcomes.items():
        if isinstance(one, Planned):
            steps = len(one.part.get("steps", ()))
            lines: tuple[str, ...] = (phrases.so_already,) if not steps else (phrases.host_left,)
        else:
            lines = outcome_lines(one, phrases)
        why = words_for(language).why(State.REFUSED, one.reason) if isinstance(one, Refused) else ""
        print_line(f"{plain(host)}: {plain(' '.join(lines))}{f' ({plain(why)})' if why else ''}")
    if drawn.status != NOTHING:
        print_error("no plan was made: leave the hosts out that cannot be planned for, or remove the reason")


def _say_next(office: Office, drawn: Drawn) -> None:
    from controller.change.permit import approval_for  # noqa: PLC0415 - see above.
    from inventory.clause import Approval  # noqa: PLC0415
    from inventory.people import People  # noqa: PLC0415

    if drawn.stored is None or drawn.plan is None or drawn.stored.shadow:
        return
    law, pins = drawn.ground.law, drawn.ground.pins
    demanded = approval_for(law, drawn.plan.playbook, drawn.plan.hosts, datetime.now(UTC))
    if demanded is Approval.NONE:
        print_line(f"secondline apply {drawn.stored.id}")
        return
    print_line(f"secondline approve {drawn.stored.id} --key FILE")
    if not People(pins, law.contract).knows(office.person):
        print_error(
            f"you are {office.person!r} here, which is no name beside a pinned key: nobody can agree to your plans; write "
            f'your name into settings.toml: [people] {office.who} = "NAME", then plan anew'
        )
