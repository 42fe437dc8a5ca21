"""The real command: which walls does the doctor see, and which unit is printed or refused?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from agent.post import load_post, write_post
from controller.unit import Unit, UnitError, unit_text
from inventory.read import read
from inventory.schema import ceiling_example, example
from tests.home import command, run_command
from tests.law import PINS, agents_for

pytestmark = pytest.mark.slow

LACKING = Path(__file__).resolve().parents[1] / "lacking.py"
AGENT = read(example()).sites[0].agent
UNIT = Unit(
    agent="here",
    program=Path("/opt/secondline/bin/secondline"),
    python=Path("/usr"),
    home=Path("/var/lib/secondline"),
    user="secondline",
    within=(ip_network("10.20.0.0/16"), ip_network("fd20::/64")),
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the agents of the example, under the ceiling of the example."""
    made = tmp_path / "home"
    made.mkdir(mode=0o700)
    agents_for(made, read(example()), ceiling=ceiling_example())
    return made


def lines(text: str, key: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def without(home: Path, *calls: str) -> subprocess.CompletedProcess[str]:
    """What the doctor says on a kernel that lacks some calls."""
    return subprocess.run(
        [sys.executable, str(LACKING), ",".join(calls), command(), "agent", "doctor", AGENT],
        env={**os.environ, "SECONDLINE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def demand(home: Path, walls: str) -> None:
    post = load_post(home, AGENT)
    write_post(
        post.folder,
        name=AGENT,
        controller=post.controller,
        pins=PINS,
        ceiling=ceiling_example(),
        walls="python" if walls == "python" else "kernel",
    )


# --- The doctor.


def test_the_doctor_names_both_walls(home: Path) -> None:
    done = run_command(home, "agent", "doctor", AGENT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok: first wall" in done.stdout
    assert "ok: second wall: seccomp, Landlock" in done.stdout
    assert "NOT" not in done.stdout


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        ("landlock_create_ruleset", "Linux 5.13 or newer, lsm=landlock"),
        ("pidfd_getfd", "Linux 5.6 or newer"),
        ("seccomp", "Linux 5.0 or newer"),
    ],
)
def test_the_doctor_names_what_the_machine_lacks_and_what_to_do(home: Path, call: str, advice: str) -> None:
    done = without(home, call)
    assert done.returncode == 1, done.stdout + done.stderr
    wrong = [line for line in done.stdout.splitlines() if "NOT OK" in line]
    assert len(wrong) == 1
    assert "NOT OK: second wall" in wrong[0]
    assert advice in wrong[0]


def test_the_doctor_says_plainly_that_the_second_wall_is_not_demanded(home: Path) -> None:
    demand(home, "python")
    done = run_command(home, "agent", "doctor", AGENT)
    assert done.returncode == 0
    for word in ("ok: first wall", "second wall: NOT DEMANDED", "C libraries", 'walls = "python"'):
        assert word in done.stdout
    assert "take that line out" in done.stdout
    lacking = without(home, "landlock_create_ruleset")
    assert lacking.returncode == 0
    assert "could not stand on this machine either: the kernel has no Landlock" in lacking.stdout


# --- The unit.


def test_the_unit_lets_out_to_the_ceiling_and_nothing_else(home: Path) -> None:
    done = run_command(home, "agent", "unit", AGENT)
    assert done.returncode == 0, done.stderr
    ceiling = load_post(home, AGENT).ceiling
    assert ceiling is not None
    assert lines(done.stdout, "IPAddressDeny") == ["any"]
    assert lines(done.stdout, "IPAddressAllow") == [str(one) for one in ceiling.all_within()]
    assert "10.20.9.0" not in done.stdout
    assert lines(done.stdout, "ExecStart") == [f'"{command()}" diagnose --ticket %i --quiet']
    assert lines(done.stdout, "Environment") == [f'"SECONDLINE_HOME={home}"']
    told = run_command(home, "agent", "unit", AGENT, "--also", "192.0.2.77", "--json")
    assert lines(json.loads(told.stdout)["unit"], "IPAddressAllow")[-1] == "192.0.2.77/32"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--also", "0.0.0.0/0"), "--also names every address"),
        (("--also", "::/0"), "--also names every address"),
        (("--also", "0.0.0.0/1", "--also", "128.0.0.0/1"), "--also names every address"),
        (("--also", "rt.example"), "is no network"),
        (("--also", "192.0.2.1/24"), "is no network"),
        (("--user", "nobody-of-this-name"), "there is no user"),
        (("--user", "daemon"), "does not belong to daemon"),
    ],
)
def test_what_would_make_no_ring_is_refused(home: Path, words: tuple[str, ...], said: str) -> None:
    done = run_command(home, "agent", "unit", AGENT, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_desk_that_is_elsewhere_must_be_named(home: Path) -> None:
    (home / "settings.toml").write_text(
        'desk = "helpdesk"\n[desks.helpdesk]\nkind = "rt"\nurl = "https://rt.example"\n', "utf-8"
    )
    done = run_command(home, "agent", "unit", AGENT)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--also" in done.stderr
    assert run_command(home, "agent", "unit", AGENT, "--also", "192.0.2.77").returncode == 0


@pytest.mark.parametrize("how", ["changed", "missing"])
def test_without_a_confirmed_ceiling_there_is_no_unit(home: Path, how: str) -> None:
    file = home / "agents" / AGENT / "ceiling.toml"
    if how == "missing":
        file.unlink()
    else:
        file.write_bytes(ceiling_example() + b"# a line more\n")
    done = run_command(home, "agent", "unit", AGENT)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no unit without a ceiling" in done.stderr
    assert f"secondline agent ceiling {AGENT}" in done.stderr


def test_a_ceiling_that_leaves_nothing_makes_no_unit(home: Path) -> None:
    everything = ceiling_example().replace(b'never = ["10.20.9.0/24"]', b'never = ["0.0.0.0/0", "::/0"]')
    agents_for(home, read(example()), ceiling=everything)
    done = run_command(home, "agent", "unit", AGENT)
    assert (done.returncode, done.stdout) == (2, "")
    assert "leaves no address" in done.stderr


def test_what_cannot_be_written_into_a_unit_is_refused() -> None:
    for bad in (
        "/opt/a\nExecStart=/bin/sh",
        "relative/secondline",
        "/opt/$HOME/secondline",
        "/opt/it's/secondline",
    ):
        with pytest.raises(UnitError, match="plain, absolute path"):
            unit_text(replace(UNIT, program=Path(bad)))
    odd = unit_text(replace(UNIT, home=Path('/srv/50% "x"')))
    assert 'ReadWritePaths="/srv/50%% \\"x\\""' in odd


def test_the_unit_hides_homes_and_temporary_folders_where_it_does_not_live_there() -> None:
    assert lines(unit_text(UNIT), "ProtectHome") == ["yes"]
    assert lines(unit_text(UNIT), "PrivateTmp") == ["yes"]
    in_home = unit_text(replace(UNIT, home=Path("/home/anna/.local/share/secondline")))
    assert lines(in_home, "ProtectHome") == ["read-only"]
    assert lines(unit_text(replace(UNIT, python=Path("/home/x/py"))), "ProtectHome") == ["read-only"]
