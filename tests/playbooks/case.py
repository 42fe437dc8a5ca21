"""How is a case of a change written? What is seen on a host, what is wanted, and the steps that come of it.

`tests/playbooks/README.md` shows the format. Unknown keys are errors, so that a typing mistake cannot make a case
prove nothing.
"""

from __future__ import annotations

import asyncio
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from collectors import Kind
from playbooks.catalogue import playbook_catalogue
from playbooks.operation import Attributes, Command, Configure, Operation, Write
from playbooks.plan import Part
from tests.collectors.case import Conversation

__all__ = ["Case", "Filed", "Stated", "cases", "part_of", "said"]

HERE = Path(__file__).parent


class Stated(BaseModel):
    """One step: what is done and what takes it back, each as `said` writes it."""

    model_config = ConfigDict(extra="forbid")

    do: str
    undo: tuple[str, ...] = ()
    keeps: bool = False
    cuts: bool = False


class Case(Conversation):
    """Either the answers of the host, or its state as such; and exactly one of what may come of it."""

    why: str
    wanted: dict[str, Any] = Field(default={})
    state: dict[str, Any] | None = None
    steps: tuple[Stated, ...] = ()
    nothing: bool = Field(default=False, description="it is so already")
    unfit: str = Field(default="", description="words of why the change is not for this state")
    no_answer: Kind | None = Field(default=None, alias="unanswered")

    @property
    def is_one_thing(self) -> bool:
        return [bool(self.steps), self.nothing, bool(self.unfit), self.no_answer is not None].count(True) == 1


@dataclass(frozen=True, slots=True)
class Filed:
    """A case with the change that its folder names."""

    path: Path
    playbook: str
    case: Case


@cache
def cases() -> tuple[Filed, ...]:
    """Every case: tests/playbooks/<area>/<change>/<case>.toml."""
    return tuple(_filed(path) for path in sorted(HERE.glob("*/*/*.toml")))


def _filed(path: Path) -> Filed:
    playbook = f"{path.parent.parent.name}.{path.parent.name}"
    return Filed(path, playbook, Case.model_validate(tomllib.loads(path.read_text("utf-8"))))


def part_of(filed: Filed) -> Part:
    """Look at the recorded host, or take the state as it is written, and plan. Raises UnfitError, Unanswered."""
    case, playbook = filed.case, playbook_catalogue()[filed.playbook]
    wanted, about = playbook.read(case.wanted), case.contract()
    if case.state is not None:
        return playbook.part_of(about.id, playbook.state_adapter.validate_python(case.state), wanted)
    replay = case.replay(filed.path.parent)
    return asyncio.run(playbook.part((replay,) * len(playbook.sessions), about, wanted))


def said(one: Operation) -> str:
    """An operation in a line, as cases write it; a text that goes with it follows below.

    >>> said(Command(argv=("tc", "qdisc", "show")))
    'tc qdisc show'
    """
    match one:
        case Command():
            return " ".join(one.argv) + (f"\n{one.stdin}" if one.stdin else "")
        case Write(content=None):
            return f"remove {one.path}"
        case Write():
            return f"write {one.path} {one.mode:o}\n{one.content}"
        case Attributes():
            return "\n".join([one.entry, *(f"{name}: {', '.join(values)}" for name, values in one.values)])
        case Configure():
            return "\n".join(one.lines)
