"""Which changes were planned, who said what to them, and how did they end? A change runs once, whatever happens.

A plan is `open` until somebody rejects or applies it. Applying moves it to `running` in the same transaction that
writes down every host that is about to be touched; who comes second finds it moved. A process that dies leaves it
`running` with hosts that have no end, and whoever looks next ends those as not known (`controller.settle`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from agent.codec import outcome_from, outcome_json
from agent.job import AlreadySo, Broken, Changed, NoAnswer, Outcome, Refused, UndoFailed, Undone, Unknown
from controller.store.errors import PlanStateError, UnknownPlanError
from controller.store.schema import plan, plan_host, plan_word, promotion
from controller.store.store import Store

__all__ = [
    "Carried",
    "Doing",
    "PlanState",
    "StoredPlan",
    "Word",
    "add_plan",
    "add_word",
    "begin",
    "carried",
    "end",
    "end_host",
    "get_plan",
    "move_plan",
    "nothing_sent",
    "plans",
    "promote",
    "promotions",
    "read_plan_row",
    "say_agreed",
    "state_after",
    "words",
]


class PlanState(StrEnum):
    """How far a plan is. unknown: it was begun, and nobody knows how far it came: verify first."""

    OPEN = "open"
    REJECTED = "rejected"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNDOING = "undoing"
    UNDONE = "undone"


class Doing(StrEnum):
    """What is done with a plan on a host."""

    APPLY = "apply"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """One plan. text: `Plan.text`. shadow: made to be compared, as its playbook is not promoted.

    made_in, applied_in, undone_in: the runs, '' where there is none. agreed: of a plan made in shadow, whether the
    engineers did what it says; None: not yet compared.
    """

    id: str
    digest: str
    text: str
    customer: str
    desk: str
    ticket: str
    playbook: str
    requested_by: str
    made: datetime
    made_in: str
    state: PlanState = PlanState.OPEN
    edited_by: tuple[str, ...] = ()
    applied_in: str = ""
    undone_in: str = ""
    shadow: bool = False
    agreed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What somebody said to a plan. kind: 'approval' or 'rejection'. token: as signed; '' for who withdraws a plan."""

    id: str
    plan: str
    kind: str
    person: str
    token: str
    at: datetime
    why: str = ""
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """One host of a plan that was begun. outcome: None while it is under way, or when its process is gone."""

    host: str
    kind: Doing
    clause: str
    began: datetime
    outcome: Outcome | None = None
    ended: datetime | None = None


def add_plan(connection: Connection, fresh: StoredPlan) -> None:
    """Write a plan down inside a transaction of the caller's."""
    values = {name: getattr(fresh, name) for name in StoredPlan.__dataclass_fields__}
    connection.execute(
        insert(plan).values(**values | {"state": fresh.state.value, "edited_by": list(fresh.edited_by)})
    )


def get_plan(store: Store, plan_id: str) -> StoredPlan:
    """One plan by its id, or the first signs of its digest where they are one plan's alone. Raises UnknownPlanError."""
    wanted = plan.c.id == plan_id
    if 8 <= len(plan_id) <= 64 and plan_id.isalnum():
        wanted = or_(wanted, plan.c.digest.startswith(plan_id, autoescape=True))
    with store.read() as connection:
        found = connection.execute(select(plan).where(wanted).limit(2)).all()
    if len(found) != 1:
        what = "there is no plan" if not found else "there are several plans"
        raise UnknownPlanError(f"{what} {plan_id!r}: see 'secondline plans'")
    return read_plan_row(found[0])


def plans(
    store: Store,
    *,
    ticket: str = "",
    states: Collection[PlanState] = (),
    playbook: str = "",
    limit: int = 50,
) -> tuple[StoredPlan, ...]:
    """The newest plans first; an empty argument does not narrow the list. limit: at most so many; 0 for all."""
    wanted = select(plan).order_by(plan.c.made.desc(), plan.c.id)
    if ticket:
        wanted = wanted.where(plan.c.ticket == ticket)
    if playbook:
        wanted = wanted.where(plan.c.playbook == playbook)
    if states:
        wanted = wanted.where(plan.c.state.in_([state.value for state in states]))
    if limit:
        wanted = wanted.limit(limit)
    with store.read() as connection:
        return tuple(map(read_plan_row, connection.execute(wanted)))


