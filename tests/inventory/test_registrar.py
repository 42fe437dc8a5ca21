"""What does a contract say about a telephone server, and who must agree when that changes?"""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.about import about_target
from collectors import PhonePlan, RegistrarPlan
from inventory.contract import Contract
from inventory.read import ContractError, read
from inventory.revision.difference import describe, difference
from inventory.schema import schema

BASE = (Path(__file__).parent / "cases/base.yaml").read_text(encoding="utf-8")
PLACE = "    roles: [web-server]\n"


def text(registrar: str) -> str:
    assert BASE.count(PLACE) == 1
    return BASE.replace(PLACE, f"{PLACE}    registrar: {registrar}\n")


def contract(registrar: str) -> Contract:
    return read(text(registrar))


def test_a_question_is_told_which_phones_shall_be_there() -> None:
    phones = '[{number: "101", networks: ["10.1.2.0/24", "fd00::/64"]}, {number: "+49221555"}]'
    paper = contract(f"{{domain: musterbau.example, phones: {phones}}}")
    assert about_target(paper, "web1").registrar == RegistrarPlan(
        domain="musterbau.example",
        phones=(
            PhonePlan(number="101", networks=("10.1.2.0/24", "fd00::/64")),
            PhonePlan(number="+49221555"),
        ),
    )
    assert about_target(paper, "dns1").registrar is None


@pytest.mark.parametrize(
    ("registrar", "said"),
    [
        ('{phones: [{number: "101"}, {number: "101"}]}', "'101' is already a phone of this server"),
        ('{phones: [{number: "101", networks: [10.1.2.3/24]}]}', "is no network"),
        ('{phones: [{number: "101", networks: [office]}]}', "is no network"),
        ("{phones: [{number: 101}]}", "number"),
        ('{phones: [{number: "101@musterbau.example"}]}', "number"),
        ('{phones: [{number: ""}]}', "number"),
        ('{phones: [{number: "101", secret: x}]}', "secret"),
        ('{domain: "not a name", phones: []}', "domain"),
        ('{phones: ["101"]}', "phones"),
        ("[]", "registrar"),
    ],
)
def test_what_cannot_stand_is_a_mistake_with_its_place(registrar: str, said: str) -> None:
    with pytest.raises(ContractError) as caught:
        contract(registrar)
    assert said in str(caught.value)


def test_phones_permit_nothing() -> None:
    before = contract('{phones: [{number: "101", networks: [10.1.2.0/24]}]}')
    found = difference(before, contract('{domain: a.example, phones: [{number: "102"}]}'))
    assert not found.widens
    assert not found.narrowings
    assert len(found.neutral) == 1
    assert "*: 101 (10.1.2.0/24)" in "\n".join(describe(found, "en"))
    assert "a.example: 102" in "\n".join(describe(found, "de"))


def test_an_editor_knows_them() -> None:
    assert schema()["$defs"]["Phone"]["required"] == ["number"]
