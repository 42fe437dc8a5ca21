"""How does this installation carry a plan out? With its own courier and key, under a run of its own.

The command, the pages and automation all do it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from agent.job import Refused
from agent.nursling import Nursery
from controller.change.carry import Carriage, carry_out, make_ready, plan_of
from controller.change.ground import ground_for
from controller.office import Office
from controller.progress import Watch
from controller.run import new_run
from controller.settings import signing_key
from controller.store.living import held
from controller.store.plans import Doing, PlanState, StoredPlan

__all__ = ["carried_out"]


async def carried_out(
    office: Office, nursery: Nursery, stored: StoredPlan, kind: Doing, watch: Watch
) -> PlanState | Mapping[str, Refused]:
    """Do it; the nursery is open. Gives how it ended, or why the contract refuses it, by host."""
    ground = ground_for(office, stored.customer, plan_of(stored).hosts)
    ready = make_ready(ground, stored, kind, datetime.now(UTC))
    if isinstance(ready, Mapping):
        return ready
    carriage = Carriage(
        store=ground.store,
        stored=ground.stored,
        law=ground.law,
        pins=ground.pins,
        courier=office.courier(nursery, ground.law.contract),
        key=signing_key(office.settings.home),
        by=office.who,
        watch=watch,
    )
    run = new_run(datetime.now(UTC))
    with held(office.store.home, run):
        return await carry_out(carriage, ready, run)
