"""What does a contract say of a network device's command line, and who must agree when that changes?"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from inventory.check import contradictions
from inventory.contract import Contract
from inventory.platforms import ENABLES, NETWORK
from inventory.revision.difference import describe, difference
from tests.inventory.test_directory_reach import document


def paper(platform: str = "cisco-ios", **ssh: object) -> dict[str, Any]:
    """One device that is reached over SSH."""
    made = document()
    host = made["hosts"][0]
    del host["directory"]
    host["platform"] = platform
    host["ssh"] = {"user": "reader", "credential": "file:switches", **ssh}
    return made


def complaints(platform: str, **ssh: object) -> list[str]:
    return [f"{flaw.path[-1]}: {flaw.problem}" for flaw in contradictions(paper(platform, **ssh))]


def test_both_are_left_out_as_a_rule() -> None:
    ssh = Contract.model_validate(paper()).hosts[0].ssh
    assert ssh is not None
    assert (ssh.enable, ssh.legacy) == (None, False)


@pytest.mark.parametrize("platform", ENABLES)
def test_a_second_password_is_for_platforms_that_ask_for_one(platform: str) -> None:
    assert complaints(platform, enable="file:enable") == []


@pytest.mark.parametrize("platform", ["linux", *(name for name in NETWORK if name not in ENABLES)])
def test_others_ask_for_none(platform: str) -> None:
    assert complaints(platform, enable="file:enable") == [
        f"enable: the platform '{platform}' asks for no second password"
    ]


@pytest.mark.parametrize("platform", NETWORK)
def test_outdated_algorithms_are_for_network_devices(platform: str) -> None:
    assert complaints(platform, legacy=True) == []


def test_a_server_is_not_spoken_to_by_outdated_algorithms() -> None:
    assert complaints("linux", legacy=True) == ["legacy: outdated algorithms are only for network devices"]
    assert complaints("linux", legacy=False) == []


@pytest.mark.parametrize("wrong", [{"enable": "Passw0rd!"}, {"enable": ""}, {"legacy": "yes"}, {"legacy": 1}])
def test_what_cannot_stand_is_a_mistake(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Contract.model_validate(paper(**wrong))


def test_changes_are_not_made_with_the_account_that_reads() -> None:
    assert complaints("cisco-ios", change={"user": "reader", "credential": "file:switches"}) == [
        "change: changes are made with the account that only reads"
    ]
    assert complaints("cisco-ios", change={"user": "writer", "credential": "file:switches"}) == []


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("enable", "file:enable"),
        ("legacy", True),
        ("change", {"user": "writer", "credential": "file:writer"}),
    ],
)
def test_more_than_before_needs_a_second_person(change: str, value: object) -> None:
    before = paper()
    after = copy.deepcopy(before)
    after["revision"] = 2
    after["hosts"][0]["ssh"][change] = value
    found = difference(Contract.model_validate(before), Contract.model_validate(after))
    assert found.widens
    assert f"ssh.{change}" in "\n".join(describe(found, "de"))
