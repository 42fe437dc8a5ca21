"""Do `secondline contract check` and the scope say what a person at the desk needs?"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from controller.cli.choice import named, one_each
from controller.cli.contract import app
from controller.cli.scope import moment, print_scope, scope_json, scope_rows
from controller.work import Law
from inventory.read import read
from inventory.schema import example, schema
from tests.law import WIDE

MONDAY_NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)


LAW = Law(contract=read(example()), ceilings={"musterbau-hh": WIDE, "musterbau-ki": WIDE})


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


def test_the_scope_shows_every_area_of_every_target() -> None:
    rows = scope_rows(LAW, ("dns", "linux"), MONDAY_NOON)
    assert [(row.host, row.area, row.allowed, row.clause) for row in rows] == [
        ("web1", "dns", True, "3.1"),
        ("web1", "linux", True, "3.1"),
        ("dns1", "dns", True, "3.1"),
        ("dns1", "linux", True, "3.1"),
        ("dns2", "dns", True, "3.1"),
        ("dns2", "linux", True, "3.1"),
        ("registry", "dns", True, "3.2"),
        ("registry", "linux", False, "3.2"),
    ]
    assert rows[0].address == "10.20.1.11 fd20::11"
    assert "'diagnose: [linux]'" in rows[-1].explanation


def test_outside_the_hours_the_scope_says_when() -> None:
    rows = scope_rows(LAW, ("dns",), SUNDAY, "dns1", language="de")
    assert [row.reason for row in rows] == ["window-closed"]
    assert "Mo\N{EN DASH}Fr 07:00\N{EN DASH}18:00; Sa 08:00\N{EN DASH}12:00" in rows[0].explanation


@pytest.mark.parametrize("host", ["web1", "WEB1.musterbau.example.", "10.20.1.11", "fd20::11"])
def test_one_host_is_found_by_id_name_or_address(host: str) -> None:
    assert [row.host for row in scope_rows(LAW, ("dns",), MONDAY_NOON, host)] == ["web1"]


@pytest.mark.parametrize("host", ["web2", "10.20.1.12", "", "*"])
def test_a_host_that_nobody_knows_is_refused_and_not_left_out(host: str) -> None:
    rows = scope_rows(LAW, ("dns",), MONDAY_NOON, host)
    assert [(row.host, row.reason) for row in rows] == [(host, "unknown-host")]


def test_the_scope_is_printed_and_given_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    rows = scope_rows(LAW, ("dns", "voip"), MONDAY_NOON, "registry")
    print_scope(rows)
    printed = capsys.readouterr().out
    assert "registry" in printed
    assert "diagnose: [voip]" in printed
    assert [row["allowed"] for row in json.loads(json.dumps(scope_json(rows)))] == [True, False]


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
    with pytest.raises(typer.BadParameter, match="stands for dns1, dns2"):
        one_each(contract, ["10.20.1.53"])
