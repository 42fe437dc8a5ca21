"""Does a change run once, does it end truthfully, and does its ticket hear of it once? On the store alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.job import (
    AlreadySo,
    Broken,
    Changed,
    Job,
    NoAnswer,
    Outcome,
    Refused,
    Result,
    UndoFailed,
    Undone,
    Unknown,
)
from collectors import Kind, Phase
from controller.change.carry import close, plan_of
from controller.ledger import touches, verify
from controller.outbox import deliveries
from controller.settle import settle
from controller.store.errors import PlanStateError, UnknownPlanError
from controller.store.jobs import record_results
from controller.store.living import held
from controller.store.plans import (
    Carried,
    Doing,
    PlanState,
    StoredPlan,
    Word,
    add_plan,
    add_word,
    begin,
    carried,
    end,
    end_host,
    get_plan,
    move_plan,
    nothing_sent,
    plans,
    promote,
    promotions,
    say_agreed,
    state_after,
    words,
)
from controller.store.runs import Run, RunState, get_run, open_run
from controller.store.store import Store, open_store
from inventory.read import read
from inventory.schema import example
from playbooks.operation import Command
from playbooks.plan import Part, Plan, Step

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
CONTRACT = read(example())
HOSTS = ("web1", "dns1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "home")
    yield opened
    opened.close()


def plan_for(*hosts: str, unit: str = "cron.service") -> Plan:
    start = Step(
        why=("it shall run", "es soll laufen"),
        do=Command(argv=("systemctl", "start", "--", unit)),
        undo=(Command(argv=("systemctl", "stop", "--", unit)),),
    )
    return Plan(
        playbook="linux.start_service",
        customer="musterbau",
        contract="0" * 64,
        revision=3,
        wanted={"unit": unit},
        tags=("linux.service-failed",),
        asked=("linux.services",),
        parts=tuple(Part(host=host, state={"runs": False}, steps=(start,)) for host in hosts),
    )


def kept(
    store: Store, name: str = "p1", *, hosts: tuple[str, ...] = HOSTS, shadow: bool = False
) -> StoredPlan:
    plan = plan_for(*hosts, unit=f"{name}.service")
    stored = StoredPlan(
        id=name,
        digest=plan.digest,
        text=plan.text,
        customer="musterbau",
        desk="builtin",
        ticket="7",
        playbook=plan.playbook,
        requested_by="Finn Fix",
        made=NOW,
        made_in=f"made-{name}",
        shadow=shadow,
    )
    with store.write() as connection:
        add_plan(connection, stored)
    return stored


def begun(
    store: Store, stored: StoredPlan, kind: Doing = Doing.APPLY, *, run: str = "r1", now: datetime = NOW
) -> None:
    """As `carry_out` begins it, in one transaction."""
    fresh = Run(
        id=run,
        ticket=stored.ticket,
        desk=stored.desk,
        customer=stored.customer,
        contract="0" * 64,
        revision=3,
        asked_by="finn",
        state=RunState.RUNNING,
        began=now,
        kind=kind.value,
    )
    hosts = plan_of(stored).hosts
    with store.write() as connection:
        begin(connection, stored, kind, dict.fromkeys(hosts, "4.1"), run=run, now=now)
        open_run(connection, fresh, [Job(id=f"{host}/x", host=host, collector="x") for host in hosts])


def ended(store: Store, stored: StoredPlan, *outcomes: Outcome, kind: Doing = Doing.APPLY) -> PlanState:
    later = NOW + timedelta(minutes=5)
    with store.write() as connection:
        for host, outcome in zip(plan_of(stored).hosts, outcomes, strict=True):
            one = Carried(host=host, kind=kind, clause="4.1", began=NOW, outcome=outcome, ended=later)
            end_host(connection, stored.id, one)
        return end(connection, stored.id, kind)


CHANGED = Changed({"runs": False}, {"runs": True})
UNKNOWN = Unknown(2, "the worker died")
REFUSED = Refused("window-closed", by="agent")
ENDS: tuple[Outcome, ...] = (
    CHANGED,
    AlreadySo(),
    Undone(1, "it did not help", verified=True),
    UndoFailed(1, "it did not help", {}),
    UNKNOWN,
    REFUSED,
    NoAnswer(Kind.UNREACHABLE, Phase.ASK, "gone"),
    Broken("a defect"),
)


def test_a_plan_is_kept_as_it_was_made(store: Store) -> None:
    stored = kept(store)
    assert get_plan(store, "p1") == stored
    # Also by the first signs of its digest; not by so few that another one may begin alike.
    assert get_plan(store, stored.digest[:12]) == stored
    for unknown in ("p2", stored.digest[:7], "%", "", "_" * 12):
        with pytest.raises(UnknownPlanError, match="see 'secondline plans'"):
            get_plan(store, unknown)
    assert [one.id for one in plans(store, ticket="7")] == ["p1"]
    assert plans(store, ticket="8") == ()


def test_who_comes_second_finds_it_taken(store: Store) -> None:
    stored = kept(store)
    begun(store, stored)
    with pytest.raises(PlanStateError, match="is being carried out already: a change runs once"):
        begun(store, stored, run="r2")
    assert [one.outcome for one in carried(store, "p1")] == [None, None]
    assert get_plan(store, "p1").applied_in == "r1"


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (PlanState.REJECTED, "was rejected: plan anew"),
        (PlanState.DONE, "a change runs once"),
        (PlanState.FAILED, "did not succeed"),
        (PlanState.UNKNOWN, "look at its hosts first"),
        (PlanState.UNDONE, "was undone already"),
    ],
)
def test_only_an_open_plan_is_begun(store: Store, state: PlanState, why: str) -> None:
    stored = kept(store)
    with store.write() as connection:
        move_plan(connection, "p1", (PlanState.OPEN,), state)
    with pytest.raises(PlanStateError, match=why):
        begun(store, stored)
    assert carried(store, "p1") == ()


def test_two_plans_on_one_host(store: Store) -> None:
    first, second = kept(store, "p1"), kept(store, "p2", hosts=("dns1",))
    begun(store, first)
    with pytest.raises(PlanStateError, match="on dns1 plan p1 is being carried out just now: wait"):
        begun(store, second, run="r2")
    # Nothing of the second was taken: it is still open.
    assert get_plan(store, "p2").state is PlanState.OPEN
    ended(store, first, CHANGED, CHANGED)
    with pytest.raises(PlanStateError, match="plan p1 was carried out after this one was made: plan anew"):
        begun(store, second, run="r2")
    # One that was made afterwards has seen what the first did.
    third = kept(store, "p3", hosts=("dns1",))
    begun(store, replace(third, made=NOW + timedelta(hours=1)), run="r3", now=NOW + timedelta(hours=1))


def test_where_an_end_is_not_known_nothing_else_begins_that_was_planned_before(store: Store) -> None:
    first, second = kept(store, "p1"), kept(store, "p2", hosts=("web1",))
    begun(store, first)
    assert ended(store, first, UNKNOWN, REFUSED) is PlanState.UNKNOWN
    with pytest.raises(PlanStateError, match="ended in a way that nobody knows, after this one was made"):
        begun(store, second, run="r2")


def test_what_was_refused_everywhere_may_be_applied_later(store: Store) -> None:
    stored = kept(store)
    begun(store, stored)
    assert ended(store, stored, REFUSED, REFUSED) is PlanState.OPEN
    begun(store, stored, run="r2")
    assert ended(store, stored, CHANGED, AlreadySo()) is PlanState.DONE
    begun(store, stored, Doing.UNDO, run="r3")
    back = Undone(0, "it was asked for", verified=True)
    assert ended(store, stored, back, back, kind=Doing.UNDO) is PlanState.UNDONE
    with pytest.raises(PlanStateError, match="was undone already"):
        begun(store, stored, Doing.UNDO, run="r4")


@given(st.lists(st.sampled_from((*ENDS, None)), min_size=1, max_size=4), st.sampled_from(Doing))
def test_the_state_never_says_more_than_the_hosts(outcomes: list[Outcome | None], kind: Doing) -> None:
    state = state_after(kind, outcomes)
    doubtful = any(one is None or isinstance(one, Unknown | UndoFailed | Broken) for one in outcomes)
    assert (state is PlanState.UNKNOWN) == doubtful
    if state is PlanState.DONE and kind is Doing.APPLY:
        assert all(isinstance(one, Changed | AlreadySo) for one in outcomes)
    if state is PlanState.OPEN:
        assert all(map(nothing_sent, outcomes))
    if state is PlanState.UNDONE:
        assert kind is Doing.UNDO
        assert all(isinstance(one, Undone | AlreadySo) for one in outcomes)


def test_an_end_is_written_once(store: Store) -> None:
    stored = kept(store)
    begun(store, stored)
    one = Carried(host="web1", kind=Doing.APPLY, clause="", began=NOW, outcome=CHANGED, ended=NOW)
    with store.write() as connection:
        end_host(connection, "p1", one)
        end_host(connection, "p1", replace(one, outcome=UNKNOWN))
    assert carried(store, "p1")[0].outcome == CHANGED


@pytest.mark.parametrize(("kind", "known"), list(itertools.product(Doing, (False, True))))
def test_a_process_that_dies_leaves_it_not_known(store: Store, kind: Doing, known: bool) -> None:
    stored = kept(store)
    if kind is Doing.UNDO:
        begun(store, stored, run="r0")
        ended(store, stored, CHANGED, CHANGED)
    begun(store, get_plan(store, "p1"), kind, run="r1", now=NOW + timedelta(hours=1))
    if known:
        # Of one host the end was heard before the process died.
        heard = CHANGED if kind is Doing.APPLY else Undone(0, "asked for", verified=True)
        job = Job(id="web1/x", host="web1", collector="x")
        record_results(store, "r1", [Result(job=job, outcome=heard, began=NOW, took=1.0)])
    with held(store.home, "r1"):
        assert settle(store, "r1", lambda _: CONTRACT) is None
    assert get_plan(store, "p1").state in {PlanState.RUNNING, PlanState.UNDOING}
    run = settle(store, "r1", lambda _: CONTRACT)
    assert run is not None
    assert run.state.over
    assert settle(store, "r1", lambda _: CONTRACT) is None
    assert get_plan(store, "p1").state is PlanState.UNKNOWN
    now = {one.host: one.outcome for one in carried(store, "p1") if one.kind is kind}
    assert isinstance(now["dns1"], Unknown)
    assert isinstance(now["web1"], Unknown) != known
    # The ticket hears it once, in the customer's language, and the ledger holds.
    told = deliveries(store, run_id="r1")
    assert len(told) == 1
    assert "ein Mensch muss erst prüfen" in str(told[0].action["text"])
    assert [touch.what for touch in touches(store, "r1")].count("change-ended") == 2
    assert verify(store).holds
    # It is never begun again.
    with pytest.raises(PlanStateError, match="look at its hosts first"):
        begun(store, get_plan(store, "p1"), Doing.APPLY, run="r9")


def test_without_the_contract_the_ticket_is_told_nothing(store: Store) -> None:
    begun(store, kept(store))
    settle(store, "r1", lambda _: None)
    assert get_plan(store, "p1").state is PlanState.UNKNOWN
    assert deliveries(store) == ()


def test_closing_twice_is_refused_and_told_once(store: Store) -> None:
    stored = kept(store)
    begun(store, stored)
    assert close(store, CONTRACT, stored, Doing.APPLY, "r1") is PlanState.UNKNOWN
    with pytest.raises(PlanStateError):
        close(store, CONTRACT, stored, Doing.APPLY, "r1")
    assert len(deliveries(store)) == 1
    assert get_run(store, "r1").state is RunState.DONE


def test_a_word_counts_once(store: Store) -> None:
    kept(store)
    word = Word(id="a" * 20, plan="p1", kind="approval", person="Eva Eng", token="t", at=NOW)
    with store.write() as connection:
        add_word(connection, word)
    with pytest.raises(PlanStateError, match="was given before"), store.write() as connection:
        add_word(connection, replace(word, person="Somebody"))
    assert words(store, "p1") == (word,)


def test_a_changed_text_is_no_plan(store: Store) -> None:
    stored = kept(store)
    other = plan_for(*HOSTS, unit="other.service")
    for text, why in (
        (other.text, "is not the one that was kept under its digest"),
        (stored.text.replace('"web1"', '"web2"'), "is not the one that was kept under its digest"),
        (stored.text + " ", "cannot be read"),
        ("", "cannot be read"),
        ("{}", "cannot be read"),
    ):
        with pytest.raises(PlanStateError, match=why):
            plan_of(replace(stored, text=text))


def test_a_playbook_is_promoted_once_and_shadow_plans_are_compared(store: Store) -> None:
    assert promotions(store) == {}
    with store.write() as connection:
        promote(connection, "linux.start_service", "Finn Fix", NOW)
    assert promotions(store) == {"linux.start_service": (NOW, "Finn Fix")}
    with pytest.raises(PlanStateError, match="promoted already"), store.write() as connection:
        promote(connection, "linux.start_service", "Eva Eng", NOW)
    kept(store, "p1", shadow=True)
    kept(store, "p2")
    with store.write() as connection:
        say_agreed(connection, "p1", agreed=True)
    assert get_plan(store, "p1").agreed is True
    with pytest.raises(PlanStateError, match="was not made in shadow"), store.write() as connection:
        say_agreed(connection, "p2", agreed=True)
