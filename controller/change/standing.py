"""May this playbook be applied, or does it only plan? Where it was rehearsed, and how often engineers did what it says.

A playbook begins in shadow: on real tickets it plans and nothing else. Afterwards its plan is compared with what the
engineers did: it agrees where nothing is left for it to do. Somebody looks at that and promotes it.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from controller.store.plans import plans, promotions
from controller.store.store import Store
from playbooks.catalogue import playbook_catalogue

__all__ = ["PlaybookStanding", "rehearsed", "standings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookStanding:
    """One playbook. rehearsed: platforms on which it was carried out and undone for real, in the project's own lab.

    agreed, differed, open: plans made in shadow that were compared, and those that were not yet. promoted: since when.
    """

    name: str
    rehearsed: tuple[str, ...]
    agreed: int
    differed: int
    open: int
    promoted: datetime | None
    promoted_by: str


@cache
def rehearsed() -> Mapping[str, tuple[str, ...]]:
    """Playbook -> platforms on which its rehearsal was carried out, verified and undone (`playbooks/rehearsed.toml`)."""
    file = files("playbooks").joinpath("rehearsed.toml")
    if not file.is_file():
        return {}
    written = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: _platforms(entry) for name, entry in written.items()}


def _platforms(entry: object) -> tuple[str, ...]:
    """The platforms of one playbook: a list, or a table with one."""
    listed = entry.get("platforms", ()) if isinstance(entry, dict) else entry
    return tuple(map(str, listed)) if isinstance(listed, list) else ()


def standings(store: Store) -> tuple[PlaybookStanding, ...]:
    """Every playbook, by name."""
    compared = Counter((one.playbook, one.agreed) for one in plans(store, limit=0) if one.shadow)
    promoted, known = promotions(store), playbook_catalogue()
    return tuple(
        PlaybookStanding(
            name=name,
            rehearsed=rehearsed().get(name, ()),
            agreed=compared[name, True],
            differed=compared[name, False],
            open=compared[name, None],
            promoted=promoted[name][0] if name in promoted else None,
            promoted_by=promoted[name][1] if name in promoted else "",
        )
        for name in sorted(known)
    )
