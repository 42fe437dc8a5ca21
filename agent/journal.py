"""What was done to which host, step by step? One line before and one after each step, on the disk before it is done.

The file `journal` in the agent's own folder only grows. After a crash it says how far a change had come: a step that
was begun and has no end may have been done or not, and nothing is done there any more until somebody has looked.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from agent.refusal import Hold, HoldError

__all__ = ["Entry", "Journal", "Standing", "standing", "undoable"]

What = Literal[
    "begin",
    "arm",
    "disarm",
    "doing",
    "done",
    "failed",
    "lost",
    "undoing",
    "undone",
    "not-undone",
    "end",
    "looked",
]
# These ends leave nothing open: the host is as the plan wants it, or as it was before.
_SETTLED = frozenset({"changed", "undone", "refused"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. step: from 1; 0: none. detail: why, or how it ended. state: what was seen. at: seconds since the epoch.

    end: how a change ended here: 'changed', 'undone', 'refused' (nothing was done), 'undo-failed' or 'unknown'.
    looked: a person has seen to it; detail: who.
    """

    what: What
    customer: str
    host: str
    plan: str
    playbook: str
    step: int = 0
    detail: str = ""
    state: Mapping[str, Any] = field(default_factory=dict)
    at: float = field(default_factory=time.time)


_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far the last change of a host has come. end: '' while it has none. entries: its own, from its beginning on."""

    plan: str
    playbook: str
    end: str
    step: int
    entries: tuple[Entry, ...]

    @property
    def is_open(self) -> bool:
        """Whether nobody knows for sure how the host is: then nothing is done to it until somebody has looked."""
        return self.end not in _SETTLED and self.entries[-1].what != "looked"

    def words(self) -> str:
        """Where it stands, in a sentence."""
        last = self.entries[-1]
        how = (
            f"ended as '{self.end}'"
            if self.end
            else "has no end: the agent or its machine stopped in between"
        )
        where = f", at step {self.step} ({last.what})" if self.step else ""
        return f"a change by {self.playbook} (plan {self.plan[:12]}) {how}{where}"


class Journal:
    """An agent's journal. Several processes may write to one at the same time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def write(self, entry: Entry) -> None:
        """Append a line; it is on the disk when this returns. Raises HoldError."""
        line = json.dumps(asdict(entry), ensure_ascii=False, sort_keys=True, default=str)
        is_new = not self._file.exists()
        try:
            descriptor = os.open(
                self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                _cut_what_is_torn(descriptor)
                _write_all(descriptor, f"{line}\n".encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if is_new:
                _sync_folder(self._file.parent)
        except OSError as error:
            raise self._unusable(str(error)) from None

    def entries(self) -> tuple[Entry, ...]:
        """All of it. Raises HoldError when a line in between cannot be read."""
        try:
            raw = self._file.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._unusable(str(error)) from None
        # A last line without its end was not whole on the disk when the machine stopped: nothing was done upon it.
        *lines, _ = raw.split(b"\n")
        try:
            return tuple(_ENTRY.validate_json(line) for line in lines)
        except ValidationError:
            raise self._unusable("a line of it is not one that was written here") from None

    def standing(self, customer: str, host: str) -> Standing | None:
        """How far the last change of a host has come; None when there was none. Raises HoldError."""
        return standing(one for one in self.entries() if (one.customer, one.host) == (customer, host))

    def open(self) -> tuple[Entry, ...]:
        """The last line of each host that somebody must look at. Raises HoldError."""
        hosts: dict[tuple[str, str], list[Entry]] = {}
        for entry in self.entries():
            hosts.setdefault((entry.customer, entry.host), []).append(entry)
        found = (standing(entries) for entries in hosts.values())
        return tuple(one.entries[-1] for one in found if one is not None and one.is_open)

    def _unusable(self, why: str) -> HoldError:
        return HoldError(
            Hold.NO_JOURNAL,
            f"the journal of changes cannot be used ({self._file}: {why}): have it looked at; nothing is changed before",
        )


def standing(entries: Iterable[Entry]) -> Standing | None:
    """How far the last change among these lines of one host has come. Pure.

    >>> here = {"customer": "k", "host": "h", "plan": "0" * 64, "playbook": "linux.start_service"}
    >>> found = standing([Entry(what="begin", **here), Entry(what="doing", step=1, **here)])
    >>> found.is_open, found.step
    (True, 1)
    """
    last: list[Entry] = []
    for entry in entries:
        if entry.what == "begin":
            last = []
        last.append(entry)
    if not last:
        return None
    ends = [one.detail for one in last if one.what == "end"]
    return Standing(
        plan=last[0].plan,
        playbook=last[0].playbook,
        end=ends[-1].partition(":")[0] if ends else "",
        step=max((one.step for one in last if one.what == "doing"), default=0),
        entries=tuple(last),
    )


def undoable(entries: Iterable[Entry]) -> tuple[int, ...]:
    """The steps of a change that were begun and not taken back, the last first. Pure."""
    begun: list[int] = []
    for entry in entries:
        if entry.what == "doing":
            begun.append(entry.step)
        elif entry.what == "undone" and entry.step in begun:
            begun.remove(entry.step)
    return tuple(sorted(set(begun), reverse=True))


def _cut_what_is_torn(descriptor: int) -> None:
    """A line that a crash left without its end was never acted upon; it must not join the next one."""
    size = os.fstat(descriptor).st_size
    if not size or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    for start in _backwards(size):
        found = os.pread(descriptor, min(4096, size - start), start).rfind(b"\n")
        if found >= 0:
            os.ftruncate(descriptor, start + found + 1)
            return
    os.ftruncate(descriptor, 0)


def _backwards(size: int) -> Iterator[int]:
    while size > 0:
        size = max(0, size - 4096)
        yield size


def _write_all(descriptor: int, raw: bytes) -> None:
    left = memoryview(raw)
    while left:
        left = left[os.write(descriptor, left) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
