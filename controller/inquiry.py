"""How does a ticket become a report? From reading it at its desk to the note that is handed over.

The command, the pages and automation all do it here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent.nursling import Nursery
from controller.choice import LANGUAGES, ChoiceError, must_be_known, one_each
from controller.office import Office, customer_of
from controller.progress import Watch
from controller.store.fence import bound_to
from controller.subject import accounts_in_text
from controller.symptoms import EVERYTHING, SYMPTOMS

if TYPE_CHECKING:
    from controller.desks.desk import Desk, Ticket
    from controller.outbox import Delivery
    from controller.publish import Published
    from controller.reports.model import Report
    from controller.run import Asked
    from controller.store.contracts import StoredContract
    from controller.work import Law
    from inventory.contract import Contract

__all__ = ["Done", "Verdict", "Wishes", "carry_out", "check"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a diagnosis ended: the exit statuses of the command."""

    NO_FAULT = 0
    FAULTS = 1
    BAD_INPUT = 2
    REFUSED = 3
    NOTHING_ASKED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is asked of whom, for which ticket; empty: all. symptom: empty for that of the ticket. captures: files.

    customer: whose ticket it has to be, where somebody was let in for that one.
    """

    ticket: str
    hosts: tuple[str, ...]
    areas: tuple[str, ...]
    questions: tuple[str, ...]
    language: str
    seconds: float
    accounts: tuple[str, ...] = ()
    symptom: str = ""
    captures: tuple[Path, ...] = ()
    customer: str = ""


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


def check(wishes: Wishes) -> None:
    """See that all that is wished for exists, before anything is asked. Raises ChoiceError."""
    from collectors.catalogue import catalogue  # noqa: PLC0415 - reads every collector; the nursery does it meanwhile.

    must_be_known("area", wishes.areas, catalogue().areas)
    must_be_known("question", wishes.questions, catalogue().collectors)
    for question in wishes.questions if wishes.areas else ():
        if catalogue().collectors[question].area not in wishes.areas:
            raise ChoiceError(
                f"{question} is no question of {', '.join(wishes.areas)}: leave --area or --question out"
            )
    if wishes.symptom:
        must_be_known("symptom", [wishes.symptom], (*SYMPTOMS, EVERYTHING))
    must_be_known("language", [wishes.language] if wishes.language else [], LANGUAGES)


async def carry_out(
    office: Office,
    nursery: AbstractAsyncContextManager[Nursery],
    wishes: Wishes,
    watch: Watch,
    *,
    run: str = "",
) -> Done:
    """Ask what is wished for, write the report, and hand it to the ticket.

    nursery: opened here, once the ticket is read; `contextlib.nullcontext` lends one that others use too. run: its id,
    where it is known already.
    """
    from controller.run import new_run, report_of, take_readings  # noqa: PLC0415 - loaded while the nursery starts.
    from controller.settings import signing_key  # noqa: PLC0415
    from controller.store.living import held  # noqa: PLC0415

    async with office.desk() as (desk_name, desk), AsyncExitStack() as kept:
        stored, law, asked = await _asked(office, desk_name, desk, wishes, kept)
        key = signing_key(office.settings.home)
        run = run or new_run(datetime.now(UTC))
        with bound_to((law.contract.customer,)), held(office.store.home, run):
            async with nursery as opened:
                courier = office.courier(opened, law.contract)
                forms = asyncio.create_task(asyncio.to_thread(_load_forms))
                await take_readings(
                    office.store, stored, law, asked, run=run, courier=courier, key=key, watch=watch
                )
            await forms
            from controller.publish import deliver, publish  # noqa: PLC0415 - loaded while the hosts were asked.

            report = report_of(office.store, run, law.contract)
            language = wishes.language or office.settings.language or law.contract.language
            published = publish(office.store, report, law.contract, language)
        delivered = await deliver(office.store, {desk_name: desk})
    return _done(report, published, delivered)


async def _asked(
    office: Office, desk_name: str, desk: Desk, wishes: Wishes, kept: AsyncExitStack
) -> tuple[StoredContract, Law, Asked]:
    """Read the ticket, find whose law holds, and settle what is asked. Raises NoContractError, ChoiceError.

    kept: what lasts as long as the run.
    """
    from controller.capture import handed  # noqa: PLC0415 - loaded while the nursery starts.
    from controller.run import Asked  # noqa: PLC0415

    captures = handed(wishes.captures)
    ticket = await desk.read(wishes.ticket)
    stored, law = office.law_of(customer_of(ticket, wishes.customer))
    if _wants_captures(wishes) and ticket.attachments:
        from tempfile import TemporaryDirectory  # noqa: PLC0415 - most tickets have none.

        from controller.attached import attached  # noqa: PLC0415 - see above.

        folder = kept.enter_context(TemporaryDirectory(prefix="secondline-"))
        captures += await attached(desk, ticket, Path(folder), after=len(captures))
    asked = Asked(
        ticket=ticket.id,
        subject=ticket.subject,
        desk=desk_name,
        by=office.who,
        hosts=one_each(law.contract, wishes.hosts),
        areas=wishes.areas,
        collectors=wishes.questions,
        accounts=wishes.accounts or _spoken_of(ticket, law.contract),
        symptom=_symptom(ticket, wishes),
        captures=captures,
        seconds=wishes.seconds,
    )
    return stored, law, asked


def _wants_captures(wishes: Wishes) -> bool:
    """Whether captures at the ticket belong to what is asked: always, where nobody picks, and with telephony."""
    picked = (*wishes.areas, *(one.partition(".")[0] for one in wishes.questions))
    return not picked or "voip" in picked


def _done(report: Report, published: Published, delivered: Sequence[Delivery]) -> Done:
    from controller.store.entries import What  # noqa: PLC0415 - see above.

    return Done(
        run=report.run,
        status=_status(report),
        note=published.note,
        page=published.page,
        data=published.data,
        deliveries=[
            f"ticket {d.ticket}: {d.state}{': ' + d.error if d.error else ''}"
            for d in delivered
            if d.run == report.run
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
    if wishes.areas or wishes.questions:
        return ""
    from controller.triggers.classify import classify  # noqa: PLC0415 - only where nobody says it: start-up counts.

    return classify(ticket.subject, ticket.text).symptom


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
