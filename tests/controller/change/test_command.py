"""A change from the command line: planned, approved, applied once, verified and undone, behind a real sshd."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.post import load_post, write_post
from controller.settings import controller_pin
from inventory.read import read
from inventory.signing import Pins
from inventory.token import new_key, pin_of
from tests.controller.change.units import UNIT, fail, install, said_of
from tests.fleet import Fleet
from tests.home import contract_over, home_for, run_command
from tests.law import PINS, ceiling_for, sign_file

# Each command is a process, and each question a worker: seconds a test.
pytestmark = pytest.mark.slow

EVA, FINN, WEBER = new_key(), new_key(), new_key()
_KEYS: Mapping[str, Mapping[str, Any]] = {"eva": EVA, "finn": FINN, "weber": WEBER}


def _contract(fleet: Fleet) -> dict[str, Any]:
    made = contract_over(fleet)
    made["language"] = "en"
    made["contacts"] = [
        {"id": "weber", "name": "Wilma Weber", "email": "weber@fleet.test", "approves": ["change"]}
    ]
    for host in made["hosts"]:
        host["ssh"]["change"] = {"user": fleet.user, "credential": "file:change.key"}
    made["hosts"][0]["roles"] = ["linux", "free"]
    made["hosts"][1]["roles"] = ["linux", "asked"]
    made["hosts"][2]["roles"] = ["linux", "asked"]
    made["hosts"][3]["roles"] = ["linux", "both"]
    made["hosts"][4]["roles"] = ["linux", "never"]
    made["clauses"] += [
        _clause("§2", "free", "none"),
        _clause("§3", "asked", "colleague"),
        _clause("§4", "both", "both"),
        # A window of one minute in the week: it is shut whenever the tests run, but for that minute.
        _clause("§5", "never", "none") | {"windows": [{"days": ["su"], "from": "13:00", "until": "13:01"}]},
    ]
    return made


def _clause(number: str, role: str, approval: str) -> dict[str, Any]:
    return {
        "id": number,
        "text": "Start services",
        "roles": [role],
        "change": ["linux.start_service"],
        "approval": approval,
        "at_once": 2,
    }


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(6) as made:
        yield made


@pytest.fixture(scope="module")
def units(fleet: Fleet) -> Path:
    return install(fleet)


@pytest.fixture(scope="module")
def home(fleet: Fleet, units: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose agent knows two engineers and the customer, with a promoted playbook."""
    assert units.is_dir()
    made = home_for(tmp_path_factory.mktemp("change"), fleet, _contract(fleet))
    change = made / "credentials" / "change.key"
    shutil.copy(made / "credentials" / "fleet.key", change)
    for name, key in _KEYS.items():
        file = made / f"{name}.key"
        file.write_text(json.dumps(dict(key)))
        file.chmod(0o600)
    (made / "settings.toml").write_text(f'[people]\n{fleet.user} = "Finn Fix"\n')
    contract = read((made / "contract.yaml").read_text())
    write_post(
        made / "agents" / "here-1",
        name="here-1",
        controller=(controller_pin(made),),
        pins=Pins(
            duty=PINS.duty,
            engineers=(pin_of(EVA, "Eva Eng"), pin_of(FINN, "Finn Fix")),
            customer=(pin_of(WEBER, "Wilma Weber"),),
        ),
        ceiling=ceiling_for(contract),
    )
    assert load_post(made, "here-1").ceiling is not None
    return made


@pytest.fixture(scope="module")
def promoted(home: Path) -> Path:
    done = run_command(home, "playbooks", "promote", "linux.start_service", "--unrehearsed")
    assert done.returncode == 0, done.stderr
    return home


def planned(home: Path, *hosts: str, code: int = 0) -> dict[str, Any]:
    done = run_command(
        home, "plan", "1", "linux.start_service", *hosts, "--set", f"unit={UNIT}", "--json", "--quiet"
    )
    assert done.returncode == code, (done.stdout, done.stderr)
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


def notes(home: Path) -> list[str]:
    shown = json.loads(run_command(home, "ticket", "show", "1", "--json").stdout)
    return [note["text"] for note in shown["notes"]]


def test_in_shadow_it_only_plans(home: Path, fleet: Fleet, units: Path) -> None:
    made = planned(home, "h0")
    assert made["shadow"] is True
    done = run_command(home, "apply", made["plan"], "--quiet")
    assert done.returncode == 2
    assert "was made in shadow, for comparison: promote linux.start_service first" in done.stderr
    assert said_of(units, fleet.address(0)) == ("failed", [])
    # Nobody can approve it either.
    refused = run_command(home, "approve", made["plan"], "--key", str(home / "eva.key"))
    assert refused.returncode == 2
    # The engineers do something about it: the plan is compared with that.
    assert run_command(home, "playbooks", "compare", made["plan"]).returncode == 1
    state = units / fleet.address(0) / f"{UNIT}.json"
    state.write_text('{"active": "active"}')
    done = run_command(home, "playbooks", "compare", made["plan"])
    assert (done.returncode, done.stderr) == (0, "")
    listed = json.loads(run_command(home, "playbooks", "list", "--json").stdout)
    one = next(entry for entry in listed if entry["playbook"] == "linux.start_service")
    assert one["shadow"] == {"agreed": 1, "differed": 0, "not_compared": 0}
    assert one["promoted"] is None
    fail(units, fleet.address(0))


