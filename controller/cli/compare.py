"""Did the engineers do what a plan made in shadow says? The agent looks again: then nothing is left for it to do."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.nursling import Nursery
from controller.change.carry import plan_of
from controller.change.drawing import look_at
from controller.change.ground import ground_for
from controller.change.planning import Wanted, store_plan
from controller.cli.live import Live
from controller.ledger import Entry, What, append
from controller.office import Office
from controller.run import new_run
from controller.store.errors import PlanStateError
from controller.store.living import held
from controller.store.plans import StoredPlan, say_agreed
from playbooks.catalogue import playbook_catalogue

__all__ = ["compared"]


async def compared(office: Office, nursery: Nursery, stored: StoredPlan, live: Live) -> bool | None:
    """Whether nothing is left to do on any of its hosts; None when not all could be looked at, and nothing is noted."""
    if not stored.shadow:
        raise PlanStateError(f"plan {stored.id} was not made in shadow: there is nothing to compare")
    content = plan_of(stored)
    ground = ground_for(office, stored.customer, content.hosts)
    wanted = Wanted(
        ticket=stored.ticket,
        desk=stored.desk,
        subject="",
        by=office.who,
        person=office.person,
        playbook=playbook_catalogue()[stored.playbook],
        hosts=content.hosts,
        said=content.wanted,
        shadow=True,
    )
    run = new_run(datetime.now(UTC))
    async with nursery:
        with held(office.store.home, run):
            looked = await look_at(office, nursery, ground, wanted, run, live.take)
            store_plan(office.store, ground.law.contract, wanted, looked, None)
    if looked.parts is None:
        return None
    agreed = not any(part.steps for part in looked.parts)
    facts: dict[str, str | int | float | bool] = {"plan": stored.id, "agreed": agreed}
    append(office.store, Entry(what=What.PLAN_COMPARED, who=office.who, run=stored.made_in, facts=facts))
    with office.store.write(durable=True) as connection:
        say_agreed(connection, stored.id, agreed)
    return agreed
