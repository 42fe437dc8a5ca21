"""Does a grant open the KDC's door for a log-in by Kerberos, and that door alone, while the contract allows it?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from agent.job import Refused
from agent.refusal import Hold
from controller.grants import assign
from controller.store.contracts import ContractState, StoredContract
from controller.work import Law, Work, plan_work
from inventory.contract import Contract
from inventory.grant import Grant, verify
from inventory.token import new_key, pin_of
from tests.inventory.test_directory_reach import certificate
from tests.inventory.test_kerberos_reach import NIGHT, ceiling, paper

KEY = new_key()
QUESTION = "ad.windows-trust"


def made(**kerberos: object) -> dict[str, Any]:
    found = paper(**kerberos)
    found["hosts"][1]["winrm"]["authorities"] = [certificate()]
    found["hosts"][1]["roles"] = ["domain-member"]
    return found


def law(found: dict[str, Any]) -> Law:
    return Law(contract=Contract.model_validate(found), ceilings={"koeln": ceiling()})


def planned(found: dict[str, Any], now: datetime, *hosts: str) -> Work:
    return plan_work(law(found), hosts or ("ws1",), (), (QUESTION,), now)


def grants(found: dict[str, Any], work: Work, now: datetime) -> list[Grant]:
    stored = StoredContract(
        customer="musterbau",
        revision=1,
        digest="0" * 64,
        text="text",
        added_at=now,
        added_by="anna",
        state=ContractState.HOLDS,
        signatures=("signed",),
    )
    orders = assign(law(found), stored, work, run="r", ticket="1", key=KEY, seconds=60.0, now=now)
    pins = (pin_of(KEY, "c"),)
    return [
        verify(one.order.token, pins, agent="koeln", now=datetime.now(UTC).timestamp()).grant
        for one in orders
    ]


def test_by_night_the_other_kdc_is_decided_on_and_left_out() -> None:
    work = planned(made(), NIGHT)
    assert [job.host for job in work.jobs] == ["ws1"]
    assert {(one.host, one.area) for one in work.decisions} == {("ws1", "ad"), ("dc1", "ad"), ("dc2", "ad")}


def test_without_any_kdc_the_log_in_is_refused_and_says_who_was_meant() -> None:
    work = planned(made(kdcs=["dc1"]), NIGHT)
    assert not work.jobs
    (result,) = work.refused
    assert isinstance(result.outcome, Refused)
    assert (result.outcome.reason, result.job.host) == (Hold.NO_KDC, "ws1")
    assert "dc1 (window-closed)" in result.outcome.detail


def test_a_host_that_is_logged_in_to_by_ntlm_needs_no_kdc() -> None:
    found = made()
    del found["hosts"][1]["winrm"]["kerberos"]
    work = planned(found, NIGHT)
    assert {one.host for one in work.decisions} == {"ws1"}
    assert [job.host for job in work.jobs] == ["ws1"]


def test_a_grant_names_the_kerberos_door_of_its_kdcs_and_no_other() -> None:
    now = datetime.now(UTC)
    found = made()
    # Whatever day it is: both may be asked.
    del found["clauses"][0]["windows"]
    found["valid"]["until"] = "2099-12-31"
    (grant,) = grants(found, planned(found, now), now)
    ports = {name: (target.addresses, target.ports) for name, target in grant.targets.items()}
    assert ports == {
        "ws1": (("10.1.0.9",), {"winrm": 5986}),
        "dc1": (("10.1.0.1",), {"kerberos": 88}),
        "dc2": (("10.1.0.2",), {"kerberos": 88}),
    }


def test_a_grant_ends_when_its_kdc_may_be_asked_no_more() -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    found = made(kdcs=["dc1"])
    found["timezone"] = "UTC"
    found["valid"]["until"] = "2099-12-31"
    day = ("mo", "tu", "we", "th", "fr", "sa", "su")[now.weekday()]
    found["clauses"][0]["windows"] = [{"days": [day], "from": "00:00", "until": f"{now:%H:%M}"}]
    (grant,) = grants(found, planned(found, now), now)
    assert grant.expires == int((now + timedelta(minutes=1)).timestamp())
