"""What is an order on its way to an agent elsewhere? Its states, what is told of it, and for how long it is anybody's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

__all__ = ["LAST_WORDS", "LEASE", "STOPPING", "TRIES", "Errand", "ErrandState", "Held", "Moved", "Word"]

# Until then a seat must have been heard of, or somebody else gets the order.
LEASE = timedelta(seconds=30)
# How long an agent may take to say that a process tree is gone.
STOPPING = timedelta(seconds=30)
# An agent may still be ending work when its time is over: its words count so much longer.
LAST_WORDS = timedelta(seconds=20)
TRIES = 3


class ErrandState(StrEnum):
    """Public and stable: pages and commands show them."""

    QUEUED = "queued"
    LEASED = "leased"
    DONE = "done"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNCONFIRMED = "unconfirmed"
    LOST = "lost"
    PARKED = "parked"

    @property
    def over(self) -> bool:
        return self not in {ErrandState.QUEUED, ErrandState.LEASED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One order on its way. seat: who took it last. heard: how many words of its present attempt have counted."""

    id: str
    run: str
    customer: str
    agent: str
    body: str
    change: bool
    expires: datetime
    made: datetime
    priority: int = 0
    state: ErrandState = ErrandState.QUEUED
    attempt: int = 0
    most: int = TRIES
    seat: str = ""
    heard: int = 0
    lease_until: datetime | None = None
    cancelled: datetime | None = None
    ended: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """One thing that an agent told, in order. bundle: SHA-256 of uploaded bytes that belong to it; '' for none."""

    attempt: int
    number: int
    body: str
    bundle: str = ""


class Held(StrEnum):
    """What a renewed lease says: go on, stop, or it is not yours any more."""

    YES = "yes"
    STOP = "stop"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Moved:
    """What time alone has done to an errand."""

    errand: Errand
    to: ErrandState
