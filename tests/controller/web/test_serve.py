"""Does the command serve the pages, to those who were added, and never in the clear to the outside?"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests.fleet import Fleet
from tests.home import command, contract_over, home_for, run_command

pytestmark = pytest.mark.slow


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_an_administrator_is_added_by_a_link_that_the_server_knows(tmp_path: Path) -> None:
    added = run_command(tmp_path, "people", "add", "ada", "--name", "Ada Admin", "--administrator")
    assert added.returncode == 0, added.stderr
    link = added.stdout.strip()
    port = _free_port()
    serving = subprocess.Popen(
        [command(), "serve", "--port", str(port)],
        env={**os.environ, "SECONDLINE_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        page = _asked(f"http://127.0.0.1:{port}{link}")
    finally:
        serving.send_signal(signal.SIGINT)
        _, said = serving.communicate(timeout=30)
    assert 'value="ada"' in page
    assert link.rpartition("/")[2] not in said
    assert serving.returncode == 0, said


def _asked(address: str) -> str:
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - of this test's own server.
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104 - to be refused.
def test_nothing_is_served_in_the_clear_to_the_outside(tmp_path: Path, host: str) -> None:
    done = run_command(tmp_path, "serve", "--host", host, "--port", str(_free_port()))
    assert done.returncode == 2
    assert "--certificate" in done.stderr


def test_roles_are_those_that_exist_and_one_a_customer(tmp_path: Path) -> None:
    wrong = run_command(tmp_path, "people", "add", "eva", "--name", "Eva", "--role", "boss")
    assert (wrong.returncode, "engineer" in wrong.stderr) == (2, True)
    twice = run_command(
        tmp_path, "people", "add", "eva", "--name", "Eva", "--role", "engineer", "--role", "auditor"
    )
    assert twice.returncode == 2
    right = run_command(tmp_path, "people", "add", "eva", "--name", "Eva", "--role", "engineer:musterbau")
    assert right.returncode == 0, right.stderr
    listed = run_command(tmp_path, "people", "list")
    assert "engineer:musterbau" in listed.stdout


@pytest.mark.slow
def test_a_ticket_becomes_a_run_while_the_pages_are_served(tmp_path: Path) -> None:
    with Fleet(1) as fleet:
        home = home_for(tmp_path / "home", fleet, contract_over(fleet))
        rule = '[[trigger]]\nname = "all"\nsymptom = "none"\n'
        (home / "settings.toml").write_text(rule, "utf-8")
        port = _free_port()
        serving = subprocess.Popen(
            [command(), "serve", "--port", str(port)],
            env={**os.environ, "SECONDLINE_HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert _asked(f"http://127.0.0.1:{port}/healthz") == "ok\n"
            opened = run_command(home, "ticket", "new", "--customer", "fleet", "--subject", "h0", "--json")
            ticket = json.loads(opened.stdout)["id"]
            until = time.monotonic() + 90
            while not (runs := _runs(home, ticket)) or runs[0]["state"] != "done":
                assert time.monotonic() < until, runs
                time.sleep(0.5)
        finally:
            serving.send_signal(signal.SIGTERM)
            _, said = serving.communicate(timeout=60)
        assert len(runs) == 1
        assert "automation:all" in run_command(home, "ledger", "show", runs[0]["run"]).stdout
        assert "Traceback" not in said


def _runs(home: Path, ticket: str) -> list[dict[str, str]]:
    listed = run_command(home, "report", "list", "--ticket", ticket, "--json")
    assert listed.returncode == 0, listed.stderr
    found: list[dict[str, str]] = json.loads(listed.stdout)
    return found
