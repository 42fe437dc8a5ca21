"""Does a change treat the fault that it is for, and can it be taken back? One rehearsal, from the healthy lab and back to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.about import about_target
from collectors import Finding, Severity, Unanswered
from collectors.catalogue import catalogue
from inventory.contract import Contract
from inventory.read import read
from playbooks.plan import Part
from playbooks.playbook import Playbook, UnfitError
from tests.faults.fault import Fault
from tests.lab.lab import Lab
from tests.lab.tools import LabError
from tests.playbooks.asking import Asking
from tests.playbooks.root import do, sessions

__all__ = ["Outcome", "found", "part_of", "rehearsed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one rehearsal. wrong: what was not as it must be, in order; empty when all was."""

    playbook: str
    fault: str
    host: str
    steps: int = 0
    seconds: float = 0.0
    part: Part | None = None
    wrong: tuple[str, ...] = ()
    after: Part | None = None
    wanted: Any = field(default=None)

    @property
    def is_well(self) -> bool:
        return not self.wrong


def found(product: Asking, asked: Sequence[str], words: Sequence[str] = ()) -> tuple[Finding, ...]:
    """What the product finds in the lab, asked these questions alone. Raises LabError."""
    questions = [word for one in asked for word in ("--question", one)]
    printed = product.diagnose(*questions, *words)
    if "findings" not in printed:
        raise LabError(f"no diagnosis: {printed}")
    tags = catalogue().tags
    return tuple(tags[one["tag"]](host=one["host"], **one["facts"]) for one in printed["findings"])


def part_of(lab: Lab, playbook: Playbook[Any, Any], host: str, wanted: object) -> Part:
    """Look at a host, and plan. Raises UnfitError, Unanswered."""
    about = about_target(_contract(lab), host)
    return asyncio.run(playbook.part(sessions(lab, host, playbook.sessions), about, wanted))


def _contract(lab: Lab) -> Contract:
    return read(lab.place.contract.read_text("utf-8"))


def rehearsed(lab: Lab, product: Asking, playbook: Playbook[Any, Any], fault: Fault, host: str) -> Outcome:
    """Break, find, plan, apply, see that it is well, take back, see that all is as it was, mend."""
    began = time.monotonic()
    words = (*fault.words, *(("--host", host) if playbook.area == "linux" else ()))
    wrong: list[str] = []
    out = Outcome(playbook=playbook.name, fault=fault.name, host=host)
    try:
        fault.inject(lab)
        if not fault.shows(lab):
            wrong.append("the fault does not show")
        out = _treated(lab, product, playbook, fault, host, words, wrong)
    except (UnfitError, LabError, Unanswered) as error:
        wrong.append(f"{type(error).__name__}: {error}")
    finally:
        fault.undo(lab)
        if fault.shows(lab):
            wrong.append("the fault does not go away")
    return Outcome(
        playbook=out.playbook,
        fault=out.fault,
        host=out.host,
        steps=out.steps,
        part=out.part,
        after=out.after,
        wanted=out.wanted,
        wrong=tuple(wrong),
        seconds=round(time.monotonic() - began, 1),
    )


def _treated(  # noqa: PLR0917 - what one rehearsal is about.
    lab: Lab,
    product: Asking,
    playbook: Playbook[Any, Any],
    fault: Fault,
    host: str,
    words: Sequence[str],
    wrong: list[str],
) -> Outcome:
    there = found(product, playbook.asked, words)
    ours = [one for one in there if one.tag.name in playbook.treats and one.tag.name in fault.tags]
    proposed = [wanted for one in ours if (wanted := playbook.propose(one)) is not None]
    if not proposed:
        wrong.append(f"nothing to treat is found: {sorted({one.tag.name for one in there})}")
        return Outcome(playbook=playbook.name, fault=fault.name, host=host)
    wanted = playbook.read(playbook.said(proposed[0]))
    part = part_of(lab, playbook, host, wanted)
    out = Outcome(
        playbook=playbook.name, fault=fault.name, host=host, steps=len(part.steps), part=part, wanted=wanted
    )
    if not part.steps:
        wrong.append("it plans nothing")
        return out
    for step in part.steps:
        do(lab, host, step.do)
    wrong += _not_well(product, playbook, words, set(map(_key, there)), set(map(_key, ours)))
    after = part_of(lab, playbook, host, wanted)
    if after.steps and not all(step.keeps for step in part.steps):
        wrong.append("it would plan again what it has done")
    wrong += _taken_back(lab, playbook, host, wanted, part)
    return Outcome(
        playbook=out.playbook,
        fault=out.fault,
        host=host,
        steps=out.steps,
        part=part,
        after=after,
        wanted=wanted,
    )


def _not_well(
    product: Asking,
    playbook: Playbook[Any, Any],
    words: Sequence[str],
    before: set[tuple[str, str]],
    treated: set[tuple[str, str]],
) -> list[str]:
    """What is still found, or newly, when the findings had the time to go that the playbook says."""
    end = time.monotonic() + max(playbook.settle, 5.0)
    while True:
        now = found(product, playbook.asked, words)
        still = sorted({f"{one.tag.name} stays" for one in now if _key(one) in treated})
        new = sorted(
            {
                f"{one.tag.name}@{one.host} is new"
                for one in now
                if one.severity > Severity.NOTE and _key(one) not in before
            }
        )
        if not (still or new) or time.monotonic() > end:
            return still + new


def _taken_back(lab: Lab, playbook: Playbook[Any, Any], host: str, wanted: object, part: Part) -> list[str]:
    """What is different from before the change, once it is undone."""
    if any(step.is_final for step in part.steps):
        return []
    for one in part.undo:
        do(lab, host, one)
    again = part_of(lab, playbook, host, wanted)
    if again.state != part.state:
        return [f"the state is another after the undo: {again.state} instead of {part.state}"]
    return []


def _key(finding: Finding) -> tuple[str, str]:
    return finding.tag.name, finding.host
