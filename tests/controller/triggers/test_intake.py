"""Does a ring become what the rules say: a run, a joined note, a question, or nothing, each once?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from controller.ledger import touches, verify
from controller.store.arrivals import Arrival, ArrivalState, arrivals, counts, ring
from controller.store.runs import Run, RunState, create_run
from controller.store.store import Store, open_store
from controller.triggers.intake import Intake, Order
from controller.triggers.rules import Limits, rules_from
from inventory.contract import Contract
from tests.controller.triggers.paper import contract
from tests.controller.triggers.standin_desk import OPENED, Counter, FileDesk

_LATER = timedelta(minutes=2)


@dataclass
class House:
    """A store, a desk, a clock that is moved by hand, and a worker whose runs only write that they were begun."""

    store: Store
    desk: FileDesk
    clock: Counter
    orders: list[Order] = field(default_factory=list)
    going: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    breaks: int = 0

    def worker(
        self, *rules: dict[str, object], limits: Limits | None = None, watched: tuple[str, ...] = ()
    ) -> Intake:
        return Intake(
            store=self.store,
            desks=self.desk.opened,
            contracts=_contract,
            rules=rules_from(rules or ({"name": "all"},)),
            limits=limits or Limits(),
            runner=self.run,
            watched=watched,
            clock=self.clock,
        )

    async def run(self, order: Order) -> None:
        self.orders.append(order)
        if self.breaks:
            self.breaks -= 1
            raise OSError("no process")
        create_run(self.store, _run(order.run, order.who))
        self.begun.set()
        await self.going.wait()

    def ring(self, ticket: str, event: str = "") -> bool:
        return ring(self.store, "d", ticket, event or f"opened-{ticket}", self.clock.now)

    def row(self, ticket: str) -> Arrival:
        (row,) = arrivals(self.store, ticket=ticket)
        return row


def _contract(customer: str) -> Contract | None:
    return (
        contract().model_copy(update={"customer": customer}) if customer in {"musterbau", "other"} else None
    )


def _run(number: str, who: str) -> Run:
    return Run(
        id=number,
        ticket="1",
        desk="d",
        customer="musterbau",
        contract="c" * 64,
        revision=1,
        asked_by=who,
        state=RunState.RUNNING,
        began=OPENED,
    )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    store = open_store(tmp_path / "home")
    yield House(store, FileDesk(tmp_path / "desk.sqlite3").make(), Counter())
    store.close()


async def _settle(worker: Intake) -> None:
    """Do all that is to do now, with the runs as they stand."""
    while True:
        more = await worker.read() or worker.start() or await worker.deliver()
        await asyncio.sleep(0)
        if not more:
            return


async def _end(house: House, worker: Intake) -> None:
    """Let all runs come to their end."""
    house.going.set()
    await asyncio.gather(*worker._running)
    await _settle(worker)


async def test_a_ring_is_written_down_once(house: House) -> None:
    house.desk.add("1", "VPN-Tunnel nach Kiel ist weg.")
    assert house.ring("1")
    assert not house.ring("1")
    assert house.row("1").state is ArrivalState.WAITING
    for ticket, event in (("", "e"), ("1" * 65, "e"), ("1", ""), ("1", "e" * 201)):
        with pytest.raises(ValueError, match="rings with"):
            ring(house.store, "d", ticket, event, OPENED)


async def test_a_ticket_becomes_a_run_under_the_rules_name_and_is_told_why(house: House) -> None:
    house.desk.add("1", "Der VPN-Tunnel nach Kiel ist seit heute weg.")
    house.ring("1")
    worker = house.worker({"name": "vpn"})
    await _settle(worker)
    (order,) = house.orders
    assert (order.who, order.ticket, order.symptom) == ("automation:vpn", "1", "vpn")
    assert set(order.hosts) == {"gw-hh", "gw-ki", "srv-file01", "files-ki", "dns1"}
    ((_, kind, note),) = house.desk.notes("1")
    assert kind == "note"
    assert "vpn" in note
    assert "Tunnel" in note
    assert "triggered" in [touch.what for touch in touches(house.store, order.run)]
    assert verify(house.store).holds
    await _end(house, worker)
    assert house.row("1").state is ArrivalState.DONE


@pytest.mark.slow
async def test_a_storm_is_one_run_and_each_ticket_is_told_once(house: House) -> None:
    for number in range(1, 21):
        house.desk.add(str(number), f"Der VPN-Tunnel nach Kiel ist weg, Meldung {number} von mir.")
        house.ring(str(number))
    await _settle(house.worker())
    assert len(house.orders) == 1
    assert counts(house.store)[ArrivalState.JOINED] == 19
    notes = house.desk.notes()
    assert sorted(int(ticket) for ticket, _, _ in notes) == list(range(1, 21))
    lead = house.orders[0].ticket
    assert all(f"Ticket {lead}" in text for ticket, _, text in notes if ticket != lead)


async def test_another_customer_symptom_or_host_is_another_run(house: House) -> None:
    house.desk.add("1", "Der VPN-Tunnel nach Kiel ist weg.")
    house.desk.add("2", "Am Standort Nord sind die Gespräche abgehackt.")
    house.desk.add("3", "Am Standort Kiel sind die Gespräche abgehackt.")
    for number in "123":
        house.ring(number)
    await _settle(house.worker(limits=Limits(at_once_each=5)))
    assert {order.ticket for order in house.orders} == {"1", "2", "3"}


async def test_after_the_storm_the_same_is_examined_anew(house: House) -> None:
    house.going.set()
    house.desk.add("1", "Der VPN-Tunnel nach Kiel ist weg.")
    house.desk.add("2", "Der VPN-Tunnel nach Kiel ist schon wieder weg.")
    house.ring("1")
    worker = house.worker()
    await _settle(worker)
    house.clock.now += timedelta(hours=2)
    house.ring("2")
    await _settle(worker)
    assert [order.ticket for order in house.orders] == ["1", "2"]


async def test_what_is_not_clear_is_asked_once_and_begun_when_it_is_answered(house: House) -> None:
    house.desk.add("1", "Der Switch in Hamburg spinnt, das Netzwerk ist langsam.")
    house.ring("1")
    worker = house.worker()
    await _settle(worker)
    house.ring("1", "looked-at")
    await _settle(worker)
    ((_, kind, question),) = house.desk.notes("1")
    assert kind == "reply"
    assert "sw1" in question
    assert "sw2" in question
    assert not house.orders
    with house.desk._open() as file:
        file.execute("UPDATE ticket SET text = 'sw2 spinnt, das Netzwerk ist langsam.' WHERE id = '1'")
    house.ring("1", "answered")
    await _settle(worker)
    assert [order.hosts for order in house.orders] == [("sw2",)]


async def test_a_ticket_has_one_run_however_often_its_desk_rings(house: House) -> None:
    house.desk.add("1", "Der VPN-Tunnel nach Kiel ist weg.")
    for event in ("opened", "changed", "moved"):
        house.ring("1", event)
    worker = house.worker(limits=Limits(storm=0))
    await _settle(worker)
    assert len(house.orders) == 1
    assert len(house.desk.notes("1")) == 1


@pytest.mark.parametrize(
    ("text", "customer", "why"),
    [
        ("Bitte Toner bestellen.", "musterbau", "no-symptom"),
        ("Der VPN-Tunnel ist weg.", "", "no-customer"),
        ("Der VPN-Tunnel ist weg.", "nobody", "no-contract"),
    ],
)
async def test_what_no_rule_or_contract_allows_is_left_alone(
    house: House, text: str, customer: str, why: str
) -> None:
    house.desk.add("1", text, customer=customer)
    house.ring("1")
    await _settle(house.worker())
    assert house.row("1").state is ArrivalState.IGNORED
    assert house.row("1").why.startswith(why)
    assert not house.orders
    assert not house.desk.notes()


async def test_a_ticket_that_is_gone_is_told_in_the_status(house: House) -> None:
    house.ring("404")
    await _settle(house.worker())
    assert house.row("404").state is ArrivalState.FAILED
    assert "404" in house.row("404").why


async def test_a_desk_that_is_down_is_asked_again_later(house: House) -> None:
    house.desk.add("1", "Der VPN-Tunnel nach Kiel ist weg.")
    house.ring("1")
    house.desk.fails = 100
    worker = house.worker()
    await _settle(worker)
    assert house.row("1").state is ArrivalState.WAITING
    assert house.row("1").next_at > house.clock.now
    house.desk.fails = 0
    await _settle(worker)
    assert not house.orders
    house.clock.now += _LATER
    await _settle(worker)
    assert len(house.orders) == 1


async def test_a_ticket_waits_for_the_time_of_its_rule(house: House) -> None:
    house.desk.add("1", "Der VPN-Tunnel nach Kiel ist weg.")
    house.ring("1")
    worker = house.worker({"name": "afternoon", "from": "14:00", "until": "18:00"})
    await _settle(worker)
    assert house.row("1").state is ArrivalState.WAITING
    house.clock.now = OPENED.replace(hour=13)
    await _settle(worker)
    assert [order.who for order in house.orders] == ["automation:afternoon"]


async def test_a_queue_decides_where_the_desk_says_it(house: House) -> None:
    house.desk.add("1", "Der VPN-Tunnel nach Kiel ist weg.", queue="1st level")
    house.desk.add("2", "Der Tunnel nach Kiel steht nicht mehr.", queue="2nd level")
    house.ring("1")
    house.ring("2")
    await _settle(house.worker({"name": "second", "queues": ["2nd level"]}))
    assert [order.ticket for order in house.orders] == ["2"]


async def test_customers_take_turns_and_nobody_gets_more_than_the_limit(house: House) -> None:
    for number, site in enumerate(("Hamburg", "Kiel", "Nord"), 1):
        house.desk.add(f"a{number}", f"Standort {site}: Netzwerk ist langsam.")
        house.ring(f"a{number}")
    house.desk.add("b1", "Am Standort Kiel ist das Netzwerk langsam.", customer="other")
    house.ring("b1")
    worker = house.worker(limits=Limits(at_once=3, at_once_each=2))
    while await worker.read():
        pass
    await _settle(worker)
    assert [order.ticket for order in house.orders] == ["a1", "b1", "a2"]
    await _end(house, worker)
    assert [order.ticket for order in house.orders][3:] == ["a3"]


async def test_people_come_first(house: House) -> None:
    create_run(house.store, _run("by-anna", "anna"))
    house.desk.add("1", "Der VPN-Tunnel nach Kiel ist weg.")
    house.ring("1")
    await _settle(house.worker(limits=Limits(people_first=1)))
    assert not house.orders
    assert house.row("1").state is ArrivalState.READY
    await _settle(house.worker(limits=Limits(people_first=2)))
    assert len(house.orders) == 1


async def test_a_run_that_cannot_be_begun_is_tried_again_and_then_given_up(house: House) -> None:
    house.desk.add("1", "Der VPN-Tunnel nach Kiel ist weg.")
    house.ring("1")
    house.breaks = 9
    worker = house.worker()
    for _ in range(6):
        await _settle(worker)
        house.clock.now += _LATER
    assert len(house.orders) == 3
    assert len({order.run for order in house.orders}) == 1
    assert house.row("1").state is ArrivalState.FAILED
    assert "no process" in house.row("1").why
    assert len(house.desk.notes("1")) == 1


async def test_what_a_dead_worker_had_begun_is_not_begun_again_and_what_it_had_not_is(house: House) -> None:
    for number, text in (
        ("1", "Der VPN-Tunnel nach Kiel ist weg."),
        ("2", "In Nord sind Gespräche abgehackt."),
    ):
        house.desk.add(number, text)
        house.ring(number)
    dying = house.worker()
    while await dying.read():
        pass
    taken = [dying._beginning.next(house.clock.now), dying._beginning.next(house.clock.now)]
    orders = [one[1] for one in taken if one is not None]
    create_run(house.store, _run(orders[0].run, orders[0].who))
    worker = house.worker()
    await _settle(worker)
    assert not house.orders
    house.clock.now += timedelta(minutes=5)
    await _settle(worker)
    house.clock.now += timedelta(minutes=5)
    await _settle(worker)
    assert [order.run for order in house.orders] == [orders[1].run]
    assert house.row(orders[0].ticket).state is ArrivalState.DONE
    assert len(house.desk.notes()) == 2


async def test_a_desk_that_does_not_ring_is_asked_what_is_new(house: House) -> None:
    house.desk.add("1", "Der VPN-Tunnel nach Kiel ist weg.")
    worker = house.worker(watched=("d",))
    house.desk.fails = 100
    await worker.look("d")
    assert not arrivals(house.store)
    house.desk.fails = 0
    await worker.look("d")
    await worker.look("d")
    assert len(arrivals(house.store)) == 1
    await _settle(worker)
    assert len(house.orders) == 1


async def test_a_worker_that_is_told_to_stop_ends_what_runs(house: House) -> None:
    house.desk.add("1", "Der VPN-Tunnel nach Kiel ist weg.")
    house.ring("1")
    stop = asyncio.Event()
    working = asyncio.create_task(house.worker().work(stop))
    async with asyncio.timeout(20):
        await house.begun.wait()
        stop.set()
        await asyncio.sleep(0.1)
        assert not working.done()
        house.going.set()
        await working
    assert house.row("1").state is ArrivalState.DONE
