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
from collections.abc import Sequence

import paramiko
from paramiko.common import cMSG_CHANNEL_REQUEST

from agent.sessions.framing import MARK, MAX_ANSWER, Stream, told
from collectors.session import Kind, Phase

__all__ = ["ROOM", "Draining", "Unmet", "is_usable", "open_channel", "start_shell"]

_SLICE = 0.1
_SWEEP = 3.0
_STATUS = 2.0
# How long a host that allows few channels may take to see that one was closed.
ROOM = 0.5
_SAID = 200
# What may still stand in the library's buffers when a channel has ended: two windows of them, at the most.
_PIECE = 65536
_LAST_PIECES = 64
_MIXED = (
    "the host's error output does not come for itself: a start-up file of the account may turn it elsewhere"
)
# Ends every process whose environment carries the mark, children included. One `grep` for all of them: a host
# with thousands of processes would need longer than it is given for one each.
_END_MARKED = (
    'grep -ls "{mark}" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ p _; do'
    ' kill -KILL "$p" 2>/dev/null; done; :'
)
Unmet = tuple[Kind, Phase, str]


def open_channel(transport: paramiko.Transport, seconds: float) -> paramiko.Channel:
    """Open a channel; one that was closed a moment ago may still count at the host."""
    start = time.monotonic()
    while True:
        try:
            return transport.open_session(timeout=seconds)
        except paramiko.ChannelException:
            if time.monotonic() - start > min(ROOM, seconds):
                raise
            time.sleep(_SLICE / 2)


def start_shell(channel: paramiko.Channel) -> None:
    """Have the host start the `sh` that will be told its commands."""
    _start(channel, "exec sh")
    channel.settimeout(_SLICE)


def is_usable(shell: paramiko.Channel) -> bool:
    """Say whether a shell that has answered before is still there, as far as the host has told."""
    return not (shell.closed or shell.eof_received or shell.exit_status_ready())