def add_word(connection: Connection, word: Word) -> None:
    """Keep an approval or a rejection. Raises PlanStateError when it was kept before."""
    try:
        connection.execute(
            insert(plan_word).values(**{name: getattr(word, name) for name in Word.__dataclass_fields__})
        )
    except IntegrityError:
        raise PlanStateError(f"this {word.kind} was given before: each counts once") from None


def words(store: Store, plan_id: str) -> tuple[Word, ...]:
    """What people said to a plan, in order."""
    wanted = select(plan_word).where(plan_word.c.plan == plan_id).order_by(plan_word.c.at, plan_word.c.id)
    with store.read() as connection:
        return tuple(Word(**dict(row._mapping)) for row in connection.execute(wanted))  # noqa: SLF001 - see `read_plan_row`.


def move_plan(
    connection: Connection, plan_id: str, before: Collection[PlanState], after: PlanState, **more: str
) -> None:
    """Move a plan to another state, from one of these. Raises PlanStateError where it is in another one by now."""
    moved = connection.execute(
        update(plan)
        .where(plan.c.id == plan_id, plan.c.state.in_([state.value for state in before]))
        .values(state=after.value, **more)
    )
    if moved.rowcount == 1:
        return
    now = connection.scalar(select(plan.c.state).where(plan.c.id == plan_id))
    raise PlanStateError(_WHY_NOT.get(str(now), f"plan {plan_id} is {now}").format(plan=plan_id))


_WHY_NOT: Mapping[str, str] = {
    PlanState.OPEN: "plan {plan} was not carried out: there is nothing to undo",
    PlanState.REJECTED: "plan {plan} was rejected: plan anew",
    PlanState.RUNNING: "plan {plan} is being carried out already: a change runs once",
    PlanState.DONE: "plan {plan} was carried out already: a change runs once",
    PlanState.FAILED: "plan {plan} was carried out and did not succeed: look at it with 'secondline plans show {plan}', "
    "then plan anew",
    PlanState.UNKNOWN: "plan {plan} was begun, and nobody knows how far it came: look at its hosts first, then plan anew",
    PlanState.UNDOING: "plan {plan} is being undone",
    PlanState.UNDONE: "plan {plan} was undone already",
}
_BEGINS = {
    Doing.APPLY: ((PlanState.OPEN,), PlanState.RUNNING, "applied_in"),
    Doing.UNDO: ((PlanState.DONE, PlanState.FAILED), PlanState.UNDOING, "undone_in"),
}


def begin(  # noqa: PLR0913 - what is begun, where and in which run.
    connection: Connection,
    stored: StoredPlan,
    kind: Doing,
    hosts: Mapping[str, str],
    *,
    run: str,
    now: datetime,
) -> None:
    """Take a plan for this run, host by host (with the clause that allows it), before anything is sent.

    Raises PlanStateError when the plan is not to be begun, or when on one of its hosts something else is under way or
    ended since the plan was made in a way that nobody knows.
    """
    before, after, column = _BEGINS[kind]
    move_plan(connection, stored.id, before, after, **{column: run})
    _must_be_free(connection, stored, hosts, since=stored.made if kind is Doing.APPLY else now)
    for place, (host, clause) in enumerate(hosts.items()):
        old = (plan_host.c.plan == stored.id) & (plan_host.c.kind == kind.value) & (plan_host.c.host == host)
        again = (
            update(plan_host)
            .where(old)
            .values(attempt=plan_host.c.attempt + 1, clause=clause, outcome=None, began=now, ended=None)
        )
        if connection.execute(again).rowcount:
            continue
        connection.execute(
            insert(plan_host).values(
                plan=stored.id,
                kind=kind.value,
                host=host,
                place=place,
                customer=stored.customer,
                attempt=1,
                clause=clause,
                began=now,
            )
        )


def _must_be_free(
    connection: Connection, stored: StoredPlan, hosts: Iterable[str], *, since: datetime
) -> None:
    others = select(plan_host).where(
        plan_host.c.customer == stored.customer,
        plan_host.c.host.in_(list(hosts)),
        plan_host.c.plan != stored.id,
        or_(plan_host.c.ended.is_(None), plan_host.c.ended > since),
    )
    for row in connection.execute(others.order_by(plan_host.c.began)):
        if row.outcome is None:
            raise PlanStateError(
                f"on {row.host} plan {row.plan} is being carried out just now: wait until it has ended"
            )
        if row.outcome.get("is") in {"unknown", "undo-failed", "broken"}:
            raise PlanStateError(
                f"on {row.host} plan {row.plan} ended in a way that nobody knows, after this one was made: look at the "
                "host, then plan anew"
            )
        raise PlanStateError(
            f"on {row.host} plan {row.plan} was carried out after this one was made: plan anew, from the state as it is"
        )


