"""Does the report come to a ticket of the lab's Request Tracker, over TLS and by its own authority?"""

from __future__ import annotations

import json

import pytest

from tests.lab.desk import Desk, start
from tests.lab.lab import Lab

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def desk(lab: Lab) -> Desk:
    return start(lab.place)


def test_a_ticket_of_request_tracker_gets_its_report(lab: Lab, desk: Desk) -> None:
    lab.learn_contract()
    ticket = str(desk.new_ticket("Webshop langsam, Anmeldung geht nicht", "Seit heute früh."))
    words = ("--host", "web1", "--question", "linux.disk", "--json")
    done = lab.product("diagnose", "--ticket", ticket, *words, desk="helpdesk")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)["run"]
    found = desk.ask("GET", f"ticket/{ticket}/attachments?fields=Content,Filename&per_page=100")
    items = found["items"]
    assert isinstance(items, list)
    assert sum(run in str(item.get("Content")) and not item.get("Filename") for item in items) == 1
    assert {item.get("Filename") for item in items} >= {"report.html", "report.json"}


def test_without_its_authority_it_is_not_spoken_to(lab: Lab, desk: Desk) -> None:
    ticket = str(desk.new_ticket("Drucker", "x"))
    settings = lab.place.home / "settings.toml"
    written = settings.read_text("utf-8")
    settings.write_text(written.replace('ca = "helpdesk-ca.pem"', ""), "utf-8")
    try:
        done = lab.product("diagnose", "--ticket", ticket, desk="helpdesk")
    finally:
        settings.write_text(written, "utf-8")
    assert done.returncode == 2
    assert "certificate is not trusted" in done.stderr
