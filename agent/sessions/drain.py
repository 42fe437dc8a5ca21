"""How is an answer taken whole? Both streams of a command, capped, under one deadline.

What is stopped or too long is also ended on the host: by a signal to the remote process (RFC 4254, section
6.9), and where the server does not pass signals on (OpenSSH does not for root), by a look for the mark that
every command carries in its environment.
"""

from __future__ import annotations

import contextlib
import shlex
import threading
import time

import paramiko
from paramiko.common import cMSG_CHANNEL_REQUEST

from collectors.session import Kind, Phase

__all__ = ["MARK", "MAX_ANSWER", "Draining", "Unmet", "request"]

MARK = "SECONDLINE_QUESTION"

MAX_ANSWER = 1024 * 1024
_STATUS = 2.0
_SLICE = 0.1
_SWEEP = 3.0
# Ends every process whose environment carries the mark, children included.
_END_MARKED = (
    "for p in /proc/[0-9]*; do"
    ' if grep -qs "{mark}" "$p/environ"; then kill -KILL "${{p#/proc/}}" 2>/dev/null; fi;'
    " done; :"
)
Unmet = tuple[Kind, Phase, str]


class Draining:
    """Reads a channel to its end: both streams, capped, under one deadline."""

    def __init__(self, channel: paramiko.Channel, end: float, stop: threading.Event, mark: str) -> None:
        self._channel, self._end, self._stop, self._mark = channel, end, stop, mark
        self.stdout, self.stderr = bytearray(), bytearray()
        self.code, self.cut = -1, False

    def drain(self) -> Unmet | None:
        """Give the reason when there is no whole answer."""
        channel = self._channel
        channel.settimeout(_SLICE)
        while True:
            if self._stop.is_set():
                return self._end_it(Kind.STOPPED, "stopped while the host was answering")
            if time.monotonic() > self._end:
                return self._end_it(Kind.TIMED_OUT, "the host did not finish its answer in time")
            try:
                piece = channel.recv(65536)
            except TimeoutError:
                piece = None
            self._take(self.stdout, piece or b"")
            self._drain_stderr()
            if self.cut:
                return self._end_it(Kind.CUT_OFF, f"the answer is larger than {MAX_ANSWER} bytes")
            if piece == b"":
                break
        return self._exit_status()

    def _drain_stderr(self) -> None:
        while self._channel.recv_stderr_ready() and not self.cut:
            self._take(self.stderr, self._channel.recv_stderr(65536))

    def _exit_status(self) -> Unmet | None:
        """The status may come after the last data; a connection that breaks never sends it."""
        left = max(0.0, min(_STATUS, self._end - time.monotonic()))
        if not self._channel.status_event.wait(left) or self._channel.exit_status < 0:
            return (Kind.CUT_OFF, Phase.ASK, "the connection ends without an exit status")
        self._drain_stderr()
        self.code = self._channel.exit_status
        return None

    def _take(self, kept: bytearray, piece: bytes) -> None:
        room = MAX_ANSWER - len(kept)
        kept += piece[:room]
        self.cut = self.cut or len(piece) > room

    def _end_it(self, kind: Kind, detail: str) -> Unmet:
        """End the command on the host too, not only our waiting for it."""
        for name in ("TERM", "KILL"):
            with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
                signal(self._channel, name)
        self._channel.close()
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            _sweep(self._channel, self._mark)
        return kind, Phase.ASK, detail


def _sweep(channel: paramiko.Channel, mark: str) -> None:
    """End what a signal did not reach; the host has a moment for it, and no more."""
    if channel.transport is not None and channel.transport.is_active():
        broom = channel.transport.open_session(timeout=_SWEEP)
        broom.settimeout(_SWEEP)
        request(broom, "exec sh -c " + shlex.quote(_END_MARKED.format(mark=f"{MARK}={mark}")))
        broom.status_event.wait(_SWEEP)
        broom.close()


def request(channel: paramiko.Channel, command: str) -> None:
    """Start a command without waiting for the server's word on it, for which the library sets no limit.

    A server that will not start it closes the channel without an exit status, which `drain` tells.
    """
    _send(channel, "exec", command)


def signal(channel: paramiko.Channel, name: str) -> None:
    """Send a signal to the remote process (RFC 4254, section 6.9), for which the library has no call."""
    _send(channel, "signal", name)


def _send(channel: paramiko.Channel, kind: str, what: str) -> None:
    message = paramiko.Message()
    message.add_byte(cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string(kind)
    message.add_boolean(False)  # noqa: FBT003 - the wire's field: no reply wanted.
    message.add_string(what)
    if channel.transport is not None:
        channel.transport._send_user_message(message)  # type: ignore[attr-defined]  # noqa: SLF001 - see above.
