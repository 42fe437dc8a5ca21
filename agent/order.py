"""What does a courier bring to an agent, and what does the agent tell while it works?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.job import Job, Result
from collectors.exchange import Exchange

__all__ = ["Event", "Order", "Tell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A sealed grant, the contract's text with its signatures, the jobs, and how many seconds they may take.

    accounts: of whom the ticket speaks. They are no part of the grant: no address and no permission hangs on them.
    plan: `Plan.text` of what is to be carried out, or taken back where the grant says `undo`; '' for questions. Then there
    is one job for each of the plan's hosts. approvals: what people have signed for it (`inventory.approval`).
    """

    token: str
    contract: str
    signatures: tuple[str, ...]
    jobs: tuple[Job, ...]
    seconds: float
    accounts: tuple[str, ...] = ()
    plan: str = ""
    approvals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What the agent tells while it works.

    what: 'decided' (job, detail: the clause by which the agent allows it), 'started' (job), 'opening' (host, detail:
    session), 'result' (result, exchanges), 'walls' (detail: which stand), 'blocked' (detail: by which wall, and what;
    job: in whose code, where that is known), 'worker' (detail: pid), 'ending' (detail: why running
    work is ended by the agent itself), 'step' (host, detail: what of the plan is done, or was, there), 'gone' (detail: pid; the worker's process tree is gone).
    """

    what: str
    job: str = ""
    host: str = ""
    detail: str = ""
    result: Result | None = None
    exchanges: tuple[Exchange, ...] = ()


Tell = Callable[[Event], None]
