"""When does a ticket become a run by itself? Rules of the settings, read once; the first that fits a ticket decides.

```toml
[[trigger]]
name = "vpn"                      # stands in the ledger and in the ticket's note
queues = ["2nd level"]            # what is not written does not narrow
days = ["mon", "tue", "wed", "thu", "fri"]
from = "07:00"
until = "18:00"
handed_over = { tags = ["2nd-level"], unknown_for = 60 }
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from controller.settings import SettingsError
from controller.symptoms import EVERYTHING, SYMPTOMS

__all__ = ["DAYS", "HandedOver", "Limits", "Trigger", "limits_from", "rules_from"]

_Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[_Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_Words = tuple[Annotated[str, Field(min_length=1, max_length=200)], ...]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class HandedOver(_Table):
    """How 1st level shows that it is done with a ticket; one of them is enough."""

    tags: _Words = Field(default=(), description="the ticket has one of these")
    queues: _Words = Field(default=(), description="it lies in one of these")
    unknown_for: Annotated[int, Field(ge=1, le=10_080)] | None = Field(
        default=None, description="minutes since it was opened, where the knowledge base has nothing"
    )
    unknown_tags: _Words = Field(
        default=("kb-none",), description="1st level looked, and the knowledge base has nothing"
    )
    known_tags: _Words = Field(default=("kb-answer",), description="the knowledge base has an answer")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.tags or self.queues or self.unknown_for):
            raise ValueError("write tags, queues or unknown_for")
        return self


class Trigger(_Table):
    """One rule. What is not written does not narrow it."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")
    desks: _Words = ()
    customers: _Words = ()
    queues: _Words = ()
    categories: _Words = ()
    priorities: _Words = ()
    days: tuple[_Day, ...] = DAYS
    start: time = Field(default=time(0, 0), alias="from")
    until: time = Field(default=time(0, 0), description="00:00: the day's end")
    timezone: str = "Europe/Berlin"
    handed_over: HandedOver | None = None
    symptom: str = Field(default="", description="whose chain is followed; empty: what the text says")
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.6

    @field_validator("symptom")
    @classmethod
    def _is_known(cls, symptom: str) -> str:
        if symptom and symptom not in {*SYMPTOMS, EVERYTHING}:
            raise ValueError(f"there is no symptom {symptom!r}")
        return symptom

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"there is no time zone {timezone!r}") from None
        return timezone

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.until != time(0, 0) and self.until <= self.start:
            raise ValueError("until is not after from: write two rules for a night")
        if not self.days:
            raise ValueError("days is empty: leave it out for every day")
        return self

    @property
    def who(self) -> str:
        """Under whose name its runs are made."""
        return f"automation:{self.name}"


class Limits(_Table):
    """How much is begun by itself, and how patient that is."""

    at_once: Annotated[int, Field(ge=1, le=1000)] = Field(default=8, description="automated runs in all")
    at_once_each: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=2, description="automated runs for one customer"
    )
    people_first: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=8, description="runs of people under way from which on nothing is begun by itself"
    )
    storm: Annotated[int, Field(ge=0, le=1440)] = Field(
        default=30, description="minutes in which tickets of the same are one run"
    )
    poll: Annotated[int, Field(ge=5, le=3600)] = Field(
        default=60, description="seconds between two looks at a desk that does not ring"
    )


def rules_from(tables: Sequence[Mapping[str, Any]]) -> tuple[Trigger, ...]:
    """Read the settings' [[trigger]]. Raises SettingsError with every mistake."""
    read: list[Trigger] = []
    wrong: list[str] = []
    for number, table in enumerate(tables, 1):
        try:
            read.append(Trigger.model_validate(table))
        except ValidationError as error:
            wrong += _mistakes(f"[[trigger]] number {number}", error)
    names = [one.name for one in read]
    wrong += [f"two triggers are called {name!r}" for name in sorted(set(names)) if names.count(name) > 1]
    if wrong:
        raise SettingsError("\n".join(wrong))
    return tuple(read)


def limits_from(table: Mapping[str, Any]) -> Limits:
    """Read the settings' [intake]. Raises SettingsError."""
    try:
        return Limits.model_validate(table)
    except ValidationError as error:
        raise SettingsError("\n".join(_mistakes("[intake]", error))) from None


def _mistakes(where: str, error: ValidationError) -> list[str]:
    return [f"{where}: {'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in error.errors()]
