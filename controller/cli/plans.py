"""Which changes were planned, and how far are they? Plans of a ticket or of all, newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from controller.choice import LANGUAGES, must_be_known
from controller.cli.show import print_error, print_json, print_table
from controller.office import open_office

__all__ = ["app"]

app = typer.Typer(help="Plans of changes: list, show.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(
    ticket: Annotated[str, typer.Argument(help="Only this ticket's.")] = "", *, json: Json = False
) -> None:
    """List plans, newest first."""
    from controller.change.telling import plain  # noqa: PLC0415 - start-up counts.
    from controller.store.plans import plans  # noqa: PLC0415

    found = plans(open_office(print_error).tidy().store, ticket=ticket)
    rows = [
        (
            one.id,
            plain(one.ticket),
            one.customer,
            one.playbook,
            f"{one.state}{' (shadow)' if one.shadow else ''}",
            plain(one.requested_by),
            f"{one.made:%Y-%m-%d %H:%M}",
        )
        for one in found
    ]
    keys = ("plan", "ticket", "customer", "playbook", "state", "requested_by", "made")
    if json:
        print_json(
            [
                dict(zip(keys, row, strict=True))
                | {"state": one.state.value, "shadow": one.shadow, "digest": one.digest}
                for row, one in zip(rows, found, strict=True)
            ]
        )
    else:
        print_table(("plan", "ticket", "customer", "playbook", "state", "asked by", "made (UTC)"), rows)


@app.command()
def show(
    plan: Annotated[str, typer.Argument(help="The plan's id, or the first signs of its digest.")],
    *,
    language: Annotated[str, typer.Option(help="de or en; the contract's when not given.")] = "",
    json: Json = False,
) -> None:
    """Show a plan as people read it: what, why, who must agree and has, when it may be done, and how it ended."""
    from controller.change.carry import plan_of  # noqa: PLC0415 - see above.
    from controller.change.ground import ground_for, standing_of  # noqa: PLC0415
    from controller.cli.shown_plan import plan_json, show_plan  # noqa: PLC0415
    from controller.store.plans import get_plan  # noqa: PLC0415

    must_be_known("language", [language] if language else [], LANGUAGES)
    office = open_office(print_error).tidy()
    stored = get_plan(office.store, plan)
    content = plan_of(stored)
    ground = ground_for(office, stored.customer, content.hosts)
    standing = standing_of(ground, stored, content, datetime.now(UTC))
    if json:
        print_json(plan_json(stored, content, standing))
    else:
        show_plan(
            stored, content, standing, language or office.settings.language or ground.law.contract.language
        )
