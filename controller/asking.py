"""What does the customer want to know? A question or objection goes to the ticket, and its answer comes back to the portal."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Literal

from controller.ledger import Entry, What, append
from controller.office import Office
from controller.outbox import post
from controller.reports.inert import inert
from controller.store.letters import Action, ActionKind
from controller.store.releases import Question, add_question, answer_question, get_question

__all__ = ["answer_customer", "ask_engineers"]

_HEADS = {
    "question": ("A question of the customer's", "Eine Frage des Kunden"),
    "objection": ("AN OBJECTION of the customer's", "EIN EINSPRUCH des Kunden"),
}


def ask_engineers(  # noqa: PLR0913 - what a question consists of.
    office: Office,
    customer: str,
    desk: str,
    ticket: str,
    *,
    about: str,
    kind: Literal["question", "objection"],
    text: str,
) -> Question:
    """Keep it, tell the ledger, and have it written to the ticket: in the customer's own words, marked as such."""
    fresh = Question(
        id=secrets.token_hex(16),
        customer=customer,
        desk=desk,
        ticket=ticket,
        about=about,
        kind=kind,
        text=text,
        person=office.who,
        at=datetime.now(UTC),
    )
    facts = {"question": fresh.id, "kind": kind, "about": about, "customer": customer}
    append(office.store, Entry(what=What.CUSTOMER_ASKED, who=office.who, facts=facts))
    add_question(office.store, fresh)
    english, german = _HEADS[kind]
    quoted = "\n".join(f"> {line}" for line in inert(text).splitlines())
    note = f"{german} / {english} ({inert(office.who)}, {about}):\n\n{quoted}"
    post(office.store, desk=desk, ticket=ticket, action=Action(kind=ActionKind.NOTE, text=note), now=fresh.at)
    return fresh


def answer_customer(office: Office, question_id: str, answer: str) -> bool:
    """Answer; says whether there was a question without an answer. The ticket gets it as a public reply."""
    found, now = get_question(office.store, question_id), datetime.now(UTC)
    if found is None or not answer_question(office.store, question_id, answer=answer, by=office.who, at=now):
        return False
    facts = {"question": found.id, "customer": found.customer}
    append(office.store, Entry(what=What.CUSTOMER_ANSWERED, who=office.who, facts=facts))
    reply = Action(kind=ActionKind.REPLY, text=inert(answer))
    post(office.store, desk=found.desk, ticket=found.ticket, action=reply, now=now)
    return True
