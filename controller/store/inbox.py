"""What is there for somebody to look at, newest first, and what waits for a person? With bounded work, however much there is.

A page begins where the last one ended (by key): its cost does not grow with how far back it is. A search looks
through the newest runs only, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal_column, or_, select, tuple_
from sqlalchemy.orm import aliased

from controller.store.letters import Delivery, DeliveryState, delivery_from
from controller.store.living import RunState
from controller.store.plans import PlanState, StoredPlan, read_plan_row
from controller.store.runs import Run, read_run_row
from controller.store.schema import outbox, plan, run
from controller.store.store import Store

__all__ = [
    "SEARCHED",
    "Key",
    "RunPage",
    "Sight",
    "Waiting",
    "Wanted",
    "inbox",
    "last_good",
    "plans_seen",
    "waiting",
]

# Through so many of the newest runs a search looks.
SEARCHED = 20_000
# So much of each kind is shown of what waits; one more is looked for, to know whether there is more.
_SHOWN = 20
# What is older waits for nobody any more.
_RECENT = timedelta(days=30)
_KINDS = ("diagnose", "apply", "undo")

# When a run began, and its id: where a page goes on.
Key = tuple[datetime, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Whose runs somebody may see: of these customers; of all but those, where `others` is so."""

    customers: frozenset[str]
    others: bool = False
    barred: frozenset[str] = frozenset()

    def has(self, customer: str) -> bool:
        return customer not in self.barred if self.others else customer in self.customers

    def of(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        if self.others:
            return column.not_in(sorted(self.barred)) if self.barred else column.is_not(None)
        return column.in_(sorted(self.customers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """By what the list is narrowed; what is empty narrows nothing. state: of a run, or 'faults' or 'under-way'."""

    customer: str = ""
    state: str = ""
    symptom: str = ""
    by: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """Some runs, newest first. next: where the following page begins; None at the end."""

    runs: tuple[Run, ...]
    next: Key | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What needs a person now. more: the kinds of which there are more than are given."""

    faults: tuple[Run, ...]
    plans: tuple[StoredPlan, ...]
    unknown: tuple[StoredPlan, ...]
    letters: tuple[Delivery, ...]
    more: frozenset[str]

    @property
    def count(self) -> int:
        return len(self.faults) + len(self.plans) + len(self.unknown) + len(self.letters)


def inbox(
    store: Store, sight: Sight, wanted: Wanted, *, after: Key | None = None, limit: int = 40
) -> RunPage:
    """One page of diagnoses and changes."""
    shown = [run.c.kind.in_(_KINDS), sight.of(run.c.customer), *_narrowed(wanted)]
    if wanted.text:
        newest = select(run.c.id).order_by(run.c.began.desc(), run.c.id.desc()).limit(SEARCHED)
        shown += [run.c.id.in_(newest), _says(wanted.text)]
    if after is not None:
        shown.append(tuple_(run.c.began, run.c.id) < tuple_(*after))
    found = select(run).where(*shown).order_by(run.c.began.desc(), run.c.id.desc()).limit(limit + 1)
    with store.read() as connection:
        several = [read_run_row(row) for row in connection.execute(found)]
    page = tuple(several[:limit])
    return RunPage(runs=page, next=(page[-1].began, page[-1].id) if len(several) > limit else None)


def _narrowed(wanted: Wanted) -> list[ColumnElement[bool]]:
    parts: list[ColumnElement[bool]] = []
    if wanted.customer:
        parts.append(run.c.customer == wanted.customer)
    if wanted.symptom:
        parts.append(run.c.symptom == wanted.symptom)
    if wanted.by:
        parts.append(run.c.asked_by.in_(wanted.by))
    match wanted.state:
        case "":
            pass
        case "faults":
            parts.append(run.c.faults > 0)
        case "under-way":
            parts.append(run.c.state.in_([one.value for one in RunState if not one.over]))
        case state:
            parts.append(run.c.state == state)
    return parts


def _says(text: str) -> ColumnElement[bool]:
    """Whether a run is about this: its ticket by number, or words of the subject, in any case."""
    return or_(run.c.ticket == text, run.c.id == text, run.c.subject.icontains(text, autoescape=True))


def waiting(store: Store, sight: Sight, now: datetime) -> Waiting:
    """What needs a person now, each kind oldest want first where that counts, and newest first else."""
    later = aliased(run)
    newer = exists(
        select(literal_column("1")).where(
            later.c.desk == run.c.desk,
            later.c.ticket == run.c.ticket,
            later.c.kind != "plan",
            later.c.began > run.c.began,
        )
    )
    since = now - _RECENT
    faults = (
        select(run)
        .where(
            run.c.faults > 0, run.c.began > since, run.c.kind == "diagnose", sight.of(run.c.customer), ~newer
        )
        .order_by(run.c.began.desc())
    )
    open_ = and_(plan.c.state == PlanState.OPEN.value, plan.c.shadow.is_(False), plan.c.made > since)
    unknown = plan.c.state == PlanState.UNKNOWN.value
    late = (
        select(outbox)
        .join(run, run.c.id == outbox.c.run)
        .where(
            outbox.c.state.in_([DeliveryState.FAILED.value, DeliveryState.PARTLY.value]),
            run.c.expired.is_(None),
            sight.of(run.c.customer),
        )
        .order_by(outbox.c.id.desc())
    )
    with store.read() as connection:

        def some(found: Select[Any], read: Callable[[Any], Any]) -> list[Any]:
            return [read(row) for row in connection.execute(found.limit(_SHOWN + 1))]

        kinds = {
            "faults": some(faults, read_run_row),
            "plans": some(_plans(sight, open_), read_plan_row),
            "unknown": some(_plans(sight, unknown), read_plan_row),
            "letters": some(late, delivery_from),
        }
    return Waiting(
        faults=tuple(kinds["faults"][:_SHOWN]),
        plans=tuple(kinds["plans"][:_SHOWN]),
        unknown=tuple(kinds["unknown"][:_SHOWN]),
        letters=tuple(kinds["letters"][:_SHOWN]),
        more=frozenset(kind for kind, several in kinds.items() if len(several) > _SHOWN),
    )


def plans_seen(store: Store, sight: Sight, *, limit: int = 100) -> tuple[StoredPlan, ...]:
    """The newest plans."""
    with store.read() as connection:
        found = connection.execute(_plans(sight, plan.c.id.is_not(None)).limit(limit))
        return tuple(map(read_plan_row, found))


def _plans(sight: Sight, which: ColumnElement[bool]) -> Select[Any]:
    return select(plan).where(which, sight.of(plan.c.customer)).order_by(plan.c.made.desc(), plan.c.id)


def last_good(store: Store, than: Run) -> Run | None:
    """The newest diagnosis for the same customer before this one that found nothing wrong.

    One of the same ticket goes before one of the same symptom, and that before any other.
    """
    good = and_(
        run.c.customer == than.customer,
        run.c.kind == "diagnose",
        run.c.state == RunState.DONE.value,
        run.c.faults == 0,
        run.c.began < than.began,
        run.c.expired.is_(None),
    )
    alike = func.coalesce(
        *(
            select(run.c.id).where(good, *more).order_by(run.c.began.desc()).limit(1).scalar_subquery()
            for more in (
                (run.c.desk == than.desk, run.c.ticket == than.ticket),
                (run.c.symptom == than.symptom,),
                (),
            )
        )
    )
    with store.read() as connection:
        row = connection.execute(select(run).where(run.c.id == alike)).one_or_none()
    return None if row is None else read_run_row(row)
