"""Does the process of this run still live? A lock a run, which the system lets go when its process ends.

A number of a process says little, as it may belong to another one by now. A lock cannot outlive its holder,
however that ended, and nobody can take it from one that lives.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from sqlalchemy import select

from controller.store.schema import run
from controller.store.store import Store

__all__ = ["RunState", "abandoned", "held", "under_way"]


class RunState(StrEnum):
    """How far a run is. It stays `stopping` until the worker's process tree is gone."""

    PLANNED = "planned"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        return self in {RunState.DONE, RunState.STOPPED, RunState.FAILED}


def under_way(store: Store) -> tuple[str, ...]:
    """The ids of the runs that are not over, whether somebody works at them or not."""
    states = [state.value for state in RunState if not state.over]
    with store.read() as connection:
        return tuple(
            connection.scalars(select(run.c.id).where(run.c.state.in_(states)).order_by(run.c.began))
        )


@contextmanager
def held(home: Path, run_id: str) -> Iterator[None]:
    """Hold a run while this process works at it: from before it is written down until it is over."""
    path = _path(home, run_id)
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def abandoned(home: Path, run_id: str) -> Iterator[bool]:
    """Say whether nobody works at a run; when nobody does, nobody else can take it up inside the block."""
    path = _path(home, run_id)
    with path.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        if not _is_still(path, lock.fileno()):
            # Somebody was faster, and has tidied up already.
            yield False
            return
        try:
            yield True
        finally:
            path.unlink(missing_ok=True)


def _path(home: Path, run_id: str) -> Path:
    folder = home / "locks"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / run_id


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
