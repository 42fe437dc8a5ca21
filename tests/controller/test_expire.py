"""Is everything of a run gone when its customer's contract says so, and nothing else?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Connection, Table, insert, select

from agent.job import Job, Result, Seen
from collectors.exchange import Exchange
from controller.desks.builtin import BuiltinDesk
from controller.desks.desk import File
from controller.expire import expire, expire_daily
from controller.ledger import touches, verify
from controller.outbox import (
    Action,
    ActionKind,
    DeliveryState,
    deliver_due,
    deliveries,
    finish_run,
    try_again,
)
from controller.run import report_of
from controller.store import tickets
from controller.store.contracts import ContractState, StoredContract, add_contract, contract_at
from controller.store.errors import BlobError, ExpiredError
from controller.store.exchanges import evidence, record_exchanges
from controller.store.jobs import results
from controller.store.runs import Run, RunState, create_run, get_run
from controller.store.schema import intake, ledger, plan, plan_word
from controller.store.schema_people import login, person, question
from controller.store.schema_sites import errand, errand_word
from controller.store.server import Server
from controller.store.store import Store, open_store
from inventory.read import read
from tests.controller.store.rows import row_of

NOW = datetime.now(UTC)
SECRET = b"only the old run was told this: Umsatz 4711"
SHARED = b"both were told this"


@pytest.fixture
def store(tmp_path: Path, server: Server | None) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", server)
    for customer, days in (("short", 30), ("long", 3650)):
        added(opened, customer, 1, paper(customer, days))
    yield opened
    opened.close()


def added(store: Store, customer: str, revision: int, text: str) -> StoredContract:
    return add_contract(
        store,
        customer=customer,
        revision=revision,
        text=text,
        signatures=(),
        state=ContractState.HOLDS,
        added_by="anna",
    )


def paper(customer: str, keep_days: int, revision: int = 1) -> str:
    host = {"id": "h", "name": "h.k.test", "addresses": ["192.0.2.1"], "site": "s", "environment": "server"}
    return yaml.safe_dump(
        {
            "contract": "K-1",
            "customer": customer,
            "name": "K",
            "revision": revision,
            "valid": {"from": "2026-01-01", "until": "2099-12-31"},
            "sites": [{"id": "s", "name": "S", "agent": "a"}],
            "hosts": [host | {"platform": "linux", "dns": {"port": 53}}],
            "clauses": [{"id": "1", "text": "x", "hosts": ["h"], "diagnose": ["dns"]}],
            "data": {"keep_days": keep_days},
        }
    )


def ran(store: Store, name: str, days_ago: float, *said: bytes, customer: str = "short") -> str:
    """A run of some days ago, over and delivered, with evidence, a report and a note."""
    began = NOW - timedelta(days=days_ago)
    job = Job(id="h/linux.disk", host="h", collector="linux.disk")
    run = Run(
        id=name,
        ticket="1",
        desk="d",
        customer=customer,
        contract="c" * 64,
        revision=1,
        asked_by="anna",
        state=RunState.RUNNING,
        began=began,
    )
    reading = {"said": [part.decode() for part in said]}
    create_run(store, run, [job], [Result(job=job, outcome=Seen(reading), began=began, took=1.0)])
    told = [
        Exchange(
            session="shell",
            question=("run", "cat"),
            began=began,
            took=0.1,
            facts={"said": part.decode()},
            parts={"stdout": part},
        )
        for part in said
    ]
    record_exchanges(store, name, [(f"e{n}", "h", one) for n, one in enumerate(told)])
    page = b"the page: ".join((b"", *said))
    note = Action(
        kind=ActionKind.NOTE,
        text=page.decode(),
        html=page.decode(),
        files=(File(name="report.json", media_type="application/json", content=page + b" as JSON"),),
    )
    folder = store.home / "runs" / name
    folder.mkdir(parents=True)
    (folder / "report.html").write_bytes(page)
    finish_run(store, name, RunState.DONE, ended=began, summary={"seen": 1}, actions=(note,))
    return name


def grown_old(store: Store) -> None:
    """Let every raw piece look as if it had been put long ago, as it would have been."""
    for path in (store.home / "evidence").rglob("*"):
        if path.is_file():
            os.utime(path, (0, 0))


def everything(store: Store) -> bytes:
    return b"".join(path.read_bytes() for path in store.home.rglob("*") if path.is_file())


def test_what_is_too_old_is_gone_from_every_file_and_the_ledger_says_so(
    store: Store, server: Server | None
) -> None:
    old, fresh = ran(store, "old", 31, SECRET, SHARED), ran(store, "fresh", 29, SHARED)
    grown_old(store)
    assert SECRET in everything(store)
    (gone,) = expire(store, NOW, "anna")
    assert (gone.run, gone.customer, gone.keep_days, gone.exchanges) == (old, "short", 30, 2)
    store.close()
    assert SECRET not in everything(store)
    assert SHARED in everything(store)
    reopened = open_store(store.home, server)
    assert (evidence(reopened, old), results(reopened, old)) == ((), ())
    assert not (reopened.home / "runs" / old).exists()
    assert len(evidence(reopened, fresh)) == 1
    assert reopened.blobs.get(evidence(reopened, fresh)[0].parts["stdout"]) == SHARED
    assert [touch.what for touch in touches(reopened, old)] == ["evidence-expired"]
    assert verify(reopened).holds
    assert get_run(reopened, old).summary == {"seen": 1}, "that there was a run, and its numbers, stay"
    assert expire(reopened, NOW, "anna") == ()
    reopened.close()


def test_the_report_of_an_expired_run_says_why_it_cannot_be_written(store: Store) -> None:
    ran(store, "old", 31, SECRET)
    expire(store, NOW, "anna")
    with pytest.raises(ExpiredError, match=r"was deleted on .* keep_days"):
        report_of(store, "old", read(paper("short", 30)))


def test_the_present_contract_says_how_long_and_each_customer_has_its_own(store: Store) -> None:
    ran(store, "a", 20, b"a")
    ran(store, "b", 400, b"b", customer="long")
    assert expire(store, NOW, "anna") == ()
    text = paper("short", 14, revision=2)
    held = added(store, "short", 2, text)
    assert contract_at(store, held.digest) is not None
    assert [gone.run for gone in expire(store, NOW, "anna")] == ["a"]


def test_a_contract_that_cannot_be_read_deletes_nothing(store: Store) -> None:
    ran(store, "old", 900, SECRET)
    added(store, "short", 2, "customer: short")
    assert expire(store, NOW, "anna") == ()
    assert len(evidence(store, "old")) == 1


def test_a_run_that_goes_on_and_a_piece_that_was_just_put_are_left_alone(store: Store) -> None:
    ran(store, "old", 31, SECRET)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE run SET state = 'running'")
    assert expire(store, NOW, "anna") == ()
    grown_old(store)
    digest = store.blobs.put(b"about to be written down")
    lost = store.blobs.put(b"of a process that died")
    os.utime(store.blobs.folder / lost[:2] / lost, (0, 0))
    expire(store, NOW, "anna")
    assert store.blobs.get(digest) == b"about to be written down"
    with pytest.raises(BlobError, match="not here"):
        store.blobs.get(lost)


def test_a_piece_that_comes_again_is_as_good_as_new(store: Store) -> None:
    digest = store.blobs.put(SHARED)
    grown_old(store)
    assert store.blobs.put(SHARED) == digest
    expire(store, NOW, "anna")
    assert store.blobs.get(digest) == SHARED


def test_what_a_ticket_of_the_built_in_desk_holds_stays_with_the_ticket(store: Store) -> None:
    number = tickets.add_ticket(store, customer="short", subject="x", text="", requester="")
    file = ("report.html", "text/html", b"a page")
    note = tickets.NewNote(
        ticket=number, kind="internal", text="x", marker="m" * 8, author="a", files=(file,)
    )
    tickets.add_note(store, note)
    grown_old(store)
    expire(store, NOW, "anna")
    (kept,) = tickets.notes(store, number)[0].files
    assert store.blobs.get(kept.sha256) == b"a page"


async def test_a_note_that_was_never_delivered_is_not_delivered_empty(store: Store) -> None:
    ran(store, "old", 31, SECRET)
    expire(store, NOW, "anna")
    (letter,) = deliveries(store)
    assert letter.state is DeliveryState.FAILED
    assert try_again(store, letter.id, NOW)
    (again,) = await deliver_due(store, {"d": BuiltinDesk(store)}, NOW)
    assert again.state is DeliveryState.FAILED
    assert "was deleted" in again.error


def test_it_is_done_by_itself_once_a_day(store: Store) -> None:
    ran(store, "old", 31, SECRET)
    assert [gone.run for gone in expire_daily(store, NOW, "anna")] == ["old"]
    ran(store, "older", 32, SECRET)
    assert expire_daily(store, NOW, "anna") == ()
    assert [gone.run for gone in expire_daily(store, NOW + timedelta(days=2), "anna")] == ["older"]


def _aged(connection: Connection, customer: str) -> None:
    """Rows of a customer: old ones that have ended, old ones that have not, and young ones."""
    old, young = NOW - timedelta(days=40), NOW - timedelta(days=20)
    for table, over, going, when in ((plan, "done", "open", "made"), (errand, "expired", "queued", "ended")):
        for name, state, at in (("old", over, old), ("open", going, old), ("young", over, young)):
            given = {"customer": customer, "state": state, when: at}
            connection.execute(insert(table).values(**row_of(table, f"{customer}-{name}", 1, **given)))
    for name, asked in (("old", old), ("open", None), ("young", young)):
        row = row_of(question, f"{customer}-{name}", 1, customer=customer, answered_at=asked)
        connection.execute(insert(question).values(**row))
    for table, key in ((plan_word, "plan"), (errand_word, "errand")):
        row = row_of(table, customer, 1, **{key: f"{customer}-old-{key}"})
        connection.execute(insert(table).values(**row))
    base = 1000 if customer == "short" else 2000
    rings: tuple[tuple[str, str, datetime, int | None], ...] = (
        ("led", "done", old, None),
        ("open", "running", old, None),
        ("young", "done", young, None),
        ("alone", "done", old, None),
        # Of a storm: they point to the ring whose run was made for all of them.
        ("joined", "joined", young, base),
        ("joined-old", "joined", old, base + 2),
    )
    for place, (name, state, at, lead) in enumerate(rings):
        given = {"id": base + place, "customer": customer, "state": state, "received": at, "lead": lead}
        connection.execute(insert(intake).values(**row_of(intake, f"{customer}-{name}", 1, **given)))


def test_what_has_ended_goes_by_the_same_days_and_what_is_open_stays(store: Store) -> None:
    with store.write() as connection:
        for customer in ("short", "long"):
            _aged(connection, customer)
        connection.execute(insert(person).values(**row_of(person, "eva", 1, id="eva")))
        for name, began in (("old", NOW - timedelta(hours=13)), ("new", NOW - timedelta(hours=1))):
            connection.execute(insert(login).values(**row_of(login, name, 1, person="eva", began=began)))
    expire(store, NOW, "eva")

    def left(table: Table, key: str) -> set[str]:
        with store.read() as connection:
            return {name.removesuffix(f"-{table.name}") for name in connection.scalars(select(table.c[key]))}

    stays = {f"{customer}-{name}" for customer in ("short", "long") for name in ("open", "young")}
    for table in (plan, question, errand):
        assert left(table, "id") == {*stays, "long-old"}, table.name
    assert left(plan_word, "id") == {"long"}
    # Whose run was made for others stays until nobody points to it.
    rings = {f"{customer}-{name}" for customer in ("short", "long") for name in ("led", "joined")}
    assert left(intake, "event") == {*stays, *rings, "long-alone", "long-joined-old"}
    assert left(login, "id") == {"new"}
    with store.read() as connection:
        said = connection.scalars(select(ledger.c.facts).where(ledger.c.what == "rows-expired")).all()
    counts = {"plans": 1, "questions": 1, "rings": 2, "orders": 1}
    assert said == [{"customer": "short", "keep_days": 30, **counts}]
    expire(store, NOW, "eva")
    assert (verify(store).holds, verify(store).entries) == (True, 1)
