"""Did everything reach its ticket? Shows and works off what still waits to be delivered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.office import Office, open_office
from controller.cli.show import print_error, print_json, print_line, print_table

if TYPE_CHECKING:
    from controller.store.letters import Delivery

__all__ = ["app"]

app = typer.Typer(help="The outbox: what waits to be delivered to a ticket.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List every delivery with its state."""
    from controller.outbox import deliveries  # noqa: PLC0415 - only where it is used: start-up counts.

    rows = [
        (str(d.id), d.desk, d.ticket, d.run, d.state.value, str(d.tries), d.error)
        for d in deliveries(open_office().store)
    ]
    heads = ("delivery", "desk", "ticket", "run", "state", "tries", "error")
    if json:
        print_json([dict(zip(heads, row, strict=True)) for row in rows])
    else:
        print_table(heads, rows)


@app.command()
def deliver(*, json: Json = False) -> None:
    """Deliver what is due now. Exit status 1 when something could not be delivered."""
    done, problems = asyncio.run(_deliver(open_office()))
    if json:
        print_json(
            [
                {"delivery": str(d.id), "ticket": d.ticket, "state": d.state.value, "error": d.error}
                for d in done
            ]
        )
    else:
        for d in done:
            print_line(f"delivery {d.id}, ticket {d.ticket}: {d.state} {d.error}")
    for problem in problems:
        print_error(problem)
    raise typer.Exit(1 if problems or any(d.state.value != "done" for d in done) else 0)


@app.command()
def again(
    delivery: Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="The delivery's number.")],
    *,
    json: Json = False,
) -> None:
    """Let a delivery that has failed be tried anew, after its cause was mended."""
    from datetime import UTC, datetime  # noqa: PLC0415 - see above.

    from controller.outbox import try_again  # noqa: PLC0415

    if not try_again(open_office().store, delivery, datetime.now(UTC)):
        raise typer.BadParameter(f"delivery {delivery} has not failed: see 'secondline outbox list'")
    if json:
        print_json({"delivery": str(delivery)})
    else:
        print_line(f"delivery {delivery} will be tried: secondline outbox deliver")


async def _deliver(office: Office) -> tuple[list[Delivery], list[str]]:
    """What was tried, and why a desk could not be opened at all: one does not hold up the others."""
    from agent.credentials import CredentialError  # noqa: PLC0415 - see above.
    from controller.desks.desk import DeskError  # noqa: PLC0415
    from controller.publish import deliver as deliver_now  # noqa: PLC0415

    done: list[Delivery] = []
    problems: list[str] = []
    for name in ("builtin", *office.settings.desks):
        try:
            async with office.desk(name) as (_, desk):
                done.extend(await deliver_now(office.store, {name: desk}))
        except (CredentialError, DeskError) as error:
            problems.append(str(error))
    return done, problems
