"""Did everything reach its ticket? Shows and works off what still waits to be delivered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.office import Office, open_office
from controller.cli.show import print_json, print_line, print_table

if TYPE_CHECKING:
    from controller.store.letters import Delivery

__all__ = ["app"]

_HEADS = ("delivery", "desk", "ticket", "run", "state", "tries", "error")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(help="The outbox: what waits to be delivered to a ticket.", no_args_is_help=True)


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List every delivery with its state."""
    from controller.outbox import deliveries  # noqa: PLC0415 - only where it is used: start-up counts.

    found = deliveries(open_office().store)
    if json:
        print_json([_row(delivery) for delivery in found])
    else:
        print_table(_HEADS, [tuple(_row(delivery).values()) for delivery in found])


@app.command()
def deliver(*, json: Json = False) -> None:
    """Deliver what is due now. Exit status 1 when something could not be delivered."""
    tried = asyncio.run(_deliver(open_office()))
    if json:
        print_json([_row(delivery) for delivery in tried])
    else:
        for delivery in tried:
            print_line(f"delivery {delivery.id}, ticket {delivery.ticket}: {delivery.state} {delivery.error}")
    raise typer.Exit(1 if any(delivery.state.value != "done" for delivery in tried) else 0)


@app.command()
def again(delivery: int, *, json: Json = False) -> None:
    """Let a delivery that has failed be tried anew, after its cause was mended."""
    from datetime import UTC, datetime  # noqa: PLC0415 - see above.

    from controller.outbox import try_again  # noqa: PLC0415

    if not try_again(open_office().store, delivery, datetime.now(UTC)):
        raise typer.BadParameter(f"delivery {delivery} has not failed: see 'secondline outbox list'")
    if json:
        print_json({"delivery": str(delivery), "state": "waiting"})
    else:
        print_line(f"delivery {delivery} will be tried: secondline outbox deliver")


async def _deliver(office: Office) -> list[Delivery]:
    from controller.publish import deliver as deliver_now  # noqa: PLC0415 - see above.

    tried: list[Delivery] = []
    for name in ("builtin", *office.settings.desks):
        async with office.desk(name) as (_, desk):
            tried.extend(await deliver_now(office.store, {name: desk}))
    return tried


def _row(delivery: Delivery) -> dict[str, str]:
    d = delivery
    values = (str(d.id), d.desk, d.ticket, d.run, d.state.value, str(d.tries), d.error)
    return dict(zip(_HEADS, values, strict=True))
