"""Is a plan carried out, verified and taken back on real hosts, and is what is told about it the truth?"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.credentials import Credentials
from agent.job import AlreadySo, Changed, Job, NoAnswer, Outcome, Refused, UndoFailed, Undone, Unknown
from agent.journal import Journal
from agent.logins import find_change_logins, find_logins
from agent.nursling import Nursery
from agent.order import Event
from agent.refusal import Hold
from inventory.approval import NotApproved, sign_approval
from inventory.decide import Reason
from playbooks.plan import Part, Plan
from tests.agent.changes import BOOK, WANTED, Bed
from tests.agent.orders import AGENT, Heard, performed
from tests.fleet import Fleet
from tests.law import ANNA, BOB

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(3) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery() as ready:
        yield ready


@pytest.fixture
def bed(fleet: Fleet, tmp_path: Path) -> Bed:
    return Bed(fleet, tmp_path)


def written(bed: Bed, host: str = "h0") -> list[str]:
    """The journal of one host: what, and at which step."""
    journal = Journal(bed.desk.home / "agents" / AGENT / "journal")
    return [f"{one.what} {one.step or ''}".strip() for one in journal.entries() if one.host == host]


def refused(outcome: Outcome) -> tuple[str, str]:
    assert isinstance(outcome, Refused), outcome
    return str(outcome.reason), outcome.detail


# --- Planning.


async def test_the_agent_plans_from_what_it_sees(bed: Bed, nursery: Nursery) -> None:
    part = await bed.planned(nursery, "h0")
    assert isinstance(part, Part)
    assert part == bed.plan("h0").parts[0]
    assert bed.calls() == []


async def test_a_playbook_that_no_clause_names_is_not_planned(bed: Bed, nursery: Nursery) -> None:
    clause = {**bed.desk.paper["clauses"][0], "change": ["linux.keep_time"]}
    bed.desk.paper = {**bed.desk.paper, "clauses": [clause]}
    told = await bed.planned(nursery, "h0")
    assert isinstance(told, Refused)
    assert told.reason == Reason.PLAYBOOK_NOT_COVERED


async def test_planning_is_possible_while_the_window_for_the_change_is_shut(
    bed: Bed, nursery: Nursery
) -> None:
    first = bed.desk.paper["clauses"][0]
    asks = {key: value for key, value in first.items() if key not in {"change", "approval"}}
    never = {"id": "§2", "text": "Ändern", "roles": ["linux"], "change": [BOOK], "approval": "none"}
    other = ("mo", "tu", "we", "th", "fr", "sa", "su")[(datetime.now(UTC).weekday() + 3) % 7]
    shut = {"days": [other], "from": "10:00", "until": "11:00"}
    bed.desk.paper = {**bed.desk.paper, "clauses": [asks, never | {"windows": [shut]}]}
    assert isinstance(await bed.planned(nursery, "h0"), Part)
    told = await bed.applied(nursery, bed.order(bed.plan("h0")))
    assert refused(told["h0"])[0] == Reason.WINDOW_CLOSED


# --- Carried out.


async def test_a_service_is_started_and_seen_to_run(bed: Bed, nursery: Nursery) -> None:
    told = await bed.applied(nursery, bed.order(bed.plan("h0")))
    assert told == {
        "h0": Changed(
            {"load": "loaded", "runs": False, "moves": False},
            {"load": "loaded", "runs": True, "moves": False},
        )
    }
    assert bed.calls() == ["reset-failed", "start"]
    assert written(bed) == ["begin", "doing 1", "done 1", "doing 2", "done 2", "end"]


async def test_what_is_so_already_is_left_alone(bed: Bed, nursery: Nursery) -> None:
    bed.begin_anew(0, "active")
    part = await bed.planned(nursery, "h0")
    assert isinstance(part, Part)
    assert await bed.applied(nursery, bed.order(bed.plan(parts=(part,)))) == {"h0": AlreadySo()}
    assert bed.calls() == written(bed) == []


async def test_a_host_that_is_not_as_it_was_is_left_alone(bed: Bed, nursery: Nursery) -> None:
    plan = bed.plan("h0")
    bed.begin_anew(0, "active")
    reason, detail = refused((await bed.applied(nursery, bed.order(plan)))["h0"])
    assert reason == Hold.STATE_DIFFERS
    assert "runs: false when it was planned, true now" in detail
    assert bed.calls() == []


async def test_a_host_that_takes_the_command_and_does_nothing_is_found_out(
    bed: Bed, nursery: Nursery
) -> None:
    bed.does("lies")
    told = (await bed.applied(nursery, bed.order(bed.plan("h0"))))["h0"]
    assert isinstance(told, Undone)
    assert told.verified
    assert "linux.service-failed is still there" in told.why
    assert bed.calls() == ["reset-failed", "start", "stop"]


async def test_a_step_that_fails_is_taken_back(bed: Bed, nursery: Nursery) -> None:
    bed.does("fails-start")
    told = (await bed.applied(nursery, bed.order(bed.plan("h0"))))["h0"]
    assert told == Undone(2, "systemctl ended with exit status 1: no start today", verified=True)
    assert bed.calls() == ["reset-failed", "start", "stop"]


async def test_an_undo_that_fails_is_told_with_the_state(bed: Bed, nursery: Nursery) -> None:
    # It starts, and the answer is lost on the way: the service runs, and nothing stops it.
    bed.does("fails-stop")
    bed.does("late-start")
    told = (await bed.applied(nursery, bed.order(bed.plan("h0"))))["h0"]
    assert isinstance(told, UndoFailed)
    assert told.step == 2
    assert told.state == {"load": "loaded", "runs": True, "moves": False}
    assert "step 2 could not be taken back: systemctl ended with exit status 1: no stop today" in told.why
    reason, detail = refused((await bed.applied(nursery, bed.order(bed.plan("h0"))))["h0"])
    assert reason == Hold.LEFT_OPEN
    assert "ended as 'undo-failed'" in detail


async def test_the_first_host_goes_alone_and_holds_back_the_others(bed: Bed, nursery: Nursery) -> None:
    bed.does("fails-start", 0)
    told = await bed.applied(nursery, bed.order(bed.plan("h0", "h1", "h2")))
    assert isinstance(told["h0"], Undone)
    assert {refused(told[host])[0] for host in ("h1", "h2")} == {Hold.STOPPED_BEFORE}
    assert bed.calls(1) == bed.calls(2) == []


async def test_all_hosts_follow_the_first(bed: Bed, nursery: Nursery) -> None:
    heard = await performed(bed.agent(nursery), bed.order(bed.plan("h0", "h1", "h2")))
    assert {type(one) for one in heard.outcomes.values()} == {Changed}
    first = [one.host for one in heard.events if one.what == "step"]
    assert first.index("h1") > max(at for at, host in enumerate(first) if host == "h0")
    assert heard.pids("worker")
    assert sorted(heard.pids("worker")) == sorted(heard.pids("gone"))


# --- Taken back.


async def test_a_plan_is_taken_back_as_ordered(bed: Bed, nursery: Nursery) -> None:
    plan = bed.plan("h0")
    await bed.applied(nursery, bed.order(plan))
    told = (await bed.applied(nursery, bed.order(plan, undo=True)))["h0"]
    assert told == Undone(0, "as it was ordered", verified=True)
    assert bed.calls() == ["reset-failed", "start", "stop"]
    again = (await bed.applied(nursery, bed.order(plan, undo=True)))["h0"]
    assert refused(again)[0] == Hold.NOTHING_TO_UNDO
    assert bed.calls() == ["reset-failed", "start", "stop"]


async def test_what_somebody_has_changed_since_is_not_taken_back(bed: Bed, nursery: Nursery) -> None:
    plan = bed.plan("h0")
    await bed.applied(nursery, bed.order(plan))
    (bed.state_of() / "state").write_text("inactive\n")
    assert refused((await bed.applied(nursery, bed.order(plan, undo=True)))["h0"])[0] == Hold.STATE_DIFFERS
    assert "stop" not in bed.calls()


async def test_nothing_is_taken_back_where_nothing_was_done(bed: Bed, nursery: Nursery) -> None:
    told = (await bed.applied(nursery, bed.order(bed.plan("h0"), undo=True)))["h0"]
    assert refused(told)[0] == Hold.NOTHING_TO_UNDO


# --- Crashes and interruptions.


async def test_a_worker_that_dies_in_a_step_leaves_it_unknown(bed: Bed, nursery: Nursery) -> None:
    bed.does("slow-start", 0, "2")
    heard = Heard()

    def tell(event: Event) -> None:
        heard.tell(event)
        if event.what == "step" and event.detail.startswith("doing 2"):
            asyncio.get_running_loop().call_later(0.5, os.killpg, heard.pids("worker")[-1], signal.SIGKILL)

    plan = bed.plan("h0")
    await bed.agent(nursery).perform(bed.order(plan), tell)
    told = heard.outcomes["h0"]
    assert isinstance(told, Unknown)
    assert told.step == 2
    await asyncio.sleep(2)
    reason, detail = refused((await bed.applied(nursery, bed.order(plan)))["h0"])
    assert reason == Hold.LEFT_OPEN
    assert "at step 2" in detail
    assert bed.calls() == ["reset-failed", "start"]
    back = (await bed.applied(nursery, bed.order(plan, undo=True)))["h0"]
    assert back == Undone(0, "as it was ordered", verified=True)
    assert bed.calls() == ["reset-failed", "start", "stop"]
    assert isinstance((await bed.applied(nursery, bed.order(plan)))["h0"], Changed)


async def test_cancelling_takes_back_what_was_done(bed: Bed, nursery: Nursery) -> None:
    bed.does("slow-reset-failed", 0, "1")
    agent, heard = bed.agent(nursery), Heard()
    begun = asyncio.Event()

    def tell(event: Event) -> None:
        heard.tell(event)
        if event.what == "step" and event.detail.startswith("doing 1"):
            begun.set()

    work = asyncio.create_task(agent.perform(bed.order(bed.plan("h0")), tell))
    await begun.wait()
    await agent.stop()
    await work
    told = heard.outcomes["h0"]
    assert isinstance(told, Undone)
    assert told.verified
    assert "stopped before this step: it was cancelled" in told.why
    assert bed.calls() == ["reset-failed"]


async def test_the_kill_switch_stops_before_the_next_step(bed: Bed, nursery: Nursery) -> None:
    bed.does("slow-reset-failed", 0, "1")
    heard = Heard()
    switch = bed.desk.home / "agents" / AGENT / "stop"

    def tell(event: Event) -> None:
        heard.tell(event)
        if event.what == "step" and event.detail.startswith("doing 1"):
            switch.mkdir(exist_ok=True)
            (switch / "all").write_text("Probe")

    await bed.agent(nursery).perform(bed.order(bed.plan("h0")), tell)
    told = heard.outcomes["h0"]
    assert isinstance(told, Undone)
    assert "told to stop" in told.why
    assert bed.calls() == ["reset-failed"]


async def test_two_plans_never_interleave_on_a_host(bed: Bed, nursery: Nursery) -> None:
    bed.does("slow-start", 0, "1.5")
    plan, agent = bed.plan("h0"), bed.agent(nursery)
    first, second = await asyncio.gather(performed(agent, bed.order(plan)), performed(agent, bed.order(plan)))
    told = [one.outcomes["h0"] for one in (first, second)]
    assert {type(one) for one in told} == {Changed, Refused}
    assert bed.calls() == ["reset-failed", "start"]


async def test_a_change_without_time_to_take_it_back_is_not_begun(bed: Bed, nursery: Nursery) -> None:
    told = (await bed.applied(nursery, bed.order(bed.plan("h0"), seconds=30.0)))["h0"]
    assert refused(told)[0] == Hold.NO_TIME
    assert bed.calls() == []


# --- Who may.


async def test_without_an_account_for_changes_nothing_is_changed(bed: Bed, nursery: Nursery) -> None:
    hosts = [
        host | {"ssh": {k: v for k, v in host["ssh"].items() if k != "change"}}
        for host in bed.desk.paper["hosts"]
    ]
    bed.desk.paper = {**bed.desk.paper, "hosts": hosts}
    reason, detail = refused((await bed.applied(nursery, bed.order(bed.plan("h0"))))["h0"])
    assert reason == Hold.NO_CHANGE_ACCOUNT
    assert "add 'change: {user, credential}' under its 'ssh'" in detail
    assert bed.calls() == []


async def test_another_plan_than_the_grants_is_refused(bed: Bed, nursery: Nursery) -> None:
    order = bed.order(bed.plan("h0"), plan=bed.plan("h0", wanted={"unit": "db.service"}).digest)
    reason, detail = refused((await bed.applied(nursery, order))["h0"])
    assert reason == Hold.OTHER_PLAN
    assert "another plan" in detail
    assert bed.calls() == []


async def test_a_grant_for_questions_carries_no_plan(bed: Bed, nursery: Nursery) -> None:
    order = bed.order(bed.plan("h0"), plan="", requested_by="")
    assert refused((await bed.applied(nursery, order))["h0"])[0] == Hold.OTHER_PLAN
    assert bed.calls() == []


def approved(plan: Plan, key: Mapping[str, Any] = BOB) -> str:
    return sign_approval(
        key,
        digest=plan.digest,
        playbook=plan.playbook,
        customer=plan.customer,
        hosts=plan.hosts,
        ticket="1",
        at=datetime.now(UTC),
        hours=1,
    )


async def test_an_approval_serves_once(bed: Bed, nursery: Nursery) -> None:
    clause = {**bed.desk.paper["clauses"][0], "approval": "colleague"}
    bed.desk.paper = {**bed.desk.paper, "clauses": [clause]}
    plan = bed.plan("h0")
    assert refused((await bed.applied(nursery, bed.order(plan)))["h0"])[0] == NotApproved.MISSING
    other = approved(bed.plan("h1"))
    reason, detail = refused((await bed.applied(nursery, bed.order(plan, approvals=(other,))))["h0"])
    assert reason == NotApproved.OTHER_PLAN
    assert "have this one approved" in detail
    own = approved(plan, ANNA)
    assert (
        refused((await bed.applied(nursery, bed.order(plan, approvals=(own,))))["h0"])[0]
        == NotApproved.BY_REQUESTER
    )
    assert bed.calls() == []
    yes = approved(plan)
    assert isinstance((await bed.applied(nursery, bed.order(plan, approvals=(yes,))))["h0"], Changed)
    bed.begin_anew()
    reason, detail = refused((await bed.applied(nursery, bed.order(plan, approvals=(yes,))))["h0"])
    assert reason == Hold.APPROVAL_SPENT
    assert bed.calls() == []


async def test_who_asks_is_never_given_the_account_for_changes(bed: Bed) -> None:
    contract = bed.desk.contract
    credentials = Credentials(bed.desk.credentials)
    (bed.desk.credentials / "change.key").write_text("Gelb-42-Kran")
    asks = Job(id="a", host="h0", collector="linux.services")
    plans = Job(id="b", host="h0", collector=BOOK, wanted=WANTED)
    reading = find_logins(contract, (asks, plans), {}, credentials, lambda *_: None)
    assert reading.ssh["h0"].secret != "Gelb-42-Kran"
    step = bed.plan("h0").parts[0].steps[0]
    changing = find_change_logins(contract, "h0", (step.do,), credentials)
    assert changing.ssh["h0"].secret == "Gelb-42-Kran"
    assert (changing.ldap, changing.winrm, changing.snmp) == ({}, {}, {})


async def test_an_account_that_the_host_rejects_changes_nothing(bed: Bed, nursery: Nursery) -> None:
    (bed.desk.credentials / "change.key").write_text("Gelb-42-Kran")
    heard = await performed(bed.agent(nursery), bed.order(bed.plan("h0")))
    told = heard.outcomes["h0"]
    assert isinstance(told, NoAnswer)
    assert "no way in for the change, nothing was done" in told.detail
    assert "Gelb-42-Kran" not in repr(heard.events)
    assert written(bed) == ["begin", "end"]
    assert bed.calls() == []
