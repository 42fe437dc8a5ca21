"""What of a run whose process is gone? It is ended truthfully, by the next command that looks.

A process can end at any moment (Ctrl-C twice, kill -9, a power cut). What it had written down stays; what it
had not is told as lost. Runs at which a process still works are left alone: see `controller.store.living`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from agent.job import Broken, NoAnswer, Result
from collectors import Kind, Phase
from controller.change.carry import close
from controller.ledger import Entry, LedgerFact, What, append
from controller.outbox import finish_run
from controller.publish import publish
from controller.run import report_of
from controller.store.jobs import open_jobs, record_results
from controller.store.living import abandoned
from controller.store.plans import Doing, PlanState, StoredPlan, plans
from controller.store.runs import Run, RunState, get_run
from controller.store.store import Store
from inventory.contract import Contract

__all__ = ["settle"]


def settle(
    store: Store, left: str, contract_with: Callable[[str], Contract | None], language: str = ""
) -> Run | None:
    """End a run that nobody works at any more, and hand its report to the outbox; None when that is not so.

    contract_with: gives the contract with this digest, or None when it cannot be read any more; then there
    is no report, as nobody knows what it may show. language: the contract's when empty.
    """
    with abandoned(store.home, left) as nobody:
        run = get_run(store, left)
        if not nobody or run.state.over:
            return None
        contract = contract_with(run.contract)
        if run.kind != "diagnose":
            return _settle_change(store, run, contract)
        ending = RunState.STOPPED if run.state is RunState.STOPPING else RunState.FAILED
        lost = (
            NoAnswer(Kind.STOPPED, Phase.ASK, "stopped")
            if ending is RunState.STOPPED
            else Broken("the process that ran it ended before an answer was written down")
        )
        record_results(
            store,
            run.id,
            [Result(job=job, outcome=lost, began=run.began, took=0.0) for job in open_jobs(store, run.id)],
        )
        if contract is None:
            facts: dict[str, LedgerFact] = {"state": ending.value}
            append(store, Entry(what=What.RUN_ENDED, who="controller", run=run.id, facts=facts))
            finish_run(store, run.id, ending, ended=datetime.now(UTC), summary={})
        else:
            report = report_of(store, run.id, contract, ending=ending)
            publish(store, report, contract, language or contract.language)
        return get_run(store, run.id)


def _settle_change(store: Store, run: Run, contract: Contract | None) -> Run:
    """End a change that nobody works at any more: what has no end on a host is not known, and is told as such."""
    left = [plan for plan in plans(store, ticket=run.ticket, limit=0) if run.id in _under_way(plan)]
    for plan in left:
        close(store, contract, plan, Doing(run.kind), run.id)
    if not left:
        facts: dict[str, LedgerFact] = {"state": RunState.FAILED.value}
        append(store, Entry(what=What.RUN_ENDED, who="controller", run=run.id, facts=facts))
        finish_run(store, run.id, RunState.FAILED, ended=datetime.now(UTC), summary={})
    return get_run(store, run.id)


def _under_way(plan: StoredPlan) -> tuple[str, ...]:
    """The run in which a plan is being carried out or taken back just now."""
    if plan.state is PlanState.RUNNING:
        return (plan.applied_in,)
    return (plan.undone_in,) if plan.state is PlanState.UNDOING else ()
