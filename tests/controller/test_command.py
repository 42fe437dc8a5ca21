"""The real command on a small fleet of real hosts: what it says, writes, and ends with."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fleet import Fleet
from tests.home import command, contract_over, home_for, run_command
from tests.law import set_up

pytestmark = pytest.mark.slow

HANGING = "h2"
# A unit that failed, in what a hostile host may make of it: a title for the terminal, markup for the page.
REASON = "\x1b]0;gotcha\x07\x1b[31m<script>alert(1)</script> No space left on device"
SYSTEMCTL = """\
#!/bin/sh
printf 'Id=shop.service\\nLoadState=loaded\\nActiveState=%s\\nSubState=%s\\nResult=%s\\n' {state}
printf 'NRestarts=0\\nExecMainStatus=1\\nExecMainStartTimestampMonotonic=0\\n'
"""
JOURNALCTL = f"#!/bin/sh\nprintf '%b\\n' '{REASON.encode('unicode_escape').decode().replace('x1b', '0033').replace('x07', '0007')}'\n"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(2, hanging=1) as running:
        yield running


def program(fleet: Fleet, name: str, text: str) -> None:
    path = fleet.programs / name
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def healthy(fleet: Fleet) -> None:
    """The hosts' only service runs."""
    program(fleet, "systemctl", SYSTEMCTL.format(state="active running success"))


@pytest.fixture
def failed(fleet: Fleet) -> None:
    """The hosts' only service has failed."""
    program(fleet, "systemctl", SYSTEMCTL.format(state="failed failed exit-code"))
    program(fleet, "journalctl", JOURNALCTL)


def paper(fleet: Fleet) -> dict[str, Any]:
    """Two hosts that answer, one that hangs, one that refuses, one whose window is closed, one of no clause."""
    contract = contract_over(fleet)
    like = contract["hosts"][0]
    extra = {
        "refusing": ("127.6.2.1", ["linux"]),
        "later": ("127.6.2.2", ["later"]),
        "other": ("127.6.2.3", []),
    }
    for name, (address, roles) in extra.items():
        more = {"id": name, "name": f"{name}.fleet.test", "addresses": [address], "roles": roles}
        contract["hosts"].append(like | more)
    far = (datetime.now(UTC) + timedelta(days=3)).strftime("%a").lower()[:2]
    window = {
        "id": "§2",
        "text": "Später",
        "roles": ["later"],
        "diagnose": ["linux"],
        "windows": [{"days": [far]}],
    }
    contract["clauses"].append(window)
    # Copied, as what is shared would be written as an alias, which a contract may not hold.
    copied: dict[str, Any] = json.loads(json.dumps(contract))
    return copied


