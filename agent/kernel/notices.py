"""What did a worker just ask the kernel for, and what is it told? The notices of its seccomp filter.

Layouts: seccomp_unotify(2), `struct seccomp_notif` and `struct seccomp_notif_resp`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import struct
from dataclasses import dataclass

__all__ = ["Notice", "answer", "hasten", "let_pass", "received"]

_RECEIVE, _SEND, _SET_FLAGS = 0xC0502100, 0xC0182101, 0x40082104
_NOTICE = struct.Struct("=QIIiIQ6Q")
_ANSWER = struct.Struct("=QqiI")
_CONTINUE = 1
_SAME_PROCESSOR = 1


@dataclass(frozen=True, slots=True)
class Notice:
    """One call that waits for its answer: who (a thread's number), which call, and its raw arguments."""

    id: int
    thread: int
    number: int
    args: tuple[int, ...]


def hasten(listener: int) -> None:
    """Let the kernel switch to us at once when a call comes in; Linux before 6.6 cannot."""
    with contextlib.suppress(OSError):
        fcntl.ioctl(listener, _SET_FLAGS, _SAME_PROCESSOR)


def received(listener: int) -> Notice | None:
    """The next notice; None when its thread has ended meanwhile."""
    room = bytearray(_NOTICE.size)
    try:
        fcntl.ioctl(listener, _RECEIVE, room, True)  # noqa: FBT003 - the standard library's signature.
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.EINTR}:
            return None
        raise
    name, thread, _, number, _, _, *args = _NOTICE.unpack(room)
    return Notice(name, thread, number, tuple(args))


def answer(listener: int, notice: Notice, *, value: int = 0, error: int = 0) -> None:
    """End the call with a value or an error; nothing of it is done by the kernel."""
    _send(listener, _ANSWER.pack(notice.id, value, -error, 0))


def let_pass(listener: int, notice: Notice) -> None:
    """Let the kernel do the call. Only for calls whose arguments are all numbers: memory may change meanwhile."""
    _send(listener, _ANSWER.pack(notice.id, 0, 0, _CONTINUE))


def _send(listener: int, response: bytes) -> None:
    try:
        fcntl.ioctl(listener, _SEND, response)
    except OSError as error:
        # The thread that waited for it has ended.
        if error.errno not in {errno.ENOENT, errno.EINPROGRESS}:
            raise
