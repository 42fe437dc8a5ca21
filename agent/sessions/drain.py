"""How is an answer taken whole? Both streams of a command, capped, under one deadline.

A host has one `sh` for all its questions: it is told one command after the other on its standard input, and
writes a line with the question's mark on both streams before and after each, the last with the exit status.
What stands outside the marks (a banner, the noise of a start-up file) belongs to no answer.

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

from collectors.session import Kind, Phase

__all__ = ["MARK", "MAX_ANSWER", "Draining", "Unmet", "start_shell", "tell"]

MARK = "SECONDLINE_QUESTION"

MAX_ANSWER = 1024 * 1024
_NOISE = 300
_SLICE = 0.1
_SWEEP = 3.0
_STATUS = 2.0
# POSIX: the function writes one line on both streams, on a line of its own whatever came before.
_BEGINNING = "export LC_ALL=C; m() { printf '\\n%s\\n' \"$1\"; printf '\\n%s\\n' \"$1\" >&2; }\n"
# Ends every process whose environment carries the mark, children included.
_END_MARKED = (
    "for p in /proc/[0-9]*; do"
    ' if grep -qs "{mark}" "$p/environ"; then kill -KILL "${{p#/proc/}}" 2>/dev/null; fi;'
    " done; :"
)
Unmet = tuple[Kind, Phase, str]


def start_shell(channel: paramiko.Channel, seconds: float) -> None:
    """Have the host start the `sh` that will be told its commands, in the C locale.

    Raises TimeoutError: a server takes input only once the shell is started, and that takes a busy host a while.
    """
    request(channel, "exec sh")
    channel.settimeout(seconds)
    _say(channel, _BEGINNING)
    channel.settimeout(_SLICE)


def tell(channel: paramiko.Channel, argv: Sequence[str], mark: str) -> None:
    """Tell the host's shell one command: in a process of its own, with the mark, without any input."""
    command = f"(export {MARK}={mark}; exec {shlex.join(argv)}) </dev/null"
    _say(channel, f"m '{mark} begins'; {command}; m \"{mark} $?\"\n")


def _say(channel: paramiko.Channel, text: str) -> None:
    """Send; a shell that has ended meanwhile says why in what it leaves to be read."""
    try:
        channel.sendall(text.encode())
    except TimeoutError:
        raise
    except OSError:
        if not channel.closed:
            raise


class _Stream:
    """One stream of an answer: what stands between its two marks."""

    def __init__(self, mark: str) -> None:
        self._begin = f"\n{mark} begins\n".encode()
        self._end = f"\n{mark} ".encode()
        self._longest = len(self._end) + len("255\n")
        self._left = bytearray()
        self.begun, self.cut = False, False
        self.code: int | None = None
        self.kept, self.noise = bytearray(), bytearray()

    def take(self, piece: bytes) -> None:
        self._left += piece
        if not self.begun:
            at = self._left.find(self._begin)
            if at < 0:
                # The last bytes may be the beginning of the mark.
                self._pass_noise(len(self._left) - len(self._begin))
                return
            self.begun = True
            del self._left[: at + len(self._begin)]
        at = self._left.find(self._end)
        if at >= 0:
            code, line_end, _ = self._left[at + len(self._end) :].partition(b"\n")
            if line_end:
                self._keep(self._left[:at])
                self.code = int(code)
        elif len(self._left) > self._longest:
            self._keep(self._left[: -self._longest])
            del self._left[: -self._longest]

    def give_up(self) -> None:
        """No mark will come any more: what is left belongs to the answer."""
        if self.begun and self.code is None:
            self._keep(self._left)
        elif not self.begun:
            self._pass_noise(len(self._left))

    def _pass_noise(self, length: int) -> None:
        if length > 0:
            self.noise += self._left[: min(length, _NOISE - len(self.noise))]
            del self._left[:length]

    def _keep(self, piece: bytes | bytearray) -> None:
        room = MAX_ANSWER - len(self.kept)
        self.kept += piece[:room]
        self.cut = self.cut or len(piece) > room


class Draining:
    """Reads a command's answer from the host's shell: both streams, capped, under one deadline."""

    def __init__(self, channel: paramiko.Channel, end: float, stop: threading.Event, mark: str) -> None:
        self._channel, self._end, self._stop, self._mark = channel, end, stop, mark
        self._out, self._err = _Stream(mark), _Stream(mark)

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

    def drain(self) -> Unmet | None:
        """Give the reason when there is no whole answer; the shell is good for nothing then."""
        unmet = self._to_its_end()
        if unmet is not None:
            self._out.give_up()
            self._err.give_up()
        return unmet

    def _to_its_end(self) -> Unmet | None:
        while self._out.code is None or self._err.code is None:
            if self._stop.is_set():
                return self._end_it(Kind.STOPPED, "stopped while the host was answering")
            if time.monotonic() > self._end:
                return self._end_it(Kind.TIMED_OUT, "the host did not finish its answer in time")
            if not self._receive():
                return self._broken_off()
            if self.cut:
                return self._end_it(Kind.CUT_OFF, f"the answer is larger than {MAX_ANSWER} bytes")
        return None

    def _receive(self) -> bool:
        """Take what has come, after a moment's wait for it; False when nothing can come any more."""
        channel, waiting = self._channel, self._out.code is None
        try:
            piece = channel.recv(65536) if waiting else channel.recv_stderr(65536)
        except TimeoutError:
            piece = None
        (self._out if waiting else self._err).take(piece or b"")
        while channel.recv_stderr_ready() and self._err.code is None and not self.cut:
            self._err.take(channel.recv_stderr(65536))
        return piece != b""

    def _broken_off(self) -> Unmet:
        """The shell has ended, or the connection: an account that is given no shell says so."""
        self._out.give_up()
        self._err.give_up()
        if self._out.begun or self._err.begun:
            return (Kind.CUT_OFF, Phase.ASK, "the host's shell ends in the middle of the answer")
        ended = self._channel.status_event.wait(max(0.0, min(_STATUS, self._end - time.monotonic())))
        if not ended or self._channel.exit_status < 0:
            return (Kind.CUT_OFF, Phase.ASK, "the connection ends before the answer")
        said = (self._out.noise + b" " + self._err.noise).decode("utf-8", "backslashreplace").strip()
        why = said or f"exit status {self._channel.exit_status}"
        return (Kind.REFUSED, Phase.LOGIN, f"the host gives this account no shell: {why}")

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

    A server that will not start it closes the channel, which `drain` tells.
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