def test_what_needs_nobody_is_applied_once_and_undone(promoted: Path, fleet: Fleet, units: Path) -> None:
    home, address = promoted, fleet.address(0)
    fail(units, address)
    made = planned(home, "h0")
    assert made["approval"] == "none"
    text = "\n".join(made["text"]["en"])
    for words in (
        "Start a service that does not run",
        "Risk: low",
        "What users notice: What the service offers is there again.",
        f"do: systemctl start -- {UNIT}",
        f"back: systemctl stop -- {UNIT}",
        "Verified by asking linux.services again",
        "as it is: load=loaded, runs=no",
    ):
        assert words in text
    assert "Dienst starten" in "\n".join(made["text"]["de"])
    assert said_of(units, address) == ("failed", [])
    done = run_command(home, "apply", made["plan"], "--quiet")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "was carried out, and verified" in done.stdout
    assert "runs: no → yes" in done.stdout
    assert said_of(units, address) == ("active", [f"reset-failed {UNIT}", f"start {UNIT}"])
    # A change runs once.
    again = run_command(home, "apply", made["plan"], "--quiet")
    assert again.returncode == 2
    assert "was carried out already: a change runs once" in again.stderr
    # It is taken back on demand.
    back = run_command(home, "undo", made["plan"], "--quiet", "--json")
    assert back.returncode == 0, (back.stdout, back.stderr)
    assert json.loads(back.stdout)["state"] == "undone"
    assert said_of(units, address)[1][-1] == f"stop {UNIT}"
    assert run_command(home, "undo", made["plan"], "--quiet").returncode == 2
    # The ticket has heard each of it, once and in order.
    heard = [note for note in notes(home) if made["plan"] in note.split("\n")[0] or "is planned" in note]
    beginnings = [
        "A change is planned",
        "is being carried out",
        "carried out, and verified",
        "is being undone",
    ]
    last = heard[-5:]
    for words, note in zip(beginnings, last, strict=False):
        assert words in note
    assert "undone, and verified" in last[-1]
    assert sum("carried out, and verified" in note and made["plan"] in note for note in notes(home)) == 1


def test_a_colleague_must_agree(promoted: Path, fleet: Fleet, units: Path) -> None:
    home = promoted
    made = planned(home, "h1", "h2")
    assert made["approval"] == "colleague"
    assert made["approvers"]["colleagues"] == ["Anna Weber", "Bob Ek", "Eva Eng"]
    early = run_command(home, "apply", made["plan"], "--quiet")
    assert early.returncode == 2
    assert (
        "a colleague (Anna Weber or Bob Ek or Eva Eng) must agree first, with 'secondline approve'"
        in early.stderr
    )
    # Who asked for it does not count.
    own = run_command(home, "approve", made["plan"], "--key", str(home / "finn.key"))
    assert own.returncode == 2
    assert "Finn Fix asked for this plan: somebody else must agree to it" in own.stderr
    # What is signed is shown first.
    said = run_command(home, "approve", made["plan"], "--key", str(home / "eva.key"))
    assert said.returncode == 0, said.stderr
    assert f"systemctl start -- {UNIT}" in said.stdout.split("Eva Eng agrees to plan")[0]
    assert made["digest"] in said.stdout
    done = run_command(home, "apply", made["plan"], "--quiet")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert said_of(units, fleet.address(1))[0] == said_of(units, fleet.address(2))[0] == "active"
    # The undo is a change of its own: the approval was spent.
    back = run_command(home, "undo", made["plan"], "--quiet")
    assert back.returncode == 2
    assert "must agree first" in back.stderr
    assert run_command(home, "approve", made["plan"], "--key", str(home / "eva.key")).returncode == 0
    assert run_command(home, "undo", made["plan"], "--quiet").returncode == 0
    assert said_of(units, fleet.address(2))[1][-1] == f"stop {UNIT}"


def test_both_sides_must_agree(promoted: Path) -> None:
    home = promoted
    made = planned(home, "h3")
    assert made["approval"] == "both"
    assert run_command(home, "approve", made["plan"], "--key", str(home / "eva.key")).returncode == 0
    half = run_command(home, "apply", made["plan"], "--quiet")
    assert (half.returncode, "the customer (Wilma Weber) must agree first" in half.stderr) == (2, True)
    assert run_command(home, "approve", made["plan"], "--key", str(home / "weber.key")).returncode == 0
    assert run_command(home, "apply", made["plan"], "--quiet").returncode == 0


