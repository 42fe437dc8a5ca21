"""Is exactly that asked which the contract allows, and is nothing that was asked for dropped?"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.about import about_target
from agent.job import Refused
from collectors import Resolver
from collectors.catalogue import catalogue
from controller.grants import Assignment, assign
from controller.store.contracts import ContractState, StoredContract
from controller.work import Law, Work, plan_work
from inventory.contract import Contract
from inventory.decide import Allowed, Diagnose, Reason, Request, decide
from inventory.grant import Leave, verify
from inventory.token import new_key, open_token, pin_of
from tests.law import WIDE

NOW = datetime(2026, 11, 23, 9, 12, tzinfo=UTC)
KEY = new_key()
CEILINGS = {"a1": WIDE, "a2": WIDE}
KEY_LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBp2WmJZ3rwQV3V2eH2mTz1cQe0gTPo7c4w3oJjJQ7qQ"
HOSTS = ("h1", "h2", "h3", "h4")
AREAS = ("linux", "dns")


def host(name: str, address: str, site: str = "s1", **more: object) -> dict[str, Any]:
    return {
        "id": name,
        "name": f"{name}.k.test",
        "addresses": [address],
        "site": site,
        "environment": "server",
        "platform": "linux",
        **more,
    }


def ssh(port: int = 22) -> dict[str, Any]:
    return {"port": port, "user": "asks", "credential": "file:k", "host_keys": [KEY_LINE]}


def contract(hosts: list[dict[str, Any]], clauses: list[dict[str, Any]], **more: object) -> Contract:
    return Contract.model_validate(
        {
            "contract": "K-1",
            "customer": "k",
            "name": "K",
            "revision": 3,
            "valid": {"from": "2026-01-01", "until": "2026-12-31"},
            "sites": [{"id": "s1", "name": "S1", "agent": "a1"}, {"id": "s2", "name": "S2", "agent": "a2"}],
            "hosts": hosts,
            "clauses": clauses,
            **more,
        }
    )


def clause(number: str = "1", at_once: int = 50, **more: object) -> dict[str, Any]:
    return {"id": number, "text": "may be asked", "at_once": at_once, **more}


def planned(
    paper: Contract, hosts: tuple[str, ...] = (), areas: tuple[str, ...] = (), *questions: str
) -> Work:
    return plan_work(law(paper), hosts, areas, questions, NOW)


def law(paper: Contract) -> Law:
    return Law(contract=paper, ceilings=CEILINGS)


def assigned(paper: Contract, work: Work, now: datetime | None = None) -> tuple[Assignment, ...]:
    return assign(
        law(paper),
        _stored(paper),
        work,
        run="r",
        ticket="1",
        key=KEY,
        seconds=60.0,
        now=now or datetime.now(UTC),
    )


def _stored(paper: Contract) -> StoredContract:
    return StoredContract(
        customer=paper.customer,
        revision=paper.revision,
        digest="0" * 64,
        text="text",
        added_at=NOW,
        added_by="anna",
        state=ContractState.HOLDS,
        signatures=("signed",),
    )


def leaves(given_out: tuple[Assignment, ...]) -> list[Leave]:
    return [verify(one.order.token, (pin_of(KEY),), agent=one.agent) for one in given_out]


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    """Four hosts at two sites and one server outside, each with or without a way in; up to three clauses."""
    hosts = []
    for number, name in enumerate(HOSTS, 1):
        ways: dict[str, Any] = {"ssh": ssh(draw(st.sampled_from([22, 2222])))} if draw(st.booleans()) else {}
        ways |= {"dns": {"port": 53}} if draw(st.booleans()) else {}
        ways |= {"snmp": {"version": "2c", "credential": "file:c"}} if draw(st.booleans()) else {}
        roles = draw(st.lists(st.sampled_from(["web", "ns"]), unique=True))
        site = draw(st.sampled_from(["s1", "s2"]))
        hosts.append(host(name, f"192.0.2.{number}", site, roles=roles, **ways))
    outside = [{"id": "o1", "name": "o1.test", "addresses": ["198.51.100.1"], "dns": {}}]
    clauses = []
    for number in range(draw(st.integers(1, 3))):
        covers: dict[str, Any] = {
            "hosts": draw(st.lists(st.sampled_from(HOSTS), unique=True)),
            "roles": draw(st.lists(st.sampled_from(["web", "ns"]), unique=True)),
            "outside": draw(st.lists(st.just("o1"), max_size=1)),
        }
        if not any(covers.values()):
            covers["hosts"] = ["h1"]
        shut = {"windows": [{"days": ["su"]}]} if draw(st.booleans()) else {}
        areas = draw(st.lists(st.sampled_from(AREAS), min_size=1, unique=True))
        clauses.append(clause(str(number), draw(st.integers(1, 5)), diagnose=areas, **covers, **shut))
    return contract(hosts, clauses, outside=outside)


ASKED_HOSTS = st.lists(st.sampled_from((*HOSTS, "o1", "unknown")), max_size=4).map(tuple)
ASKED_AREAS = st.lists(st.sampled_from(AREAS), max_size=2).map(tuple)
QUESTIONS = st.lists(st.sampled_from(sorted(catalogue().collectors)), max_size=2).map(tuple)


def suitable(paper: Contract, target: str, area: str, questions: tuple[str, ...]) -> set[str]:
    """What makes sense to ask, said in another way than the product says it."""
    item = paper.targets.get(target)
    if item is None:
        return set()
    ssh_way = getattr(item, "ssh", None)
    directory = getattr(item, "directory", None)
    windows = getattr(item, "winrm", None)
    ways = {"Shell": ssh_way, "Greeting": ssh_way, "Resolver": item.dns, "Powershell": windows}
    ways |= {"Cli": ssh_way, "Snmp": getattr(item, "snmp", None)}
    return {
        c.name
        for c in catalogue().collectors.values()
        if c.area == area
        and all(ways.get(session.__name__, directory) is not None for session in c.sessions)
        and c.suits(about_target(paper, target))
        and (c.name in questions if questions else not c.on_request)
    }


@given(contracts(), ASKED_HOSTS, ASKED_AREAS, QUESTIONS)
def test_nothing_that_was_asked_for_is_dropped_and_nothing_else_is_asked(
    paper: Contract, hosts: tuple[str, ...], areas: tuple[str, ...], questions: tuple[str, ...]
) -> None:
    work = plan_work(law(paper), hosts, areas, questions, NOW)
    wanted = areas or tuple(name.partition(".")[0] for name in questions) or catalogue().areas
    jobs, refused = set(), set()
    for target in hosts or paper.targets:
        fits = [
            area for area in wanted if target not in paper.targets or suitable(paper, target, area, questions)
        ]
        if hosts and not fits:
            refused.add((target, "any"))
        for area in wanted:
            names = suitable(paper, target, area, questions)
            asked = Request(customer="k", host=target, deed=Diagnose(area))
            if isinstance(decide(paper, asked, NOW, WIDE), Allowed):
                jobs |= {(target, name) for name in names}
            elif names or target not in paper.targets:
                refused.add((target, area))
    assert {(job.host, job.collector) for job in work.jobs} == jobs
    assert Counter((r.job.host, r.job.collector) for r in work.refused) == dict.fromkeys(refused, 1)
    ids = [job.id for job in (*work.jobs, *(r.job for r in work.refused))]
    assert len(ids) == len(set(ids))


@given(contracts(), ASKED_HOSTS, ASKED_AREAS)
def test_a_grant_holds_what_was_decided_and_no_more(
    paper: Contract, hosts: tuple[str, ...], areas: tuple[str, ...]
) -> None:
    work = plan_work(law(paper), hosts, areas, (), NOW)
    allowed = {(d.host, d.area) for d in work.decisions if isinstance(d.decision, Allowed)}
    given_out = assigned(paper, work)
    assert Counter(job for one in given_out for job in one.order.jobs) == Counter(list(work.jobs))
    for one, leave in zip(given_out, leaves(given_out), strict=True):
        grant = leave.grant
        assert set(grant.targets) == {job.host for job in one.order.jobs}
        assert set(grant.deeds) == {job.collector for job in one.order.jobs}
        assert all((job.host, job.collector.partition(".")[0]) in allowed for job in one.order.jobs)
        for name, target in grant.targets.items():
            item = paper.targets[name]
            assert target.addresses == tuple(str(address) for address in item.addresses)
            ways = {way: getattr(item, way, None) for way in ("ssh", "dns", "snmp")}
            assert target.ports == {way: reach.port for way, reach in ways.items() if reach is not None}
        sites = {getattr(paper.targets[name], "site", "s1") for name in grant.targets}
        assert {"s1": "a1", "s2": "a2"}[sites.pop()] == grant.agent
        assert not sites, "a grant is for one agent"


@pytest.mark.parametrize(("hosts", "at_once"), [(1, 1), (100, 50), (101, 50), (250, 7), (250, 2)])
def test_a_large_run_is_cut_and_no_clause_gets_more_than_its_share(hosts: int, at_once: int) -> None:
    machines = [host(f"h{n}", f"192.0.2.{n + 1}", ssh=ssh()) for n in range(hosts)]
    names = [machine["id"] for machine in machines]
    paper = contract(machines, [clause("7", at_once, hosts=names, diagnose=["linux"])])
    given_out = assigned(paper, planned(paper, (), ("linux",), "linux.disk"))
    grants = [leave.grant for leave in leaves(given_out)]
    assert max(len(grant.targets) for grant in grants) <= 100
    assert sorted(name for grant in grants for name in grant.targets) == sorted(names)
    assert sum(grant.shares["7"] for grant in grants) <= max(at_once, len(grants))
    assert all(grant.shares["7"] >= 1 for grant in grants)
    assert len({grant.id for grant in grants}) == len(grants)


def test_a_grant_names_only_its_run_and_lives_minutes() -> None:
    paper = contract([host("h1", "192.0.2.1", ssh=ssh())], [clause(hosts=["h1"], diagnose=["linux"])])
    (leave,) = leaves(assigned(paper, planned(paper)))
    grant = leave.grant
    assert (grant.run, grant.ticket, grant.customer, grant.revision) == ("r", "1", "k", 3)
    assert grant.expires - grant.not_before <= 60 + 60


def test_a_host_that_the_contract_does_not_know_is_refused_by_name() -> None:
    paper = contract([host("h1", "192.0.2.1", ssh=ssh())], [clause(hosts=["h1"], diagnose=["linux"])])
    work = planned(paper, ("elsewhere",), ("linux",))
    assert not work.jobs
    (refused,) = work.refused
    assert refused.job.host == "elsewhere"
    assert refused.outcome == Refused(Reason.UNKNOWN_HOST)


def test_without_anything_to_ask_no_grant_is_sealed() -> None:
    paper = contract([host("h1", "192.0.2.1")], [clause(hosts=["h1"], diagnose=["linux"])])
    work = planned(paper)
    assert (work.jobs, assigned(paper, work)) == ({}, ())


def test_a_question_is_asked_only_over_a_way_in_that_the_contract_names() -> None:
    paper = contract(
        [host("h1", "192.0.2.1", dns={"port": 53})], [clause(hosts=["h1"], diagnose=["linux", "dns"])]
    )
    asked = {catalogue().collectors[job.collector].sessions for job in planned(paper).jobs}
    assert asked == {(Resolver,)}


def test_a_grant_ends_when_the_contract_no_longer_allows_what_it_names() -> None:
    """Hosts whose window closes soon have a grant of their own; the others keep all of their time."""
    paper = contract(
        [host(name, f"192.0.2.{n}", ssh=ssh(), roles=[role]) for n, (name, role) in enumerate(_ROLES, 1)],
        [
            clause("day", roles=["day"], diagnose=["linux"], windows=[{"from": "07:00", "until": "10:12"}]),
            clause("ever", roles=["ever"], diagnose=["linux"]),
        ],
    )
    # 09:12 UTC is 10:12 in the contract's time zone: the window's last minute.
    grants = [json_grant(one) for one in assigned(paper, planned(paper), NOW)]
    ends = {host: expires for targets, expires in grants for host in targets}
    assert ends["h1"] == ends["h2"] == int(NOW.timestamp()) + 60
    assert ends["h3"] == int(NOW.timestamp()) + 120
    assert len(grants) == 2


_ROLES = (("h1", "day"), ("h2", "day"), ("h3", "ever"))


def json_grant(one: Assignment) -> tuple[list[str], int]:
    """What a grant names and when it ends, without asking whether it still holds."""
    payload, _ = open_token(one.order.token, (pin_of(KEY),), "grant+jws")
    said = json.loads(payload)
    return list(said["targets"]), said["expires"]


def test_a_host_whose_key_nobody_has_pinned_is_refused_and_can_only_be_greeted() -> None:
    paper = contract(
        [host("h1", "192.0.2.1", ssh=ssh() | {"host_keys": []})], [clause(hosts=["h1"], diagnose=["linux"])]
    )
    work = planned(paper)
    assert not work.jobs
    assert [result.outcome for result in work.refused] == [
        Refused(
            "host-not-pinned",
            ("1",),
            detail="nobody has pinned the key of h1 yet: 'secondline host pin k h1'",
        )
    ]
    greeted = planned(paper, ("h1",), (), "linux.host-key")
    assert [job.collector for job in greeted.jobs] == ["linux.host-key"]
    assert not greeted.refused
    (leave,) = leaves(assigned(paper, greeted))
    assert leave.doors("h1", "ssh")
    assert law(paper).hindrance("h1", "linux")[0] == "host-not-pinned"


def test_what_a_waiting_revision_takes_away_is_taken_away_at_once() -> None:
    """Hosts, addresses and ways in: whatever one of the two does not have."""

    def paper(*hosts: dict[str, Any]) -> Contract:
        return contract(list(hosts), [clause(roles=["r"], diagnose=["linux", "dns"])])

    both: dict[str, Any] = {"ssh": ssh(), "dns": {"port": 53}, "roles": ["r"]}
    now = paper(*(host(f"h{n}", f"192.0.2.{n}", **both) for n in (1, 2, 3)))
    first = now.hosts[0].model_copy(update={"addresses": (*now.hosts[0].addresses, ip_address("192.0.2.9"))})
    now = now.model_copy(update={"hosts": (first, *now.hosts[1:])})
    later = paper(
        host("h1", "192.0.2.1", **both),
        host("h2", "192.0.2.2", roles=["r"], ssh=ssh()),
        host("h4", "192.0.2.4", **both),
    )
    under = Law(contract=now, waiting=later, ceilings=CEILINGS)
    work = plan_work(under, (), (), (), NOW)
    assert {job.host for job in work.jobs} == {"h1", "h2"}
    refused = {
        (result.job.host, result.outcome.reason)
        for result in work.refused
        if isinstance(result.outcome, Refused)
    }
    assert refused == {("h3", "unknown-host"), ("h2", "no-question")}
    assert not [job for job in work.jobs if job.host == "h2" and job.collector.startswith("dns.")]
    targets = under_grants(under, work)
    assert targets["h1"] == (("192.0.2.1",), {"ssh": 22, "dns": 53})
    assert targets["h2"] == (("192.0.2.2",), {"ssh": 22})


def test_a_host_that_a_waiting_revision_moves_is_not_asked_meanwhile() -> None:
    """Neither where it was nor where it will be; the others are."""

    def paper(address: str) -> Contract:
        hosts = [host("h1", address, ssh=ssh()), host("h2", "192.0.2.2", ssh=ssh())]
        return contract(hosts, [clause(hosts=["h1", "h2"], diagnose=["linux"])])

    under = Law(contract=paper("192.0.2.1"), waiting=paper("192.0.2.9"), ceilings=CEILINGS)
    work = plan_work(under, (), ("linux",), (), NOW)
    assert [(one.job.host, one.outcome) for one in work.refused] == [("h1", Refused("no-question", ("1",)))]
    assert under_grants(under, work) == {"h2": (("192.0.2.2",), {"ssh": 22})}


def under_grants(under: Law, work: Work) -> dict[str, tuple[tuple[str, ...], dict[str, int]]]:
    given = assign(
        under,
        _stored(under.contract),
        work,
        run="r",
        ticket="1",
        key=KEY,
        seconds=60.0,
        now=datetime.now(UTC),
    )
    return {
        host: (target.addresses, target.ports)
        for leave in leaves(given)
        for host, target in leave.grant.targets.items()
    }
