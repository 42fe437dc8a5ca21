"""Is what the operations guide says true? Its commands are run, its files are read by what they are for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from controller.cli.app import EVERY
from controller.office import open_office
from controller.store.arrivals import ArrivalState
from controller.store.letters import DeliveryState
from controller.web.operation import Gauges
from controller.web.underway import UnderWay
from tests.fleet import Fleet
from tests.home import contract_over
from tests.sites import Installation, free_port

TOP = Path(__file__).parents[2]
GUIDE = (TOP / "controller" / "OPERATIONS.md").read_text("utf-8")
FILES = TOP / "controller" / "operations"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FILES / "compose.yaml").read_text("utf-8"))
    return found


def test_the_compose_file_names_nothing_that_there_is_not(compose: dict[str, Any]) -> None:
    services: dict[str, dict[str, Any]] = compose["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= services.keys(), name
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= compose["volumes"].keys(), name
        assert set(service["networks"]) <= compose["networks"].keys(), name
        assert set(service.get("secrets", ())) <= compose["secrets"].keys(), name
        # Official images alone, and our own.
        assert re.fullmatch(r"secondline|(nats|postgres):[\w.-]+", service["image"]), name
        if service["image"] == "secondline":
            assert service["command"][0] in {*EVERY, "--help"}, name
            assert (service["cap_drop"], service["read_only"]) == (["ALL"], True)
    assert (FILES / services["pages"]["build"]["context"]).resolve() == TOP
    assert (TOP / services["pages"]["build"]["dockerfile"]).is_file()
    assert "ports" not in services["database"]


def test_the_image_is_made_of_what_there_is() -> None:
    text = (FILES / "Dockerfile").read_text("utf-8")
    copied = [word for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for word in line.split()]
    assert {"agent", "collectors", "controller", "inventory", "playbooks", "requirements.lock"} <= set(copied)
    assert all((TOP / name).exists() for name in copied)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
@pytest.mark.parametrize("name", sorted(path.name for path in FILES.glob("secondline*")))
def test_systemd_reads_every_unit_without_a_word(name: str, tmp_path: Path) -> None:
    text = (FILES / name).read_text("utf-8")
    program = tmp_path / "secondline"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / name).write_text(
        text.replace("/opt/secondline/bin/secondline", str(program)).replace("User=secondline\n", "")
    )
    if name.endswith(".timer"):
        shutil.copy(FILES / name.replace(".timer", ".service"), tmp_path)
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not [
        line for line in said.stderr.splitlines() if str(tmp_path / name) in line and "/opt/" not in line
    ]


@pytest.mark.slow
def test_every_alarm_watches_something_that_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = free_port()
    with Installation(tmp_path / "sites") as sites:
        sites.stop_end()
        file = sites.home / "settings.toml"
        file.write_text(f'{file.read_text()}metrics = "127.0.0.1:{measured}"\n')
        sites.start_end()
        with urlopen(f"http://127.0.0.1:{measured}/metrics", timeout=20) as answer:
            said = answer.read().decode()
    names = {*re.findall(r"^# TYPE (\w+)", said, re.MULTILINE)}
    monkeypatch.setenv("SECONDLINE_HOME", str(tmp_path / "pages"))
    office = open_office(print)
    names |= {family.name for family in Gauges(office.store, UnderWay(office)).registry.collect()}
    rules = yaml.safe_load((FILES / "alarms.yaml").read_text("utf-8"))["groups"][0]["rules"]
    states = {*ArrivalState, *DeliveryState}
    for rule in rules:
        asked = {
            re.sub(r"_(bucket|count|sum)$", "", one) for one in re.findall(r"secondline_\w+", rule["expr"])
        }
        # A counter bears the ending in what is served, and not in its type.
        assert {name.removesuffix("_total") for name in asked} <= {
            name.removesuffix("_total") for name in names
        }, rule
        assert set(re.findall(r'state="(\w+)"', rule["expr"])) <= states
        assert rule["annotations"]["summary"]


@pytest.mark.slow
def test_every_command_of_the_guide_does_what_it_says(tmp_path: Path) -> None:
    with Fleet(1) as fleet, Installation(tmp_path / "sites") as sites:
        contract = contract_over(fleet)
        agent = sites.agent(contract, fleet)
        sites.add(contract)
        sites.well("people", "add", "eva", "--name", "Eva Eng", "--role", "engineer")
        sites.well("people", "token", "eva", "--name", "probe", "--right", "see-runs")
        (token,) = json.loads(sites.well("people", "tokens", "eva", "--json"))
        env = {
            **os.environ,
            "SECONDLINE_HOME": str(sites.home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "BACKUP": str(tmp_path / "night.tar"),
            "REHEARSAL": str(tmp_path / "rehearsal"),
            "SEAT": agent.seat,
            "WHO": "eva",
            "TOKEN": str(token["token"]),
        }
        said: dict[str, str] = {}
        for block in re.findall(r"^```sh tried\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                if "$HEAD" in line:
                    # What the guide has written down when the backup was made.
                    env["HEAD"] = re.findall(r"head (\w{64})", said["store backup"])[0]
                done = subprocess.run(
                    ["sh", "-c", line], env=env, capture_output=True, text=True, timeout=120, check=False
                )
                assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
                said[" ".join(line.partition("secondline ")[2].split()[:2])] = done.stdout
        assert len(said) >= 10
        (seat,) = json.loads(sites.well("agent", "seats", "--json"))
        assert seat["state"] == "revoked"
        (person,) = json.loads(sites.well("people", "list", "--json"))
        assert person["disabled"]
