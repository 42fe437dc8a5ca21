"""What is promised in one clause, and which clauses cover what? The part of a contract that permits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from inventory.fields import Clock, Id, Line, WrongError

__all__ = ["Approval", "Clause", "Cover", "Covering", "Day", "Part", "Window", "cover", "naming"]


class Part(BaseModel):
    """Closed and frozen: an unknown key is an error, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    def model_post_init(self, _: object, /) -> None:
        """Of the keys that were written there is one set for all parts with the same: no part ever changes its own.

        Otherwise these sets are a quarter of what a large contract takes.
        """
        keys = self.model_fields_set
        object.__setattr__(self, "__pydantic_fields_set__", _KEYS.setdefault(frozenset(keys), keys))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy without what was computed from the old fields: permission never outlives its clause."""
        copied = super().model_copy(update=update, deep=deep)
        for computed in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[computed]
        return copied


# There are no more of these than the format has mappings with some of their keys.
_KEYS: dict[frozenset[str], set[str]] = {}


class Approval(StrEnum):
    """Whose yes a change needs before it is made."""

    NONE = "none"
    COLLEAGUE = "colleague"
    CUSTOMER = "customer"
    BOTH = "both"


class Day(StrEnum):
    MO = "mo"
    TU = "tu"
    WE = "we"
    TH = "th"
    FR = "fr"
    SA = "sa"
    SU = "su"


class Window(Part):
    """When: days of the week and a span of local time; the end of a day is written as '23:59'."""

    days: tuple[Day, ...] = Field(
        default=tuple(Day),
        min_length=1,
        description="days of the week; none: each",
        json_schema_extra={"uniqueItems": True},
    )
    start: Clock = Field(default=time(0, 0), alias="from", description="first minute, local time, in quotes")
    until: Clock = Field(default=time(23, 59), description="last minute, which still belongs to the window")

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.start >= self.until:
            raise WrongError(
                f"the window ends at {self.until:%H:%M}, before or as it begins at {self.start:%H:%M}",
                "write the earlier time as 'from'; write a window that passes midnight as two",
                at="until",
            )
        if len(set(self.days)) != len(self.days):
            raise WrongError("a day is named twice in this window", "name each day once", at="days")
        return self


def _one_of(*keys: str) -> JsonDict:
    """In JSON Schema: at least one of these lists has something in it."""
    return {"anyOf": [{"required": [key], "properties": {key: {"minItems": 1}}} for key in keys]}


_CLAUSE: JsonDict = {
    "allOf": [
        _one_of("hosts", "roles", "outside"),
        _one_of("diagnose", "change"),
        {"not": {"allOf": [_one_of("outside"), _one_of("change")]}},
    ]
}


class Clause(Part):
    """One promise of the paper contract, with its number."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, json_schema_extra=_CLAUSE)

    id: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")] = Field(
        description="the clause's number on paper, in quotes, like '3.1'"
    )
    text: Line = Field(description="what it says, in a sentence")
    hosts: tuple[Id, ...] = Field(default=(), description="hosts it covers, by id")
    roles: tuple[Id, ...] = Field(default=(), description="roles it covers: every host that has one of them")
    outside: tuple[Id, ...] = Field(
        default=(), description="outside servers it covers, by id; asked, never changed"
    )
    diagnose: tuple[Id, ...] = Field(
        default=(), description="areas that may be diagnosed, such as linux or dns"
    )
    change: tuple[Id, ...] = Field(default=(), description="playbooks that may be run, by name")
    windows: tuple[Window, ...] = Field(default=(), description="when; none: at any time")
    approval: Approval = Field(default=Approval.BOTH, description="whose yes a change needs")
    at_once: Annotated[int, Field(ge=1, le=10_000, strict=True)] = Field(
        default=50, description="at most so many hosts at the same time"
    )

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        if not (self.hosts or self.roles or self.outside):
            raise WrongError("the clause names nobody", "write 'hosts', 'roles' or 'outside'")
        if not (self.diagnose or self.change):
            raise WrongError("the clause permits nothing", "write 'diagnose' or 'change'")
        if self.outside and self.change:
            raise WrongError(
                "servers outside the customer's network are only ever asked",
                "remove 'change' or 'outside'",
                at="change",
            )
        _disjoint(self.windows)
        return self


def _disjoint(windows: tuple[Window, ...]) -> None:
    for day in Day:
        spans = sorted((w.start, w.until) for w in windows if day in w.days)
        for (_, until), (start, _) in pairwise(spans):
            if start < until:
                raise WrongError(
                    f"two windows overlap on {day.value!r} at {start:%H:%M}",
                    "write them as one",
                    at="windows",
                )


@dataclass(frozen=True, slots=True)
class Covering:
    """The clauses that cover one deed on one target, in the contract's order.

    tries: those of them whose windows no earlier one has: the first open one of these is the first of all.
    names: the ids of all. windows: all their windows, each once.
    """

    clauses: tuple[Clause, ...]
    tries: tuple[Clause, ...]
    names: tuple[str, ...]
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Cover:
    """The clauses that cover one target, in the contract's order, and sorted by deed.

    Targets that are covered alike share one object. `outside`: the target is only ever asked.
    """

    clauses: tuple[Clause, ...]
    names: tuple[str, ...]
    diagnose: Mapping[str, Covering]
    change: Mapping[str, Covering]
    outside: bool


def naming(
    clauses: tuple[Clause, ...], key: Literal["hosts", "roles", "outside"]
) -> dict[str, frozenset[int]]:
    """Which clauses (by position) name an id under a key."""
    found: dict[str, set[int]] = {}
    for number, clause in enumerate(clauses):
        names: tuple[str, ...] = getattr(clause, key)
        for name in names:
            found.setdefault(name, set()).add(number)
    return {name: frozenset(numbers) for name, numbers in found.items()}


def cover(clauses: tuple[Clause, ...], numbers: frozenset[int], outside: bool) -> Cover:  # noqa: FBT001
    covering = tuple(clauses[number] for number in sorted(numbers))
    diagnose: dict[str, dict[int, Clause]] = {}
    change: dict[str, dict[int, Clause]] = {}
    for number, clause in enumerate(covering):
        for area in clause.diagnose:
            diagnose.setdefault(area, {})[number] = clause
        for playbook in () if outside else clause.change:
            change.setdefault(playbook, {})[number] = clause
    return Cover(
        covering,
        tuple(clause.id for clause in covering),
        {area: _covering(tuple(found.values())) for area, found in diagnose.items()},
        {playbook: _covering(tuple(found.values())) for playbook, found in change.items()},
        outside,
    )


def _covering(clauses: tuple[Clause, ...]) -> Covering:
    tries: dict[tuple[Window, ...], Clause] = {}
    for clause in clauses:
        tries.setdefault(clause.windows, clause)
    windows = tuple(dict.fromkeys(window for several in tries for window in several))
    return Covering(clauses, tuple(tries.values()), tuple(clause.id for clause in clauses), windows)
