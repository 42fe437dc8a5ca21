"""Which bytes are the answer? What the host's `sh` is told, and how its answers are cut out of two streams.

The shell is told one command after the other on its standard input, and writes a line with the question's
mark on both streams before and after each, the last with the exit status. What stands outside the marks (a
banner, the noise of a start-up file) belongs to no answer. Nothing here does any I/O.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

__all__ = ["MARK", "MAX_ANSWER", "Stream", "told"]

MARK = "SECONDLINE_QUESTION"

MAX_ANSWER = 1024 * 1024
_NOISE = 300
# Three digits: ksh counts a signal from 256 on, yash from 384 on.
_STATUS = re.compile(rb"[0-9]{1,3}")
_LONGEST_STATUS = 3
# POSIX: the function writes one line on both streams, on a line of its own whatever came before.
_WORDS = "export LC_ALL=C; m() { printf '\\n%s\\n' \"$1\"; printf '\\n%s\\n' \"$1\" >&2; }"


def told(argv: Sequence[str], mark: str) -> bytes:
    """One command for the host's shell: in a process of its own, in the C locale, marked, without any input.

    Raises ValueError for what is no command: nothing, or a NUL, which shells drop.
    """
    if not argv or any("\0" in word for word in argv):
        raise ValueError("a command has at least one word, and no word has a NUL")
    command = f"(export {MARK}={mark}; exec {shlex.join(argv)}) </dev/null"
    return f"{_WORDS}\nm '{mark} begins'; {command}; m \"{mark} $?\"\n".encode()


class Stream:
    """One stream of an answer: what stands between its two marks.

    begun, ended: whether the first and the second mark have come; code: the exit status, once it has ended.
    garbled: the second mark came with what is no exit status; mixed: it is the first one of the other stream,
    so that both come as one. cut: there was more than is kept.
    """

    def __init__(self, mark: str) -> None:
        self._begin = f"\n{mark} begins\n".encode()
        self._end = f"\n{mark} ".encode()
        self._left = bytearray()
        self.begun, self.garbled, self.mixed, self.cut = False, False, False, False
        self.code: int | None = None
        self.kept, self.noise = bytearray(), bytearray()

    @property
    def ended(self) -> bool:
        return self.code is not None

    def take(self, piece: bytes) -> None:
        """Take the next bytes, however they were cut on their way."""
        if self.ended or self.garbled:
            return
        self._left += piece
        if not self.begun and not self._begins():
            return
        at = self._left.find(self._end)
        if at >= 0:
            self._ends(at)
        else:
            # The last bytes may be the beginning of the mark.
            self._keep(len(self._left) - len(self._end) + 1)

    def give_up(self) -> None:
        """No mark will come any more: what is left belongs to the answer, if there is one."""
        if self.begun and not self.ended and not self.garbled:
            self._keep(len(self._left))
        elif not self.begun:
            self._pass_noise(len(self._left))

    def _begins(self) -> bool:
        at = self._left.find(self._begin)
        if at < 0:
            self._pass_noise(len(self._left) - len(self._begin) + 1)
            return False
        self._pass_noise(at)
        del self._left[: len(self._begin)]
        self.begun = True
        return True

    def _ends(self, at: int) -> None:
        """The second mark is there; its line may not have come whole yet."""
        status, line_end, _ = self._left[at + len(self._end) :].partition(b"\n")
        if line_end and _STATUS.fullmatch(status):
            self.code = int(status)
        elif line_end or len(status) > _LONGEST_STATUS:
            self.garbled, self.mixed = True, status.startswith(b"begi")
        else:
            return
        self._keep(at)
        self._left.clear()

    def _pass_noise(self, length: int) -> None:
        if length > 0:
            self.noise += self._left[: min(length, _NOISE - len(self.noise))]
            del self._left[:length]

    def _keep(self, length: int) -> None:
        if length > 0:
            room = MAX_ANSWER - len(self.kept)
            self.kept += self._left[: min(length, room)]
            self.cut = self.cut or length > room
            del self._left[:length]
