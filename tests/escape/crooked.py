"""What if the controller, or whoever carries its orders, is the attacker? The real run, over a courier that lies.

python -m tests.escape.crooked lies SIGNERS : one run for each attempt of `tests.escape.orders`, at the agent's place.
The courier gives the agent other orders than the run has made; decisions, agent, report and ledger are the product's
own. Prints {attempt: report}. With `honest CUSTOMER…` it is honest, and prints {customer: report}: many runs in one
process, since the start of the command costs more than the run.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.nursling import Nursery
from agent.order import Event, Order
from controller.courier.courier import Courier
from controller.courier.inprocess import InProcess
from controller.office import Office, open_office
from controller.publish import publish
from controller.run import Asked, new_run, report_of, take_readings
from controller.settings import signing_key
from controller.store.living import held
from tests.escape.orders import ORDERS, Given, customer_of


@dataclass
class _Liar:
    """Carries what the attempt makes of an order. `kept`: the honest orders that came by."""

    honest: InProcess
    lie: Callable[[Given], tuple[str, Order]]
    given: Callable[[str, Order], Given]
    kept: list[Order] = field(default_factory=list)

    async def carry(self, agent: str, order: Order, tell: Callable[[Event], None]) -> None:
        self.kept.append(order)
        where, made = self.lie(self.given(agent, order))
        await self.honest.carry(where, made, tell)

    async def cancel(self) -> None:
        await self.honest.cancel()


async def _run(office: Office, courier: Courier, customer: str) -> dict[str, Any]:
    stored, law = office.law_of(customer)
    asked = Asked(
        ticket="1",
        subject="Alles steht",
        desk="builtin",
        by="test",
        hosts=("own",),
        collectors=("linux.load",),
        seconds=30,
    )
    run, key = new_run(datetime.now(UTC)), signing_key(office.settings.home)
    with held(office.store.home, run):
        await take_readings(
            office.store, stored, law, asked, run=run, courier=courier, key=key, watch=lambda _: None
        )
        published = publish(office.store, report_of(office.store, run, law.contract), law.contract, "en")
    said: dict[str, Any] = json.loads(published.data.read_text("utf-8"))
    return said


async def _all(signers: Mapping[str, Any]) -> dict[str, Any]:
    office = open_office(print)
    key = signing_key(office.settings.home)
    reports = {}
    async with Nursery() as nursery:
        for number, (name, attempt) in enumerate(ORDERS.items(), start=1):
            past: list[Order] = []

            def given(agent: str, order: Order, past: list[Order] = past, number: int = number) -> Given:
                return Given(
                    agent=agent, order=order, key=key, signers=signers, number=number, home=office.settings.home,
                    past=tuple(past),
                )  # fmt: skip

            inner = InProcess(office.settings.home, office.credentials, nursery)
            if attempt.after_an_honest_one:
                honest = _Liar(inner, lambda one: (one.agent, one.order), given)
                await _run(office, honest, customer_of(number))
                past += honest.kept
            reports[name] = await _run(office, _Liar(inner, attempt.lie, given), customer_of(number))
    return reports


async def _honest(customers: Sequence[str]) -> dict[str, Any]:
    office = open_office(print)
    async with Nursery() as nursery:
        return {
            customer: await _run(
                office, InProcess(office.settings.home, office.credentials, nursery), customer
            )
            for customer in customers
        }


def main() -> None:
    match sys.argv[1:]:
        case ["lies", signers]:
            reports = asyncio.run(_all(json.loads(Path(signers).read_text("utf-8"))))
        case ["honest", *customers]:
            reports = asyncio.run(_honest(customers))
        case _:
            sys.exit(__doc__)
    print(json.dumps(reports))


if __name__ == "__main__":
    main()
