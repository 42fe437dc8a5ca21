"""A lab of our own for the rehearsals, as the lab's own tests have one."""

from __future__ import annotations

from tests.lab.conftest import lab

__all__ = ["lab"]
