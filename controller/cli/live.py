"""How far is it, on which host? The live table while a run goes on."""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Self

from controller.progress import Progress, State
from controller.reports.inert import inert_line

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live as RichLive

__all__ = ["Live"]

_WORTH_SHOWING: dict[State, int] = {
    "asking": 0,
    "unanswered": 1,
    "broken": 2,
    "refused": 3,
    "seen": 4,
    "waiting": 5,
}
_STYLE: dict[State, str] = {
    "asking": "cyan",
    "unanswered": "yellow",
    "broken": "magenta",
    "refused": "dim",
    "seen": "green",
    "waiting": "dim",
}
_ROWS = 20


class Live:
    """A table of host, collector, state and time on standard error; silent when `shown` is false."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._lines: dict[tuple[str, str], Progress] = {}
        self._began: dict[tuple[str, str], float] = {}
        self._live: RichLive | None = None

    def __enter__(self) -> Self:
        if self._shown:
            from rich.console import Console  # noqa: PLC0415 - only where somebody looks.
            from rich.live import Live as RichLive  # noqa: PLC0415

            self._live = RichLive(
                get_renderable=self._table, console=Console(stderr=True), refresh_per_second=8, transient=True
            )
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)

    def take(self, progress: Progress) -> None:
        """Hear how far a job is."""
        key = (progress.host, progress.collector)
        self._lines[key] = progress
        if progress.state == "asking":
            self._began[key] = time.monotonic()

    def _table(self) -> RenderableType:
        from rich.table import Table  # noqa: PLC0415 - see above.
        from rich.text import Text  # noqa: PLC0415

        counts = Counter(line.state for line in self._lines.values())
        title = " · ".join(f"{counts[state]} {state}" for state in _WORTH_SHOWING if counts[state])
        table = Table(
            "host", "collector", "state", "time", "says", title=title, box=None, title_justify="left"
        )
        lines = sorted(self._lines.items(), key=lambda item: (_WORTH_SHOWING[item[1].state], item[0]))
        for key, line in lines[:_ROWS]:
            took = (
                line.took
                if line.state != "asking"
                else time.monotonic() - self._began.get(key, time.monotonic())
            )
            table.add_row(
                Text(inert_line(line.host)),
                Text(inert_line(line.collector)),
                Text(line.state, style=_STYLE[line.state]),
                Text(f"{took:.1f} s" if took else ""),
                Text(inert_line(line.detail)[:60]),
            )
        return table
