"""Does this ticket become a run, now, later, or not at all? One pure function over rules, ticket and time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from controller.triggers.classify import Classification
from controller.triggers.rules import DAYS, Trigger
from controller.triggers.source import Arrived

__all__ = ["Ignore", "Reason", "Start", "Verdict", "Wait", "decide_trigger"]

# The words of the desks for a ticket that nobody waits for any more.
_OVER = frozenset(
    {"resolved", "closed", "rejected", "deleted", "merged", "done", "cancelled", "canceled", "removed"}
    | {"gelöst", "geschlossen", "erledigt", "abgelehnt", "storniert"}
)


class Reason(StrEnum):
    """Why nothing is begun: public and stable, later ones came nearer to a start."""

    NO_RULE = "no-rule"
    OVER = "over"
    NO_CUSTOMER = "no-customer"
    NOT_HANDED_OVER = "not-handed-over"
    ANSWER_KNOWN = "answer-known"
    NO_SYMPTOM = "no-symptom"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Begin now. why: in one line, for people."""

    rule: str
    symptom: str
    words: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Look again then."""

    rule: str
    until: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """Leave it to people."""

    reason: Reason
    rule: str = ""
    why: str = ""


Verdict = Start | Wait | Ignore


def decide_trigger(rules: Sequence[Trigger], ticket: Arrived, said: Classification, now: datetime) -> Verdict:
    """Whether a ticket becomes a run by one of the rules. said: what it complains of.

    The first rule that starts it wins; else it waits for the soonest that may; else the reason that came nearest.
    """
    if ticket.ticket.state.casefold() in _OVER:
        return Ignore(reason=Reason.OVER, why=f"the ticket is {ticket.ticket.state}")
    if not ticket.ticket.customer:
        return Ignore(reason=Reason.NO_CUSTOMER, why="the ticket names no customer")
    verdicts = [_by(rule, ticket, said, now) for rule in rules if _fits(rule, ticket)]
    started = next((one for one in verdicts if isinstance(one, Start)), None)
    if started is not None:
        return started
    waiting = [one for one in verdicts if isinstance(one, Wait)]
    if waiting:
        return min(waiting, key=lambda one: one.until)
    left = [one for one in verdicts if isinstance(one, Ignore)]
    nearest = list(Reason)
    fallback = Ignore(reason=Reason.NO_RULE, why="no rule is for tickets like this one")
    return max(left, key=lambda one: nearest.index(one.reason), default=fallback)


def _fits(rule: Trigger, ticket: Arrived) -> bool:
    return (
        _among(rule.desks, ticket.desk)
        and _among(rule.customers, ticket.ticket.customer)
        and _among(rule.queues, ticket.ticket.queue)
        and _among(rule.categories, ticket.ticket.category)
        and _among(rule.priorities, ticket.ticket.priority)
    )


def _among(wanted: Collection[str], word: str) -> bool:
    return not wanted or word.casefold() in {one.casefold() for one in wanted}


def _by(rule: Trigger, ticket: Arrived, said: Classification, now: datetime) -> Verdict:
    held = _handed_over(rule, ticket, now) or _asked_for(rule, said)
    if held is not None:
        return held
    opens = _opens(rule, now)
    if opens > now:
        return Wait(rule=rule.name, until=opens, why="the rule's time has not begun")
    if rule.symptom:
        return Start(rule=rule.name, symptom=rule.symptom, words=(), why="the rule says what is asked")
    why = f"the text speaks of {said.symptom} ({said.confidence:.2f})"
    return Start(rule=rule.name, symptom=said.symptom, words=said.words, why=why)


def _handed_over(rule: Trigger, ticket: Arrived, now: datetime) -> Verdict | None:
    """Why the ticket is still 1st level's; None when it is handed over, or the rule does not ask for that."""
    sign, found = rule.handed_over, ticket.ticket
    if sign is None:
        return None
    if sign.tags and any(_among(sign.tags, tag) for tag in found.tags):
        return None
    if sign.queues and _among(sign.queues, found.queue):
        return None
    known = any(_among(sign.known_tags, tag) for tag in found.tags)
    unknown = any(_among(sign.unknown_tags, tag) for tag in found.tags)
    if sign.unknown_for is None or not (known or unknown):
        # That nobody looked whether an answer is known is no "nothing is known".
        return Ignore(reason=Reason.NOT_HANDED_OVER, rule=rule.name, why="1st level has not handed it over")
    if known:
        return Ignore(reason=Reason.ANSWER_KNOWN, rule=rule.name, why="the knowledge base has an answer")
    due = found.created + timedelta(minutes=sign.unknown_for)
    if now < due:
        return Wait(rule=rule.name, until=due, why=f"1st level has {sign.unknown_for} minutes")
    return None


def _asked_for(rule: Trigger, said: Classification) -> Ignore | None:
    if rule.symptom:
        return None
    if not said.symptom:
        return Ignore(
            reason=Reason.NO_SYMPTOM, rule=rule.name, why="the text speaks of nothing that we examine"
        )
    if said.confidence < rule.confidence:
        why = f"{said.symptom} is only {said.confidence:.2f} sure, the rule wants {rule.confidence:.2f}"
        return Ignore(reason=Reason.UNSURE, rule=rule.name, why=why)
    return None


def _opens(rule: Trigger, now: datetime) -> datetime:
    """When the rule's time begins next; now, while it is."""
    zone = ZoneInfo(rule.timezone)
    today = now.astimezone(zone).date()
    # A week from now is the same weekday again, after its time of today is over.
    for days in range(8):
        day = today + timedelta(days=days)
        if DAYS[day.weekday()] not in rule.days:
            continue
        begins = datetime.combine(day, rule.start, zone).astimezone(now.tzinfo)
        last = day + timedelta(days=1) if rule.until == time(0, 0) else day
        ends = datetime.combine(last, rule.until, zone).astimezone(now.tzinfo)
        if now < ends:
            return max(begins, now)
    raise ValueError(f"the rule {rule.name} has no day")