def test_outside_its_window_it_is_planned_and_not_applied(promoted: Path, fleet: Fleet, units: Path) -> None:
    made = planned(promoted, "h4")
    done = run_command(promoted, "apply", made["plan"], "--quiet", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["hosts"]["h4"]["reason"] == "window-closed"
    shown = run_command(promoted, "plans", "show", made["plan"]).stdout
    assert "When: not now; next from" in shown
    assert said_of(units, fleet.address(4)) == ("failed", [])


def test_what_no_clause_names_is_not_even_planned(promoted: Path) -> None:
    refused = planned(promoted, "h5", code=3)
    assert refused["hosts"]["h5"]["reason"] == "playbook-not-covered"


def test_a_change_that_does_not_help_is_taken_back(promoted: Path, fleet: Fleet, units: Path) -> None:
    fail(units, fleet.address(0), lies=True)
    made = planned(promoted, "h0")
    done = run_command(promoted, "apply", made["plan"], "--quiet", seconds=240)
    assert done.returncode in {1, 5}, (done.stdout, done.stderr)
    assert "verified: Start" not in done.stdout
    fail(units, fleet.address(0))


def test_two_plans_for_one_host_do_not_both_run(promoted: Path, fleet: Fleet, units: Path) -> None:
    fail(units, fleet.address(0))
    first, second = planned(promoted, "h0"), planned(promoted, "h0")
    assert run_command(promoted, "apply", first["plan"], "--quiet").returncode == 0
    late = run_command(promoted, "apply", second["plan"], "--quiet")
    assert late.returncode == 2
    assert f"plan {first['plan']} was carried out after this one was made: plan anew" in late.stderr


def test_a_rejected_plan_is_never_applied(promoted: Path, fleet: Fleet, units: Path) -> None:
    fail(units, fleet.address(0))
    made = planned(promoted, "h0")
    # Who asked for it withdraws it without a key.
    gone = run_command(promoted, "reject", made["plan"], "--why", "[b]wrong\x1b[31m host")
    assert gone.returncode == 0, gone.stderr
    done = run_command(promoted, "apply", made["plan"], "--quiet")
    assert (done.returncode, "was rejected: plan anew" in done.stderr) == (2, True)
    assert said_of(units, fleet.address(0))[1] == []
    assert not any("\x1b" in note for note in notes(promoted))


@pytest.mark.parametrize(
    "text",
    [
        "kiosk",
        "-kiosk.service",
        "a b.service",
        "$(reboot).service",
        "kiosk.service;reboot",
        "kiosk.service\n",
        "*.service",
        "",
    ],
)
def test_hostile_text_is_no_parameter(promoted: Path, text: str) -> None:
    done = run_command(promoted, "plan", "1", "linux.start_service", "h0", "--set", f"unit={text}")
    assert done.returncode == 2
    assert "linux.start_service: unit: String should match pattern" in done.stderr


def test_an_edited_plan_is_told_from_the_one_that_was_kept(promoted: Path, fleet: Fleet, units: Path) -> None:
    fail(units, fleet.address(0))
    made = planned(promoted, "h0")
    with sqlite3.connect(promoted / "secondline.sqlite3") as store:
        store.execute(
            "UPDATE plan SET text = replace(text, ?, ?) WHERE id = ?",
            (f'"start","--","{UNIT}"', '"start","--","other.service"', made["plan"]),
        )
    done = run_command(promoted, "apply", made["plan"], "--quiet")
    assert done.returncode == 2
    assert "is not the one that was kept under its digest: somebody changed it" in done.stderr
    assert said_of(units, fleet.address(0))[1] == []


def test_another_revision_in_between_ends_a_plan(promoted: Path, fleet: Fleet, units: Path) -> None:
    made = planned(promoted, "h0")
    paper = promoted / "contract.yaml"
    contract = yaml.safe_load(paper.read_text())
    contract["revision"] += 1
    contract["clauses"] = [one for one in contract["clauses"] if one["id"] != "§2"]
    paper.write_text(yaml.safe_dump(contract, allow_unicode=True))
    sign_file(paper)
    assert run_command(promoted, "contract", "add", str(paper)).returncode == 0
    done = run_command(promoted, "apply", made["plan"], "--quiet")
    assert done.returncode == 2
    assert "was made under revision 1 of the contract, and revision 2 holds now: plan anew" in done.stderr
    assert said_of(units, fleet.address(0))[1] == []
    assert planned(promoted, "h0", code=3)["hosts"]["h0"]["reason"] == "playbook-not-covered"
    assert run_command(promoted, "ledger", "verify").returncode == 0
