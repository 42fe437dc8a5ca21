"""What can be remembered of a run? The closed vocabulary of the ledger, with the facts of each word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

__all__ = ["Entry", "LedgerFact", "What"]

LedgerFact = str | int | float | bool


class What(StrEnum):
    """The kinds of entries: public and stable."""

    ASKED = "asked"
    DECIDED_ALLOWED = "decided-allowed"
    DECIDED_REFUSED = "decided-refused"
    GRANT_SEALED = "grant-sealed"
    WORKER_STARTED = "worker-started"
    WORKER_GONE = "worker-gone"
    SESSION_OPENED = "session-opened"
    SESSION_FAILED = "session-failed"
    QUESTION_SENT = "question-sent"
    NAME_LOOKED_UP = "name-looked-up"
    CAPTURE_READ = "capture-read"
    WALLS_STAND = "walls-stand"
    WALL_HELD = "wall-held"
    CANCELLED = "cancelled"
    RUN_ENDED = "run-ended"
    NOTE_DELIVERED = "note-delivered"
    NOTE_FAILED = "note-failed"
    CONTRACT_ADDED = "contract-added"
    CONTRACT_WAITING = "contract-waiting"
    CONTRACT_APPROVED = "contract-approved"
    CONTRACT_ENDED = "contract-ended"
    DECISIONS_DIFFER = "decisions-differ"
    WORK_ENDED = "work-ended"
    AGENT_SET_UP = "agent-set-up"
    AGENT_STOPPED = "agent-stopped"
    AGENT_RESUMED = "agent-resumed"
    HOST_PINNED = "host-pinned"
    ROWS_EXPIRED = "rows-expired"
    EVIDENCE_EXPIRED = "evidence-expired"
    PLAN_MADE = "plan-made"
    PLAN_APPROVED = "plan-approved"
    PLAN_REJECTED = "plan-rejected"
    CHANGE_BEGUN = "change-begun"
    CHANGE_STEP = "change-step"
    CHANGE_ENDED = "change-ended"
    PLAYBOOK_PROMOTED = "playbook-promoted"
    PLAN_COMPARED = "plan-compared"
    REPORT_RELEASED = "report-released"
    REPORT_WITHDRAWN = "report-withdrawn"
    CUSTOMER_ASKED = "customer-asked"
    CUSTOMER_ANSWERED = "customer-answered"
    LOGGED_IN = "logged-in"
    LOGIN_FAILED = "login-failed"
    LOGGED_OUT = "logged-out"
    PERSON_ADDED = "person-added"
    PERSON_CHANGED = "person-changed"
    BUNDLE_MADE = "bundle-made"
    BACKED_UP = "backed-up"
    RESTORED = "restored"
    TRIGGERED = "triggered"
    ASKED_BACK = "asked-back"
    TOKEN_MADE = "token-made"  # noqa: S105 - a word, and no token.
    TOKEN_REVOKED = "token-revoked"  # noqa: S105 - see above.
    AGENT_INVITED = "agent-invited"
    AGENT_ENROLLED = "agent-enrolled"
    AGENT_ADMITTED = "agent-admitted"
    AGENT_REVOKED = "agent-revoked"
    AGENT_CLOCK = "agent-clock-differs"
    ORDER_SENT = "order-sent"
    ORDER_TAKEN = "order-taken"
    ORDER_ENDED = "order-ended"
    ORDER_PARKED = "order-parked"
    MESSAGE_REFUSED = "message-refused"


# The facts that an entry may carry. The list is closed so that no secret gets in by the way.
_FACTS: Mapping[What, Mapping[str, type]] = MappingProxyType(
    {
        What.ASKED: {
            "ticket": str,
            "desk": str,
            "areas": str,
            "symptom": str,
            "hosts": int,
            "jobs": int,
            "deadline": str,
        },
        What.DECIDED_ALLOWED: {"deed": str, "jobs": int},
        What.DECIDED_REFUSED: {"deed": str, "reason": str, "by": str, "clauses": str, "detail": str},
        # An alarm: the agent came to another answer than the controller, from the same contract.
        What.DECISIONS_DIFFER: {"deed": str, "agent": str, "controller": str, "reason": str, "detail": str},
        What.WORK_ENDED: {"grant": str, "agent": str, "reason": str},
        What.GRANT_SEALED: {"grant": str, "agent": str, "hosts": int, "deeds": int, "expires": str},
        What.WORKER_STARTED: {"grant": str, "agent": str, "pid": int},
        What.WORKER_GONE: {"grant": str, "agent": str, "pid": int, "code": int, "how": str},
        What.SESSION_OPENED: {"grant": str, "session": str, "address": str, "port": int, "user": str},
        What.SESSION_FAILED: {"grant": str, "session": str, "kind": str, "phase": str},
        What.QUESTION_SENT: {
            "grant": str,
            "session": str,
            "collector": str,
            "exchange": str,
            "question": str,
            "questions": int,
            "took": float,
        },
        # host: who was asked. No addresses: it says that there are none, or (kind) gave no answer.
        What.CAPTURE_READ: {"sha256": str, "size": int},
        What.NAME_LOOKED_UP: {"grant": str, "name": str, "addresses": str, "kind": str},
        What.WALLS_STAND: {"grant": str, "how": str},
        What.WALL_HELD: {"grant": str, "address": str, "port": int, "how": str},
        What.CANCELLED: {"reason": str, "took": float},
        What.RUN_ENDED: {"state": str, "seen": int, "unanswered": int, "refused": int, "broken": int},
        What.NOTE_DELIVERED: {
            "desk": str,
            "ticket": str,
            "action": str,
            "marker": str,
            "reference": str,
            "missing": str,
        },
        What.NOTE_FAILED: {"desk": str, "ticket": str, "action": str, "marker": str, "error": str},
        What.CONTRACT_ADDED: {"customer": str, "revision": int, "digest": str, "people": str},
        What.CONTRACT_WAITING: {
            "customer": str,
            "revision": int,
            "digest": str,
            "people": str,
            "widenings": int,
        },
        What.CONTRACT_APPROVED: {"customer": str, "revision": int, "digest": str, "people": str},
        What.CONTRACT_ENDED: {"customer": str, "revision": int, "at": str, "people": str},
        What.AGENT_SET_UP: {"agent": str, "ceiling": str, "people": str},
        What.AGENT_STOPPED: {"agent": str, "customer": str, "reason": str},
        What.AGENT_RESUMED: {"agent": str, "customer": str},
        What.HOST_PINNED: {"customer": str, "key": str, "agent": str},
        What.PLAN_MADE: {
            "plan": str,
            "digest": str,
            "ticket": str,
            "playbook": str,
            "hosts": int,
            "requested_by": str,
            "shadow": bool,
        },
        What.PLAN_APPROVED: {"plan": str, "digest": str, "person": str, "side": str, "expires": str},
        What.PLAN_REJECTED: {"plan": str, "digest": str, "person": str},
        # kind: 'apply' or 'undo'. people: who had agreed.
        What.CHANGE_BEGUN: {
            "plan": str,
            "digest": str,
            "deed": str,
            "kind": str,
            "people": str,
            "requested_by": str,
        },
        What.CHANGE_STEP: {"plan": str, "grant": str, "detail": str},
        # state: of the outcome on this host.
        What.CHANGE_ENDED: {"plan": str, "digest": str, "kind": str, "state": str, "detail": str},
        What.PLAYBOOK_PROMOTED: {"playbook": str, "agreed": int, "differed": int},
        What.PLAN_COMPARED: {"plan": str, "agreed": bool},
        # page, data: SHA-256 of what the customer may read.
        What.REPORT_RELEASED: {"release": str, "customer": str, "of": str, "page": str, "data": str},
        What.REPORT_WITHDRAWN: {"release": str, "customer": str, "of": str},
        What.CUSTOMER_ASKED: {"question": str, "kind": str, "about": str, "customer": str},
        What.CUSTOMER_ANSWERED: {"question": str, "customer": str},
        # Of whom nobody is known, the name is not kept: it may be a password in the wrong field.
        What.LOGGED_IN: {"person": str, "how": str},
        What.LOGIN_FAILED: {"person": str, "how": str},
        What.LOGGED_OUT: {"person": str, "how": str},
        What.PERSON_ADDED: {"person": str, "roles": str},
        What.PERSON_CHANGED: {"person": str, "what": str, "roles": str},
        # manifest: its SHA-256. Of no run, so that a run's entries stay as they are however often it is bundled.
        # entries, head: the ledger's end that the file holds.
        What.BACKED_UP: {"entries": int, "head": str, "with_keys": bool},
        What.RESTORED: {"made": str, "entries": int, "head": str},
        What.BUNDLE_MADE: {"run": str, "customer": str, "audience": str, "manifest": str},
        # words: the ticket's, that led to the symptom. why: what the rule went by.
        What.TRIGGERED: {"ticket": str, "desk": str, "rule": str, "symptom": str, "words": str, "why": str},
        What.ASKED_BACK: {"ticket": str, "desk": str, "rule": str, "words": str, "hosts": int},
        What.TOKEN_MADE: {"person": str, "token": str, "rights": str, "customers": str},
        What.TOKEN_REVOKED: {"token": str},
        # seat: the program at the site, of which several may serve one agent's name.
        What.AGENT_INVITED: {"customer": str, "site": str, "agent": str, "until": str},
        What.AGENT_ENROLLED: {"customer": str, "site": str, "agent": str, "seat": str, "key": str},
        What.AGENT_ADMITTED: {"customer": str, "agent": str, "seat": str, "key": str, "ceiling": str},
        What.AGENT_REVOKED: {"customer": str, "agent": str, "seat": str, "reason": str},
        What.AGENT_CLOCK: {"agent": str, "seat": str, "seconds": float},
        What.ORDER_SENT: {"order": str, "agent": str, "grant": str, "expires": str},
        What.ORDER_TAKEN: {"order": str, "agent": str, "seat": str, "attempt": int, "grant": str},
        # state: 'done' and what else an order ends as.
        What.ORDER_ENDED: {
            "order": str,
            "agent": str,
            "seat": str,
            "attempt": int,
            "state": str,
            "reason": str,
        },
        # Alarms: nobody could serve an order, and a message that may not count, with why.
        What.ORDER_PARKED: {"order": str, "agent": str, "seat": str, "attempt": int, "reason": str},
        What.MESSAGE_REFUSED: {"agent": str, "seat": str, "order": str, "verb": str, "reason": str},
        What.ROWS_EXPIRED: {
            "customer": str,
            "keep_days": int,
            "plans": int,
            "questions": int,
            "rings": int,
            "orders": int,
        },
        What.EVIDENCE_EXPIRED: {"customer": str, "keep_days": int, "exchanges": int},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened. who: a person, an agent or 'controller'. at: a moment with its zone.

    Raises TypeError for a fact that this kind of entry does not have.
    """

    what: What
    who: str
    run: str = ""
    host: str = ""
    clause: str = ""
    facts: Mapping[str, LedgerFact] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise TypeError(f"{self.at} has no time zone")
        known = _FACTS[self.what]
        for name, value in self.facts.items():
            if name not in known:
                raise TypeError(f"an entry {self.what} has no fact {name!r}: it may have {sorted(known)}")
            if not isinstance(value, (float, int) if known[name] is float else known[name]):
                raise TypeError(f"the fact {name!r} of an entry {self.what} is a {known[name].__name__}")
