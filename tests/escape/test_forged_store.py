"""The store edited by hand, contracts that do not hold, a wrong clock: each by the real command."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from tests.escape.forged import FORGED, Store, customer_of
from tests.escape.lab import Lab, Watched
from tests.escape.places import Spot
from tests.lab.tools import run

pytestmark = pytest.mark.lab
NUMBERS = {name: number for number, name in enumerate(FORGED, start=1)}
RUNS = [name for name, attempt in FORGED.items() if attempt.reason]
SAYS = [name for name, attempt in FORGED.items() if attempt.says]
# Those that need a process of their own: the real command.
COMMANDS = [name for name, attempt in FORGED.items() if attempt.says or attempt.env]


@dataclass(frozen=True, slots=True)
class Tried:
    """The report of each run, how each command ended, and what was seen meanwhile."""

    reports: Mapping[str, Mapping[str, Any]]
    done: Mapping[str, subprocess.CompletedProcess[str]]
    saw: Watched


@pytest.fixture(scope="session")
def tried(lab: Lab) -> Tried:
    for name, attempt in FORGED.items():
        attempt.forge(Store(lab.books, NUMBERS[name]))
    customers = {name: customer_of(NUMBERS[name]) for name in FORGED}
    tickets = {name: lab.books.ticket(customers[name]) for name in COMMANDS}
    together = [name for name in FORGED if name not in COMMANDS]
    with lab.watched() as saw:
        ran = lab.run(
            sys.executable, "-m", "tests.escape.crooked", "honest", *(customers[name] for name in together)
        )
        done = {
            name: lab.diagnosed(tickets[name], "--host", "own", env=FORGED[name].env) for name in COMMANDS
        }
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    reports = {name: said[customers[name]] for name in together}
    reports |= {name: json.loads(done[name].stdout) for name in COMMANDS if FORGED[name].reason}
    return Tried(reports, done, saw[0])


@pytest.mark.parametrize("name", RUNS)
def test_it_is_refused_with_its_reason_in_report_and_ledger(name: str, lab: Lab, tried: Tried) -> None:
    report, reason = tried.reports[name], FORGED[name].reason
    states = {(one["state"], one.get("reason")) for one in report["results"]}
    assert states == {("refused", reason)}
    assert any(
        entry.what == "decided-refused" and reason in entry.about for entry in lab.ledger(report["run"])
    )


@pytest.mark.parametrize("name", SAYS)
def test_where_no_run_begins_the_command_says_why(name: str, tried: Tried) -> None:
    """No run, so no report and no entry: exit status and message stand in for them."""
    done = tried.done[name]
    assert done.returncode in {2, 3}
    assert FORGED[name].says in done.stderr
    assert json.loads(done.stdout).keys() == {"error"}


@pytest.mark.parametrize("name", FORGED)
def test_nobody_is_reached(name: str, tried: Tried) -> None:
    spot = Spot(NUMBERS[name])
    assert not tried.saw.moved("other", spot.other)
    assert not tried.saw.asked(spot.web)


def test_nothing_else_moved(tried: Tried) -> None:
    assert not tried.saw.escaped


def test_a_ledger_that_was_edited_lets_no_run_begin(lab: Lab, tried: Tried) -> None:
    """In a copy of the home, since nothing can be asked from there any more."""
    del tried
    number = len(FORGED) + 1
    Store(lab.books, number).entered()
    ticket = lab.books.ticket(customer_of(number))
    copy = lab.state / "copy"
    # By another process: to open and close a database's file lets go of the locks that this one holds on it.
    run("cp", "-a", str(lab.home), str(copy))
    with closing(sqlite3.connect(copy / "secondline.sqlite3")) as base, base:
        for (name,) in base.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            base.execute(f"drop trigger {name}")
        base.execute("delete from ledger where number = (select max(number) from ledger)")
    env = {"SECONDLINE_HOME": str(copy)}
    with lab.watched() as saw:
        done = lab.diagnosed(ticket, "--host", "own", env=env)
        found = lab.command("ledger", "verify", env=env)
    assert done.returncode not in {0, 1}
    assert "ledger" in done.stderr
    assert found.returncode == 1
    assert not saw[0].escaped
    assert not saw[0].asked(Spot(number).web)
