"""From a finding to what treats it: planned for all, applied where nobody has to agree, and stopped everywhere else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.controller.change.units import UNIT, install, said_of
from tests.fleet import Fleet
from tests.home import contract_over, home_for, run_command

# Each command is a process, and each question a worker: seconds a test.
pytestmark = pytest.mark.slow

COMMAND = ("secondline", "plan", "1", "linux.start_service")


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(2) as made:
        yield made


@pytest.fixture(scope="module")
def units(fleet: Fleet) -> Path:
    return install(fleet)


@pytest.fixture(scope="module")
def home(fleet: Fleet, units: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hosts with the same failed service: one may be changed without anybody's yes, the other with both sides'."""
    assert units.is_dir()
    contract = contract_over(fleet)
    contract["language"] = "en"
    contract["contacts"] = [
        {"id": "w", "name": "Wilma Weber", "email": "w@fleet.test", "approves": ["change"]}
    ]
    for number, approval in enumerate(("none", "both")):
        host = contract["hosts"][number]
        host["roles"].append(approval)
        host["ssh"]["change"] = {"user": fleet.user, "credential": "file:change.key"}
        clause = {"id": f"§{number + 2}", "text": "Start services", "roles": [approval], "approval": approval}
        contract["clauses"].append(clause | {"change": ["linux.start_service"]})
    made = home_for(tmp_path_factory.mktemp("remedy"), fleet, contract)
    shutil.copy(made / "credentials" / "fleet.key", made / "credentials" / "change.key")
    return made


def remedied(home: Path, *words: str, code: int) -> list[dict[str, Any]]:
    done = run_command(home, "remedy", "1", "--json", "--quiet", *words)
    assert done.returncode == code, (done.stdout, done.stderr)
    said: list[dict[str, Any]] = json.loads(done.stdout)["remedies"]
    return said


def test_a_finding_leads_to_its_remedy_and_to_a_person_where_one_is_needed(
    home: Path, fleet: Fleet, units: Path
) -> None:
    early = run_command(home, "remedy", "1")
    assert early.returncode == 2
    assert "ticket 1 has no finished run: secondline diagnose --ticket 1" in early.stderr
    asked = run_command(
        home, "diagnose", "--ticket", "1", "--question", "linux.services", "--quiet", "--json"
    )
    assert asked.returncode == 1, asked.stderr
    report = json.loads(asked.stdout)
    first, second = report["remedies"]
    assert first["playbook"] == second["playbook"] == "linux.start_service"
    # Hosts for which others must agree stand in another proposal.
    assert [(one["hosts"], one["approval"]) for one in (first, second)] == [
        (["h0"], "none"),
        (["h1"], "both"),
    ]
    assert first["command"] == [*COMMAND, "h0", "--set", f"unit={UNIT}"]
    page = next((home / "runs").iterdir()) / "report.html"
    assert "What Secondline itself can do" in page.read_text("utf-8")
    shown = run_command(home, "ticket", "show", "1").stdout
    assert "to be planned with: secondline remedy 1" in shown

    shadow = remedied(home, "--apply", code=1)
    assert {(one["state"], one["next"]) for one in shadow} == {
        ("planned in shadow", "secondline playbooks promote linux.start_service")
    }
    assert run_command(home, "playbooks", "promote", "linux.start_service", "--unrehearsed").returncode == 0
    may, waiting = remedied(home, code=1)
    assert (may["state"], may["next"]) == ("may be applied", f"secondline apply {may['plan']}")
    assert (waiting["state"], waiting["hosts"]) == ("must be approved", ["h1"])
    assert waiting["next"] == f"secondline approve {waiting['plan']} --key FILE"
    assert [said_of(units, fleet.address(n)) for n in (0, 1)] == [("failed", []), ("failed", [])]

    done, waiting = remedied(home, "--apply", code=1)
    assert (done["state"], done["hosts"]) == ("done", ["h0"])
    assert waiting["state"] == "must be approved"
    assert said_of(units, fleet.address(0)) == ("active", [f"reset-failed {UNIT}", f"start {UNIT}"])
    assert said_of(units, fleet.address(1)) == ("failed", [])
    # The finding is still the last run's; what it treats is so already.
    so, _ = remedied(home, code=1)
    assert so["state"] == "so already"
