"""How does a wish become a plan? The ticket is read, the agents look, and what they would do is kept and told.

The command, the pages and automation all do it here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.job import Outcome, Planned, Refused, Unfit
from agent.nursling import Nursery
from controller.change.carry import Ground
from controller.change.ground import ground_for
from controller.change.permit import approval_for
from controller.change.phrases import Phrases, phrases_for
from controller.change.planning import Looked, Wanted, look, make_plan, one_agent, store_plan
from controller.change.telling import outcome_lines, plain
from controller.choice import ChoiceError, one_each
from controller.office import Office, customer_of
from controller.progress import Watch
from controller.reports.coverage import State
from controller.reports.story import words_for
from controller.run import new_run
from controller.settings import signing_key
from controller.store.living import held
from controller.store.plans import StoredPlan, promotions
from playbooks.plan import Plan
from playbooks.playbook import Playbook, WantedError

__all__ = [
    "MADE",
    "NOTHING",
    "NO_ANSWER",
    "REFUSED",
    "UNFIT",
    "Drawn",
    "draw",
    "look_at",
    "outcomes_told",
    "parameters",
]

MADE, NOTHING, REFUSED, NO_ANSWER, UNFIT = 0, 1, 3, 4, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What planning gave. stored, plan: None where there is none."""

    ground: Ground
    looked: Looked
    plan: Plan | None
    stored: StoredPlan | None
    status: int


def parameters(known: Playbook[Any, Any], pairs: Iterable[str]) -> Mapping[str, Any]:
    """What `--set` says, held to the playbook's types. Raises ChoiceError."""
    said: dict[str, str] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign or not name:
            raise ChoiceError(f"{pair!r} is no parameter: write --set name=value")
        if name in said:
            raise ChoiceError(f"the parameter {name!r} is given twice")
        said[name] = text
    try:
        return known.said(known.read(said))
    except WantedError as error:
        raise ChoiceError(str(error)) from None


async def draw(  # noqa: PLR0913, PLR0917 - what is wanted, and what it is done with.
    office: Office,
    nursery: Nursery,
    ticket: str,
    known: Playbook[Any, Any],
    hosts: tuple[str, ...],
    said: Mapping[str, Any],
    watch: Watch,
    *,
    desk: str = "",
    customer: str = "",
) -> Drawn:
    """Have the agents look, and keep what would be done as a plan; the nursery is open. Raises ChoiceError.

    desk: whose ticket it is; the one that is set up where none is named. customer: whose it has to be, where named.
    """
    async with office.desk(desk) as (desk_name, opened):
        found = await opened.read(ticket)
    stored, law = office.law_of(customer_of(found, customer))
    ids = one_each(law.contract, hosts)
    ground = ground_for(office, found.customer, ids)
    if several := one_agent(law, ids):
        raise ChoiceError(several)
    wanted = Wanted(
        ticket=found.id,
        desk=desk_name,
        subject=found.subject,
        by=office.who,
        person=office.person,
        playbook=known,
        hosts=ids,
        said=said,
        shadow=known.name not in promotions(office.store),
    )
    run = new_run(datetime.now(UTC))
    with held(office.store.home, run):
        looked = await look_at(office, nursery, ground, wanted, run, watch)
        parts = looked.parts
        fresh = (
            make_plan(law.contract, stored, wanted, parts) if parts and any(p.steps for p in parts) else None
        )
        kept = store_plan(office.store, law.contract, wanted, looked, fresh, more=_more(ground, fresh))
    status = MADE if kept else NOTHING if parts else _status(looked.outcomes.values())
    return Drawn(ground=ground, looked=looked, plan=fresh, stored=kept, status=status)


async def look_at(  # noqa: PLR0913, PLR0917 - see above.
    office: Office, nursery: Nursery, ground: Ground, wanted: Wanted, run: str, watch: Watch
) -> Looked:
    """Have the agents of this installation look, under a run that the caller holds."""
    return await look(
        office.store,
        ground.stored,
        ground.law,
        wanted,
        run=run,
        courier=office.courier(nursery, ground.law.contract),
        key=signing_key(office.settings.home),
        watch=watch,
    )


def outcomes_told(drawn: Drawn, phrases: Phrases) -> tuple[str, ...]:
    """Why there is no plan: what each host said, a line each."""
    return tuple(
        f"{plain(host)}: {plain(_told(one, phrases))}" for host, one in drawn.looked.outcomes.items()
    )


def _told(one: Outcome, phrases: Phrases) -> str:
    if isinstance(one, Planned):
        return phrases.host_left if one.part.get("steps") else phrases.so_already
    why = words_for(phrases.code).why(State.REFUSED, one.reason) if isinstance(one, Refused) else ""
    return f"{' '.join(outcome_lines(one, phrases))}{f' ({why})' if why else ''}"


def _more(ground: Ground, fresh: Plan | None) -> tuple[str, ...]:
    """Who must agree, for the ticket's note."""
    if fresh is None:
        return ()
    phrases = phrases_for(ground.law.contract.language)
    approval = approval_for(ground.law, fresh.playbook, fresh.hosts, datetime.now(UTC))
    return (phrases.approval.format(who=phrases.approvals[approval]),)


def _status(outcomes: Iterable[Outcome]) -> int:

    several = tuple(outcomes)
    if any(isinstance(one, Refused) for one in several):
        return REFUSED
    return UNFIT if any(isinstance(one, Unfit) for one in several) else NO_ANSWER
