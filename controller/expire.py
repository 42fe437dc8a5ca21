"""Is anything kept longer than the customer's contract lets us? Evidence past `keep_days` is deleted.

It is done by itself once a day when a run ends, and by `secondline report expire`. The ledger says so for
each run. Plans, questions, rings and orders that have ended go by the same days, log-ins when they count no more.
Notes in a ticket are the ticket system's, and stay there as long as it keeps its tickets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from controller.ledger import Entry, LedgerFact, What, append
from controller.store.contracts import current_contracts
from controller.store.fence import for_all
from controller.store.forget import count_exchanges, due, forget, sweep
from controller.store.outdated import forget_people, forget_rows, has_outdated
from controller.store.store import Store
from inventory.read import ContractError, read

__all__ = ["Expired", "expire", "expire_daily"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """One run whose evidence is gone now. keep_days: what the customer's present contract says."""

    run: str
    customer: str
    keep_days: int
    exchanges: int


def expire(store: Store, now: datetime, who: str) -> tuple[Expired, ...]:
    """Delete what is too old, of all customers; gives each run whose evidence went.

    Raises LedgerBrokenError, and then deletes nothing.
    """
    with for_all():
        gone = tuple(_expired(store, now, who))
        forget_people(store, now)
        sweep(store, now)
    (store.home / "expired").touch()
    return gone


def expire_daily(store: Store, now: datetime, who: str) -> tuple[Expired, ...]:
    """As `expire`, when that was not done within a day."""
    try:
        last = (store.home / "expired").stat().st_mtime
    except FileNotFoundError:
        last = 0.0
    return expire(store, now, who) if now.timestamp() - last >= _DAY.total_seconds() else ()


def _expired(store: Store, now: datetime, who: str) -> Iterator[Expired]:
    for stored in current_contracts(store):
        recent = now - _DAY
        if not due(store, stored.customer, recent) and not has_outdated(store, stored.customer, recent):
            continue
        try:
            keep_days = read(stored.text).data.keep_days
        except ContractError:
            # An older revision may have said otherwise: nothing is deleted on a guess.
            continue
        for run in due(store, stored.customer, now - timedelta(days=keep_days)):
            exchanges = count_exchanges(store, run.id)
            facts: dict[str, LedgerFact] = {
                "customer": run.customer,
                "keep_days": keep_days,
                "exchanges": exchanges,
            }
            append(store, Entry(what=What.EVIDENCE_EXPIRED, who=who, run=run.id, facts=facts))
            forget(store, run.id, now)
            yield Expired(run=run.id, customer=run.customer, keep_days=keep_days, exchanges=exchanges)
        if outdated := forget_rows(store, stored.customer, now - timedelta(days=keep_days)):
            rows: dict[str, LedgerFact] = {
                "customer": stored.customer,
                "keep_days": keep_days,
                **asdict(outdated),
            }
            append(store, Entry(what=What.ROWS_EXPIRED, who=who, facts=rows))