def end_host(connection: Connection, plan_id: str, one: Carried) -> None:
    """Write down how a plan ended on one host; what has an end already keeps it."""
    if one.outcome is None or one.ended is None:
        raise ValueError(f"it has not ended on {one.host}")
    connection.execute(
        update(plan_host)
        .where(
            plan_host.c.plan == plan_id,
            plan_host.c.kind == one.kind.value,
            plan_host.c.host == one.host,
            plan_host.c.ended.is_(None),
        )
        .values(outcome=outcome_json(one.outcome), ended=one.ended)
    )


def end(connection: Connection, plan_id: str, kind: Doing) -> PlanState:
    """Give a plan the state that its hosts say. Raises PlanStateError when it is not under way."""
    outcomes = [one.outcome for one in _carried(connection, plan_id) if one.kind is kind]
    after = state_after(kind, outcomes)
    move_plan(connection, plan_id, (_BEGINS[kind][1],), after)
    return after


def state_after(kind: Doing, outcomes: Sequence[Outcome | None]) -> PlanState:
    """What a plan is once it has ended so on its hosts; a host without an end is one of which nobody knows."""
    if any(one is None or isinstance(one, Unknown | UndoFailed | Broken) for one in outcomes):
        return PlanState.UNKNOWN
    if kind is Doing.UNDO:
        back = all(isinstance(one, Undone | AlreadySo) for one in outcomes)
        if back:
            return PlanState.UNDONE
        return PlanState.DONE if all(map(nothing_sent, outcomes)) else PlanState.FAILED
    if all(isinstance(one, Changed | AlreadySo) for one in outcomes):
        return PlanState.DONE
    # Where nothing was sent to any host nothing has run: the plan may be applied once the reason is gone.
    return PlanState.OPEN if all(map(nothing_sent, outcomes)) else PlanState.FAILED


def nothing_sent(outcome: Outcome | None) -> bool:
    """Whether an outcome says that nothing was changed, nor tried."""
    return isinstance(outcome, Refused | NoAnswer)


def carried(store: Store, plan_id: str) -> tuple[Carried, ...]:
    """The hosts on which a plan was begun, in the plan's order."""
    with store.read() as connection:
        return _carried(connection, plan_id)


def _carried(connection: Connection, plan_id: str) -> tuple[Carried, ...]:
    wanted = select(plan_host).where(plan_host.c.plan == plan_id)
    return tuple(
        Carried(
            host=row.host,
            kind=Doing(row.kind),
            clause=row.clause,
            began=row.began,
            outcome=None if row.outcome is None else outcome_from(row.outcome),
            ended=row.ended,
        )
        for row in connection.execute(wanted.order_by(plan_host.c.kind, plan_host.c.place))
    )


def promotions(store: Store) -> dict[str, tuple[datetime, str]]:
    """The playbooks that may be applied: since when, and who said so."""
    with store.read() as connection:
        return {row.playbook: (row.at, row.by) for row in connection.execute(select(promotion))}


def promote(connection: Connection, playbook: str, by: str, now: datetime) -> None:
    """Let a playbook be applied, and no longer only plan. Raises PlanStateError where it may be already."""
    try:
        connection.execute(insert(promotion).values(playbook=playbook, by=by, at=now))
    except IntegrityError:
        raise PlanStateError(f"{playbook} is promoted already") from None


def say_agreed(connection: Connection, plan_id: str, agreed: bool) -> None:  # noqa: FBT001 - the value that is kept.
    """Note of a plan made in shadow whether engineers did what it says. Raises PlanStateError for any other plan."""
    changed = connection.execute(
        update(plan).where(plan.c.id == plan_id, plan.c.shadow.is_(True)).values(agreed=agreed)
    )
    if changed.rowcount != 1:
        raise PlanStateError(f"plan {plan_id} was not made in shadow: there is nothing to compare")


def read_plan_row(row: Row[Any]) -> StoredPlan:
    columns = dict(row._mapping)  # noqa: SLF001 - the documented name of a row's columns.
    return StoredPlan(**columns | {"state": PlanState(row.state), "edited_by": tuple(row.edited_by)})
