"""Which questions are there? Reads every module of the areas once and builds the tables."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Any

import collectors
from collectors.collector import Collector, Survey
from collectors.finding import Tag

__all__ = ["Catalogue", "catalogue"]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Name -> collector, survey and tag."""

    collectors: dict[str, Collector[Any]]
    surveys: dict[str, Survey[Any]]
    tags: dict[str, Tag]

    @property
    def areas(self) -> tuple[str, ...]:
        return tuple(sorted({c.area for c in self.collectors.values()}))


@cache
def catalogue() -> Catalogue:
    """Build the tables; a name that is declared twice is an error."""
    built = Catalogue({}, {}, {})
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
    return built


def _enter(table: dict[str, Any], name: str, item: object) -> None:
    if table.setdefault(name, item) is not item:
        raise ValueError(f"{name!r} is declared twice in the catalogue")
