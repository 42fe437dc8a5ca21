"""A whole diagnosis through a real nats-server and an agent of its own, and what is still so when parts of it die."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fleet import Fleet
from tests.home import contract_over
from tests.sites import Installation, await_that

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(2, hanging=1) as made:
        yield made


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "sites") as made:
        yield made


def paper(fleet: Fleet, hosts: slice = slice(2)) -> dict[str, Any]:
    contract = contract_over(fleet)
    return {**contract, "hosts": contract["hosts"][hosts]}


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def states(report: dict[str, Any]) -> list[str]:
    return [result["state"] for result in report["results"]]


def words(sites: Installation, run: str = "") -> list[str]:
    shown = json.loads(
        sites.well("ledger", "show", run, "--json") if run else sites.well("ledger", "list", "--json")
    )
    return [entry["what"] for entry in shown]


def test_a_ticket_is_diagnosed_by_an_agent_elsewhere(sites: Installation, fleet: Fleet) -> None:
    contract = paper(fleet)
    agent = sites.agent(contract, fleet)
    ticket = sites.add(contract)
    agent.await_line()
    done = sites.secondline("diagnose", "--ticket", ticket, "--deadline", "90", "--json")
    assert done.returncode in {0, 1}, done.stderr + agent.log
    report = report_of(done)
    assert states(report).count("seen") >= 10
    assert not (sites.home / "credentials" / "fleet.key").exists(), "the controller never had it"
    assert not (sites.home / "agents").exists()
    said = words(sites, report["run"])
    for word in (
        "order-sent",
        "order-taken",
        "decided-allowed",
        "walls-stand",
        "worker-gone",
        "question-sent",
    ):
        assert word in said
    assert sites.secondline("ledger", "verify").returncode == 0
    # What was uploaded is evidence of the run now, and lies nowhere else.
    await_that(lambda: not list((sites.home / "incoming").glob("*")))
    assert not list((agent.home / "agents" / agent.name / "link" / "spool").glob("*"))
