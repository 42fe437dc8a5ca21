"""What does a contract say about a log-in by Kerberos, who may be asked for tickets, and who must agree to a change?"""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from inventory.ceiling import Ceiling
from inventory.check import contradictions, hints
from inventory.contract import Contract
from inventory.kdcs import kdcs_of, may_give_tickets
from inventory.revision.difference import describe, difference
from tests.inventory.test_directory_reach import document

REALM = "AD.MUSTERBAU.TEST"
NOON = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
NIGHT = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)


def paper(**kerberos: object) -> dict[str, Any]:
    """A member `ws1` that is logged in to by tickets of two controllers, one of which may be asked by day alone."""
    made = document()
    second = copy.deepcopy(made["hosts"][0]) | {"id": "dc2", "name": "dc2.ad.musterbau.test"}
    second["addresses"] = ["10.1.0.2"]
    made["hosts"].append(second)
    made["hosts"][1]["winrm"] = {
        "user": f"reader@{REALM}",
        "credential": "file:ad.password",
        "kerberos": {"realm": REALM, "kdcs": ["dc1", "dc2"], **kerberos},
    }
    day = {"days": ["mo"], "from": "08:00", "until": "18:00"}
    made["clauses"] = [
        {"id": "1", "text": "Verzeichnis", "hosts": ["dc1"], "diagnose": ["ad"], "windows": [day]},
        {"id": "2", "text": "Verzeichnis", "hosts": ["dc2"], "diagnose": ["ad"]},
        {"id": "3", "text": "Mitglieder", "hosts": ["ws1"], "diagnose": ["ad"]},
    ]
    return made


def contract(made: dict[str, Any] | None = None) -> Contract:
    return Contract.model_validate(made or paper())


def ceiling(**other: object) -> Ceiling:
    bound = {
        "customers": ["musterbau"],
        "networks": ["10.1.0.0/24"],
        "ports": [88, 636, 5986],
        "areas": ["ad"],
    }
    return Ceiling.model_validate(bound | other)


def flaws(made: dict[str, Any]) -> list[str]:
    return [flaw.problem for flaw in contradictions(made)]


def test_a_contract_that_is_right_has_no_flaw_and_no_hint_about_it() -> None:
    assert flaws(paper()) == []
    assert not [flaw for flaw in hints(paper()) if "kerberos" in flaw.path]
    assert kdcs_of(contract(), "ws1") == ("dc1", "dc2")
    assert kdcs_of(contract(), "dc1") == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"realm": "ad.musterbau.test"},
        {"realm": "AD MUSTERBAU"},
        {"realm": "AD.MUSTERBAU.TEST."},
        {"kdcs": []},
        {"kdc": "dc1"},
        {"ntlm": True},
    ],
)
def test_what_cannot_stand_is_a_mistake(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        contract(paper(**wrong))


@pytest.mark.parametrize(
    ("kdcs", "said"),
    [
        (["dc1", "dc1"], "'dc1' is written twice"),
        (["dc3"], "there is no host 'dc3'"),
        (["ws1"], "'ws1' is no domain controller of the contract"),
    ],
)
def test_who_cannot_give_tickets_is_named(kdcs: list[str], said: str) -> None:
    assert flaws(paper(kdcs=kdcs)) == [said]


def test_a_controller_of_another_realm_or_of_another_agent_is_no_kdc_of_this_host() -> None:
    assert any("not of the realm AD.OTHER.TEST" in said for said in flaws(paper(realm="AD.OTHER.TEST")))
    far = paper()
    far["sites"].append({"id": "bonn", "name": "Bonn", "agent": "bonn"})
    far["hosts"][2]["site"] = "bonn"
    assert flaws(far) == ["'dc2' is reached by the agent 'bonn', and this host by 'koeln'"]


@pytest.mark.parametrize("user", ["AD\\reader", "reader", "reader@musterbau.test", f"@{REALM}"])
def test_an_account_is_written_with_its_realm(user: str) -> None:
    made = paper()
    made["hosts"][1]["winrm"]["user"] = user
    assert flaws(made) == [f"'{user}' is no account of the realm {REALM}"]


def test_a_kdc_that_no_clause_lets_be_asked_is_hinted_at() -> None:
    made = paper()
    made["clauses"][1]["diagnose"] = ["linux"]
    (flaw,) = [flaw for flaw in hints(made) if "ticket" in flaw.problem]
    assert flaw.path == ("hosts", 1, "winrm", "kerberos", "kdcs", 1)
    assert "no clause lets 'dc2' be asked for 'ad'" in flaw.problem


def test_a_kdc_gives_tickets_while_a_clause_lets_it_be_asked() -> None:
    by_day = may_give_tickets((contract(),), "ws1", NOON, ceiling())
    assert {name: clause.id for name, clause in by_day.open.items()} == {"dc1": "1", "dc2": "2"}
    by_night = may_give_tickets((contract(),), "ws1", NIGHT, ceiling())
    assert (list(by_night.open), by_night.shut) == (["dc2"], {"dc1": "window-closed"})
    assert may_give_tickets((contract(),), "dc1", NOON, ceiling()).open == {}


@pytest.mark.parametrize(
    "bound",
    [
        None,
        ceiling(ports=[636, 5986]),
        ceiling(areas=["linux"]),
        ceiling(networks=["10.1.0.9/32"]),
        ceiling(customers=["others"]),
    ],
)
def test_the_ceiling_takes_kdcs_away(bound: Ceiling | None) -> None:
    found = may_give_tickets((contract(),), "ws1", NOON, bound)
    assert found.open == {}
    assert all(name in found.detail for name in ("dc1", "dc2"))


def test_a_revision_that_waits_takes_kdcs_away_and_adds_none() -> None:
    fewer = contract(paper(kdcs=["dc2"]))
    assert list(may_give_tickets((contract(), fewer), "ws1", NOON, ceiling()).open) == ["dc2"]
    assert list(may_give_tickets((fewer, contract()), "ws1", NOON, ceiling()).open) == ["dc2"]
    closed = paper()
    closed["clauses"][1]["diagnose"] = ["linux"]
    assert list(may_give_tickets((contract(), contract(closed)), "ws1", NOON, ceiling()).open) == ["dc1"]


def test_a_grant_that_does_not_open_a_kdc_leaves_it_shut() -> None:
    found = may_give_tickets((contract(),), "ws1", NOON, ceiling(), lambda name: name == "dc2")
    assert list(found.open) == ["dc2"]
    assert "the grant does not name it" in found.shut["dc1"]


@pytest.mark.parametrize(
    "change", [{"kdcs": ["dc1"]}, {"kdcs": ["dc2", "dc1"]}, {"realm": "AD.OTHER.TEST"}, None]
)
def test_another_way_to_log_in_needs_a_second_person(change: dict[str, object] | None) -> None:
    after = paper(**(change or {}))
    if change is None:
        # To NTLM: another secret goes over the line.
        del after["hosts"][1]["winrm"]["kerberos"]
    after["revision"] = 2
    found = difference(contract(), contract(after))
    assert found.widens
    assert "winrm.kerberos" in "\n".join(describe(found, "de"))


@pytest.mark.parametrize("name", ["", "-x", "../x", "Second line", "x" * 65])
def test_an_endpoint_is_a_plain_name(name: str) -> None:
    made = paper()
    made["hosts"][1]["winrm"]["endpoint"] = name
    with pytest.raises(ValidationError):
        contract(made)


def test_another_endpoint_needs_a_second_person() -> None:
    made = paper()
    made["hosts"][1]["winrm"]["endpoint"] = "Secondline"
    made["revision"] += 1
    assert difference(contract(), contract(made)).widens
