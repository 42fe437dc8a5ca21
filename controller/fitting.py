"""Does a note fit into the desk? What is too long becomes a summary with the whole beside it; what is too large is named.

The words here are the note's own: a mark of what was left out needs no language.
"""

from __future__ import annotations

from dataclasses import dataclass

from controller.desks.desk import File, Limits, all_files, marked
from controller.store.letters import Action

__all__ = ["Fitted", "fitted"]

_LINES = 10
_WHOLE = "note.txt"
# So much of a line is enough to know what it says.
_LINE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A note as its desk takes it. files: the report's page with them; left_out: names of files that are too large."""

    text: str
    files: tuple[File, ...]
    left_out: tuple[str, ...]


def fitted(action: Action, limits: Limits, marker: str) -> Fitted:
    """Cut a note to what a desk takes; the same note comes out the same, so that it is found again."""
    every = all_files(action.html, action.files)
    text = action.text
    if len(marked(text, marker)) > limits.text:
        whole = File(name=_WHOLE, media_type="text/plain", content=action.text.encode())
        every = (whole, *(file for file in every if file.name != _WHOLE))
        text = _summary(action.text, limits.text - len(marked("", marker)), f"[…] → {_WHOLE}")
    files = tuple(file for file in every if len(file.content) <= limits.file)
    left_out = tuple(file.name for file in every if len(file.content) > limits.file)
    return Fitted(text=text, files=files, left_out=left_out)


def _summary(text: str, room: int, more: str) -> str:
    """The first ten lines that say something, and a mark that there is more; never longer than there is room."""
    said = [line.rstrip()[:_LINE] for line in text.splitlines() if line.strip()][:_LINES]
    short = "\n".join(said)[: max(0, room - len(more) - 1)].rstrip()
    return f"{short}\n{more}"[:room]
