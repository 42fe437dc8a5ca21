"""What is wrong, and why? The main job: a ticket becomes a report.

Exit status: 0 no fault found, 1 faults found, 2 bad input, 3 refused by the contract, 4 nothing could be asked.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from agent.nursling import Nursery
from controller.cli.live import Live
from controller.cli.show import print_error, print_line, print_text
from controller.inquiry import Done, Wishes, carry_out, check
from controller.office import open_office
from controller.subject import AccountError, account_of

__all__ = ["diagnose"]


def diagnose(  # noqa: PLR0917 - the options of the main command.
    context: typer.Context,
    ticket: Annotated[str, typer.Option(help="The ticket that asks.")],
    host: Annotated[list[str] | None, typer.Option(help="Only this host: its id, name or address.")] = None,
    area: Annotated[list[str] | None, typer.Option(help="Only this area, such as linux or dns.")] = None,
    question: Annotated[
        list[str] | None, typer.Option(help="Only this collector, such as linux.disk.")
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option(help="An account that the ticket is about, such as bob.")
    ] = None,
    symptom: Annotated[
        str,
        typer.Option(
            help="Whose chain of questions to follow, such as logon; the ticket's when not given. none: ask all."
        ),
    ] = "",
    capture: Annotated[
        list[Path] | None,
        typer.Option(
            help="A capture of packets (pcap, pcapng) that belongs to the ticket; only read. Those attached to it are."
        ),
    ] = None,
    language: Annotated[str, typer.Option(help="de or en; the contract's when not given.")] = "",
    deadline: Annotated[
        float | None, typer.Option(help="Seconds for the whole run.", min=1, max=3600)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No live table.")] = False,
) -> None:
    """Ask the hosts that the ticket's contract permits, name the cause, and write it to the ticket."""
    nursery = context.obj if isinstance(context.obj, Nursery) else Nursery()
    try:
        office = open_office(print_error).tidy()
        wishes = Wishes(
            ticket=ticket,
            hosts=tuple(host or ()),
            areas=tuple(area or ()),
            questions=tuple(question or ()),
            accounts=tuple(map(_account, account or ())),
            symptom=symptom,
            captures=tuple(capture or ()),
            language=language,
            seconds=deadline or office.settings.deadline,
        )
        check(wishes)
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            # From here on it stops the run, which is written down all the same.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        with Live(shown=sys.stderr.isatty() and not quiet) as live:
            done = asyncio.run(carry_out(office, nursery, wishes, live.take))
    finally:
        nursery.close()
    _print(done, as_json=json)
    office.forget()
    raise typer.Exit(done.status)


def _account(text: str) -> str:
    try:
        return account_of(text)
    except AccountError as error:
        raise typer.BadParameter(str(error)) from None


def _print(done: Done, *, as_json: bool) -> None:
    if as_json:
        print_text(done.data.read_text(encoding="utf-8"))
    else:
        for line in done.note.splitlines():
            print_line(line)
        print_line("")
        print_line(f"report  {done.page}")
        print_line(f"data    {done.data}")
        for line in done.deliveries:
            print_line(f"note    {line}")
    if done.alarms:
        print_error(
            f"ALARM: agent and controller decided differently ({done.alarms} times), from the same contract: look at "
            f"'secondline ledger show {done.run}' and at both machines before anything else is done"
        )
    if not done.deliveries:
        print_error("the note waits in the outbox: 'secondline outbox deliver' tries again")
