"""Whatever a host says to each step: every step once and in order, the undo in reverse, nothing where nobody knows."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.assent import Assent
from agent.change import HostChange
from agent.crew import Crew, Hand
from agent.deed import Deed, How
from agent.eyes import Eyes
from agent.job import Changed, Job, Outcome, Planned, Seen, UndoFailed, Undone, Unknown
from agent.journal import Journal
from agent.start import Start
from collectors.exchange import Exchange
from playbooks.catalogue import playbook_catalogue
from playbooks.operation import Command
from playbooks.plan import PART, Part, Plan, Step

pytestmark = pytest.mark.slow

BOOK = playbook_catalogue()["linux.start_service"]
HOWS: tuple[How, ...] = ("done", "failed", "unsent", "lost")


@dataclass(kw_only=True)
class Modelled(Crew):
    """A host that says to each act what it is told to say, and has as its state the steps that are done there."""

    part: Part
    says: list[How]
    journal: Path
    acts: list[tuple[str, int]] = field(default_factory=list)
    effects: list[int] = field(default_factory=list)

    async def ask(self, start: Start, keep: Callable[[Exchange], None]) -> dict[str, Outcome]:  # noqa: ARG002 - as a crew is asked.
        state = {**self.part.state, "done": sorted(self.effects)}
        now = Part(host=self.part.host, state=state, steps=self.part.steps)
        planned = Planned(PART.dump_python(now, mode="json"))
        return {job.id: planned if job.wanted is not None else Seen({}) for job in start.jobs}

    async def hire(self, start: Start, keep: Callable[[Exchange], None]) -> Hand:  # noqa: ARG002 - as a crew is asked.
        return cast("Hand", _Told(self))


@dataclass
class _Told:
    host: Modelled

    async def act(self, what: str, step: int = 0, _limit: float = 0.0, **_: object) -> Deed:
        host = self.host
        if what == "open":
            return Deed("done")
        last = json.loads(host.journal.read_text().splitlines()[-1])
        assert (last["what"], last["step"]) == ({"do": "doing", "undo": "undoing"}[what], step), (
            "written first"
        )
        host.acts.append((what, step))
        how = host.says.pop(0) if host.says else "done"
        if how == "done":
            if what == "do":
                host.effects.append(step)
            elif step in host.effects:
                host.effects.remove(step)
        return Deed(how, "" if how == "done" else f"{what} {step} {how}")

    async def end(self) -> None:
        return


def _step(number: int) -> Step:
    command = Command(argv=("touch", f"/tmp/{number}"))
    return Step(why=("a", "a"), do=command, undo=(Command(argv=("rm", f"/tmp/{number}")),))


async def _applied(count: int, says: list[How], folder: Path) -> tuple[Outcome, Modelled, Journal]:
    part = Part(host="h", state={"done": []}, steps=tuple(map(_step, range(count))))
    plan = Plan(
        playbook=BOOK.name,
        customer="k",
        contract="0" * 64,
        revision=1,
        wanted={"unit": "web.service"},
        tags=(),
        asked=BOOK.asked,
        parts=(part,),
    )
    job = Job(id="h", host="h", collector=BOOK.name)
    assent = Assent(
        plan=plan,
        book=BOOK,
        wanted=BOOK.read(plan.wanted),
        jobs={"h": job},
        clauses={},
        approved=(),
        undo=False,
    )
    file = folder / "journal"
    host = Modelled(nursery=cast("Any", None), tell=lambda _: None, part=part, says=says, journal=file)

    def reading(jobs: tuple[Job, ...], seconds: float) -> Start:
        return Start(token="", keys=(), agent="a", seconds=seconds, jobs=jobs, abouts={}, ways={})

    change = HostChange(
        assent=assent,
        part=part,
        journal=Journal(file),
        crew=host,
        tell=lambda _: None,
        eyes=Eyes(assent=assent, host="h", crew=host, reading=reading, keep=lambda _: None),
        changing=lambda seconds: reading((job,), seconds),
        go_on=lambda: None,
        end=time.monotonic() + 10_000,
        keep=lambda _: None,
    )
    return await change.apply(), host, Journal(file)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 5), st.lists(st.sampled_from(HOWS), max_size=10))
def test_every_step_once_the_undo_in_reverse_and_the_truth_at_the_end(count: int, says: list[How]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outcome, host, journal = asyncio.run(_applied(count, list(says), Path(folder)))
        done = [step for what, step in host.acts if what == "do"]
        undone = [step for what, step in host.acts if what == "undo"]
        assert done == list(range(1, len(done) + 1)), "each once, in order, and none left out"
        assert undone == sorted(undone, reverse=True)
        assert set(undone) <= set(done)
        assert host.acts == [*(("do", one) for one in done), *(("undo", one) for one in undone)]
        standing = journal.standing("k", "h")
        assert standing is not None
        match outcome:
            case Changed():
                assert host.effects == list(range(1, count + 1))
                assert not standing.is_open
            case Undone(verified=True):
                assert host.effects == []
                assert not standing.is_open
            case UndoFailed(state=state):
                assert state["done"] == host.effects != []
                assert standing.is_open
            case Unknown(step=step):
                assert says[:step] == ["done"] * (step - 1) + ["lost"]
                assert (undone, standing.is_open) == ([], True)
            case _:
                raise AssertionError(outcome)
