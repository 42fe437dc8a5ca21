"""Is nothing ever touched that contract and ceiling do not name? From the wish to the worker's open doors."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from agent.admission import Admitted
from agent.again import decide_again
from agent.job import Job
from agent.start import Start, doors_for
from collectors import Shell
from collectors.catalogue import catalogue
from controller.grants import assign
from controller.store.contracts import ContractState, StoredContract
from controller.work import Law, plan_work
from inventory.ceiling import Ceiling, ways
from inventory.contract import Clause, Contract
from inventory.decide import Allowed, Change, Request, decide_under_all
from inventory.grant import Grant, Leave, Target
from inventory.token import new_key, open_token, pin_of
from tests.controller.naive import (
    ADDRESSES,
    AREAS,
    HOSTS,
    PLAYBOOKS,
    PORTS,
    Case,
    Lot,
    Paper,
    Touch,
    allowed,
    cases,
    lots,
    moments,
    narrower,
    reached,
)
from tests.controller.naive import KEY as HOST_KEY

pytestmark = pytest.mark.slow

KEY = new_key()
PINS = (pin_of(KEY),)
AGENTS = ("a1", "a2")
QUESTIONS = sorted(catalogue().collectors)


def bound(ceiling: Paper | None) -> Ceiling | None:
    """A ceiling without customers, networks or ports cannot even be written: then there is none."""
    if ceiling is None or not (ceiling["customers"] and ceiling["networks"] and ceiling["ports"]):
        return None
    return Ceiling.model_validate(ceiling)


def law(case: Case) -> Law:
    return Law(
        contract=Contract.model_validate(case.paper),
        waiting=Contract.model_validate(case.waiting) if case.waiting else None,
        ceilings={agent: bound(ceiling) for agent, ceiling in case.ceilings.items()},
    )


def sealed(
    under: Law, now: datetime, *asked: tuple[str, ...], seconds: float = 60
) -> list[tuple[Leave, tuple[Job, ...]]]:
    """The grants of a run and their jobs, as an agent finds them."""
    hosts, areas, questions = asked or ((), (), ())
    stored = StoredContract(
        customer="k",
        revision=under.contract.revision,
        digest="0" * 64,
        text="text",
        added_at=now,
        added_by="anna",
        state=ContractState.HOLDS,
        signatures=("signed",),
    )
    work = plan_work(under, hosts, areas, questions, now)
    given_out = assign(under, stored, work, run="r", ticket="1", key=KEY, seconds=seconds, now=now)
    return [(_opened(one.order.token), one.order.jobs) for one in given_out]


def _opened(token: str) -> Leave:
    """The grant, whose time is looked at below and not by the clock of this machine."""
    payload, _ = open_token(token, PINS, "grant+jws")
    return Leave(Grant.model_validate_json(payload))


def admitted(leave: Leave, jobs: tuple[Job, ...], under: Law, moment: datetime) -> tuple[Job, ...]:
    """The jobs that the agent itself allows at a moment."""
    if moment.timestamp() >= leave.grant.expires:
        return ()
    order = Admitted(leave=leave, contract=under.contract, changes=0)
    answers = decide_again(order, under.ceilings[leave.grant.agent], jobs, moment)
    return tuple(
        job
        for job, answer in answers.items()
        if isinstance(answer, Clause) and leave.permits(job.host, job.collector)
    )


def doors(leave: Leave, jobs: tuple[Job, ...]) -> set[Touch]:
    """What the walls of the worker let these jobs reach, each host's doors under its own jobs' areas."""
    found: set[Touch] = set()
    for job in jobs:
        start = Start(token="", keys=(), agent="", seconds=1, jobs=(job,), abouts={}, ways={})
        area = job.collector.partition(".")[0]
        found |= {(job.host, area, address, port) for address, port in doors_for(start, leave)}
    return found


def executed(under: Law, now: datetime, moment: datetime, *asked: tuple[str, ...]) -> set[Touch]:
    """What would be touched at a moment by a run that was planned before."""
    return {
        touch
        for leave, jobs in sealed(under, now, *asked)
        for touch in doors(leave, admitted(leave, jobs, under, moment))
    }


now_and_later = st.tuples(moments, st.integers(0, 200).map(lambda seconds: timedelta(seconds=seconds)))
spans = st.tuples(st.integers(0, 7200), st.floats(0, 1))
wishes = st.tuples(
    st.sampled_from([(), (), HOSTS, ("o1",), ("h1", "nobody")]),
    st.sampled_from([(), (), AREAS, ("dns",), ("linux", "voip")]),
    st.sampled_from([(), (), (), ("linux.host-key",), ("dns.answers", "linux.load")]),
)


@given(cases, wishes, now_and_later)
def test_only_what_the_paper_allows_is_executed(
    case: Case, wish: tuple[tuple[str, ...], ...], times: tuple[datetime, timedelta]
) -> None:
    under, (now, delay) = law(case), times
    for moment in (now, now + delay):
        done = executed(under, now, moment, *wish)
        event("something is reached" if done else "nothing is reached")
        assert done <= allowed(case, now)
        assert done <= allowed(replace(case, waiting=None), moment)


@given(cases, moments)
def test_what_the_paper_allows_is_executed(case: Case, now: datetime) -> None:
    """So that the test above is not kept by refusing: whoever can be logged in to is asked about Linux."""
    case = replace(case, waiting=None)
    logins = {
        (host["id"], host["ssh"]["port"])
        for host in case.paper["hosts"]
        if "ssh" in host and host["ssh"]["host_keys"]
    }

    def asked(touches: set[Touch]) -> set[Touch]:
        return {touch for touch in touches if touch[1] == "linux" and (touch[0], touch[3]) in logins}

    expected = asked(allowed(case, now))
    event("something is allowed" if expected else "nothing is allowed")
    assert asked(executed(law(case), now, now)) == expected


@given(cases, moments, spans)
def test_a_grant_names_nothing_that_is_forbidden_before_it_ends(
    case: Case, now: datetime, span: tuple[int, float]
) -> None:
    """Also without an agent that decides again: what closes soon has a grant that ends when it must."""
    seconds, part = span
    for leave, jobs in sealed(law(case), now, seconds=seconds):
        left = max(0.0, leave.grant.expires - 1 - now.timestamp())
        moment = now + timedelta(seconds=left * part)
        if moment.timestamp() < leave.grant.expires:
            assert doors(leave, jobs) <= allowed(case, moment)


@given(cases, wishes, moments)
def test_nobody_is_logged_in_to_whose_key_is_not_pinned(
    case: Case, wish: tuple[tuple[str, ...], ...], now: datetime
) -> None:
    pinned = {host["id"] for host in case.paper["hosts"] if host.get("ssh", {}).get("host_keys")}
    for _, jobs in sealed(law(case), now, *wish):
        logins = {job.host for job in jobs if Shell in catalogue().collectors[job.collector].sessions}
        assert logins <= pinned


def forged(case: Case, lot: Lot) -> tuple[Grant, tuple[Job, ...]]:
    """Whatever a stolen controller may seal, and ask for: like the paper, with something else here and there."""
    names = (*HOSTS, "o1", "nobody")
    own = {target["id"]: target for target in (*case.paper["hosts"], *case.paper["outside"])}
    targets = {}
    for name in lot.some(names, 1):
        paper = own.get(name, {"addresses": ADDRESSES})
        ports = {way: paper[way]["port"] for way in lot.some(("ssh", "dns"), 1) if way in paper}
        addresses = lot.some(paper["addresses"], 1)
        if not lot.randint(0, 2):
            addresses.append(lot.choice(ADDRESSES))
        if not lot.randint(0, 2):
            ports[lot.choice(["ssh", "dns"])] = lot.choice(PORTS)
        targets[name] = Target(addresses=tuple(addresses), ports=ports)
    grant = Grant(
        id=secrets.token_hex(8),
        run="r",
        ticket="1",
        customer=lot.choice(["k", "k", "k", "other"]),
        agent=lot.choice(AGENTS),
        contract="0" * 64,
        revision=3,
        deeds=tuple(QUESTIONS),
        targets=targets,
        not_before=0,
        expires=2**40,
    )
    asked = [(lot.choice(names), lot.choice(QUESTIONS)) for _ in range(lot.randint(1, 8))]
    return grant, tuple(Job(id=str(n), host=host, collector=name) for n, (host, name) in enumerate(asked))


@given(cases, lots, moments)
def test_whatever_a_stolen_controller_seals_only_what_the_paper_allows_is_open(
    case: Case, lot: Lot, moment: datetime
) -> None:
    grant, jobs = forged(case, lot)
    done = doors(Leave(grant), admitted(Leave(grant), jobs, law(case), moment))
    event("something is open" if done else "nothing is open")
    assert done <= reached(case.paper, case.ceilings[grant.agent], moment)


def changes(under: Law, now: datetime) -> set[tuple[str, str]]:
    """The playbooks that may be run: no run has any yet, so they are asked for one by one."""
    return {
        (host, playbook)
        for host, target in under.contract.targets.items()
        # Where no way leads in, nothing can be done.
        if ways(target)
        for playbook in PLAYBOOKS
        if isinstance(
            decide_under_all(
                under.contracts,
                Request(customer="k", host=host, deed=Change(playbook)),
                now,
                under.ceiling_of(host),
            ),
            Allowed,
        )
    }


@given(cases, moments)
def test_playbooks_too_are_allowed_as_the_paper_says(case: Case, now: datetime) -> None:
    case = replace(case, waiting=None)
    everyone = (*case.paper["hosts"], *case.paper["outside"])
    with_ways = {target["id"] for target in everyone if "ssh" in target or "dns" in target}
    done = {pair for pair in changes(law(case), now) if pair[0] in with_ways}
    assert done == {touch[:2] for touch in allowed(case, now) if touch[1] in PLAYBOOKS}


@settings(max_examples=120)
@given(cases, lots, moments)
def test_with_anything_less_never_more_is_executed(case: Case, lot: Lot, now: datetime) -> None:
    """A host, an address, a role, a clause, an area, a minute, a day, a way in, a network, a port: each takes away."""
    ceiling = case.ceilings["a1"] or lot.ceiling()
    less, lower, what = narrower(lot, case.paper, ceiling)
    event(what)
    whole = law(replace(case, ceilings=dict.fromkeys(AGENTS, ceiling)))
    before, before_changes = executed(whole, now, now), changes(whole, now)
    event("something is reached" if before else "nothing is reached")
    if less["hosts"] and less["clauses"]:
        narrowed = law(replace(case, paper=less, ceilings=dict.fromkeys(AGENTS, lower)))
        assert executed(narrowed, now, now) <= before
        assert changes(narrowed, now) <= before_changes


@given(cases, lots, moments)
def test_a_revision_that_waits_only_takes_away_and_less_in_it_takes_more(
    case: Case, lot: Lot, now: datetime
) -> None:
    waiting = case.waiting or lot.paper(4)
    with_it = executed(law(replace(case, waiting=waiting)), now, now)
    assert with_it <= executed(law(replace(case, waiting=None)), now, now)
    less, _, _ = narrower(lot, waiting, lot.ceiling())
    if less["hosts"] and less["clauses"]:
        assert executed(law(replace(case, waiting=less)), now, now) <= with_it


def test_of_these_something_is_reached() -> None:
    """A witness: without it the inclusions above could hold for sets that are always empty."""
    paper = {
        "contract": "K-1",
        "customer": "k",
        "name": "K",
        "revision": 3,
        "valid": {"from": "2026-01-01", "until": "2026-12-31"},
        "sites": [{"id": "s1", "name": "S1", "agent": "a1"}, {"id": "s2", "name": "S2", "agent": "a2"}],
        "hosts": [_host("h1", "s1", "10.0.0.1", "fd00::1"), _host("h2", "s2", "10.0.0.2")],
        "clauses": [{"id": "1", "text": "x", "hosts": ["h1", "h2"], "diagnose": ["linux"]}],
    }
    ceiling = {"customers": ["k"], "networks": ["10.0.0.0/8"], "ports": [22], "areas": ["linux"]}
    under = law(Case(paper=paper, waiting=None, ceilings={"a1": ceiling, "a2": {**ceiling, "ports": [53]}}))
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert executed(under, now, now) == {("h1", "linux", "10.0.0.1", 22)}


def _host(name: str, site: str, *addresses: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": f"{name}.k.test",
        "addresses": list(addresses),
        "site": site,
        "environment": "server",
        "platform": "linux",
        "ssh": {"user": "a", "credential": "file:k", "host_keys": [HOST_KEY]},
    }
