"""What exactly would be done, where, and how is it undone? The plan that is rehearsed, approved and carried out.

A dry run, the approval and the execution look at the same value. Its digest is over everything that it says, so that
whoever approves it approves these operations on these hosts, planned from this state under this contract.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from playbooks.operation import Command, Operation

__all__ = [
    "PART",
    "PLAN",
    "Part",
    "Plan",
    "PlanError",
    "Step",
    "Words",
    "differences",
    "read_plan",
    "seconds_of",
]

# A sentence in English and German.
Words = tuple[str, str]


class PlanError(ValueError):
    """A text is no plan of this version: what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation, why it is done, and what takes it back, in this order; nothing where nothing remains of it.

    cuts: it touches the way by which the agent itself reaches the host (its address, route, port, firewall or SSH
    server); then the way back is armed on the host before it is done, or it is not done at all.
    keeps: nothing remains that could be taken back (a service that was restarted, a cache that was emptied).
    A step with neither undo nor `keeps` cannot be taken back; whoever approves the plan is told so.
    """

    why: Words
    do: Operation
    undo: tuple[Operation, ...] = ()
    cuts: bool = False
    keeps: bool = False

    @property
    def is_final(self) -> bool:
        """Whether it can never be taken back."""
        return not self.undo and not self.keeps


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is done on one host. state: what was looked at, as JSON: when it differs, the plan does not hold any more."""

    host: str
    state: Mapping[str, Any]
    steps: tuple[Step, ...]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Everything that is done, and that may be done to take it back."""
        return tuple(one for step in self.steps for one in (step.do, *step.undo))

    @property
    def seconds(self) -> float:
        """How long it may take at the most, taken back as well; looking and verifying come on top."""
        return sum(map(seconds_of, self.operations))

    @property
    def undo(self) -> tuple[Operation, ...]:
        """What takes the whole of it back, in order."""
        return tuple(one for step in reversed(self.steps) for one in step.undo)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One playbook on these hosts, the first of them alone and before all others.

    contract: SHA-256 of the contract's text, with its revision. wanted: the playbook's parameters, as JSON.
    asked: the collectors whose answers must be well afterwards; tags: the findings that must be gone.
    """

    playbook: str
    customer: str
    contract: str
    revision: int
    wanted: Mapping[str, Any]
    tags: tuple[str, ...]
    asked: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Everything that it says, in one spelling (canonical JSON): what is stored, sent and approved."""
        return json.dumps(
            PLAN.dump_python(self, mode="json"),
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
            allow_nan=False,
        )

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of its text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(part.host for part in self.parts)


def seconds_of(one: Operation) -> float:
    """How long an operation may take at the most, with the way to its host."""
    return (one.seconds if isinstance(one, Command) else 30.0) + 20.0


PLAN: TypeAdapter[Plan] = TypeAdapter(Plan)
PART: TypeAdapter[Part] = TypeAdapter(Part)


def read_plan(text: str) -> Plan:
    """The plan that a text is. Raises PlanError, also for a text in another spelling than `Plan.text`."""
    try:
        plan = PLAN.validate_json(text)
    except (ValidationError, ValueError) as error:
        raise PlanError(f"this is no plan: {error}") from None
    if plan.text != text:
        raise PlanError("this is no plan as it was written: a key is missing, doubled or not known")
    if len(set(plan.hosts)) != len(plan.hosts):
        raise PlanError("the plan names a host twice")
    return plan


def differences(approved: Part, now: Part) -> Iterator[str]:
    """What is different on a host from when the plan was made, one line each, in English; nothing: it still holds."""
    before, after = approved.state, now.state
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield f"{name}: {_short(before.get(name))} when it was planned, {_short(after.get(name))} now"
    if approved.steps != now.steps:
        yield "the steps that would be planned now are others"


def _short(value: object) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 80 else f"{shown[:77]}…"
