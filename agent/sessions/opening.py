"""What is left of a session that could not be opened? One exchange that says why, as evidence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from collectors.exchange import Exchange
from collectors.silence import Unanswered

__all__ = ["Record", "opening"]

Record = Callable[[Exchange], None]


@contextmanager
def opening(record: Record, session: str) -> Iterator[None]:
    """A session that cannot be opened leaves a record of why."""
    began, start = datetime.now(UTC), time.monotonic()
    try:
        yield
    except Unanswered as reason:
        record(
            Exchange(
                session=session,
                question=("open",),
                began=began,
                took=time.monotonic() - start,
                unanswered=(reason.kind, reason.phase, reason.detail),
            )
        )
        raise
