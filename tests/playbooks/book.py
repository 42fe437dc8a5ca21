"""Which changes have been rehearsed, and on what? `playbooks/rehearsed.toml`: written by a rehearsal, read by people and tests."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.playbooks.rehearsals import Rehearsal

__all__ = ["book", "platforms_of", "read", "written"]

FILE = Path(__file__).parents[2] / "playbooks" / "rehearsed.toml"
_HEAD = (
    "# Changes that were rehearsed in the lab, and on what: a fault was found, planned for, treated, taken back, and the\n"
    "# first state was there again. Written by `python -m tests.playbooks --write`; what is not here was only planned.\n\n"
)


def platforms_of(passed: Iterable[Rehearsal]) -> dict[str, tuple[str, ...]]:
    """Change -> platforms of the rehearsals that passed."""
    found: dict[str, set[str]] = {}
    for one in passed:
        found.setdefault(one.playbook, set()).add(one.platform)
    return {name: tuple(sorted(platforms)) for name, platforms in sorted(found.items())}


def book(platforms: Mapping[str, tuple[str, ...]]) -> str:
    """The file's text."""
    rows = (f'"{name}" = [{", ".join(f"{one!r}" for one in some)}]\n' for name, some in platforms.items())
    return _HEAD + "".join(rows).replace("'", '"')


def read() -> dict[str, tuple[str, ...]]:
    return {name: tuple(some) for name, some in tomllib.loads(FILE.read_text("utf-8")).items()}


def written(passed: Iterable[Rehearsal], failed: Iterable[Rehearsal]) -> None:
    """Enter what passed, strike what failed; what was not tried stays as it is."""
    known = {name: set(some) for name, some in read().items()} if FILE.exists() else {}
    for one in failed:
        known.get(one.playbook, set()).discard(one.platform)
    for name, some in platforms_of(passed).items():
        known.setdefault(name, set()).update(some)
    kept = {name: tuple(sorted(some)) for name, some in sorted(known.items()) if some}
    FILE.write_text(book(kept), "utf-8")
