"""Which changes are there, and which of them treats a finding? Reads every module of the areas once."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

import playbooks
from playbooks.playbook import Playbook

__all__ = ["playbook_catalogue", "remedies"]


@cache
def playbook_catalogue() -> dict[str, Playbook[Any, Any]]:
    """Name -> playbook; a name that is declared twice is an error."""
    built: dict[str, Playbook[Any, Any]] = {}
    for module in sorted(m.name for m in pkgutil.walk_packages(playbooks.__path__, "playbooks.")):
        for item in vars(importlib.import_module(module)).values():
            if isinstance(item, Playbook) and built.setdefault(item.name, item) is not item:
                raise ValueError(f"two playbooks are called {item.name}")
    return built


def remedies(tag: str) -> tuple[Playbook[Any, Any], ...]:
    """The playbooks that treat a finding with this tag, by name."""
    known = playbook_catalogue()
    return tuple(known[name] for name in sorted(known) if tag in known[name].treats)
