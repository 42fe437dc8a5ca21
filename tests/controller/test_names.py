"""Is what was looked up sealed only where every revision that counts would have it so?"""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from agent.job import Job, NoAnswer, Refused, Result, Seen
from agent.lookups import QUESTION
from collectors import Kind
from controller.names import Settlement, addresses_in, parted, settled
from controller.work import NO_QUESTION, Law, Work, law_addresses, plan_work
from inventory.ceiling import Ceiling
from inventory.contract import Contract
from inventory.decide import Reason
from inventory.grant import Door
from tests.elsewhere import NAME, paper_over

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
AT, OTHER = "203.0.113.9", "203.0.113.10"
CEILING = Ceiling(
    customers=("fleet",),
    networks=(ip_network("10.0.0.0/8"),),
    outside=(ip_network("203.0.113.0/24"),),
    ports=(53,),
    areas=("dns",),
)
DOORS = [Door(ip_address("10.0.0.1"), 53), Door(ip_address("10.0.0.2"), 53)]


def paper(revision: int = 1, **trunk: object) -> Contract:
    return Contract.model_validate({**paper_over(DOORS, 53, **trunk), "revision": revision})


def law_with(waiting: Contract | None = None) -> Law:
    return Law(contract=paper(), waiting=waiting, ceilings={"here-1": CEILING})


def planned(law: Law) -> Work:
    return plan_work(law, ("trunk",), (), (), NOW)


def told(host: str, *addresses: str) -> Result:
    reading: dict[str, Any] = {"server": host, "names": [{"name": NAME, "addresses": list(addresses)}]}
    job = Job(id=f"{host}/{QUESTION}", host=host, collector=QUESTION)
    return Result(job=job, outcome=Seen(reading), began=NOW, took=0.1)


def after(law: Law, *results: Result) -> Settlement:
    return settled(law, parted(law.contract, planned(law)).named, results, NOW)


def test_asking_the_server_asks_each_of_its_resolvers_first() -> None:
    law = law_with()
    parts = parted(law.contract, planned(law))
    assert {job.host for job in parts.lookups.jobs} == {"dns1", "dns2"}
    assert {job.collector for job in parts.lookups.jobs} == {QUESTION}
    assert {job.host for job in parts.named.jobs} == {"trunk"}
    assert not parts.plain.jobs
    alone = parted(law.contract, plan_work(law, ("dns1",), (), (), NOW))
    assert not alone.lookups.jobs
    assert alone.plain.jobs


def test_what_all_say_is_what_may_be_asked() -> None:
    law = law_with()
    settlement = after(law, told("dns1", AT, OTHER), told("dns2", AT))
    assert settlement.work.jobs.keys() == parted(law.contract, planned(law)).named.jobs.keys()
    assert not settlement.ended
    assert law_addresses(settlement.law, "trunk") == (ip_address(AT),)
    assert not law_addresses(law, "trunk"), "nothing is kept for the next run"


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ([told("dns1", AT), told("dns2", "10.9.9.9")], Reason.RESOLVES_INSIDE),
        ([told("dns1", AT), told("dns2", OTHER)], Reason.RESOLVERS_DISAGREE),
        ([told("dns1", "198.51.100.1"), told("dns2", "198.51.100.1")], Reason.ABOVE_CEILING),
        ([told("dns1", AT)], Kind.NO_ADDRESS),
        ([], Kind.NO_ADDRESS),
        ([told("dns1"), told("dns2")], Kind.NO_ADDRESS),
    ],
)
def test_what_may_not_be_asked_ends_once_a_job(results: list[Result], reason: str) -> None:
    law = law_with()
    settlement = after(law, *results)
    assert not settlement.work.jobs
    assert settlement.ended
    assert {one.job for one in settlement.ended} == parted(law.contract, planned(law)).named.jobs.keys()
    for one in settlement.ended:
        match one.outcome:
            case Refused(code):
                assert code == reason
            case NoAnswer(kind):
                assert kind == reason
            case other:
                raise AssertionError(other)


@pytest.mark.parametrize(
    ("trunk", "addresses"),
    [
        ({}, (AT,)),
        ({"resolved_by": ["dns2", "dns1"]}, (AT,)),
        ({"resolved_by": ["dns1"]}, ()),
        ({"name": "voip.provider.test"}, ()),
        ({"resolved_by": [], "addresses": [OTHER]}, ()),
    ],
)
def test_a_revision_that_waits_takes_away_what_it_knows_otherwise(
    trunk: dict[str, Any], addresses: tuple[str, ...]
) -> None:
    ceiling = CEILING.model_copy(update={"networks": (*CEILING.networks, ip_network(f"{OTHER}/32"))})
    law = Law(contract=paper(), waiting=paper(2, **trunk), ceilings={"here-1": ceiling})
    settlement = after(law, told("dns1", AT), told("dns2", AT))
    assert law_addresses(settlement.law, "trunk") == tuple(map(ip_address, addresses))
    assert bool(settlement.work.jobs) == bool(addresses)
    reasons = {one.outcome.reason for one in settlement.ended if isinstance(one.outcome, Refused)}
    assert reasons <= {NO_QUESTION, Reason.ABOVE_CEILING}
    assert bool(reasons) != bool(addresses)


def test_a_report_shows_what_all_resolvers_said_in_its_run() -> None:
    shown = addresses_in(paper(), [told("dns1", AT, OTHER), told("dns2", AT)]).targets["trunk"].addresses
    assert shown == (ip_address(AT),)
    assert addresses_in(paper(), [told("dns1", AT)]) == paper()
