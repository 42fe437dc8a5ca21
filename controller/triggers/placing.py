"""What becomes of a ticket that was read? Decided, joined to a storm or made ready, and told, in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from controller.ledger import Entry, LedgerFact, What, append
from controller.outbox import Action, ActionKind, hand_over
from controller.store.arrivals import Arrival, ArrivalState, held, is_taken, lead_of, move, was_asked
from controller.store.letters import action_json
from controller.store.store import Store
from controller.symptoms import EVERYTHING
from controller.triggers.classify import Classification, classify
from controller.triggers.decide import Ignore, Start, Wait, decide_trigger
from controller.triggers.resolve import Ambiguous, Named, resolve
from controller.triggers.rules import Limits, Trigger
from controller.triggers.source import Arrived
from controller.triggers.telling import asking_back, begun, joined
from inventory.contract import Contract

__all__ = ["Placing", "alike_of"]

_MOST_FACTS = 500


def alike_of(customer: str, symptom: str, hosts: Sequence[str]) -> str:
    """The same for tickets that one run answers: customer, symptom and set of hosts."""
    told = json.dumps([customer, symptom, sorted(hosts)])
    return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """Puts rows where they belong. holder: who claimed them; nothing is done to a row that is another's by now."""

    store: Store
    rules: Sequence[Trigger]
    limits: Limits
    holder: str

    def place(self, row: Arrival, ticket: Arrived, contract: Contract | None, now: datetime) -> None:
        """Decide about a ticket. contract: None where there is none that can be read; then nothing is begun."""
        read = ticket.ticket
        said = classify(read.subject, read.text)
        seen = {
            "customer": read.customer[:64],
            "symptom": said.symptom,
            "confidence": said.confidence,
            "words": list(said.words),
        }
        match decide_trigger(self.rules, ticket, said, now):
            case Ignore(reason=reason, rule=rule, why=why):
                self._end(row, ArrivalState.IGNORED, now, rule=rule, why=f"{reason}: {why}", **seen)
            case Wait(rule=rule, until=until, why=why):
                self._change(row, ArrivalState.WAITING, next_at=until, tries=0, rule=rule, why=why, **seen)
            case Start() as start if contract is None:
                self._end(row, ArrivalState.IGNORED, now, rule=start.rule, why="no-contract", **seen)
            case Start() as start:
                self._start(row, ticket, contract, start, said, now)

    def later(self, row: Arrival, due: datetime, why: str) -> None:
        """Read it again then."""
        self._change(row, ArrivalState.WAITING, next_at=due, why=why[:_MOST_FACTS])

    def fail(self, row: Arrival, now: datetime, why: str) -> None:
        """Give it up; `secondline intake status` shows it."""
        self._end(row, ArrivalState.FAILED, now, why=why[:_MOST_FACTS])

    def _start(  # noqa: PLR0913, PLR0917 - what a start stands on.
        self,
        row: Arrival,
        ticket: Arrived,
        contract: Contract,
        start: Start,
        said: Classification,
        now: datetime,
    ) -> None:
        # A ticket that was merged into another one has its name from here on.
        row = replace(row, ticket=ticket.ticket.id)
        symptom = "" if start.symptom == EVERYTHING else start.symptom
        values: dict[str, object] = {
            "customer": contract.customer,
            "ticket": row.ticket,
            "rule": start.rule,
            "symptom": symptom,
            "confidence": said.confidence,
            "words": list(start.words),
            "why": start.why,
        }
        meant = resolve(contract, ticket.ticket.subject, ticket.ticket.text)
        if isinstance(meant, Ambiguous):
            self._ask(row, contract, meant, values, now)
            return
        hosts = meant.hosts if isinstance(meant, Named) else ()
        values |= {"hosts": list(hosts), "alike": alike_of(contract.customer, symptom, hosts)}
        self._make_ready(row, start, values, contract.language, now)

    def _make_ready(
        self, row: Arrival, start: Start, values: dict[str, object], language: str, now: datetime
    ) -> None:
        """Have a run made for a ticket, or join it to the one that is made for tickets of the same."""
        symptom, alike = str(values["symptom"]), str(values["alike"])
        since = row.received - timedelta(minutes=self.limits.storm)
        with self.store.write(durable=True) as connection:
            _alone(connection, alike)
            if not held(connection, row, self.holder):
                return
            if is_taken(connection, row):
                taken = values | {"why": "taken: it has its run"}
                move(connection, row, ArrivalState.IGNORED, ended=now, **taken)
                return
            lead = lead_of(connection, alike, since)
            if lead is None:
                note = begun(symptom, start.rule, start.words, language)
                move(connection, row, ArrivalState.READY, next_at=now, tries=0, note=note, **values)
                return
            told = joined(lead.ticket, symptom, start.rule, start.words, language)
            self._tell(connection, row, Action(kind=ActionKind.NOTE, text=told), now)
            move(connection, row, ArrivalState.JOINED, lead=lead.id, ended=now, **values)

    def _ask(
        self, row: Arrival, contract: Contract, meant: Ambiguous, values: dict[str, object], now: datetime
    ) -> None:
        """Ask the ticket which host is meant, once; whoever answers makes the desk ring again."""
        with self.store.read() as connection:
            known = was_asked(connection, row) or is_taken(connection, row)
        if known:
            self._end(row, ArrivalState.IGNORED, now, **values | {"why": "it was asked already"})
            return
        question = Action(kind=ActionKind.REPLY, text=asking_back(contract, meant, contract.language))
        facts: dict[str, LedgerFact] = {
            "ticket": row.ticket,
            "desk": row.desk,
            "rule": str(values["rule"]),
            "words": meant.words[:_MOST_FACTS],
            "hosts": len(meant.candidates),
        }
        append(
            self.store, Entry(what=What.ASKED_BACK, who=f"automation:{values['rule']}", facts=facts, at=now)
        )
        with self.store.write(durable=True) as connection:
            _alone(connection, f"{row.desk}/{row.ticket}")
            # Another event of the ticket may have come first; asked twice it is by nobody.
            if not held(connection, row, self.holder) or was_asked(connection, row):
                return
            self._tell(connection, row, question, now)
            why = f"which host is meant: {', '.join(meant.candidates)}"
            move(connection, row, ArrivalState.ASKED, ended=now, **values | {"why": why[:_MOST_FACTS]})

    def _tell(self, connection: Connection, row: Arrival, action: Action, now: datetime) -> None:
        written = action_json(self.store, action)
        hand_over(connection, written, run_id=None, desk=row.desk, ticket=row.ticket, now=now)

    def _end(self, row: Arrival, state: ArrivalState, now: datetime, **values: object) -> None:
        self._change(row, state, ended=now, **values)

    def _change(self, row: Arrival, state: ArrivalState, **values: object) -> None:
        with self.store.write() as connection:
            if held(connection, row, self.holder):
                move(connection, row, state, **values)


def _alone(connection: Connection, what: str) -> None:
    """Have nobody else decide about the same until this transaction ends. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:what))"), {"what": what})
