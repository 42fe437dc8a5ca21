"""How do questions that wait not keep each other waiting? In a host's one thread, the others go on meanwhile.

A question over a command line blocks the thread while the host answers, and gives it away only where it waits for time
to pass, between two looks (`Shell.pause`).
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from dataclasses import dataclass, field

__all__ = ["Pause", "Turn", "Turns"]


@dataclass(frozen=True, slots=True)
class Pause:
    """So many seconds in which a question wants nothing of its host."""

    seconds: float

    def __await__(self) -> Generator[Pause, None, None]:
        yield self


@dataclass(slots=True, kw_only=True)
class Turn:
    """One question. until: when its time is over, on the watch; lost: what to do when it waits for anything else.

    The time that others kept it waiting beyond its pause is none of its own.
    """

    asking: Coroutine[object, object, None]
    until: float
    lost: Callable[[], None]
    context: Context = field(default_factory=copy_context)


class Turns:
    """The questions of one host. begin: is told each time whose turn it is."""

    def __init__(self, begin: Callable[[Turn], None], stop: threading.Event) -> None:
        self._begin, self._stop = begin, stop
        self._waiting: list[tuple[float, int, Turn]] = []
        self._order = itertools.count()

    def take(self, turn: Turn) -> None:
        """Ask as far as it goes without waiting; before that, what has waited long enough goes on."""
        while self._waiting and self._waiting[0][0] <= time.monotonic() and not self._stop.is_set():
            self._next()
        self._step(turn)

    def finish(self) -> None:
        """Wait for those that wait, each until its time has come; when stopped, end them."""
        while self._waiting:
            if self._stop.wait(max(0.0, self._waiting[0][0] - time.monotonic())):
                for _, _, turn in self._waiting:
                    turn.context.run(turn.asking.close)
                return
            self._next()

    def _next(self) -> None:
        due, _, turn = heapq.heappop(self._waiting)
        turn.until += max(0.0, time.monotonic() - due)
        self._step(turn)

    def _step(self, turn: Turn) -> None:
        self._begin(turn)
        try:
            waits = turn.context.run(turn.asking.send, None)
        except StopIteration:
            return
        if isinstance(waits, Pause):
            due = time.monotonic() + waits.seconds
            heapq.heappush(self._waiting, (due, next(self._order), turn))
            return
        turn.context.run(turn.asking.close)
        turn.lost()
