"""Which questions are there? Reads every module of the areas once and builds the tables."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import collectors
from collectors.collector import Collector, Survey
from collectors.finding import Tag

__all__ = ["Catalogue", "catalogue"]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Name -> collector, survey and tag. said_by: tag -> the collectors whose answers are judged where it is known.

    That is the module of a judge or of a survey. What a silence means is judged for all, and not in it.
    """

    collectors: dict[str, Collector[Any]]
    surveys: dict[str, Survey[Any]]
    tags: dict[str, Tag]
    said_by: dict[str, tuple[str, ...]]

    @property
    def areas(self) -> tuple[str, ...]:
        return tuple(sorted({c.area for c in self.collectors.values()}))


@cache
def catalogue() -> Catalogue:
    """Build the tables; a name that is declared twice is an error."""
    built = Catalogue({}, {}, {}, {})
    for module in sorted(m.name for m in pkgutil.walk_packages(collectors.__path__, "collectors.")):
        for item in vars(importlib.import_module(module)).values():
            match item:
                case Collector():
                    _enter(built.collectors, item.name, item)
                case Survey():
                    _enter(built.surveys, item.name, item)
                case Tag():
                    _enter(built.tags, item.name, item)
                case _:
                    pass
    for one in built.collectors.values():
        _enter_said(built, one.judge, (one.name,))
    for survey in built.surveys.values():
        _enter_said(built, survey.compare, tuple(one.name for one in survey.over))
    return built


def _enter_said(built: Catalogue, judge: Callable[..., object], names: tuple[str, ...]) -> None:
    for item in vars(sys.modules[judge.__module__]).values():
        if isinstance(item, Tag):
            built.said_by[item.name] = tuple(dict.fromkeys((*built.said_by.get(item.name, ()), *names)))


def _enter(table: dict[str, Any], name: str, item: object) -> None:
    if table.setdefault(name, item) is not item:
        raise ValueError(f"{name!r} is declared twice in the catalogue")
