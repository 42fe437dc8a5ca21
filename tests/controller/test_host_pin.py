"""First contact: a host's key is seen, recorded, pinned by two people's signatures, and only then logged in to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory.read import read
from tests.fleet import Fleet
from tests.home import contract_over, home_for, run_command
from tests.law import set_up

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(1, hanging=1) as running:
        yield running


@pytest.fixture
def home(fleet: Fleet, tmp_path: Path) -> Path:
    """A contract that pins nobody's key."""
    paper = contract_over(fleet)
    for host in paper["hosts"]:
        host["ssh"] = host["ssh"] | {"host_keys": []}
    return home_for(tmp_path / "home", fleet, paper)


def said(home: Path, status: int, *words: str) -> str:
    done = run_command(home, *words)
    assert done.returncode == status, (words, done.stdout, done.stderr)
    return done.stdout + done.stderr


def diagnosed(home: Path, status: int) -> Any:  # noqa: ANN401 - the report as JSON.
    done = run_command(home, "diagnose", "--ticket", "1", "--host", "h0", "--json")
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def test_a_host_is_logged_in_to_only_after_its_key_was_pinned(
    home: Path, fleet: Fleet, tmp_path: Path
) -> None:
    refused = diagnosed(home, 3)
    assert {result["reason"] for result in refused["results"]} == {"host-not-pinned"}
    assert "host pin fleet h0" in refused["results"][0]["detail"]
    scope = json.loads(
        run_command(home, "scope", "fleet", "--host", "h0", "--area", "linux", "--json").stdout
    )
    assert [(row["allowed"], row["reason"]) for row in scope] == [(False, "host-not-pinned")]

    revision = tmp_path / "next.yaml"
    told = said(home, 0, "host", "pin", "h0", "--ticket", "1", "--output", str(revision))
    assert fleet.host_key(0) in told
    assert "SHA256:" in told
    hosts = read(revision.read_text("utf-8")).hosts
    assert hosts[0].ssh is not None
    assert hosts[0].ssh.host_keys == (fleet.host_key(0),)
    assert hosts[1].ssh is not None
    assert hosts[1].ssh.host_keys == ()
    # Nothing holds by having been seen.
    assert {result["reason"] for result in diagnosed(home, 3)["results"]} == {"host-not-pinned"}

    set_up(home, revision)
    said(home, 0, "contract", "add", str(revision))
    assert {result["state"] for result in diagnosed(home, 1)["results"]} >= {"seen"}
    assert "pins this key already" in said(home, 0, "host", "pin", "h0", "--ticket", "1")
    assert "host-pinned" in json.dumps(_entries(home))


def _entries(home: Path) -> list[str]:
    from controller.store.store import open_store  # noqa: PLC0415 - only here.

    with open_store(home).read() as connection:
        return [row[0] for row in connection.exec_driver_sql("select what from ledger")]


def test_a_host_that_shows_no_key_is_not_pinned(home: Path) -> None:
    assert "was not seen" in said(home, 4, "host", "pin", "h1", "--ticket", "1")


def test_a_host_of_no_contract_is_not_even_greeted(home: Path) -> None:
    assert "was not seen" in said(home, 3, "host", "pin", "127.0.0.1", "--ticket", "1")
