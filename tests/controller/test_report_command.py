"""Do the commands hand a run on, on paper, as tables and in one file, and check what was handed on without a store?"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.controller.stored import RUN, kept
from tests.home import run_command

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    for store in kept(folder, {"addresses": True}):
        store.close()
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A machine that has neither store nor settings."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def ran(home: Path, status: int, *words: str) -> str:
    done = run_command(home, *words)
    assert done.returncode == status, done.stderr
    return done.stdout


def test_a_report_is_written_on_paper_and_as_tables(home: Path, tmp_path: Path) -> None:
    said = json.loads(
        ran(home, 0, "report", "write", RUN, "--to", str(tmp_path), "--customer", "--pdf", "--csv", "--json")
    )
    assert Path(said["paper"]).read_bytes().startswith(b"%PDF-1.7")
    findings, questions = (
        list(csv.DictReader(Path(name).read_text(encoding="utf-8").splitlines())) for name in said["tables"]
    )
    assert {"severity": "fault", "host": "web1", "tag": "linux.disk-full"}.items() <= findings[0].items()
    assert findings[0]["cause"] == "certain"
    assert {row["state"] for row in questions} == {"seen", "unanswered", "refused", "not-covered"}
    assert "192.0.2" not in "".join(Path(name).read_text(encoding="utf-8") for name in said["tables"])


def test_a_bundle_is_verified_where_there_is_no_store(home: Path, elsewhere: Path, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    ran(home, 0, "report", "bundle", RUN, "--for", "customer", "-o", str(file))
    pin = tmp_path / "controller.pub"
    pin.write_text(ran(home, 0, "key", "controller"), encoding="utf-8")
    said = json.loads(ran(elsewhere, 0, "report", "verify", str(file), "--key", str(pin), "--json"))
    assert (said["run"], said["audience"], said["signer_known"]) == (RUN, "customer", True)
    assert {"archive", "signature", "members", "evidence", "ledger", "clauses"} <= said["checks"].keys()
    assert "hosts-said-so" in said["not_provable"]
    told = ran(elsewhere, 3, "report", "verify", str(file))
    assert "not proven  signer" in told
    assert list(elsewhere.iterdir()) == []
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert "error" in json.loads(
        ran(elsewhere, 2, "report", "verify", str(file), "--key", str(pin), "--json")
    )


def test_a_reader_that_there_is_not_gets_nothing(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    ran(home, 2, "report", "bundle", RUN, "--for", "everybody", "-o", str(file))
    ran(home, 2, "report", "bundle", "no-run", "-o", str(file))
    ran(home, 2, "report", "bundle", RUN, "--for", "vendor", "--host", "nowhere", "-o", str(file))
    ran(home, 2, "report", "bundle", RUN, "--host", "web1", "-o", str(file))
    assert not file.exists()


def test_a_table_of_the_ledger_is_checked_where_there_is_no_store(
    home: Path, elsewhere: Path, tmp_path: Path
) -> None:
    file = tmp_path / "ledger.csv"
    ran(home, 0, "ledger", "export", str(file), "--run", RUN)
    assert file.stat().st_mode & 0o077 == 0
    held = json.loads(ran(elsewhere, 0, "ledger", "check", str(file), "--json"))
    ran(home, 0, "ledger", "verify", "--kept", held["last"]["hash"])
    file.write_text(file.read_text(encoding="utf-8").replace("web1", "web2", 1), encoding="utf-8")
    ran(elsewhere, 2, "ledger", "check", str(file))
    ran(home, 2, "ledger", "export", str(file), "--run", "no-run")


def test_other_programs_open_a_bundle(home: Path, tmp_path: Path) -> None:
    program = shutil.which("unzip")
    if program is None:
        pytest.skip("unzip is not installed here")
    file = tmp_path / "b.zip"
    ran(home, 0, "report", "bundle", RUN, "--for", "vendor", "-o", str(file))
    done = subprocess.run(
        [program, "-tq", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout
