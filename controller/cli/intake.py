"""Which tickets become runs by themselves? Works off what desks rang about, and shows what became of it."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.show import print_error, print_json, print_line, print_table
from controller.office import open_office

if TYPE_CHECKING:
    from controller.office import Office
    from controller.store.arrivals import Arrival

__all__ = ["app"]

app = typer.Typer(help="The intake: tickets that become runs by a rule.", no_args_is_help=True)


@app.command()
def run(*, json: Annotated[bool, typer.Option("--json", help="Say as JSON by which rules.")] = False) -> None:
    """Work off what desks rang about, until stopped; what runs then is waited for."""
    from controller.triggers.rules import rules_from  # noqa: PLC0415 - only where it is used: start-up counts.

    office = open_office(print_error).tidy()
    rules = rules_from(office.settings.trigger)
    if not rules:
        raise typer.BadParameter(
            "no rule says when a ticket becomes a run: write a [[trigger]] into settings.toml"
        )
    if json:
        print_json({"rules": [rule.name for rule in rules]})
    else:
        print_line(f"the intake works by {len(rules)} rules: {', '.join(rule.name for rule in rules)}")
    asyncio.run(_work(office))


async def _work(office: Office) -> None:
    from agent.nursling import Nursery  # noqa: PLC0415 - see above.
    from controller.triggers.installed import intake_of  # noqa: PLC0415

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Nursery() as nursery:
        await intake_of(office, nursery).work(stop)


@app.command()
def status(
    *,
    customer: Annotated[str, typer.Option(help="Only this customer's.")] = "",
    ticket: Annotated[str, typer.Option(help="Only this ticket's.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=10_000)] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how many tickets are where, and the newest with what became of them and why."""
    from controller.store.arrivals import arrivals, counts  # noqa: PLC0415 - see above.

    store = open_office(print_error).store
    told = {state.value: number for state, number in counts(store).items()}
    rows = arrivals(store, customer=customer, ticket=ticket, limit=limit)
    if json:
        print_json({"counts": told, "arrivals": [_json(row) for row in rows]})
        return
    print_line(
        ", ".join(f"{state} {number}" for state, number in told.items() if number) or "nobody rang yet"
    )
    if rows:
        heads = ("desk", "ticket", "received (UTC)", "state", "customer", "rule", "symptom", "run", "why")
        print_table(heads, [_cells(row) for row in rows])


def _cells(row: Arrival) -> tuple[str, ...]:
    received = f"{row.received:%Y-%m-%d %H:%M:%S}"
    return (row.desk, row.ticket, received, row.state, row.customer, row.rule, row.symptom, row.run, row.why)


def _json(row: Arrival) -> dict[str, object]:
    return {
        "id": row.id,
        "desk": row.desk,
        "ticket": row.ticket,
        "event": row.event,
        "received": row.received.isoformat(),
        "state": row.state.value,
        "tries": row.tries,
        "customer": row.customer,
        "rule": row.rule,
        "symptom": row.symptom,
        "confidence": row.confidence,
        "words": list(row.words),
        "hosts": list(row.hosts),
        "lead": row.lead,
        "run": row.run,
        "why": row.why,
    }
