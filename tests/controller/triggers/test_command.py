"""Does the installed command do it: a ticket is opened, and a real host is asked about it by itself?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fleet import Fleet
from tests.home import command, contract_over, home_for, run_command

_RULE = """
[[trigger]]
name = "all"
symptom = "none"

[intake]
at_once = 2
"""


def _status(home: Path, ticket: str) -> dict[str, Any]:
    done = run_command(home, "intake", "status", "--ticket", ticket, "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["arrivals"]
    return dict(row)


@pytest.mark.slow
def test_a_ticket_that_is_opened_is_examined_and_gets_its_report_without_anybody(tmp_path: Path) -> None:
    with Fleet(1) as fleet:
        home = home_for(tmp_path / "home", fleet, contract_over(fleet))
        (home / "settings.toml").write_text(_RULE, "utf-8")
        opened = run_command(
            home, "ticket", "new", "--customer", "fleet", "--subject", "h0 ist langsam", "--json"
        )
        ticket = json.loads(opened.stdout)["id"]
        environment = {**os.environ, "SECONDLINE_HOME": str(home)}
        worker = subprocess.Popen([command(), "intake", "run"], env=environment, stdout=subprocess.DEVNULL)
        try:
            end = time.monotonic() + 90
            while _status(home, ticket)["state"] != "done":
                assert worker.poll() is None
                assert time.monotonic() < end, _status(home, ticket)
                time.sleep(0.3)
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 0
        row = _status(home, ticket)
        assert row["hosts"] == ["h0"]
        shown = json.loads(run_command(home, "ticket", "show", ticket, "--json").stdout)
        assert ["report.json" in note["files"] for note in shown["notes"]] == [False, True]
        ledger = run_command(home, "ledger", "show", row["run"]).stdout
        assert "automation:all" in ledger
        assert "triggered" in ledger


def test_without_a_rule_the_intake_says_what_to_write(tmp_path: Path) -> None:
    done = run_command(tmp_path, "intake", "run")
    assert done.returncode == 2
    assert "[[trigger]]" in done.stderr


def test_a_rule_that_is_not_right_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[[trigger]]\nname = "a"\nsymptom = "headache"\n', "utf-8")
    done = run_command(tmp_path, "intake", "run")
    assert done.returncode == 2
    assert "headache" in done.stderr


def test_a_text_is_classified_without_a_store(tmp_path: Path) -> None:
    file = tmp_path / "ticket.txt"
    file.write_text("Betreff: Telefonie\nSeit Montag sind die Gespräche abgehackt.\n", "utf-8")
    done = run_command(tmp_path / "home", "classify", str(file), "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["symptom"] == "voice"
    assert "abgehackt" in told["complaints"][0]["words"]
    assert not (tmp_path / "home").exists()
    file.write_text("Bitte Toner bestellen.", "utf-8")
    assert run_command(tmp_path / "home", "classify", str(file)).returncode == 1
    assert run_command(tmp_path / "home", "classify", str(tmp_path / "no")).returncode == 2
