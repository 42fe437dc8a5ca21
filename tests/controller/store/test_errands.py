"""Is nothing lost, and nothing done twice? The queue of orders against a model, over a courier that does what it likes."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from controller.store.errand import LAST_WORDS, LEASE, STOPPING, Errand, ErrandState, Held, Word
from controller.store.errands import (
    announceable,
    announced,
    cancel,
    finish,
    forgettable,
    get_errand,
    hear,
    lease,
    orphans,
    park,
    reconcile,
    remove,
    renew,
    submit,
    words_after,
)
from controller.store.runs import Run, RunState, create_run, end_run
from controller.store.store import Store, open_store

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
SEATS = ("here-1-a", "here-1-b")


@dataclass
class Known:
    """What a model knows of one order, from what was done to it and no other way."""

    change: bool
    expires: datetime
    attempt: int = 0
    seat: str = ""
    ends: dict[int, int] = field(default_factory=dict)
    counted: dict[int, int] = field(default_factory=dict)
    cancelled: bool = False
    was: ErrandState = ErrandState.QUEUED


@dataclass(frozen=True)
class Message:
    """What a seat says, as often and as late as the line brings it."""

    kind: str
    errand: str
    attempt: int
    seat: str
    first: int = 0
    last: int = 0


class Line(RuleBasedStateMachine):
    """Orders, two seats of one agent, and a line that loses, doubles, delays and reorders; agents that crash."""

    orders = Bundle("orders")
    said = Bundle("said")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="errands-", ignore_cleanup_errors=True)
        self.store = open_store(Path(self.folder.name))
        self.now = NOW
        self.known: dict[str, Known] = {}

    def teardown(self) -> None:
        # However it went, time ends everything, and truthfully.
        for _ in range(5):
            self.now += timedelta(hours=2)
            reconcile(self.store, self.now)
        for id_, known in self.known.items():
            end = self.stored(id_).state
            assert end.over
            if known.was.over:
                assert end is known.was, "what is over stays so"
        self.store.close()
        self.folder.cleanup()

    def stored(self, id_: str) -> Errand:
        found = get_errand(self.store, id_)
        assert found is not None
        return found

    @rule(target=orders, change=st.booleans(), minutes=st.integers(1, 10))
    def sent(self, change: bool, minutes: int) -> str:
        id_ = f"{len(self.known):032x}"
        expires = self.now + timedelta(minutes=minutes)
        fresh = Errand(
            id=id_,
            run="r",
            customer="fleet",
            agent="here-1",
            body="{}",
            change=change,
            expires=expires,
            made=self.now,
        )
        assert submit(self.store, fresh, f"grant-{id_}") == id_
        assert submit(self.store, fresh, f"grant-{id_}") == id_, "the same order twice is one"
        self.known[id_] = Known(change=change, expires=expires)
        return id_

    @rule(target=said, seat=st.sampled_from(SEATS), many=st.integers(1, 4), whole=st.booleans())
    def leased(self, seat: str, many: int, whole: bool) -> object:
        taken = lease(self.store, customer="fleet", agent="here-1", seat=seat, now=self.now)
        open_ = [k for k in self.known.values() if k.was is ErrandState.QUEUED and not k.cancelled]
        if taken is None:
            assert all(k.expires <= self.now or k.attempt >= (1 if k.change else 3) for k in open_)
            return multiple()
        known = self.known[taken.id]
        assert known in open_
        assert known.expires > self.now
        known.attempt += 1
        assert taken.attempt == known.attempt, "each lease has a number of its own"
        assert not (known.change and known.attempt > 1), "a change is given out once"
        assert known.attempt <= 3
        known.seat, known.was = seat, ErrandState.LEASED
        known.ends[known.attempt], known.counted[known.attempt] = many, 0
        tells = [
            Message("tell", taken.id, taken.attempt, seat, first, last)
            for first in range(1, many + 1)
            for last in range(first, many + 1)
        ]
        end = Message("end" if whole else "broke", taken.id, taken.attempt, seat, last=many)
        return multiple(*tells, end, Message("renew", taken.id, taken.attempt, seat))

    @rule(message=said)
    def delivered(self, message: Message) -> None:
        """A message comes: for the first time or again, in its turn or long after it. Those that are lost never do."""
        known = self.known[message.errand]
        counts = not known.was.over and (known.attempt, known.seat) == (message.attempt, message.seat)
        if message.kind == "renew":
            held = renew(self.store, message.errand, message.attempt, message.seat, self.now)
            assert held is (Held.NO if not counts else Held.STOP if known.cancelled else Held.YES)
            known.was = ErrandState.LEASED if counts else known.was
        elif message.kind == "tell":
            words = [
                Word(message.attempt, n, f"{message.attempt}/{n}")
                for n in range(message.first, message.last + 1)
            ]
            heard = hear(self.store, message.errand, message.attempt, message.seat, words, self.now)
            if not counts:
                assert heard is None
                return
            before = known.counted[message.attempt]
            if message.first <= before + 1 and message.last > before:
                known.counted[message.attempt], known.was = message.last, ErrandState.LEASED
            assert heard == known.counted[message.attempt]
        else:
            self.ended(message, known, counts=counts)

    def ended(self, message: Message, known: Known, *, counts: bool) -> None:
        whole = message.kind == "end"
        heard = finish(
            self.store, message.errand, message.attempt, message.seat, message.last, self.now, whole=whole
        )
        if not counts:
            again = known.was is ErrandState.DONE and (known.attempt, known.seat) == (
                message.attempt,
                message.seat,
            )
            assert heard == (message.last if again else None)
        elif known.counted[message.attempt] < message.last:
            assert heard == known.counted[message.attempt], "the end comes after the last word, or not"
        elif whole:
            known.was = ErrandState.DONE
        elif known.change:
            known.was = ErrandState.LOST
        else:
            known.was = ErrandState.PARKED if known.attempt >= 3 else ErrandState.QUEUED

    @rule(seconds=st.sampled_from([1, 10, 29, 31, 61, 300, 700]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        for moved in reconcile(self.store, self.now):
            known, before = self.known[moved.errand.id], self.known[moved.errand.id].was
            assert not before.over
            match moved.to:
                case ErrandState.EXPIRED:
                    assert known.attempt == 0
                    assert known.expires <= self.now
                case ErrandState.UNCONFIRMED:
                    assert known.cancelled
                case ErrandState.QUEUED | ErrandState.PARKED:
                    assert not known.change
                    assert (moved.to is ErrandState.PARKED) == (known.attempt >= 3)
                case _:
                    assert moved.to is ErrandState.LOST
                    assert self.now >= known.expires + LAST_WORDS
            known.was = moved.to

    @rule(id_=orders)
    def stopped(self, id_: str) -> None:
        known = self.known[id_]
        cancel(self.store, [id_], self.now)
        if known.was.over or known.cancelled:
            return
        if known.attempt == 0:
            known.was = ErrandState.CANCELLED
        else:
            known.cancelled = True

    @invariant()
    def every_state_is_the_models(self) -> None:
        for id_, known in self.known.items():
            one = self.stored(id_)
            assert (one.state, one.attempt) == (known.was, known.attempt)

    @invariant()
    def what_counted_is_whole_and_in_order(self) -> None:
        for id_, known in self.known.items():
            told = [(word.attempt, word.number, word.body) for word in words_after(self.store, id_, 0, 0)]
            assert told == [
                (attempt, n, f"{attempt}/{n}")
                for attempt, many in sorted(known.counted.items())
                for n in range(1, many + 1)
            ]


TestLine = Line.TestCase
TestLine.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


def order(id_: str, **more: object) -> Errand:
    values: dict[str, object] = {
        "run": "r",
        "customer": "fleet",
        "agent": "here-1",
        "body": "{}",
        "change": False,
    }
    values |= {"id": id_, "expires": NOW + timedelta(minutes=5), "made": NOW}
    return Errand(**(values | more))  # type: ignore[arg-type]  # built by name.


def test_the_more_urgent_goes_first_and_nobody_gets_what_is_another_agents(store: Store) -> None:
    submit(store, order("a"), "a")
    submit(store, order("b", priority=5), "b")
    submit(store, order("c", agent="there-1", priority=9), "c")
    submit(store, order("d", customer="other", priority=9), "d")
    taken = [
        lease(store, customer="fleet", agent="here-1", seat="s", now=NOW, id_=id_)
        for id_ in ("c", "d", "", "", "")
    ]
    assert [one.id if one else None for one in taken] == [None, None, "b", "a", None]


def test_an_agent_that_comes_back_late_is_heard_where_nobody_took_its_place(store: Store) -> None:
    submit(store, order("a"), "a")
    lease(store, customer="fleet", agent="here-1", seat="s", now=NOW)
    later = NOW + LEASE + timedelta(seconds=1)
    reconcile(store, later)
    one = get_errand(store, "a")
    assert one is not None
    assert one.state is ErrandState.QUEUED
    assert hear(store, "a", 1, "s", [Word(1, 1, "{}")], later) == 1
    assert finish(store, "a", 1, "s", 1, later) == 1
    assert lease(store, customer="fleet", agent="here-1", seat="t", now=later) is None


def test_a_change_waits_for_its_own_agent_and_is_never_given_to_another(store: Store) -> None:
    submit(store, order("a", change=True), "a")
    assert lease(store, customer="fleet", agent="here-1", seat="s", now=NOW)
    later = NOW + timedelta(minutes=4)
    assert reconcile(store, later) == ()
    assert lease(store, customer="fleet", agent="here-1", seat="t", now=later) is None
    assert finish(store, "a", 1, "s", 0, later) == 0, "it comes back with the truth"
    one = get_errand(store, "a")
    assert one is not None
    assert one.state is ErrandState.DONE


def test_what_waits_is_announced_again_until_it_is_taken(store: Store) -> None:
    submit(store, order("a"), "a")
    again = timedelta(seconds=60)
    assert [one.id for one in announceable(store, NOW, again)] == ["a"]
    announced(store, ["a"], NOW)
    assert announceable(store, NOW + timedelta(seconds=59), again) == ()
    assert [one.id for one in announceable(store, NOW + timedelta(seconds=61), again)] == ["a"]
    lease(store, customer="fleet", agent="here-1", seat="s", now=NOW)
    assert announceable(store, NOW + timedelta(seconds=61), again) == ()
    cancel(store, ["a"], NOW)
    assert [one.id for one in announceable(store, NOW, again)] == ["a"], "that it shall stop is told, too"


def test_a_stop_that_nobody_confirms_is_told_as_that(store: Store) -> None:
    submit(store, order("a"), "a")
    lease(store, customer="fleet", agent="here-1", seat="s", now=NOW)
    cancel(store, ["a"], NOW)
    assert renew(store, "a", 1, "s", NOW) is Held.STOP
    assert reconcile(store, NOW + STOPPING - timedelta(seconds=1)) == ()
    (moved,) = reconcile(store, NOW + STOPPING)
    assert moved.to is ErrandState.UNCONFIRMED
    assert hear(store, "a", 1, "s", [Word(1, 1, "{}")], NOW + STOPPING) is None


def test_what_is_parked_is_out_of_the_way_and_what_is_under_way_is_not_parked(store: Store) -> None:
    submit(store, order("a"), "a")
    submit(store, order("b"), "b")
    lease(store, customer="fleet", agent="here-1", seat="s", now=NOW, id_="b")
    assert park(store, "a", "nobody could take it", NOW)
    assert not park(store, "a", "again", NOW)
    assert not park(store, "b", "it is under way", NOW)
    remove(store, ["a"])
    one = get_errand(store, "a")
    assert one is not None
    assert (one.state, one.body, one.why) == (ErrandState.PARKED, "", "nobody could take it")


def test_what_is_under_way_for_a_run_that_is_over_is_nobodys(store: Store) -> None:
    create_run(
        store,
        Run(
            id="r",
            ticket="1",
            desk="builtin",
            customer="fleet",
            contract="c",
            revision=1,
            asked_by="eva",
            state=RunState.RUNNING,
            began=NOW,
        ),
    )
    submit(store, order("a"), "a")
    assert orphans(store) == ()
    with store.write() as connection:
        end_run(connection, "r", RunState.FAILED, ended=NOW, summary={})
    assert orphans(store) == ("a",)
    cancel(store, orphans(store), NOW)
    assert orphans(store) == ()
    assert forgettable(store, NOW) == ()
    assert forgettable(store, NOW + timedelta(seconds=1)) == ("a",)
    remove(store, ["a"])
    assert forgettable(store, NOW + timedelta(seconds=1)) == ()
