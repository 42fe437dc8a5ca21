"""Did everything reach its ticket? Shows and works off what still waits to be delivered."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from controller.cli.show import print_error, print_json, print_line, print_table
from controller.office import open_office

__all__ = ["app"]

app = typer.Typer(help="The outbox: what waits to be delivered to a ticket.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List every delivery with its state."""
    from controller.outbox import deliveries  # noqa: PLC0415 - only where it is used: start-up counts.

    rows = [
        (str(d.id), d.desk, d.ticket, d.run, d.state.value, str(d.tries), d.error)
        for d in deliveries(open_office(print_error).tidy().store)
    ]
    heads = ("delivery", "desk", "ticket", "run", "state", "tries", "error")
    if json:
        print_json([dict(zip(heads, row, strict=True)) for row in rows])
    else:
        print_table(heads, rows)


@app.command()
def deliver(*, json: Json = False) -> None:
    """Deliver what is due now. Exit status 1 when something is not delivered that should be."""
    from controller.outbox import DeliveryState, deliveries  # noqa: PLC0415 - see above.

    office = open_office(print_error).tidy()
    waiting = [state for state in DeliveryState if not state.over]
    desks = dict.fromkeys(d.desk for d in deliveries(office.store, states=waiting))
    tried = asyncio.run(office.deliver(desks))
    left = deliveries(office.store, states=waiting)
    if json:
        print_json(
            [
                {"delivery": str(d.id), "ticket": d.ticket, "state": d.state.value, "error": d.error}
                for d in tried
            ]
        )
    else:
        for one in tried:
            print_line(f"delivery {one.id}, ticket {one.ticket}: {one.state} {one.error}".rstrip())
        if left:
            print_line(f"{len(left)} still wait: secondline outbox list")
    raise typer.Exit(1 if left or any(one.state is not DeliveryState.DONE for one in tried) else 0)


@app.command()
def again(
    delivery: Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="The delivery's number.")],
    *,
    json: Json = False,
) -> None:
    """Let a delivery that has failed be tried anew, after its cause was mended."""
    from datetime import UTC, datetime  # noqa: PLC0415 - see above.

    from controller.outbox import try_again  # noqa: PLC0415

    if not try_again(open_office(print_error).store, delivery, datetime.now(UTC)):
        raise typer.BadParameter(f"delivery {delivery} has not failed: see 'secondline outbox list'")
    if json:
        print_json({"delivery": str(delivery)})
    else:
        print_line(f"delivery {delivery} will be tried: secondline outbox deliver")