class Draining:
    """Asks the host's shell one command and reads its answer: both streams, capped, under one deadline."""

    def __init__(
        self, channel: paramiko.Channel, end: float, stop: threading.Event, mark: str, *, first: bool
    ) -> None:
        """first: whether the shell has answered nothing yet, so that the host may not even have started it."""
        self._channel, self._end, self._stop, self._mark = channel, end, stop, mark
        self._first = first
        self._out, self._err = Stream(mark), Stream(mark)

    @property
    def stdout(self) -> bytes:
        return bytes(self._out.kept)

    @property
    def stderr(self) -> bytes:
        return bytes(self._err.kept)

    @property
    def code(self) -> int:
        """The exit status; -1 without one."""
        return -1 if self._out.code is None else self._out.code

    @property
    def cut(self) -> bool:
        return self._out.cut or self._err.cut

    def ask(self, argv: Sequence[str]) -> Unmet | None:
        """Give the reason when there is no whole answer; the shell is good for nothing then.

        Raises ValueError for what is no command.
        """
        left = told(argv, self._mark)
        unmet = None
        while left and unmet is None:
            left = self._tell(left)
            unmet = self._over()
        while unmet is None and not (self._out.ended and self._err.ended):
            unmet = self._over() or self._receive()
        self._out.give_up()
        self._err.give_up()
        return unmet

    def _tell(self, left: bytes) -> bytes:
        """Tell the shell as much as it takes now; give what is left."""
        try:
            return left[self._channel.send(left) :]
        except TimeoutError:
            return left
        except OSError:
            # It has ended already: whoever reads from it finds out how.
            return b""

    def _over(self) -> Unmet | None:
        if self._stop.is_set():
            return self._end_it(Kind.STOPPED, "stopped while the host was answering")
        if time.monotonic() > self._end:
            return self._too_late()
        return None

    def _too_late(self) -> Unmet:
        self._out.give_up()
        if self._out.ended and not self._err.begun:
            return self._end_it(Kind.UNPARSABLE, _MIXED)
        if self._out.begun or self._err.begun:
            return self._end_it(Kind.TIMED_OUT, "the host did not finish its answer in time")
        # A start-up file that waits for a key, or a home directory that does not answer, belongs to the login.
        detail = "the host's shell did not take the question in time" + self._said(self._out.noise)
        return self._end_it(Kind.TIMED_OUT, detail, Phase.LOGIN if self._first else Phase.ASK)

    def _receive(self) -> Unmet | None:
        """Take one piece of what has come, after a moment's wait for it."""
        channel = self._channel
        by_err = not self._err.ended and (self._out.ended or channel.recv_stderr_ready())
        try:
            piece = channel.recv_stderr(_PIECE) if by_err else channel.recv(_PIECE)
        except TimeoutError:
            # A shell that has ended may have left somebody behind who holds its streams.
            return self._broken_off() if channel.exit_status_ready() else None
        (self._err if by_err else self._out).take(piece)
        if not piece:
            return self._broken_off()
        if self.cut:
            return self._end_it(Kind.CUT_OFF, f"the answer is larger than {MAX_ANSWER} bytes")
        if self._out.garbled or self._err.garbled:
            no_status = "the host's shell ends the answer without an exit status"
            return self._end_it(Kind.UNPARSABLE, _MIXED if self._out.mixed else no_status)
        return None

    def _broken_off(self) -> Unmet:
        """The shell has ended, or the connection: an account that is given no shell says so."""
        for _ in range(_LAST_PIECES):
            if not self._channel.recv_stderr_ready():
                break
            self._err.take(self._channel.recv_stderr(_PIECE))
        self._out.give_up()
        self._err.give_up()
        self._channel.status_event.wait(max(0.0, min(_STATUS, self._end - time.monotonic())))
        self._channel.close()
        begun = self._out.begun or self._err.begun
        where = "in the middle of the answer" if begun else "before the answer"
        if not self._is_connected():
            return (Kind.CUT_OFF, Phase.ASK, f"the connection ends {where}")
        status = self._channel.exit_status
        if begun:
            # The command may have ended its shell, and go on.
            self._sweep()
            said = self._said(self._err.kept[-_SAID:])
            return (Kind.CUT_OFF, Phase.ASK, f"the host's shell ends {where}{said}")
        said = self._said(self._out.noise + b" " + self._err.noise)
        why = said or (f": exit status {status}" if status >= 0 else ": it starts none")
        return (Kind.REFUSED, Phase.LOGIN, f"the host gives this account no shell{why}")

    def _is_connected(self) -> bool:
        """Whether the connection outlives the channel; the library ends channels first, a moment before it."""
        transport = self._channel.transport
        if transport is None:
            return False
        transport.join(_SLICE)
        return transport.is_active()

    @staticmethod
    def _said(said: bytes | bytearray) -> str:
        text = said.decode("utf-8", "backslashreplace").strip()
        return f": {text[:_SAID]}" if text else ""

    def _end_it(self, kind: Kind, detail: str, phase: Phase = Phase.ASK) -> Unmet:
        """End the command on the host too, not only our waiting for it."""
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            for name in ("TERM", "KILL"):
                _send(self._channel, "signal", name, reply=False)
            self._channel.close()
        self._sweep()
        return kind, phase, detail

    def _sweep(self) -> None:
        """End what a signal did not reach; the host has a moment for it, and no more."""
        transport = self._channel.transport
        if transport is None or not transport.is_active():
            return
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            broom = open_channel(transport, _SWEEP)
            _start(broom, "exec sh -c " + shlex.quote(_END_MARKED.format(mark=f"{MARK}={self._mark}")))
            broom.status_event.wait(_SWEEP)
            broom.close()


def _start(channel: paramiko.Channel, command: str) -> None:
    """Have a command started, without waiting for the server's word on it, for which the library has no limit.

    A server that says no has its channel closed by the library, which whoever reads from it notices.
    """
    _send(channel, "exec", command, reply=True)


def _send(channel: paramiko.Channel, kind: str, what: str, *, reply: bool) -> None:
    """A request of RFC 4254, section 6, for which the library has no call that would not wait."""
    message = paramiko.Message()
    message.add_byte(cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string(kind)
    message.add_boolean(reply)
    message.add_string(what)
    if channel.transport is not None:
        channel.transport._send_user_message(message)  # type: ignore[attr-defined]  # noqa: SLF001 - see above.
