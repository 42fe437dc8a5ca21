"""Do the pages stay quick where there is much: a hundred thousand runs, ten thousand hosts?"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert
from starlette.testclient import TestClient

from controller.office import open_office
from controller.store.contracts import ContractState, add_contract
from controller.store.schema import run
from controller.store.store import Store
from controller.web.access import Person, Role
from controller.web.app import make_app
from inventory.read import read
from tests.bench.decisions import contract_text
from tests.bench.row import Row, at_most
from tests.controller.web.doors import Fixed
from tests.law import agents_for, sign

__all__ = ["measure"]

_TIMES = 15
_EVA = Person(id="eva", name="Eva Eng", roles={"*": Role.ENGINEER})


def measure() -> list[Row]:
    """Each page where there is much, beside the same one where there is little: at most three times as long."""
    rows = []
    with _site(runs=1_000, hosts=1_000) as little, _site(runs=100_000, hosts=10_000) as much:
        for name, path in (
            ("inbox, 100,000 runs / 1,000", "/"),
            ("inbox far back, 100,000 runs / 1,000", f"/?after={_far()}"),
            ("inbox of one customer", "/?customer=c7"),
            ("customer, 10,000 hosts / 1,000", "/customers/large"),
            ("customer's last hosts, 10,000 / 1,000", "/customers/large?q=large.test&after=h90"),
        ):
            rows.append(at_most(name, "ms", _milliseconds(much, path), _milliseconds(little, path), 3.0))
    return rows


def _far() -> str:
    moment = (datetime.now(UTC) - timedelta(minutes=900)).isoformat()
    return f"{moment.replace('+', '%2B')}|r000900"


def _milliseconds(client: TestClient, path: str) -> float:
    if client.get(path).status_code != 200:
        raise RuntimeError(f"{path} is not there")
    took = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        client.get(path)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


@contextmanager
def _site(*, runs: int, hosts: int) -> Iterator[TestClient]:
    with tempfile.TemporaryDirectory() as folder:
        home, before = Path(folder), os.environ.get("SECONDLINE_HOME")
        os.environ["SECONDLINE_HOME"] = folder
        try:
            office = open_office(print)
        finally:
            os.environ.pop("SECONDLINE_HOME")
            if before is not None:
                os.environ["SECONDLINE_HOME"] = before
        text = contract_text(hosts)
        contract = read(text)
        agents_for(home, contract)
        add_contract(
            office.store,
            customer=contract.customer,
            revision=contract.revision,
            text=text,
            signatures=sign(text),
            state=ContractState.HOLDS,
            added_by="eva",
        )
        _fill(office.store, runs)
        yield TestClient(make_app(office, Fixed(_EVA)))


def _fill(store: Store, count: int) -> None:
    now = datetime.now(UTC)
    rows = [
        {
            "id": f"r{number:06}",
            "ticket": str(number // 2),
            "desk": "builtin",
            "customer": f"c{number % 50}",
            "contract": "0" * 64,
            "revision": 1,
            "asked_by": "eva",
            "state": "done",
            "began": now - timedelta(minutes=number),
            "summary": {"seen": 10},
            "subject": f"Ticket {number}",
            "faults": number % 3,
        }
        for number in range(count)
    ]
    with store.write() as connection:
        connection.execute(insert(run), rows)
