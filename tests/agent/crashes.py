"""Kill -9 in the middle of changes, again and again: is a step ever done twice, and is what is told the truth?

    python -m tests.agent.crashes 200

Each run kills the agent or its worker before, during or after a step, and looks at the host itself, at the journal, at
what the next order is told, and at what is there after the plan was taken back.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.job import Changed, Outcome, Refused, Undone
from agent.journal import Journal
from agent.nursling import Nursery
from agent.refusal import Hold
from tests.agent.changes import Bed
from tests.agent.orders import AGENT, performed
from tests.fleet import Fleet

__all__ = ["Crash", "crashes", "run"]

_POINTS = ("begin", "doing 1", "done 1", "doing 2", "done 2", "asking", "end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """at: the line of the journal (or 'asking': afterwards) from which on it is counted; delay: seconds from there."""

    at: str
    who: Literal["agent", "worker"]
    delay: float

    def __str__(self) -> str:
        return f"{self.who} {self.delay:.2f} s after {self.at!r}"


def crashes(seed: int = 1) -> Iterator[Crash]:
    """Without end; each point first at once, then at a moment of its own."""
    for who in ("agent", "worker"):
        for at in _POINTS:
            yield Crash(at=at, who=who, delay=0.0)
    chance = random.Random(seed)  # noqa: S311 - moments, no secrets.
    while True:
        yield Crash(
            at=chance.choice(_POINTS), who=chance.choice(("agent", "worker")), delay=chance.uniform(0.0, 0.8)
        )


async def run(crash: Crash, fleet: Fleet, nursery: Nursery, number: int = 0) -> str:
    """One crash; gives how it ended, in a word. Raises AssertionError when something was done twice, or told wrongly."""
    host = f"h{number}"
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        bed = Bed(fleet, Path(folder), only=number)
        bed.does("slow-reset-failed", number, "0.4")
        bed.does("slow-start", number, "0.4")
        bed.agent(nursery)
        plan = bed.plan(host)
        order = bed.order(plan)
        told = {
            "home": str(bed.desk.home),
            "agent": AGENT,
            "token": order.token,
            "contract": order.contract,
            "signatures": list(order.signatures),
            "jobs": [{"id": one.id, "host": one.host, "collector": one.collector} for one in order.jobs],
            "plan": order.plan,
            "at": crash.at,
            "who": crash.who,
            "delay": crash.delay,
        }
        ran = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "tests.agent.changing_agent"],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        # What was under way on the host comes to its own end.
        await asyncio.sleep(1.0)
        said = ran.stdout.strip()
        calls = bed.calls(number)
        assert all(count == 1 for count in Counter(calls).values()), (crash, calls)
        return await _looked_at(crash, bed, nursery, number, said, calls)


async def _looked_at(  # noqa: PLR0917 - what is held against what.
    crash: Crash, bed: Bed, nursery: Nursery, number: int, said: str, calls: list[str]
) -> str:
    """Whether host, journal and what was told agree, and what the next orders are told."""
    host = f"h{number}"
    standing = Journal(bed.desk.home / "agents" / AGENT / "journal").standing("fleet", host)
    # Every moment at which it may have died lies behind the journal's first line.
    assert standing is not None, (crash, said, calls)
    if said in {"Unknown", "UndoFailed"} or not said:
        assert standing.is_open == (standing.end not in {"changed", "undone", "refused"}), (crash, said)
    if said == "Changed" or standing.end == "changed":
        assert bed.now(number) == "active", (crash, said)
    if said == "Undone" or standing.end == "undone":
        assert bed.now(number) == "failed", (crash, said)
    again = await _ordered(bed, nursery, plan=False, host=host)
    assert Counter(bed.calls(number)) == Counter(calls) or isinstance(again, Changed), (crash, again)
    if not standing.is_open:
        return f"ended as {standing.end}"
    assert isinstance(again, Refused), (crash, again)
    assert again.reason == Hold.LEFT_OPEN, (crash, again)
    back = await _ordered(bed, nursery, plan=True, host=host)
    if isinstance(back, Refused):
        assert back.reason == Hold.NOTHING_TO_UNDO, (crash, back)
        assert calls == [], (crash, calls)
        return "begun, and no step"
    assert isinstance(back, Undone), (crash, back)
    assert back.verified
    assert bed.now(number) == "failed", crash
    assert Counter(bed.calls(number)) - Counter(["stop"]) == Counter(calls), crash
    return f"open at {standing.entries[-1].what} {standing.step}, taken back"


async def _ordered(bed: Bed, nursery: Nursery, *, plan: bool, host: str) -> Outcome:
    order = bed.order(bed.plan(host), undo=plan)
    return (await performed(bed.agent(nursery), order)).outcomes[host]


async def _main(count: int) -> int:
    ends: Counter[str] = Counter()
    began = time.monotonic()
    with Fleet(2) as fleet:
        async with Nursery() as nursery:
            stream = crashes()

            async def work(number: int) -> None:
                while sum(ends.values()) + number < count:
                    crash = next(stream)
                    ends[await run(crash, fleet, nursery, number)] += 1
                    sys.stdout.write(f"{sum(ends.values()):4} {crash}\n")
                    sys.stdout.flush()

            await asyncio.gather(work(0), work(1))
    for end, number in ends.most_common():
        sys.stdout.write(f"{number:5} {end}\n")
    sys.stdout.write(
        f"{sum(ends.values())} crashes in {time.monotonic() - began:.0f} s: no step was done twice\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)))
