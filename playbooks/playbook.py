"""What does an author of a change write? How its state is looked at, and the pure function from that state to steps.

    @playbook("linux.restart_service", …, plan=plan, propose=propose)
    async def restart_service(host: Shell, wanted: Service) -> State: …

`look` is asked three times: when the plan is made (with the account that only reads), before it is carried out, and
after the undo, when it must give what it gave at first. So a state holds what the change depends on, and nothing that
moves by itself: no times, no counters. Declaring registers nothing; `playbooks.catalogue` builds the table.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from collectors import About, Finding
from collectors.session import SESSIONS, Shell
from playbooks.plan import Part, Step, Words

__all__ = ["Playbook", "Risk", "UnfitError", "WantedError", "playbook"]

S = TypeVar("S")
W = TypeVar("W")


class Risk(StrEnum):
    """LOW: users notice nothing or seconds. MEDIUM: they notice an interruption. HIGH: a mistake reaches many users."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class UnfitError(Exception):
    """The playbook is not for this state: `words` says why, in English and German, and what a person should do."""

    def __init__(self, en: str, de: str) -> None:
        super().__init__(en)
        self.words: Words = (en, de)


class WantedError(ValueError):
    """These are no parameters of the playbook: which one is wrong, and what it may be."""


@dataclass(frozen=True, eq=False)
class Playbook(Generic[S, W]):
    """A named change.

    does: what it does; notices: what users will notice; both in English and German. treats: the tags of the findings
    that it removes. asked: the collectors that see whether it did. look: reads the state with these sessions; plan:
    the steps from there (no step: it is so already). propose: the parameters for a finding, None when it is not for it.
    settle: for how many seconds the findings may take to go. deadline: seconds for one look, with the session open.
    """

    name: str
    does: Words
    notices: Words
    treats: tuple[str, ...]
    asked: tuple[str, ...]
    risk: Risk
    look: Callable[..., Awaitable[S]]
    plan: Callable[[S, W], Iterator[Step]]
    propose: Callable[[Finding], W | None]
    sessions: tuple[type, ...]
    state: type[S]
    wanted: type[W]
    platforms: tuple[str, ...]
    role: str
    wants_about: bool
    settle: float
    deadline: float = 60.0

    @property
    def area(self) -> str:
        return self.name.partition(".")[0]

    @cached_property
    def state_adapter(self) -> TypeAdapter[S]:
        """Turns the state into JSON and back."""
        return TypeAdapter(self.state)

    @cached_property
    def wanted_adapter(self) -> TypeAdapter[W]:
        """Turns the parameters into JSON and back, and holds them to their types."""
        return TypeAdapter(self.wanted)

    def suits(self, about: About) -> bool:
        """Say whether the change makes sense for a host."""
        return (not self.platforms or about.platform in self.platforms) and (
            not self.role or self.role in about.roles
        )

    def read(self, said: Mapping[str, Any]) -> W:
        """The parameters that a person, a finding or a plan gives. Raises WantedError."""
        known = set(getattr(self.wanted, "__dataclass_fields__", {}))
        if unknown := sorted(set(said) - known):
            raise WantedError(
                f"{self.name} has no parameter {unknown[0]!r}; it has {', '.join(sorted(known)) or 'none'}"
            )
        try:
            return self.wanted_adapter.validate_python(dict(said))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "it"
            raise WantedError(f"{self.name}: {where}: {first['msg']}") from None

    def said(self, wanted: W) -> Mapping[str, Any]:
        """The parameters as JSON."""
        return typing.cast("Mapping[str, Any]", self.wanted_adapter.dump_python(wanted, mode="json"))

    async def part(self, sessions: Sequence[object], about: About, wanted: W) -> Part:
        """Look at a host, and plan from what is seen. Raises Unanswered, UnfitError."""
        return self.part_of(about.id, await self.seen(sessions, about, wanted), wanted)

    async def seen(self, sessions: Sequence[object], about: About, wanted: W) -> S:
        """Look at a host. Raises Unanswered."""
        return await (
            self.look(*sessions, about, wanted) if self.wants_about else self.look(*sessions, wanted)
        )

    def is_about(self, finding: Finding, wanted: W) -> bool:
        """Whether a finding is one that these parameters were meant to remove, on the host that it names.

        It is, when it would be treated with them now; and also when somebody has edited them, as long as every text among
        the parameters that would be proposed now, and that the finding itself names, is the same: the unit, the port.
        """
        if finding.tag.name not in self.treats or (proposed := self.propose(finding)) is None:
            return False
        said, named = self.said(wanted), {str(fact) for fact in finding.facts.values()}
        return all(
            said.get(name) == value
            for name, value in self.said(proposed).items()
            if isinstance(value, str) and value in named
        )

    def part_of(self, host: str, state: S, wanted: W) -> Part:
        """The plan for one host from a state alone: pure. Raises UnfitError."""
        return Part(
            host=host,
            state=self.state_adapter.dump_python(state, mode="json"),
            steps=tuple(self.plan(state, wanted)),
        )


def playbook(  # noqa: PLR0913 - each says one thing about the change.
    name: str,
    *,
    does: Words,
    notices: Words,
    treats: tuple[str, ...],
    asked: tuple[str, ...],
    plan: Callable[[S, W], Iterator[Step]],
    propose: Callable[[Finding], W | None],
    risk: Risk,
    platform: str | tuple[str, ...] = (),
    role: str = "",
    settle: float = 5.0,
    deadline: float = 60.0,
) -> Callable[[Callable[..., Awaitable[S]]], Playbook[S, W]]:
    """Declare a change. The function's parameters: its sessions, then perhaps `about: About`, then `wanted`."""

    def declare(look: Callable[..., Awaitable[S]]) -> Playbook[S, W]:
        hints = typing.get_type_hints(look)
        kinds = [hints.get(parameter) for parameter in inspect.signature(look).parameters]
        sessions = tuple(kind for kind in kinds if kind in SESSIONS and isinstance(kind, type))
        wants_about = About in kinds
        state, wanted = hints.get("return"), kinds[-1] if kinds else None
        whole = len(sessions) + wants_about + 1 == len(kinds)
        if not sessions or not whole or not isinstance(state, type) or not isinstance(wanted, type):
            raise TypeError(
                f"{name}: annotate the sessions to open, then perhaps `about: About`, then `wanted`, and the state "
                "that is returned"
            )
        if Shell in sessions and len(sessions) > 1:
            raise TypeError(f"{name}: a command line is asked alone, in a thread of its own")
        return Playbook(
            name=name,
            does=does,
            notices=notices,
            treats=treats,
            asked=asked,
            risk=risk,
            look=look,
            plan=plan,
            propose=propose,
            sessions=sessions,
            state=state,
            wanted=wanted,
            platforms=(platform,) if isinstance(platform, str) else tuple(platform),
            role=role,
            wants_about=wants_about,
            settle=settle,
            deadline=deadline,
        )

    return declare
