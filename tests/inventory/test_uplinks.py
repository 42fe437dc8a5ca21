"""What does a contract say about a router's ports to providers, and who must agree when that changes?"""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.about import about_target
from collectors import Uplink
from inventory.contract import Contract
from inventory.read import ContractError, read
from inventory.revision.difference import describe, difference
from inventory.schema import schema

BASE = (Path(__file__).parent / "cases/base.yaml").read_text(encoding="utf-8")
PLACE = "    roles: [web-server]\n"


def text(uplinks: str) -> str:
    assert BASE.count(PLACE) == 1
    return BASE.replace(PLACE, f"{PLACE}    uplinks: {uplinks}\n")


def contract(uplinks: str) -> Contract:
    return read(text(uplinks))


def test_a_question_is_told_of_the_uplinks_of_its_host() -> None:
    paper = contract("[{port: GigabitEthernet0/1, mbits: 50, calls: 20, codec: g729}, {port: ge1, mbits: 2}]")
    assert about_target(paper, "web1").uplinks == (
        Uplink(port="GigabitEthernet0/1", mbits=50, calls=20, codec="g729"),
        Uplink(port="ge1", mbits=2),
    )
    assert about_target(paper, "dns1").uplinks == ()


@pytest.mark.parametrize(
    ("uplinks", "said"),
    [
        ("[{port: ge0, mbits: 2}, {port: GE0, mbits: 4}]", "'GE0' is already an uplink of this host"),
        ("[{port: ge0}]", "mbits"),
        ("[{port: ge0, mbits: 0}]", "mbits"),
        ("[{port: ge0, mbits: 2, calls: -1}]", "calls"),
        ("[{port: ge0, mbits: 2, codec: mp3}]", "codec"),
        ("[{port: ge0, mbits: 2, packet_ms: 25}]", "packet_ms"),
        ("[{port: ge0, mbits: 2, speed: 1}]", "speed"),
        ("[ge0]", "uplinks"),
        ("ge0", "uplinks"),
    ],
)
def test_what_cannot_stand_is_a_mistake_with_its_place(uplinks: str, said: str) -> None:
    with pytest.raises(ContractError) as caught:
        contract(uplinks)
    assert said in str(caught.value)


def test_uplinks_permit_nothing() -> None:
    before, after = contract("[{port: ge0, mbits: 2, calls: 5}]"), contract("[{port: ge0, mbits: 50}]")
    found = difference(before, after)
    assert not found.widens
    assert not found.narrowings
    assert len(found.neutral) == 1
    assert "ge0 2 Mbit/s, 5 calls g711/20" in "\n".join(describe(found, "en"))
    assert "ge0 50 Mbit/s" in "\n".join(describe(found, "de"))


def test_an_editor_knows_them() -> None:
    assert set(schema()["$defs"]["Uplink"]["required"]) == {"port", "mbits"}
