"""In which ways does a question end without an answer? Their names, which every part speaks of."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

__all__ = ["Kind", "Phase", "Unanswered", "before_asking", "in_any_phase"]


class Kind(StrEnum):
    """The ways a question ends without an answer."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    HOST_KEY_CHANGED = "host-key-changed"
    CREDENTIALS_REJECTED = "credentials-rejected"
    CERTIFICATE_REJECTED = "certificate-rejected"
    TICKET_REJECTED = "ticket-rejected"
    TIMED_OUT = "timed-out"
    CUT_OFF = "cut-off"
    UNPARSABLE = "unparsable"
    STOPPED = "stopped"
    NO_ADDRESS = "no-address"
    NOT_THERE = "not-there"
    QUOTA = "quota"
    # Of the agent elsewhere that was to ask: the host itself was not heard of.
    AGENT_AWAY = "agent-away"
    AGENT_LOST = "agent-lost"
    STOP_UNCONFIRMED = "stop-unconfirmed"


class Phase(StrEnum):
    """How far the conversation had come: reaching the port, greeting, logging in, asking."""

    CONNECT = "connect"
    GREET = "greet"
    LOGIN = "login"
    ASK = "ask"


T = TypeVar("T")


def in_any_phase(kind: Kind, what: T) -> dict[tuple[Kind, Phase], T]:
    """The rows of a table of silences for one kind, however far the conversation had come."""
    return dict.fromkeys(((kind, phase) for phase in Phase), what)


def before_asking(kind: Kind, what: T) -> dict[tuple[Kind, Phase], T]:
    """The same, where nothing was asked yet."""
    return dict.fromkeys(((kind, phase) for phase in Phase if phase is not Phase.ASK), what)


class Unanswered(Exception):  # noqa: N818 - it is an outcome with a name, not an error of ours.
    """The host did not answer the question. Never replaced by an empty answer."""

    def __init__(self, kind: Kind, detail: str, *, phase: Phase = Phase.ASK) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.phase = phase
