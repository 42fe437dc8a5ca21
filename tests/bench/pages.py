"""Does it matter to a page how much there is? The inbox and a customer's page beside 1,000 and 100,000 runs.

The customer has 10,000 hosts. What is taken is the time of the server from request to answer, one request at a time; its
95th percentile is held against a tenth of a second, and against the same page beside few runs.
"""

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

from controller.office import Office, open_office
from controller.store.contracts import ContractState, add_contract
from controller.store.schema import run
from controller.web.access import Person, Role
from controller.web.app import make_app
from tests.bench.row import Row, at_most
from tests.controller.web.doors import Fixed

__all__ = ["measure"]

FEW, MANY, HOSTS = 1_000, 100_000, 10_000
_ASKED, _AIM = 40, 0.1
_EVA = Person(id="eva", name="Eva Eng", roles={"*": Role.ENGINEER}, language="de")
_PAGES = {"inbox": "/", "customer": "/customers/large", "search": "/?q=drucker"}


def measure() -> list[Row]:
    """All rows; making 100,000 runs takes most of the time."""
    few, many = _beside(FEW), _beside(MANY)
    rows = []
    for name in _PAGES:
        rows.append(at_most(f"page-{name}-{MANY}-runs-p95", "s", many[name], _AIM))
        rows.append(at_most(f"page-{name}-{MANY}-beside-{FEW}", "s", many[name], few[name], 1.5))
    return rows


def _beside(runs: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as folder, _home(Path(folder)) as office:
        _fill(office, runs)
        client = TestClient(make_app(office, Fixed(_EVA)))
        return {name: _p95(client, path) for name, path in _PAGES.items()}


@contextmanager
def _home(folder: Path) -> Iterator[Office]:
    before = os.environ.get("SECONDLINE_HOME")
    os.environ["SECONDLINE_HOME"] = str(folder)
    try:
        yield open_office(print)
    finally:
        os.environ.pop("SECONDLINE_HOME")
        if before is not None:
            os.environ["SECONDLINE_HOME"] = before


def _fill(office: Office, runs: int) -> None:
    stored = add_contract(
        office.store,
        customer="large",
        revision=1,
        text=_contract(),
        signatures=(),
        state=ContractState.HOLDS,
        added_by="bench",
    )
    now = datetime.now(UTC)
    with office.store.write() as connection:
        connection.execute(
            insert(run),
            [
                {
                    "id": f"r{number:06}",
                    "ticket": str(number // 3),
                    "desk": "builtin",
                    "customer": "large" if number % 10 == 0 else f"c{number % 50}",
                    "contract": stored.digest,
                    "revision": 1,
                    "asked_by": "Eva Eng",
                    "state": "done",
                    "began": now - timedelta(minutes=number),
                    "ended": now - timedelta(minutes=number),
                    "summary": {"seen": 30, "unanswered": 1, "refused": 2, "broken": 0},
                    "subject": "Anmeldung geht nicht" if number % 7 else "Drucker druckt nicht",
                    "accounts": [],
                }
                for number in range(runs)
            ],
        )


def _contract() -> str:
    hosts = "".join(
        f"  - {{id: h{n}, name: h{n}.large.test, addresses: [10.{n >> 16}.{n >> 8 & 255}.{n & 255}], site: s, "
        f"environment: server, roles: [r{n % 40}], platform: linux}}\n"
        for n in range(HOSTS)
    )
    clauses = "".join(
        f'  - {{id: "c{n}", text: t, roles: [r{n}], diagnose: [linux, dns]}}\n' for n in range(40)
    )
    return (
        "contract: large\ncustomer: large\nname: Large\nrevision: 1\nvalid: {from: 2026-01-01, until: 2099-12-31}\n"
        f"sites:\n  - {{id: s, name: S, agent: a}}\nhosts:\n{hosts}clauses:\n{clauses}"
    )


def _p95(client: TestClient, path: str) -> float:
    took = []
    for number in range(_ASKED + 3):
        began = time.perf_counter()
        answer = client.get(path)
        if number >= 3:
            took.append(time.perf_counter() - began)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
    return statistics.quantiles(took, n=20)[-1]
