"""What does a contract say about Windows asked by PowerShell, and who must agree when that changes?"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from inventory.ceiling import Ceiling, ways
from inventory.check import hints
from inventory.contract import Contract
from inventory.revision.difference import describe, difference
from tests.inventory.test_directory_reach import certificate, document


def paper(**winrm: object) -> dict[str, Any]:
    """One controller that is reached by PowerShell alone."""
    made = document()
    del made["hosts"][0]["directory"]
    made["hosts"][0]["winrm"] = {
        "user": "reader@ad.musterbau.test",
        "credential": "file:ad.password",
        **winrm,
    }
    return made


def contract(**winrm: object) -> Contract:
    return Contract.model_validate(paper(**winrm))


def test_windows_is_reached_under_https() -> None:
    assert ways(contract().targets["dc1"]) == {"winrm": 5986}
    assert ways(contract(port=443).targets["dc1"]) == {"winrm": 443}


def test_the_ceiling_takes_the_way_away() -> None:
    bound = {"customers": ["musterbau"], "networks": ["10.1.0.0/24"], "ports": [22], "areas": ["ad"]}
    assert Ceiling.model_validate(bound).reach(contract().targets["dc1"]).ports == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"authorities": ["SHA256:abc"]},
        {"credential": "Passw0rd!"},
        {"user": ""},
        {"port": 0},
        {"http": True},
        {"verify": False},
        {"authentication": "basic"},
    ],
)
def test_what_cannot_stand_is_a_mistake(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        contract(**wrong)


def test_without_an_authority_a_hint_says_that_nobody_logs_in() -> None:
    assert any("who signs the host's certificate" in flaw.problem for flaw in hints(paper()))
    mute = [flaw.path for flaw in hints(paper(authorities=[certificate()])) if "cannot" in flaw.problem]
    assert mute == [("hosts", 1)]


@pytest.mark.parametrize("change", ["authorities", "user", "credential", "port"])
def test_another_way_in_needs_a_second_person(change: str) -> None:
    before = paper(authorities=[certificate()])
    after = copy.deepcopy(before)
    after["revision"] = 2
    values: dict[str, Any] = {
        "authorities": [certificate()],
        "user": "admin@ad.musterbau.test",
        "credential": "file:other",
        "port": 443,
    }
    after["hosts"][0]["winrm"][change] = values[change]
    found = difference(Contract.model_validate(before), Contract.model_validate(after))
    assert found.widens
    said = "\n".join(describe(found, "de"))
    assert f"winrm.{change}" in said
    assert "BEGIN CERTIFICATE" not in said
