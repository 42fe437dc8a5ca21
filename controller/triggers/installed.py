"""How does the intake of this installation work? Its desks, contracts, rules and limits; and how a run is carried out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime

from agent.nursling import Nursery
from controller.inquiry import Wishes, carry_out
from controller.office import NoContractError, Office
from controller.symptoms import EVERYTHING
from controller.triggers.intake import Intake, Order, Runner
from controller.triggers.rules import limits_from, rules_from
from inventory.contract import Contract
from inventory.read import ContractError, read

__all__ = ["contracts_of", "intake_of", "runner_of"]


def intake_of(office: Office, nursery: Nursery) -> Intake:
    """The worker of an installation. nursery: open, and shared by all runs. Raises SettingsError."""
    rules = rules_from(office.settings.trigger)
    desks = (office.settings.desk, *(desk for rule in rules for desk in rule.desks))
    return Intake(
        store=office.store,
        desks=office.desk,
        contracts=contracts_of(office),
        rules=rules,
        limits=limits_from(office.settings.intake),
        runner=runner_of(office, nursery),
        # Whoever opens a ticket at the built-in desk rings.
        watched=tuple(name for name in dict.fromkeys(desks) if name != "builtin"),
    )


def runner_of(office: Office, nursery: Nursery) -> Runner:
    """Carries orders out as the command `diagnose` does, under the automation's name; always a diagnosis."""

    async def run(order: Order) -> None:
        settings = office.settings.model_copy(update={"desk": order.desk})
        wishes = Wishes(
            ticket=order.ticket,
            customer=order.customer,
            hosts=order.hosts,
            areas=(),
            questions=(),
            language="",
            seconds=settings.deadline,
            symptom=order.symptom or EVERYTHING,
        )
        automation = replace(office, settings=settings, who=order.who)
        await carry_out(automation, nullcontext(nursery), wishes, lambda _: None, run=order.run)

    return run


def contracts_of(office: Office) -> Callable[[str], Contract | None]:
    """Gives a customer's contract; None where there is none, or none that can be read or holds today."""
    known: dict[str, Contract] = {}

    def give(customer: str) -> Contract | None:
        try:
            stored = office.text_of(customer)
            contract = known.get(stored.digest) or read(stored.text)
        except (NoContractError, ContractError):
            return None
        known[stored.digest] = contract
        today = datetime.now(UTC).astimezone(contract.zone_info).date()
        return contract if contract.valid.start <= today <= contract.valid.until else None

    return give
