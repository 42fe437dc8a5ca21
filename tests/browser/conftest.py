"""A customer with a service that does not run, for an engineer who looks at it in the browser."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from agent.post import write_post
from controller.settings import controller_pin
from controller.web.access import Person, Role
from inventory.read import read
from inventory.signing import Pins
from inventory.token import Pin, new_key, pin_of
from tests.browser.served import browser, served
from tests.controller.change.units import fail, install
from tests.controller.web.doors import Fixed
from tests.fleet import Fleet
from tests.home import contract_over, home_for, run_command
from tests.law import PINS, ceiling_for

EVA = Person(id="eva", name="Eva Eng", roles={"fleet": Role.ENGINEER})
EVA_KEY: Mapping[str, Any] = new_key()
FINN = Person(id="finn", name="Finn Fix", roles={"fleet": Role.ENGINEER})


def pin_engineers(home: Path, *engineers: Pin) -> None:
    """Let these engineers' agreement count at the agent."""
    contract = read((home / "contract.yaml").read_text("utf-8"))
    write_post(
        home / "agents" / "here-1",
        name="here-1",
        controller=(controller_pin(home),),
        pins=Pins(duty=PINS.duty, engineers=engineers),
        ceiling=ceiling_for(contract),
    )


def _contract(fleet: Fleet) -> dict[str, Any]:
    made = contract_over(fleet)
    made["contacts"] = [
        {"id": "weber", "name": "Wilma Weber", "email": "weber@fleet.test", "approves": ["change"]}
    ]
    for host in made["hosts"]:
        host["ssh"]["change"] = {"user": fleet.user, "credential": "file:change.key"}
    made["hosts"][0]["roles"] = ["linux", "free"]
    made["hosts"][1]["roles"] = ["linux", "asked"]
    made["hosts"][2]["roles"] = ["spare"]
    made["hosts"][3]["roles"] = ["silent"]
    made["clauses"].append(
        {"id": "§5", "text": "Linux", "roles": ["silent"], "diagnose": ["linux"], "at_once": 2}
    )
    for number, role, approval in (("§2", "free", "none"), ("§3", "asked", "colleague")):
        clause = {"id": number, "text": "Dienste starten", "roles": [role], "approval": approval}
        made["clauses"].append(clause | {"change": ["linux.start_service"], "at_once": 2})
    # A window of one minute in the week.
    night = [{"days": ["su"], "from": "13:00", "until": "13:01"}]
    made["clauses"].append(
        {"id": "§4", "text": "Namensdienst", "roles": ["linux"], "diagnose": ["dns"], "windows": night}
    )
    return made


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    with Fleet(3, hanging=1) as made:
        yield made


@pytest.fixture(scope="session")
def units(fleet: Fleet) -> Path:
    return install(fleet)


@pytest.fixture(scope="session")
def home(fleet: Fleet, units: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one ticket, one run that found faults, and a promoted playbook."""
    made = home_for(tmp_path_factory.mktemp("console"), fleet, _contract(fleet))
    shutil.copy(made / "credentials" / "fleet.key", made / "credentials" / "change.key")
    file = made / "eva.key"
    file.write_text(json.dumps(dict(EVA_KEY)))
    file.chmod(0o600)
    pin_engineers(made, pin_of(EVA_KEY, "Eva Eng"), pin_of(new_key(), "Finn Fix"))
    for number in range(2):
        fail(units, fleet.address(number))
    for words in (
        ("playbooks", "promote", "linux.start_service", "--unrehearsed"),
        (
            "diagnose",
            "--ticket",
            "1",
            "--host",
            "h0",
            "--host",
            "h1",
            "--question",
            "linux.services",
            "--quiet",
        ),
    ):
        done = run_command(made, *words)
        assert done.returncode in {0, 1}, done.stderr
    return made


@dataclass(frozen=True)
class World:
    """The home, where the hosts keep their services, and the address of the one for which a colleague must agree."""

    home: Path
    units: Path
    address: str


@pytest.fixture(scope="session")
def world(home: Path, units: Path, fleet: Fleet) -> World:
    return World(home, units, fleet.address(1))


@pytest.fixture(scope="session")
def site(home: Path) -> Iterator[tuple[str, Fixed]]:
    """The address of the pages, and the door."""
    before = os.environ.get("SECONDLINE_HOME")
    os.environ["SECONDLINE_HOME"] = str(home)
    try:
        with served(EVA) as found:
            yield found
    finally:
        if before is None:
            del os.environ["SECONDLINE_HOME"]
        else:
            os.environ["SECONDLINE_HOME"] = before


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened
