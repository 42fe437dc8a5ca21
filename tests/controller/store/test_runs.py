from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import IntegrityError

from agent.job import Broken, Job, NoAnswer, Refused, Result, Seen
from collectors import Kind, Phase
from collectors.exchange import Exchange
from controller.store.blobs import MAX_BLOB
from controller.store.errors import UnknownRunError
from controller.store.exchanges import evidence, exchange_of, record_exchanges
from controller.store.jobs import add_jobs, begin_jobs, open_jobs, record_results, results
from controller.store.runs import Run, RunState, create_run, end_run, get_run, move_run, runs
from controller.store.store import Store

_NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


def _run(store: Store, run_id: str = "r1", *, customer: str = "muster", began: datetime = _NOW) -> Run:
    fresh = Run(
        id=run_id,
        ticket="7",
        desk="builtin",
        customer=customer,
        contract="c" * 64,
        revision=3,
        asked_by="anna",
        state=RunState.PLANNED,
        began=began,
        deadline=began + timedelta(minutes=5),
    )
    create_run(store, fresh)
    return fresh


def _result(job: Job, outcome: Seen | Refused | NoAnswer | Broken) -> Result:
    return Result(job=job, outcome=outcome, began=_NOW, took=0.25, clause="2.1", evidence=("e1", "e2"))


def test_a_run_comes_back_as_it_was(store: Store) -> None:
    made = _run(store)
    assert get_run(store, "r1") == made
    move_run(store, "r1", RunState.RUNNING)
    assert get_run(store, "r1").state is RunState.RUNNING
    with store.write() as connection:
        end_run(connection, "r1", RunState.DONE, ended=_NOW, summary={"seen": 3, "größe": "ü"})
    ended = get_run(store, "r1")
    assert (ended.state, ended.ended, ended.summary) == (RunState.DONE, _NOW, {"seen": 3, "größe": "ü"})


def test_times_are_moments_wherever_they_were_taken(store: Store) -> None:
    berlin = _NOW.astimezone(timezone(timedelta(hours=1)))
    _run(store, began=berlin)
    assert get_run(store, "r1").began == _NOW
    assert get_run(store, "r1").began.tzinfo is UTC


def test_a_run_cannot_be_made_twice_or_ended_half(store: Store) -> None:
    _run(store)
    with pytest.raises(IntegrityError):
        _run(store)
    with pytest.raises(ValueError, match="does not end running"), store.write() as connection:
        end_run(connection, "r1", RunState.RUNNING, ended=_NOW, summary={})
    with pytest.raises(UnknownRunError):
        get_run(store, "r9")
    with pytest.raises(UnknownRunError):
        move_run(store, "r9", RunState.RUNNING)


def test_the_newest_runs_come_first_and_can_be_narrowed(store: Store) -> None:
    _run(store, "old", began=_NOW - timedelta(days=1))
    _run(store, "new")
    _run(store, "other", customer="other")
    move_run(store, "new", RunState.STOPPING)
    assert [r.id for r in runs(store, customer="muster")] == ["new", "old"]
    assert [r.id for r in runs(store, states=[RunState.STOPPING])] == ["new"]
    assert [r.id for r in runs(store, limit=1)] == ["new"]
    assert runs(store, ticket="8") == ()


def test_results_come_back_in_the_order_of_the_plan(store: Store) -> None:
    _run(store)
    jobs = [Job(id=f"j{i}", host=f"h{i}", collector="linux.disk") for i in range(4)]
    add_jobs(store, "r1", jobs[:2])
    add_jobs(store, "r1", jobs[2:])
    attempts = begin_jobs(store, "r1", [job.id for job in jobs])
    assert attempts == {"j0": 1, "j1": 1, "j2": 1, "j3": 1}
    answered = [
        _result(jobs[3], Seen({"disks": [{"path": "/", "free": 12}]})),
        _result(jobs[0], NoAnswer(Kind.TIMED_OUT, Phase.CONNECT, "no answer within 5 s")),
        _result(jobs[1], Refused("no-clause", ("2.1",), "agent")),
    ]
    assert record_results(store, "r1", answered, attempts) == ("j3", "j0", "j1")
    assert results(store, "r1") == (answered[1], answered[2], answered[0])
    assert open_jobs(store, "r1") == (jobs[2],)


def test_a_result_of_a_lost_attempt_does_not_count(store: Store) -> None:
    _run(store)
    job = Job(id="j", host="h", collector="linux.disk")
    add_jobs(store, "r1", [job])
    lost = begin_jobs(store, "r1", ["j"])
    again = begin_jobs(store, "r1", ["j"])
    late, right = _result(job, Broken("late")), _result(job, Seen({"a": 1}))
    assert record_results(store, "r1", [late], lost) == ()
    assert record_results(store, "r1", [right], again) == ("j",)
    assert record_results(store, "r1", [late], again) == ()
    assert results(store, "r1") == (right,)
    assert begin_jobs(store, "r1", ["j"]) == {}


def test_jobs_of_one_run_are_not_those_of_another(store: Store) -> None:
    _run(store, "r1")
    _run(store, "r2")
    job = Job(id="j", host="h", collector="linux.disk")
    add_jobs(store, "r1", [job])
    add_jobs(store, "r2", [job])
    record_results(store, "r1", [_result(job, Broken("x"))])
    assert results(store, "r2") == ()
    assert open_jobs(store, "r2") == (job,)


def _exchange(**parts: bytes) -> Exchange:
    return Exchange(
        session="shell", question=("run", "cat", "ü"), began=_NOW, took=0.1, facts={"code": 0}, parts=parts
    )


def test_evidence_comes_back_byte_by_byte(store: Store) -> None:
    _run(store)
    silent = Exchange(
        session="dns",
        question=("ask", "192.0.2.1", "a.example.", "A", "udp", "rd"),
        began=_NOW,
        took=5.0,
        unanswered=(Kind.TIMED_OUT, Phase.ASK, "nothing within 5 s"),
    )
    said = _exchange(stdout=b"\xff\x00text", stderr=b"")
    kept = record_exchanges(store, "r1", [("e2", "h1", said)])
    kept += record_exchanges(store, "r1", [("e1", "h2", silent)])
    assert record_exchanges(store, "r1", []) == ()
    assert evidence(store, "r1") == kept
    assert [exchange_of(store, item) for item in kept] == [said, silent]


def test_an_answer_past_the_limit_is_kept_so_far_and_marked(store: Store) -> None:
    _run(store)
    (kept,) = record_exchanges(store, "r1", [("e", "h", _exchange(stdout=bytes(MAX_BLOB + 5)))])
    assert kept.cut
    assert len(store.blobs.get(kept.parts["stdout"])) == MAX_BLOB
