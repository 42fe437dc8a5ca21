"""How do somebody else's collectors get into a catalogue? Their folder is put beside our own areas.

There is no list of plug-ins; this is what an installation does that adds a package `collectors.hostile`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import collectors

if TYPE_CHECKING:
    from tests.escape.third_party.hostile.way import Way

__all__ = ["extend", "ways"]

THIRD_PARTY = Path(__file__).parent / "third_party"


def extend() -> None:
    """Add the hostile area to this process; to be called before the catalogue is built."""
    if str(THIRD_PARTY) not in collectors.__path__:
        collectors.__path__.append(str(THIRD_PARTY))


def ways() -> dict[str, Way]:
    """Every attempt by hostile code, by its name; also where the catalogue was built before the area was added."""
    # A nursery adds the area before its wall stands, and loads no library before that.
    from tests.escape.third_party.hostile.way import WAYS  # noqa: PLC0415

    extend()
    for module in sorted(path.stem for path in (THIRD_PARTY / "hostile").glob("[!_]*.py")):
        import_module(f"collectors.hostile.{module}")
    return WAYS
