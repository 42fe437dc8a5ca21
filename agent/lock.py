"""Is somebody else changing this host just now? One plan at a time for each address, over all processes of an agent."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.refusal import Hold, HoldError

__all__ = ["only_one"]


@contextmanager
def only_one(folder: Path, customer: str, places: Iterable[str]) -> Iterator[None]:
    """Hold these of a customer's: a host by its id and its addresses. Raises HoldError at once when another change has one.

    A lock ends with the process that holds it, so that a crash leaves none behind.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    with contextlib.ExitStack() as held:
        # In one order, so that two plans with the same addresses never hold one each.
        for place in sorted(set(places)):
            name = hashlib.sha256(f"{customer} {place}".encode()).hexdigest()[:32]
            descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            held.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HoldError(
                    Hold.UNDER_WAY,
                    f"another change is under way at {place}: wait until it has ended, then make the plan anew",
                ) from None
        yield
