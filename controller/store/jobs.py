"""Which questions were planned, which are under way, and how did they end?

A job has an attempt number. A result counts only when it belongs to the attempt that was begun last, so an
agent that was given up cannot answer over the one that took its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, update

from agent.codec import outcome_from, outcome_json
from agent.job import Job, Result
from controller.store.schema import job
from controller.store.store import Store

__all__ = [
    "JobState",
    "add_jobs",
    "begin_jobs",
    "end_jobs",
    "open_jobs",
    "plan_jobs",
    "record_results",
    "results",
]


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"


def add_jobs(store: Store, run_id: str, jobs: Iterable[Job]) -> None:
    """Plan jobs for a run, in this order after those that are planned already."""
    with store.write() as connection:
        plan_jobs(connection, run_id, jobs)


def plan_jobs(connection: Connection, run_id: str, jobs: Iterable[Job]) -> None:
    """As `add_jobs`, inside a transaction of the caller's."""
    start = connection.scalar(select(func.count()).select_from(job).where(job.c.run == run_id)) or 0
    rows = [
        {
            "run": run_id,
            "id": planned.id,
            "place": place,
            "host": planned.host,
            "collector": planned.collector,
            "state": JobState.QUEUED.value,
            "attempt": 0,
            "clause": "",
            "evidence": [],
        }
        for place, planned in enumerate(jobs, start)
    ]
    if rows:
        connection.execute(insert(job), rows)


def begin_jobs(store: Store, run_id: str, job_ids: Iterable[str]) -> Mapping[str, int]:
    """Begin an attempt at jobs that are not done; gives job id -> attempt number (1 for the first)."""
    wanted = [{"job_id": job_id} for job_id in job_ids]
    begin = (
        update(job)
        .where(job.c.run == run_id, job.c.id == bindparam("job_id"), job.c.state != JobState.DONE.value)
        .values(state=JobState.RUNNING.value, attempt=job.c.attempt + 1)
    )
    with store.write() as connection:
        if wanted:
            connection.execute(begin, wanted)
        ids = {row["job_id"] for row in wanted}
        running = select(job.c.id, job.c.attempt).where(
            job.c.run == run_id, job.c.state == JobState.RUNNING.value
        )
        return {row.id: row.attempt for row in connection.execute(running) if row.id in ids}


def record_results(
    store: Store, run_id: str, answered: Iterable[Result], attempts: Mapping[str, int] | None = None
) -> tuple[str, ...]:
    """Record how jobs ended, many in one transaction; gives the ids of those that counted.

    attempts: job id -> the attempt that the result belongs to; a result of an older attempt, and a second
    result of a job that is done, change nothing. Without it (or for jobs that it does not name, such as
    those refused before anything was begun) the job's present attempt is meant.
    """
    with store.write() as connection:
        return end_jobs(connection, run_id, answered, attempts)


def end_jobs(
    connection: Connection,
    run_id: str,
    answered: Iterable[Result],
    attempts: Mapping[str, int] | None = None,
) -> tuple[str, ...]:
    """As `record_results`, inside a transaction of the caller's."""
    given = attempts or {}
    by_id = {result.job.id: result for result in answered}
    attempt = {row.id: row.attempt for row in connection.execute(_open(run_id))}
    counted = tuple(
        name for name in by_id if name in attempt and given.get(name, attempt[name]) == attempt[name]
    )
    if counted:
        connection.execute(_END, [_ended(run_id, by_id[name]) for name in counted])
    return counted


def _open(run_id: str) -> Select[tuple[str, int]]:
    return select(job.c.id, job.c.attempt).where(job.c.run == run_id, job.c.state != JobState.DONE.value)


_END = (
    update(job)
    .where(job.c.run == bindparam("of_run"), job.c.id == bindparam("of_job"))
    .values(
        state=JobState.DONE.value,
        clause=bindparam("with_clause"),
        outcome=bindparam("with_outcome"),
        evidence=bindparam("with_evidence"),
        began=bindparam("with_began"),
        took=bindparam("with_took"),
    )
)


def _ended(run_id: str, result: Result) -> dict[str, object]:
    return {
        "of_run": run_id,
        "of_job": result.job.id,
        "with_clause": result.clause,
        "with_outcome": outcome_json(result.outcome),
        "with_evidence": list(result.evidence),
        "with_began": result.began,
        "with_took": result.took,
    }


def results(store: Store, run_id: str) -> tuple[Result, ...]:
    """How the jobs of a run ended, in the order they were planned."""
    ended = select(job).where(job.c.run == run_id, job.c.state == JobState.DONE.value).order_by(job.c.place)
    with store.read() as connection:
        return tuple(_result(row) for row in connection.execute(ended))


def open_jobs(store: Store, run_id: str) -> tuple[Job, ...]:
    """The jobs of a run that have not ended: planned, or under way when a worker was lost."""
    waiting = (
        select(job.c.id, job.c.host, job.c.collector)
        .where(job.c.run == run_id, job.c.state != JobState.DONE.value)
        .order_by(job.c.place)
    )
    with store.read() as connection:
        return tuple(
            Job(id=row.id, host=row.host, collector=row.collector) for row in connection.execute(waiting)
        )


def _result(row: Row[tuple[object, ...]]) -> Result:
    return Result(
        job=Job(id=row.id, host=row.host, collector=row.collector),
        outcome=outcome_from(row.outcome),
        began=row.began,
        took=row.took,
        clause=row.clause,
        evidence=tuple(row.evidence),
    )
