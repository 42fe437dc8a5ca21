"""What is wrong, and why? The main job: a ticket becomes a report.

Exit status: 0 no fault found, 1 faults found, 2 bad input, 3 refused by the contract, 4 nothing could be asked.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.nursling import Nursery
from controller.cli.choice import LANGUAGES, must_be_known, one_each
from controller.cli.live import Live
from controller.cli.office import NoContractError, Office, open_office
from controller.cli.show import print_error, print_line, print_text
from controller.subject import AccountError, account_of, accounts_in_text
from controller.symptoms import EVERYTHING, SYMPTOMS, symptom_in

if TYPE_CHECKING:
    from controller.desks.desk import Ticket
    from controller.reports.model import Report
    from inventory.contract import Contract

__all__ = ["Done", "Verdict", "Wishes", "carry_out", "diagnose"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The exit statuses of the command."""

    NO_FAULT = 0
    FAULTS = 1
    BAD_INPUT = 2
    REFUSED = 3
    NOTHING_ASKED = 4


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
        typer.Option(help="A capture of packets (pcap, pcapng) that belongs to the ticket; only read."),
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
        office = open_office().tidy()
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
        _check(wishes)
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            # From here on it stops the run, which is written down all the same.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        with Live(shown=sys.stderr.isatty() and not quiet) as live:
            done = asyncio.run(carry_out(office, nursery, wishes, live))
    finally:
        nursery.close()
    _print(done, as_json=json)
    office.forget()
    raise typer.Exit(done.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is asked of whom, for which ticket; empty: all. symptom: empty for that of the ticket. captures: files."""

    ticket: str
    hosts: tuple[str, ...]
    areas: tuple[str, ...]
    questions: tuple[str, ...]
    language: str
    seconds: float
    accounts: tuple[str, ...] = ()
    symptom: str = ""
    captures: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a run ended, and where its report is. run: its id."""

    run: str
    status: int
    note: str
    page: Path
    data: Path
    deliveries: Sequence[str]
    alarms: int


def _account(text: str) -> str:
    try:
        return account_of(text)
    except AccountError as error:
        raise typer.BadParameter(str(error)) from None


def _check(wishes: Wishes) -> None:
    """Unknown areas and questions are mistakes of whoever types, and named before anything is asked."""
    from collectors.catalogue import catalogue  # noqa: PLC0415 - reads every collector; the nursery does it meanwhile.

    must_be_known("area", wishes.areas, catalogue().areas)
    must_be_known("question", wishes.questions, catalogue().collectors)
    for question in wishes.questions if wishes.areas else ():
        if catalogue().collectors[question].area not in wishes.areas:
            raise typer.BadParameter(
                f"{question} is no question of {', '.join(wishes.areas)}: leave --area or --question out"
            )
    if wishes.symptom:
        must_be_known("symptom", [wishes.symptom], (*SYMPTOMS, EVERYTHING))
    must_be_known("language", [wishes.language] if wishes.language else [], LANGUAGES)


async def carry_out(office: Office, nursery: Nursery, wishes: Wishes, live: Live) -> Done:
    """Ask what is wished for, write the report, and hand it to the ticket."""
    from controller.capture import handed  # noqa: PLC0415 - loaded while the nursery starts.
    from controller.courier.inprocess import InProcess  # noqa: PLC0415
    from controller.run import Asked, new_run, report_of, take_readings  # noqa: PLC0415
    from controller.settings import signing_key  # noqa: PLC0415
    from controller.store.entries import What  # noqa: PLC0415
    from controller.store.living import held  # noqa: PLC0415

    captures = handed(wishes.captures)
    async with office.desk() as (desk_name, desk):
        ticket = await desk.read(wishes.ticket)
        if not ticket.customer:
            raise NoContractError(
                f"ticket {ticket.id} names no customer: set it in the ticket, then ask again"
            )
        stored, law = office.law_of(ticket.customer)
        contract = law.contract
        key = signing_key(office.settings.home)
        asked = Asked(
            ticket=ticket.id,
            subject=ticket.subject,
            desk=desk_name,
            by=office.who,
            hosts=one_each(contract, wishes.hosts),
            areas=wishes.areas,
            collectors=wishes.questions,
            accounts=wishes.accounts or _spoken_of(ticket, contract),
            symptom=_symptom(ticket, wishes),
            captures=captures,
            seconds=wishes.seconds,
        )
        run = new_run(datetime.now(UTC))
        with held(office.store.home, run):
            async with nursery:
                courier = InProcess(office.settings.home, office.credentials, nursery)
                forms = asyncio.create_task(asyncio.to_thread(_load_forms))
                await take_readings(
                    office.store, stored, law, asked, run=run, courier=courier, key=key, watch=live.take
                )
            await forms
            from controller.publish import deliver, publish  # noqa: PLC0415 - loaded while the hosts were asked.

            report = report_of(office.store, run, contract)
            language = wishes.language or office.settings.language or contract.language
            published = publish(office.store, report, contract, language)
        delivered = await deliver(office.store, {desk_name: desk})
    return Done(
        run=run,
        status=_status(report),
        note=published.note,
        page=published.page,
        data=published.data,
        deliveries=[
            f"ticket {d.ticket}: {d.state}{': ' + d.error if d.error else ''}"
            for d in delivered
            if d.run == run
        ],
        alarms=sum(touch.what == What.DECISIONS_DIFFER for touch in report.touched),
    )


def _spoken_of(ticket: Ticket, contract: Contract) -> tuple[str, ...]:
    """The accounts of the customer's domains that the ticket names, where nobody names them on the command line."""
    domains = [domain.name for domain in contract.domains]
    return accounts_in_text(f"{ticket.subject}\n{ticket.text}", domains)


def _symptom(ticket: Ticket, wishes: Wishes) -> str:
    """Whose chain is followed. Whoever picks areas or questions has an order of their own."""
    if wishes.symptom:
        return "" if wishes.symptom == EVERYTHING else wishes.symptom
    return "" if wishes.areas or wishes.questions else symptom_in(ticket.subject, ticket.text)


def _load_forms() -> None:
    """Load and compile what the report is made with, while the hosts are being asked."""
    from controller import publish  # noqa: F401, PLC0415 - to have it loaded.
    from controller.reports.html import prepare  # noqa: PLC0415

    prepare()


def _status(report: Report) -> int:
    from collectors import Severity  # noqa: PLC0415 - see above.
    from controller.reports.coverage import State, coverage  # noqa: PLC0415

    seen = coverage(report)
    if not seen.count(State.SEEN):
        tried = seen.count(State.UNANSWERED) or seen.count(State.BROKEN)
        # Where no question fits any host, the contract has refused nothing.
        return Verdict.REFUSED if seen.total and not tried else Verdict.NOTHING_ASKED
    if any(finding.severity > Severity.NOTE for finding in report.findings):
        return Verdict.FAULTS
    return Verdict.NO_FAULT


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
