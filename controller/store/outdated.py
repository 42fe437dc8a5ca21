"""Which rows are over and too old to be kept? Plans, questions, rings and orders of a customer; log-ins of people.

Only what has ended goes: an open plan, an unanswered question, an order under way stay. That they were there, who said what to
them and how they ended stands in the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, delete, exists, or_, select
from sqlalchemy.sql.elements import ColumnElement

from controller.store.arrivals import ArrivalState
from controller.store.errand import ErrandState
from controller.store.plans import PlanState
from controller.store.schema import intake, plan, plan_host, plan_word
from controller.store.schema_people import login, person_invitation, program_token, question
from controller.store.schema_sites import errand, errand_word, wrong_code
from controller.store.store import Store

__all__ = ["Outdated", "forget_people", "forget_rows", "has_outdated"]

# A log-in lasts twelve hours; that somebody tried a wrong code is of use for a day; who had which token, for a quarter.
_LOGIN, _CODE, _TOKEN = timedelta(hours=12), timedelta(days=1), timedelta(days=90)
_Which = tuple[ColumnElement[bool], ...]
_PLANS_OVER = tuple(
    one.value for one in (PlanState.REJECTED, PlanState.DONE, PlanState.FAILED, PlanState.UNDONE)
)
_ORDERS_OVER = tuple(one.value for one in ErrandState if one.over)
_RINGS_OVER = tuple(one.value for one in ArrivalState if one.over)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """How many of a customer's went."""

    plans: int = 0
    questions: int = 0
    rings: int = 0
    orders: int = 0

    def __bool__(self) -> bool:
        return bool(self.plans or self.questions or self.rings or self.orders)


def forget_rows(store: Store, customer: str, before: datetime) -> Outdated:
    """Delete what of a customer has ended and is older than this moment; gives how many of each."""
    with store.write(durable=True) as connection:
        over, orders = _over_plans(customer, before), _over_orders(customer, before)
        plans = select(plan.c.id).where(*over)
        for table in (plan_word, plan_host):
            connection.execute(delete(table).where(table.c.plan.in_(plans)))
        connection.execute(
            delete(errand_word).where(errand_word.c.errand.in_(select(errand.c.id).where(*orders)))
        )
        return Outdated(
            plans=_gone(connection, plan, *over),
            questions=_gone(connection, question, *_over_questions(customer, before)),
            rings=_rings(connection, customer, before),
            orders=_gone(connection, errand, *orders),
        )


def has_outdated(store: Store, customer: str, before: datetime) -> bool:
    """Whether anything of a customer would go. Asked before the contract is read, which may be long."""
    with store.read() as connection:
        return any(
            connection.scalar(select(exists(select(table).where(*which))))
            for table, which in (
                (plan, _over_plans(customer, before)),
                (question, _over_questions(customer, before)),
                (intake, _over_rings(customer, before)),
                (errand, _over_orders(customer, before)),
            )
        )


def forget_people(store: Store, now: datetime) -> None:
    """Delete log-ins, links, tokens and tries that count no more."""
    with store.write() as connection:
        _gone(connection, login, login.c.began < now - _LOGIN)
        _gone(connection, person_invitation, person_invitation.c.expires < now)
        _gone(connection, wrong_code, wrong_code.c.at < now - _CODE)
        ended = or_(program_token.c.revoked < now - _TOKEN, program_token.c.expires < now - _TOKEN)
        _gone(connection, program_token, ended)


def _over_plans(customer: str, before: datetime) -> _Which:
    return plan.c.customer == customer, plan.c.state.in_(_PLANS_OVER), plan.c.made < before


def _over_questions(customer: str, before: datetime) -> _Which:
    return question.c.customer == customer, question.c.answered_at < before


def _over_rings(customer: str, before: datetime) -> _Which:
    return intake.c.customer == customer, intake.c.state.in_(_RINGS_OVER), intake.c.received < before


def _over_orders(customer: str, before: datetime) -> _Which:
    return errand.c.customer == customer, errand.c.state.in_(_ORDERS_OVER), errand.c.ended < before


def _rings(connection: Connection, customer: str, before: datetime) -> int:
    """Those of a storm before the one whose run was made for all of them: it goes when nobody points to it."""
    over = _over_rings(customer, before)
    joined = _gone(connection, intake, *over, intake.c.lead.is_not(None))
    other = intake.alias()
    led = exists(select(other.c.id).where(other.c.lead == intake.c.id))
    return joined + _gone(connection, intake, *over, ~led)


def _gone(connection: Connection, table: Table, *which: ColumnElement[bool]) -> int:
    return connection.execute(delete(table).where(*which)).rowcount
