"""A whole diagnosis through a real nats-server and an agent of its own, and what is still so when parts of it die."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.fleet import Fleet
from tests.home import command, contract_over
from tests.sites import Elsewhere, Installation, await_that

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(2, hanging=1) as made:
        yield made


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("many") / "sites") as made:
        yield made


@pytest.fixture(scope="module")
def ticket(sites: Installation, fleet: Fleet) -> str:
    """A contract over two hosts that answer and one that hangs, an agent that serves it, and a ticket."""
    contract = contract_over(fleet)
    agent = sites.agent(contract, fleet)
    number = sites.add(contract)
    agent.await_line()
    return number


def report_of(said: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(said)
    return loaded


def states(report: dict[str, Any]) -> list[str]:
    return [result["state"] for result in report["results"]]


def words(sites: Installation, run: str) -> list[str]:
    return [entry["what"] for entry in json.loads(sites.well("ledger", "show", run, "--json"))]


@contextmanager
def asking(sites: Installation, fleet: Fleet, ticket: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """A diagnosis under way; the host that hangs keeps it for eight seconds."""
    (listener,) = fleet.silent
    while select.select([listener], [], [], 0)[0]:
        # Whoever waited there before has gone.
        listener.accept()[0].close()
    running = subprocess.Popen(
        [command(), "diagnose", "--ticket", ticket, "--json", *more],
        env={**os.environ, "SECONDLINE_HOME": str(sites.home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def await_work(agent: Elsewhere, fleet: Fleet) -> None:
    """Until its worker waits at the host that hangs."""
    (listener,) = fleet.silent
    assert select.select([listener], [], [], 60)[0], agent.log
    time.sleep(0.5)


def test_a_ticket_is_diagnosed_by_an_agent_elsewhere(sites: Installation, ticket: str) -> None:
    (agent,) = sites.agents
    done = sites.secondline(
        "diagnose", "--ticket", ticket, "--host", "h0", "--host", "h1", "--deadline", "90", "--json"
    )
    assert done.returncode in {0, 1}, done.stderr + agent.log
    report = report_of(done.stdout)
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
    await_that(lambda: not list((agent.home / "agents" / agent.name / "link" / "spool").glob("*")))


def test_a_stop_is_confirmed_by_the_agent_before_the_run_has_ended(
    sites: Installation, ticket: str, fleet: Fleet
) -> None:
    (agent,) = sites.agents
    with asking(sites, fleet, ticket, "--deadline", "90") as running:
        await_work(agent, fleet)
        running.send_signal(signal.SIGINT)
        said, errors = running.communicate(timeout=60)
    report = report_of(said)
    assert report["stopped"], errors
    rows = json.loads(sites.well("report", "list", "--json"))
    assert rows[0]["state"] == "stopped"
    told = words(sites, report["run"])
    assert told.index("cancelled") < told.index("worker-gone"), "its process tree is gone, and it has said so"
    kinds = {result.get("kind") for result in report["results"] if result["state"] == "unanswered"}
    assert "stop-unconfirmed" not in kinds
    assert "stopped" in kinds


def test_what_was_found_while_the_line_was_cut_is_told_afterwards_once(
    sites: Installation, ticket: str, fleet: Fleet
) -> None:
    (agent,) = sites.agents
    with asking(sites, fleet, ticket, "--deadline", "120") as running:
        await_work(agent, fleet)
        sites.stop_broker()
        # The work goes on without a line, until the host that hangs is given up.
        time.sleep(10)
        sites.start_broker()
        said, errors = running.communicate(timeout=110)
    report = report_of(said)
    assert states(report).count("seen") >= 10, errors + agent.log + sites.said
    told = words(sites, report["run"])
    assert told.count("order-taken") == 1, "nobody had to do it anew"
    assert told.count("worker-started") == 1
    jobs = [(result["host"], result["collector"]) for result in report["results"]]
    assert len(jobs) == len(set(jobs))


def test_an_agent_that_is_started_anew_goes_on_with_what_it_left(
    sites: Installation, ticket: str, fleet: Fleet
) -> None:
    (agent,) = sites.agents
    with asking(sites, fleet, ticket, "--deadline", "120") as running:
        await_work(agent, fleet)
        agent.stop()
        agent.start()
        said, errors = running.communicate(timeout=110)
    report = report_of(said)
    assert states(report).count("seen") >= 10, errors + agent.log
    assert "stopped" not in {result.get("kind") for result in report["results"]}
    told = words(sites, report["run"])
    assert told.count("order-taken") == 2
    jobs = [(result["host"], result["collector"]) for result in report["results"]]
    assert len(jobs) == len(set(jobs))


def test_another_seat_takes_over_when_one_dies(sites: Installation, ticket: str, fleet: Fleet) -> None:
    (first,) = sites.agents
    with asking(sites, fleet, ticket, "--deadline", "180") as running:
        await_work(first, fleet)
        first.kill()
        second = sites.agent(contract_over(fleet), fleet, more="-second")
        said, errors = running.communicate(timeout=170)
    report = report_of(said)
    assert states(report).count("seen") >= 10, errors + second.log + sites.said
    told = words(sites, report["run"])
    assert told.count("order-taken") == 2
    assert told.count("grant-sealed") == 2, "the second try has leave of its own"
    jobs = [(result["host"], result["collector"]) for result in report["results"]]
    assert len(jobs) == len(set(jobs))
    # Who comes back with what it had, comes too late, and takes the next order as before.
    second.stop()
    first.start()
    first.await_line()
    await_that(lambda: not list((first.home / "agents" / first.name / "link" / "spool").glob("*")))
    again = sites.secondline("diagnose", "--ticket", ticket, "--host", "h0", "--json")
    assert states(report_of(again.stdout)).count("seen") >= 5, first.log


def test_where_no_agent_is_there_the_ticket_is_told_that_and_no_host_is_blamed(
    sites: Installation, ticket: str
) -> None:
    for agent in sites.agents:
        agent.stop()
    done = sites.secondline("diagnose", "--ticket", ticket, "--deadline", "3", "--json")
    report = report_of(done.stdout)
    assert {(result["state"], result["kind"]) for result in report["results"]} == {
        ("unanswered", "agent-away")
    }
    assert report["findings"] == []
    shown = sites.well("ticket", "show", ticket)
    assert "bevor der Agent des Standorts ihn annahm" in shown
    assert words(sites, report["run"]).count("order-ended") == 1
