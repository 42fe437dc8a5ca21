"""How does a host find its own way back when a step cuts us off? Pure: what is run there before, and what disarms it.

A process of the host's own sleeps, and then does the undo: it was given to it as argument arrays, when nothing was
changed yet. It is disarmed only by somebody who has come in anew. Both take one file by a rename, so that either the way
back is gone or it was disarmed, and never both. It sleeps by the host's monotonic clock: setting its time changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from playbooks.operation import Command, Operation, Write

__all__ = ["BackError", "arming", "backup_of", "disarming", "has_fired", "is_armed", "saved", "tidying"]

# The only program text that we ever send, and nothing of a plan is in it: a plan's words are its parameters, which it
# calls one after the other as "$1" "$2" …; `eval` sees numbers only. $1: the file that is taken by a rename; $2: seconds.
_SLEEPER = (
    'exec </dev/null >/dev/null 2>&1; f=$1; umask 077; set -C; : >"$f" || exit 1; sleep "$2"; mv "$f" "$f.fired" || exit 0; shift 2; '
    'while [ "$#" -gt 0 ]; do n=$1; shift; c=; i=1; '
    'while [ "$i" -le "$n" ]; do c="$c \\"\\${$i}\\""; i=$((i+1)); done; '
    'eval "$c"; shift "$n"; done; : >"$f.back"'
)
_FOLDER = "/run"


class BackError(ValueError):
    """No way back can be armed for these operations: the message says for which."""


def _flag(mark: str) -> str:
    return f"{_FOLDER}/secondline-back-{mark}"


def backup_of(path: str, mark: str) -> str:
    """Where the content waits that a file gets back, beside it: a rename is all that is left to do then."""
    at = PurePosixPath(path)
    return str(at.with_name(f".{at.name}.back-{mark}"))


def saved(undo: Sequence[Operation], mark: str) -> tuple[Write, ...]:
    """What is put onto the host before, so that the way back needs nobody."""
    return tuple(
        Write(path=backup_of(one.path, mark), content=one.content, mode=one.mode)
        for one in undo
        if isinstance(one, Write) and one.content is not None
    )


def arming(undo: Sequence[Operation], mark: str, seconds: float, *, systemd: bool) -> tuple[str, ...]:
    """The arguments that start the sleeper. Raises BackError.

    systemd: whether it runs there: then the sleeper is a transient unit, which no log-out ends.
    """
    words: list[str] = []
    for one in undo:
        argv = _argv(one, mark)
        words += [str(len(argv)), *argv]
    if not words:
        raise BackError("nothing is known that would take it back")
    start = (
        ("systemd-run", "--quiet", "--collect", f"--unit=secondline-back-{mark}", "--")
        if systemd
        else ("setsid", "--fork")
    )
    return (*start, "/bin/sh", "-c", _SLEEPER, "secondline", _flag(mark), f"{seconds:g}", *words)


def is_armed(mark: str) -> tuple[str, ...]:
    """Ends with 0 once the sleeper sleeps."""
    return ("test", "-e", _flag(mark))


def has_fired(mark: str) -> tuple[str, ...]:
    """Ends with 0 once the way back was taken to its end."""
    return ("test", "-e", f"{_flag(mark)}.back")


def disarming(mark: str) -> tuple[str, ...]:
    """Ends with 0 when the way back will not be taken any more, with another status when it has been."""
    return ("mv", "--", _flag(mark), f"{_flag(mark)}.off")


def tidying(undo: Sequence[Operation], mark: str) -> tuple[str, ...]:
    """Removes what was put onto the host for a way back that is disarmed."""
    return ("rm", "-f", "--", f"{_flag(mark)}.off", *(one.path for one in saved(undo, mark)))


def _argv(one: Operation, mark: str) -> tuple[str, ...]:
    match one:
        case Command(argv=argv, stdin=""):
            return argv
        case Write(path=path, content=None):
            return ("rm", "-f", "--", path)
        case Write(path=path):
            return ("mv", "-f", "--", backup_of(path, mark), path)
        case _:
            raise BackError(f"no way back can be armed on the host for an operation of the kind '{one.kind}'")
