"""Who touched a customer's hosts, when, for which ticket, under which clause? The ledger as a customer reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller.ledger import about, theirs
from controller.store.entries import What
from controller.store.schema import ledger, run
from controller.store.store import Store

__all__ = ["Access", "Narrowed", "accesses"]

# What a customer looks for: what was done to hosts, and what was decided about them.
_SHOWN = frozenset(
    {
        *(What.ASKED, What.DECIDED_REFUSED, What.SESSION_OPENED, What.SESSION_FAILED, What.QUESTION_SENT),
        *(What.NAME_LOOKED_UP, What.CAPTURE_READ, What.WALL_HELD, What.CANCELLED, What.RUN_ENDED),
        *(What.DECISIONS_DIFFER, What.WORK_ENDED, What.HOST_PINNED, What.EVIDENCE_EXPIRED),
        *(What.CONTRACT_ADDED, What.CONTRACT_WAITING, What.CONTRACT_APPROVED, What.CONTRACT_ENDED),
        *(What.PLAN_MADE, What.PLAN_APPROVED, What.PLAN_REJECTED, What.CHANGE_BEGUN, What.CHANGE_STEP),
        *(What.CHANGE_ENDED, What.REPORT_RELEASED, What.REPORT_WITHDRAWN, What.CUSTOMER_ASKED),
        What.CUSTOMER_ANSWERED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One entry. ticket: for which; subject: the question, session or deed."""

    number: int
    at: datetime
    what: str
    host: str
    clause: str
    who: str
    ticket: str
    subject: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """What somebody looks for; empty narrows nothing. before: only entries with a lower number; 0 for the newest."""

    host: str = ""
    who: str = ""
    ticket: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int = 0


def accesses(store: Store, customer: str, narrowed: Narrowed, limit: int = 100) -> tuple[Access, ...]:
    """A customer's entries, the newest first."""
    wanted = (
        theirs(customer, run.c.ticket)
        .where(ledger.c.what.in_([what.value for what in _SHOWN]))
        .order_by(ledger.c.number.desc())
        .limit(limit)
    )
    for column, value in (
        (ledger.c.host, narrowed.host),
        (ledger.c.who, narrowed.who),
        (run.c.ticket, narrowed.ticket),
    ):
        if value:
            wanted = wanted.where(column == value)
    if narrowed.since is not None:
        wanted = wanted.where(ledger.c.at >= narrowed.since)
    if narrowed.until is not None:
        wanted = wanted.where(ledger.c.at < narrowed.until)
    if narrowed.before:
        wanted = wanted.where(ledger.c.number < narrowed.before)
    with store.read() as connection:
        return tuple(
            Access(
                number=row.number,
                at=row.at,
                what=row.what,
                host=row.host,
                clause=row.clause,
                who=row.who,
                ticket=row.ticket or "",
                subject=about(row.what, row.facts),
                hash=row.hash,
            )
            for row in connection.execute(wanted)
        )
