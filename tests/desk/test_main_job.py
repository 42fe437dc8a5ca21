"""A ticket in a real Request Tracker becomes a report on real hosts, and comes back to that ticket."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.rt import RequestTracker
from tests.fleet import Fleet
from tests.home import contract_over, home_for, run_command

pytestmark = pytest.mark.desk


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, rt: RequestTracker) -> Iterator[Path]:
    with Fleet(2) as fleet:
        folder = home_for(tmp_path_factory.mktemp("home"), fleet, contract_over(fleet))
        token = folder / "credentials" / "rt.token"
        token.touch(mode=0o600)
        token.write_text(rt.writer)
        (folder / "settings.toml").write_text(
            f'desk = "helpdesk"\n[desks.helpdesk]\nkind = "rt"\nurl = "{rt.url}"\ncredential = "file:rt.token"\n'
        )
        yield folder


def test_the_report_comes_to_the_ticket_that_asked(home: Path, rt: RequestTracker) -> None:
    ticket = rt.ticket("Webshop langsam, Anmeldung geht nicht", "Seit heute früh.", customer="fleet")
    done = run_command(home, "diagnose", "--ticket", ticket, "--question", "linux.disk", "--json")
    assert done.returncode in {0, 1}, done.stderr
    said = json.loads(done.stdout)
    assert said["ticket"] == ticket
    notes = [note for note in rt.notes(ticket) if said["run"] in note]
    assert len(notes) == 1
    assert rt.files(ticket).keys() >= {"report.html", "report.json"}
    assert run_command(home, "ledger", "verify").returncode == 0


def test_a_ticket_without_a_customer_asks_nobody(home: Path, rt: RequestTracker) -> None:
    ticket = rt.ticket("Drucker geht nicht")
    done = run_command(home, "diagnose", "--ticket", ticket)
    assert done.returncode == 2
    assert "names no customer" in done.stderr
    assert rt.files(ticket) == {}


def test_a_ticket_of_a_customer_without_a_contract_asks_nobody(home: Path, rt: RequestTracker) -> None:
    ticket = rt.ticket("Drucker geht nicht", customer="unbekannt")
    done = run_command(home, "diagnose", "--ticket", ticket)
    assert done.returncode == 2
    assert "nothing may be touched" in done.stderr


def test_the_token_is_shown_nowhere(home: Path, rt: RequestTracker) -> None:
    ticket = rt.ticket("Webshop langsam", customer="fleet")
    done = run_command(home, "diagnose", "--ticket", ticket, "--question", "linux.disk")
    kept = b"".join(
        path.read_bytes() for path in home.rglob("*") if path.is_file() and path.parent.name != "credentials"
    )
    assert rt.writer not in done.stdout + done.stderr
    assert rt.writer.encode() not in kept