@pytest.fixture(scope="module")
def home(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with that contract and ticket 1; ticket 2 is of a customer whose contract is over."""
    made = home_for(tmp_path_factory.mktemp("home") / "secondline", fleet, paper(fleet))
    past = contract_over(fleet) | {"customer": "past", "valid": {"from": "2025-01-01", "until": "2025-12-31"}}
    file = made / "past.yaml"
    file.write_text(yaml.safe_dump(past, allow_unicode=True), encoding="utf-8")
    set_up(made, file)
    ran(made, 0, "contract", "add", str(file))
    ran(made, 0, "ticket", "new", "--customer", "past", "--subject", "Alles langsam")
    return made


def ran(home: Path, status: int, *words: str) -> str:
    """Run the command; it must end with this status, and never with a stack trace."""
    done = run_command(home, *words)
    assert done.returncode == status, (words, done.stdout[-2000:], done.stderr[-2000:])
    assert "Traceback" not in done.stderr
    return done.stdout


def asked(home: Path, status: int, *words: str, ticket: str = "1") -> dict[str, Any]:
    """Diagnose one question, as JSON."""
    said = ran(home, status, "diagnose", "--ticket", ticket, "--question", "linux.services", "--json", *words)
    report: dict[str, Any] = json.loads(said)
    return report


# --- Exit statuses, and what the report says.


@pytest.mark.usefixtures("healthy")
def test_healthy_hosts_end_with_status_0(home: Path) -> None:
    report = asked(home, 0, "--host", "h0", "--host", "h1")
    assert (report["findings"], report["causes"]) == ([], [])
    assert (report["coverage"]["seen"], report["coverage"]["total"]) == (2, 2)
    assert {result["state"] for result in report["results"]} == {"seen"}


@pytest.mark.usefixtures("healthy")
def test_a_host_may_be_called_by_id_name_or_address_and_is_asked_once(home: Path, fleet: Fleet) -> None:
    called = ("--host", "h0", "--host", "H0.fleet.test.", "--host", fleet.addresses[0])
    report = asked(home, 0, *called)
    assert [result["host"] for result in report["results"]] == ["h0"]


@pytest.mark.usefixtures("failed")
def test_a_fault_ends_with_status_1_and_is_named(home: Path) -> None:
    report = asked(home, 1, "--host", "h0")
    (cause,) = report["causes"]
    assert (cause["tag"], cause["host"], cause["facts"]["unit"]) == (
        "linux.service-failed",
        "h0",
        "shop.service",
    )
    assert cause["evidence"]
    assert {touch["what"] for touch in report["touched"]} >= {"asked", "decided-allowed", "grant-sealed"}


def test_when_nothing_could_be_asked_the_status_is_4_and_the_silence_is_a_finding(home: Path) -> None:
    report = asked(home, 4, "--host", "refusing")
    assert [finding["tag"] for finding in report["findings"]] == ["reach.refused"]
    assert report["coverage"]["seen"] == 0
    assert report["coverage"]["unanswered"] == 1


def test_where_no_question_fits_the_contract_has_refused_nothing(home: Path) -> None:
    report = json.loads(ran(home, 4, "diagnose", "--ticket", "1", "--area", "dns", "--json"))
    assert report["coverage"]["total"] == 0


@pytest.mark.parametrize(
    ("words", "ticket", "where", "reason"),
    [
        (("--host", "h0"), "2", "refused", "expired"),
        (("--host", "later"), "1", "refused", "window-closed"),
        (("--host", "other"), "1", "not_covered", "no-clause"),
        (("--host", "nowhere"), "1", "not_covered", "unknown-host"),
    ],
)
def test_what_the_contract_does_not_allow_ends_with_status_3_and_stands_in_the_coverage(
    words: tuple[str, ...], ticket: str, where: str, reason: str, home: Path
) -> None:
    report = asked(home, 3, *words, ticket=ticket)
    (entry,) = report["coverage"]["lists"][where]
    assert (entry["host"], entry["reason"]) == (words[1], reason)
    assert report["coverage"]["total"] == 1
    assert not report["evidence"]


MISTAKES = {
    "an unknown ticket": ("diagnose", "--ticket", "99"),
    "a ticket that is no number": ("diagnose", "--ticket", "../1"),
    "no ticket": ("diagnose",),
    "an unknown area": ("diagnose", "--ticket", "1", "--area", "linus"),
    "an unknown question": ("diagnose", "--ticket", "1", "--question", "linux.disc"),
    "a question of another area": ("diagnose", "--ticket", "1", "--area", "dns", "--question", "linux.disk"),
    "an unknown language": ("diagnose", "--ticket", "1", "--language", "fr"),
    "no time at all": ("diagnose", "--ticket", "1", "--deadline", "0"),
    "an unknown customer": ("scope", "nobody"),
    "an unknown area of a scope": ("scope", "fleet", "--area", "linus"),
    "a ticket for an unknown customer": ("ticket", "new", "--customer", "nobody", "--subject", "x"),
    "a moment that is none": ("scope", "fleet", "--at", "tomorrow"),
    "an unknown run": ("report", "write", "20260101-000000-abcdef"),
    "a bundle that is none": ("judge", "/dev/null"),
    "a file that a ticket does not have": ("ticket", "file", "1", "../../etc/passwd"),
    "a contract that is not there": ("contract", "add", "/nowhere/contract.yaml"),
}


@pytest.mark.parametrize("words", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_ends_with_status_2_and_one_clear_line(words: tuple[str, ...], home: Path) -> None:
    done = run_command(home, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr


def test_a_contract_with_mistakes_is_not_added_and_every_mistake_has_its_line(
    home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "bad.yaml"
    text = yaml.safe_dump(contract_over_nobody(), allow_unicode=True, sort_keys=False)
    file.write_text(
        text.replace("server", "toaster").replace("revision: 1", "revision: one"), encoding="utf-8"
    )
    before = ran(home, 0, "contract", "list", "--json")
    said = ran(home, 2, "contract", "add", str(file))
    for word in ("toaster", "revision"):
        number = next(n for n, line in enumerate(file.read_text().splitlines(), 1) if word in line)
        assert f"{file}:{number}:" in said
    assert ran(home, 0, "contract", "list", "--json") == before


def contract_over_nobody() -> dict[str, Any]:
    host = {"id": "h", "name": "h.x.test", "addresses": ["192.0.2.1"], "site": "s", "environment": "server"}
    return {
        "contract": "B-1",
        "customer": "bad",
        "name": "B",
        "revision": 1,
        "valid": {"from": "2026-01-01", "until": "2099-12-31"},
        "sites": [{"id": "s", "name": "S", "agent": "a"}],
        "hosts": [host | {"platform": "linux", "dns": {"port": 53}}],
        "clauses": [{"id": "1", "text": "x", "hosts": ["h"], "diagnose": ["dns"]}],
    }


def test_scope_says_who_may_be_asked_and_when(home: Path) -> None:
    rows = json.loads(ran(home, 0, "scope", "fleet", "--host", "h0.fleet.test", "--area", "linux", "--json"))
    assert [(row["host"], row["allowed"], row["clause"]) for row in rows] == [("h0", True, "§1")]
    early = ("--at", "2025-12-31T23:59", "--json")
    rows = json.loads(ran(home, 0, "scope", "fleet", "--host", "h0", "--area", "linux", *early))
    assert [(row["allowed"], row["reason"]) for row in rows] == [(False, "not-yet-valid")]


# --- Hostile hosts.


@pytest.mark.usefixtures("failed")
def test_what_a_host_says_moves_no_cursor_and_runs_in_no_page(home: Path, tmp_path: Path) -> None:
    done = run_command(home, "diagnose", "--ticket", "1", "--host", "h0", "--question", "linux.services")
    assert done.returncode == 1
    assert "shop.service" in done.stdout
    assert "No space left on device" in done.stdout, "the words themselves are told"
    run = json.loads(ran(home, 0, "report", "list", "--json"))[0]["run"]
    written = ran(home, 0, "report", "write", run, "--to", str(tmp_path / "out"))
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    data = (tmp_path / "out" / "report.json").read_text(encoding="utf-8")
    note = ran(home, 0, "ticket", "show", "1")
    for text in (done.stdout, done.stderr, written, page, data, note):
        assert not {"\x1b", "\x07"} & set(text)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page, "it is shown, and as text"
    assert json.loads(data)["causes"]


# --- Evidence, reports, ledger, tickets.


@pytest.fixture(scope="module")
def run(home: Path, fleet: Fleet) -> str:
    """A run with a fault, a host that refuses, and one that the contract does not know."""
    program(fleet, "systemctl", SYSTEMCTL.format(state="failed failed exit-code"))
    program(fleet, "journalctl", JOURNALCTL)
    report = asked(home, 1, "--host", "h0", "--host", "refusing", "--host", "nowhere")
    return str(report["run"])


@pytest.fixture
def bundle(home: Path, run: str, tmp_path: Path) -> Path:
    file = tmp_path / "evidence.zip"
    assert json.loads(ran(home, 0, "report", "bundle", run, "-o", str(file), "--json")) == {"file": str(file)}
    assert file.stat().st_mode & 0o077 == 0, "raw answers are nobody else's business"
    return file


def test_the_same_evidence_gives_the_same_findings_without_any_host(
    home: Path, run: str, bundle: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    said = json.loads(ran(elsewhere, 1, "judge", str(bundle), "--json"))
    assert (said["same"], said["new"], said["gone"]) == (True, [], [])
    ran(home, 0, "report", "write", run, "--to", str(tmp_path / "out"))
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["run"] == run
    both = [[(f["tag"], f["host"]) for f in form["findings"]] for form in (said, report)]
    assert both[0] == both[1] == [("linux.service-failed", "h0"), ("reach.refused", "refusing")]


def test_evidence_that_was_changed_is_no_evidence(home: Path, bundle: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged.zip"
    forged.write_bytes(bundle.read_bytes().replace(b"failed", b"active"))
    done = run_command(home, "judge", str(forged))
    assert done.returncode == 2
    assert "was changed" in done.stderr


def test_a_bundle_with_a_flipped_byte_is_refused(home: Path, bundle: Path, tmp_path: Path) -> None:
    content = bytearray(bundle.read_bytes())
    content[len(content) // 3] ^= 0xFF
    broken = tmp_path / "broken.zip"
    broken.write_bytes(content)
    ran(home, 2, "judge", str(broken))


def test_a_ticket_holds_the_note_and_the_files_of_its_runs(home: Path, run: str, tmp_path: Path) -> None:
    shown = json.loads(ran(home, 0, "ticket", "show", "1", "--json"))
    (note,) = [note for note in shown["notes"] if run in note["text"]]
    assert set(note["files"]) >= {"report.json"}
    file = json.loads(ran(home, 0, "ticket", "file", "1", "report.json", "--to", str(tmp_path), "--json"))
    assert file == {"file": str(tmp_path / "report.json")}
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["ticket"] == "1"
    rows = json.loads(ran(home, 0, "ticket", "list", "--json"))
    assert {(row["id"], row["customer"]) for row in rows} >= {("1", "fleet"), ("2", "past")}
    waiting = json.loads(ran(home, 0, "outbox", "list", "--json"))
    assert [(row["ticket"], row["state"]) for row in waiting if row["run"] == run] == [("1", "done")]
    assert json.loads(ran(home, 0, "outbox", "deliver", "--json")) == []


def test_the_ledger_holds_and_a_changed_row_is_found(home: Path, run: str, tmp_path: Path) -> None:
    assert json.loads(ran(home, 0, "ledger", "verify", "--json"))["holds"]
    forged = tmp_path / "forged"
    shutil.copytree(home, forged)
    with sqlite3.connect(forged / "secondline.sqlite3") as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        query = "SELECT max(number) FROM ledger WHERE run = ? AND host = 'h0'"
        (number,) = connection.execute(query, (run,)).fetchone()
        connection.execute("UPDATE ledger SET host = 'h1' WHERE number = ?", (number,))
    connection.close()
    said = json.loads(ran(forged, 1, "ledger", "verify", "--json"))
    assert (said["holds"], said["number"]) == (False, number)


# --- Ctrl-C.


def of_session(leader: int) -> list[int]:
    """The processes of a session that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(words[3]) == leader and words[0] != "Z":
                found.append(int(entry.name))
    return found


def test_a_ctrl_c_ends_the_run_and_it_is_still_written_to_the_ticket(home: Path, fleet: Fleet) -> None:
    (listener,) = fleet.silent
    with subprocess.Popen(
        [command(), "diagnose", "--ticket", "1", "--host", HANGING, "--question", "linux.services", "--json"],
        env={**os.environ, "SECONDLINE_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert select.select([listener], [], [], 60)[0], "it asks the host that says nothing"
        assert len(of_session(running.pid)) >= 3
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, err) == (4, "")
    assert of_session(running.pid) == []
    report = json.loads(out)
    assert report["stopped"]
    assert [(r["state"], r["kind"]) for r in report["results"]] == [("unanswered", "stopped")]
    assert report["findings"] == []
    shown = json.loads(ran(home, 0, "ticket", "show", "1", "--json"))
    assert any(report["run"] in note["text"] for note in shown["notes"])
    assert json.loads(ran(home, 0, "report", "list", "--json"))[0]["state"] == "stopped"
