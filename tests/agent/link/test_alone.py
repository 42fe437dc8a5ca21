"""Is the agent a program of its own? It runs where neither controller nor store nor web code is, and prints a sound unit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.link.place import Place, Seat
from agent.link.unit import unit_for
from agent.ring import UnitError
from inventory.contract import Contract
from inventory.read import read
from inventory.schema import ceiling_example, example
from tests.law import agents_for

pytestmark = pytest.mark.slow

TOP = Path(__file__).resolve().parents[3]
CONTRACT: Contract = read(example())
NAME = CONTRACT.sites[0].agent


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir(mode=0o700)
    agents_for(made, CONTRACT, ceiling=ceiling_example())
    place = Place.of(made, NAME)
    seat = Seat(
        id=f"{NAME}-00000000",
        customer=CONTRACT.customer,
        site=CONTRACT.sites[0].id,
        agent=NAME,
        web="https://127.0.0.1:1",
        nats=("nats://127.0.0.1:1",),
    )
    place.write(seat, b"")
    return made


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pip install secondline[agent]` brings of ours to a site, less than the product's own folders: no controller."""
    folder = tmp_path_factory.mktemp("alone")
    for name in ("inventory", "collectors", "playbooks", "agent"):
        shutil.copytree(TOP / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


_REFUSING = """\
import sys
sys.path[:] = [sys.argv[1], *(p for p in sys.path if p and p != sys.argv[2])]
class Refusing:
    NOT_THERE = {"controller", "sqlalchemy", "alembic", "typer", "rich", "jinja2", "fastapi", "uvicorn", "httpx"}
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.NOT_THERE:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refusing())
import agent
assert agent.__file__.startswith(sys.argv[1]), agent.__file__
from agent.link.main import main
sys.exit(main(sys.argv[3:]))
"""


def run_alone(alone: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _REFUSING, str(alone), str(TOP), *words],
        env={"PATH": os.environ["PATH"], "SECONDLINE_HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_runs_without_a_line_of_the_controllers_code(alone: Path, home: Path) -> None:
    """It says that its controller does not answer: everything that it needs until then was loaded."""
    examined = run_alone(alone, home, "doctor")
    assert "the ceiling is the one that was confirmed" in examined.stdout, examined.stderr
    assert "NOT OK: controller: the broker does not let this agent in" in examined.stdout
    assert examined.returncode == 1
    status = run_alone(alone, home, "status")
    assert "connected: no" in status.stdout, status.stderr
    assert status.returncode == 1
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            _REFUSING.replace("sys.exit(main(sys.argv[3:]))", "import agent.link.run"),
            str(alone),
            str(TOP),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr


def test_a_mistake_is_one_line_and_nothing_is_set_up(alone: Path, tmp_path: Path) -> None:
    key, bound, code = tmp_path / "duty.pub", tmp_path / "bound.toml", tmp_path / "code"
    key.write_text("")
    bound.write_bytes(ceiling_example())
    code.write_text("guess")
    home = tmp_path / "empty"
    home.mkdir()
    done = run_alone(
        alone,
        home,
        "enrol",
        "--controller",
        "https://127.0.0.1:1",
        "--code-file",
        str(code),
        "--duty",
        str(key),
        "--ceiling",
        str(bound),
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no code of an invitation" in done.stderr
    assert not list(home.iterdir())
    assert run_alone(alone, home, "run").returncode == 2


def test_its_unit_lets_out_to_the_ceiling_and_the_controller_alone(home: Path) -> None:
    text = unit_for(home, NAME, "secondline", ["203.0.113.7/32"])
    lines = text.splitlines()
    for line in (
        "IPAddressDeny=any",
        "IPAddressAllow=203.0.113.7/32",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
    ):
        assert line in lines
    for key in ("MemoryMax=", "TasksMax=", "CapabilityBoundingSet=", "Restart=always"):
        assert any(line.startswith(key) for line in lines)
    assert "ListenStream" not in text
    for wrong in (["0.0.0.0/0"], ["0.0.0.0/1", "128.0.0.0/1"], ["x"]):
        with pytest.raises(UnitError):
            unit_for(home, NAME, "secondline", wrong)
    with pytest.raises(UnitError):
        unit_for(home, NAME, "a\nExecStart=/bin/sh", ["203.0.113.7"])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_its_unit_is_one_that_systemd_reads_without_a_word(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "secondline-agent.service"
    text = unit_for(home, NAME, "root", ["203.0.113.7"])
    file.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
    assert str(file.name) not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
    file.write_text(text.replace("TasksMax=1024", "TasksMax=many"))
    broken = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
    assert file.name in broken.stderr, "it does say so of one that is not"
