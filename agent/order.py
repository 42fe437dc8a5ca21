"""What does a courier bring to an agent, and what does the agent tell while it works?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.job import Job, Result
from collectors.exchange import Exchange

__all__ = ["Event", "Order", "Tell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A sealed grant, the contract's text with its signatures, the jobs, and how many seconds they may take."""

    token: str
    contract: str
    signatures: tuple[str, ...]
    jobs: tuple[Job, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What the agent tells while it works.

    what: 'decided' (job, detail: the clause by which the agent allows it), 'started' (job), 'opening' (host, detail:
    session), 'result' (result, exchanges), 'blocked' (detail), 'worker' (detail: pid), 'ending' (detail: why running
    work is ended by the agent itself), 'gone' (detail: pid; the worker's process tree is gone).
    """

    what: str
    job: str = ""
    host: str = ""
    detail: str = ""
    result: Result | None = None
    exchanges: tuple[Exchange, ...] = ()


Tell = Callable[[Event], None]
