"""What does a contract say about an SNMP agent, and who must agree when that changes?"""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from inventory.ceiling import Ceiling, ways
from inventory.check import hints
from inventory.contract import Contract
from inventory.read import read
from inventory.revision.difference import describe, difference
from inventory.schema import schema
from tests.inventory.test_directory_reach import document

USER: dict[str, object] = {"user": "secondline", "credential": "file:snmp"}
COMMUNITY: dict[str, object] = {"version": "2c", "credential": "file:community"}
SCHEMA = jsonschema.Draft202012Validator(schema())


def paper(snmp: dict[str, object]) -> dict[str, Any]:
    """One switch that is reached over SNMP alone."""
    made = document()
    del made["hosts"][0]["directory"]
    made["hosts"][0]["snmp"] = snmp
    return made


def contract(snmp: dict[str, object]) -> Contract:
    return Contract.model_validate(paper(snmp))


def test_an_agent_is_asked_as_a_user_or_with_a_community() -> None:
    for snmp in (USER, COMMUNITY, USER | {"version": "3", "privacy": "aes256-cisco", "gentle": True}):
        assert ways(contract(snmp).targets["dc1"]) == {"snmp": 161}
        assert SCHEMA.is_valid(paper(snmp))
        assert ways(contract(snmp | {"port": 1161}).targets["dc1"]) == {"snmp": 1161}
        made = contract(snmp)
        assert read(made.model_dump_json(by_alias=True)) == made


def test_the_ceiling_takes_the_way_away() -> None:
    bound = {"customers": ["musterbau"], "networks": ["10.1.0.0/24"], "ports": [22], "areas": ["net"]}
    assert Ceiling.model_validate(bound).reach(contract(USER).targets["dc1"]).ports == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"credential": "file:snmp"},
        USER | {"version": 3},
        USER | {"version": "1"},
        USER | {"version": "2c"},
        COMMUNITY | {"authentication": "sha256"},
        COMMUNITY | {"privacy": "aes128"},
        COMMUNITY | {"credential": "public"},
        {"version": "2c", "community": "public"},
        USER | {"authentication": "md5"},
        USER | {"authentication": "none"},
        USER | {"privacy": "des"},
        USER | {"privacy": "none"},
        USER | {"user": ""},
        USER | {"user": "x" * 33},
        USER | {"user": "a b"},
        USER | {"gentle": "yes"},
        USER | {"port": 0},
        USER | {"write": True},
    ],
)
def test_what_cannot_stand_is_a_mistake_for_the_reader_and_for_an_editor(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        contract(wrong)
    assert not SCHEMA.is_valid(paper(wrong))


def test_a_host_with_an_agent_can_be_asked() -> None:
    mute = [flaw.path for flaw in hints(paper(USER)) if "cannot" in flaw.problem]
    assert mute == [("hosts", 1)]


@pytest.mark.parametrize(
    "change", ["version", "user", "credential", "port", "privacy", "authentication", "gentle"]
)
def test_another_way_in_needs_a_second_person(change: str) -> None:
    before = paper(USER)
    after = copy.deepcopy(before)
    after["revision"] = 2
    values: dict[str, Any] = {
        "user": "admin",
        "credential": "file:other",
        "port": 1161,
        "privacy": "aes256",
        "authentication": "sha1",
        "gentle": True,
    }
    if change == "version":
        after["hosts"][0]["snmp"] = COMMUNITY
    else:
        after["hosts"][0]["snmp"] = USER | {change: values[change]}
    found = difference(Contract.model_validate(before), Contract.model_validate(after))
    assert found.widens
    assert f"snmp.{change}" in "\n".join(describe(found, "de"))
