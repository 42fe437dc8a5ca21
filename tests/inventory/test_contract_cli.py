"""Do `secondline contract check` and the words of the command line say what a person at the desk needs?"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from controller.choice import ChoiceError, named, one_each
from controller.cli.contract import app
from controller.cli.scope import moment
from inventory.read import read
from inventory.schema import example, schema

MONDAY_NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


@pytest.fixture
def right(tmp_path: Path) -> Path:
    file = tmp_path / "right.yaml"
    file.write_text(example(), encoding="utf-8")
    return file


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    file = tmp_path / "wrong.yaml"
    text = example().replace('"10.30.1.53"', '"10.30.1.0/24"').replace("keep_days: 90", "keep_days: 0")
    file.write_text(text, encoding="utf-8")
    return file


def test_a_right_contract_is_summed_up(right: Path) -> None:
    result = run("check", str(right))
    assert result.exit_code == 0
    assert (
        "MB-2026-017 of Musterbau GmbH, revision 3, from 2026-01-01 until 2027-12-31: 3 hosts"
        in result.stdout
    )


def test_each_mistake_is_a_line_that_editors_can_jump_to(wrong: Path) -> None:
    result = run("check", str(wrong))
    text = wrong.read_text(encoding="utf-8").splitlines()
    lines = [number for number, line in enumerate(text, 1) if "10.30.1.0/24" in line or "keep_days" in line]
    assert result.exit_code == 2
    assert [line.split(": ")[0] for line in result.stdout.splitlines()] == [f"{wrong}:{n}" for n in lines]
    assert "is a network" in result.stdout


def test_mistakes_come_as_json_too(right: Path, wrong: Path) -> None:
    said = json.loads(run("check", "--json", str(wrong)).stdout)
    assert not said["ok"]
    assert [m["where"] for m in said["mistakes"]] == ["hosts[dns2].addresses[#1]", "data.keep_days"]
    assert json.loads(run("check", "--json", str(right)).stdout)["ok"]


def test_a_missing_file_and_a_folder_are_mistakes_of_use(tmp_path: Path) -> None:
    assert run("check", str(tmp_path / "none.yaml")).exit_code == 2
    assert run("check", str(tmp_path)).exit_code == 2


def test_schema_and_example_are_printed_whole() -> None:
    assert json.loads(run("schema").stdout) == schema()
    assert yaml.safe_load(run("example").stdout)["customer"] == "musterbau"


def test_asking_for_help_loads_neither_models_nor_yaml() -> None:
    code = "import sys, controller.cli.contract, controller.cli.scope; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert not {"pydantic", "yaml", "rich.table", "inventory.contract"} & set(loaded.split())


def test_a_moment_without_offset_is_local_time_of_the_contract() -> None:
    contract = read(example())
    assert moment("2026-11-23T12:00", contract) == MONDAY_NOON
    assert moment("2026-11-23T11:00+00:00", contract) == MONDAY_NOON


def test_a_word_that_stands_for_two_hosts_is_asked_back() -> None:
    """Networks of two sites may overlap: then an address is no name for one host."""
    text = example().replace('"10.30.1.53"', '"10.20.1.53"')
    contract = read(text)
    assert named(contract, "10.20.1.53") == ("dns1", "dns2")
    assert one_each(contract, ["dns1", "ns1.musterbau.example", "nobody"]) == ("dns1", "nobody")
    with pytest.raises(ChoiceError, match="stands for dns1, dns2"):
        one_each(contract, ["10.20.1.53"])
