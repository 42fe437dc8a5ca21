"""What would be changed, and how would it be undone? A playbook is planned for a ticket; nothing is changed.

Exit status: 0 a plan was made, 1 nothing is to be done, 2 bad input, 3 refused by the contract, 4 no answer, 5 the
playbook is not for the state that a host has.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.nursling import Nursery
from controller.choice import LANGUAGES, must_be_known
from controller.cli.live import Live
from controller.cli.show import print_error, print_json, print_line
from controller.office import Office, open_office

if TYPE_CHECKING:
    from controller.change.drawing import Drawn
    from playbooks.playbook import Playbook

__all__ = ["plan"]

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
    from controller.change.drawing import parameters  # noqa: PLC0415 - start-up counts.
    from controller.change.ground import standing_of  # noqa: PLC0415
    from controller.cli.shown_plan import plan_json, show_plan  # noqa: PLC0415
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


async def _drawn(  # noqa: PLR0917 - what is wanted, and what it is done with.
    office: Office,
    nursery: Nursery,
    ticket: str,
    known: Playbook[Any, Any],
    hosts: tuple[str, ...],
    said: Mapping[str, Any],
    live: Live,
) -> Drawn:
    from controller.change.drawing import draw  # noqa: PLC0415 - see above.

    async with nursery:
        drawn = await draw(office, nursery, ticket, known, hosts, said, live.take)
    if drawn.stored is not None:
        await office.deliver([drawn.stored.desk])
    return drawn


def _say_why_not(drawn: Drawn, language: str, *, as_json: bool) -> None:
    """No plan: what each host said."""
    from agent.codec import outcome_json  # noqa: PLC0415 - see above.
    from controller.change.drawing import NOTHING, outcomes_told  # noqa: PLC0415
    from controller.change.phrases import phrases_for  # noqa: PLC0415

    if as_json:
        print_json(
            {"plan": None, "hosts": {host: outcome_json(one) for host, one in drawn.looked.outcomes.items()}}
        )
        return
    for line in outcomes_told(drawn, phrases_for(language)):
        print_line(line)
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
