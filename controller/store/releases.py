"""Which reports may a customer read, and what have they said? Releases, questions and objections."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Select, insert, select, update

from controller.store.schema_people import question, release
from controller.store.store import Store

__all__ = [
    "Question",
    "Release",
    "add_question",
    "add_release",
    "answer_question",
    "get_question",
    "get_release",
    "questions",
    "releases",
    "withdraw_release",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A report as a customer may read it. page, data: SHA-256 of its forms, kept as evidence is; said: by the engineer."""

    id: str
    run: str
    customer: str
    language: str
    page: str
    data: str
    said: str
    released_by: str
    released_at: datetime
    withdrawn_by: str = ""
    withdrawn_at: datetime | None = None
    withdrawn_why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a customer's person asked or objected to. about: the run or plan; kind: 'question' or 'objection'."""

    id: str
    customer: str
    desk: str
    ticket: str
    about: str
    kind: str
    text: str
    person: str
    at: datetime
    answer: str = ""
    answered_by: str = ""
    answered_at: datetime | None = None


def add_release(store: Store, fresh: Release) -> None:
    """Keep a release; whatever of this run was released before is shown no more."""
    with store.write(durable=True) as connection:
        connection.execute(
            update(release)
            .where(release.c.run == fresh.run, release.c.withdrawn_at.is_(None))
            .values(
                withdrawn_at=fresh.released_at,
                withdrawn_by=fresh.released_by,
                withdrawn_why="",
            )
        )
        connection.execute(insert(release).values(**asdict(fresh)))


def get_release(store: Store, release_id: str) -> Release | None:
    """One release, withdrawn or not."""
    found = _releases(store, select(release).where(release.c.id == release_id))
    return found[0] if found else None


def releases(store: Store, *, customer: str = "", run: str = "", limit: int = 100) -> tuple[Release, ...]:
    """Releases of a customer or a run, the newest first."""
    wanted = select(release).order_by(release.c.released_at.desc(), release.c.id).limit(limit)
    if customer:
        wanted = wanted.where(release.c.customer == customer)
    return _releases(store, wanted.where(release.c.run == run) if run else wanted)


def withdraw_release(store: Store, release_id: str, *, by: str, at: datetime, why: str) -> bool:
    """Withdraw a release; says whether there was one to withdraw."""
    held = update(release).where(release.c.id == release_id, release.c.withdrawn_at.is_(None))
    with store.write(durable=True) as connection:
        changed = connection.execute(held.values(withdrawn_by=by, withdrawn_at=at, withdrawn_why=why))
        return changed.rowcount == 1


def add_question(store: Store, fresh: Question) -> None:
    """Keep what somebody has asked."""
    with store.write(durable=True) as connection:
        connection.execute(insert(question).values(**asdict(fresh)))


def get_question(store: Store, question_id: str) -> Question | None:
    """One question."""
    found = _questions(store, select(question).where(question.c.id == question_id))
    return found[0] if found else None


def questions(store: Store, *, customer: str = "", about: str = "", limit: int = 100) -> tuple[Question, ...]:
    """Questions of a customer, or about a run or plan, the newest first."""
    wanted = select(question).order_by(question.c.at.desc(), question.c.id).limit(limit)
    if customer:
        wanted = wanted.where(question.c.customer == customer)
    return _questions(store, wanted.where(question.c.about == about) if about else wanted)


def answer_question(store: Store, question_id: str, *, answer: str, by: str, at: datetime) -> bool:
    """Answer a question that has no answer yet; says whether there was one."""
    still = update(question).where(question.c.id == question_id, question.c.answered_at.is_(None))
    with store.write(durable=True) as connection:
        return connection.execute(still.values(answer=answer, answered_by=by, answered_at=at)).rowcount == 1


def _releases(store: Store, wanted: Select[tuple[object, ...]]) -> tuple[Release, ...]:
    with store.read() as connection:
        return tuple(Release(**row._mapping) for row in connection.execute(wanted))  # noqa: SLF001 - the documented name of a row's columns.


def _questions(store: Store, wanted: Select[tuple[object, ...]]) -> tuple[Question, ...]:
    with store.read() as connection:
        return tuple(Question(**row._mapping) for row in connection.execute(wanted))  # noqa: SLF001 - see above.
