"""What comes over a network device's line, and when has it ended? The channel that netmiko reads from and writes to.

netmiko takes a line that has ended for one that is silent, and waits. Here every look at the line tells the two apart,
keeps to one deadline, hears a stop, and counts what has come.
"""

from __future__ import annotations

import codecs
import contextlib
import threading
import time

import paramiko
from netmiko.channel import Channel

from agent.sessions.framing import MAX_ANSWER
from collectors.silence import Kind, Phase, Unanswered

__all__ = ["Line"]

_PIECE = 65536
_SLICE = 0.05


class Line(Channel):
    """One terminal on one device. Its text is UTF-8; other bytes appear as backslash escapes.

    phase: how far the conversation has come, for whoever must say where it ended.
    """

    def __init__(self, channel: paramiko.Channel, stop: threading.Event) -> None:
        self._channel, self._stop = channel, stop
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._back = ""
        self._end = float("inf")
        self._late = ""
        self._gone_away: threading.Event | None = None
        self._count = 0
        self.phase = Phase.LOGIN
        channel.settimeout(_SLICE)

    def until(self, end: float, late: str, gone: threading.Event | None = None) -> None:
        """From now on: look at the line until a moment of the monotonic clock, then say `late`.

        gone: ends it as well, when nobody waits for this answer any more.
        """
        self._end, self._late, self._gone_away, self._count = end, late, gone, 0

    def unread(self, text: str) -> None:
        """Put back what the next reader shall see first."""
        self._back = text + self._back

    def read(self) -> str:
        """What has come, after a moment's wait for it; perhaps nothing. Raises Unanswered."""
        self._look()
        if self._back:
            text, self._back = self._back, ""
            return text
        try:
            piece = self._channel.recv(_PIECE)
        except TimeoutError:
            self._ended_while_silent()
            return ""
        if not piece:
            raise self._gone()
        self._count += len(piece)
        if self._count > MAX_ANSWER:
            raise Unanswered(Kind.CUT_OFF, f"the device shows more than {MAX_ANSWER} bytes", phase=self.phase)
        return self._decoder.decode(piece)

    def read_buffer(self) -> str:
        """For netmiko: what is there, without a wait."""
        if self._back or self._channel.recv_ready():
            return self.read()
        self._look()
        self._ended_while_silent()
        return ""

    def read_channel(self) -> str:
        """For netmiko: all that is there, without a wait."""
        said = ""
        while piece := self.read_buffer():
            said += piece
        return said

    def write_channel(self, out_data: str) -> None:
        """Write. Raises Unanswered when the line has ended, or takes nothing more in time."""
        left = out_data.encode()
        while left:
            self._look()
            try:
                left = left[self._channel.send(left) :]
            except TimeoutError:
                continue
            except OSError:
                raise self._gone() from None

    def say_last(self, text: str, seconds: float) -> None:
        """Say something, and wait for the other end to hang up. Raises what the library raises."""
        self._channel.send(text.encode())
        end = time.monotonic() + seconds
        while self.is_open and time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                self._channel.recv(_PIECE)

    @property
    def is_open(self) -> bool:
        """Whether the device is still there, as far as it has told."""
        return (
            not (self._channel.closed or self._channel.eof_received)
            and self._channel.get_transport().is_active()
        )

    def _look(self) -> None:
        if self._stop.is_set() or (self._gone_away is not None and self._gone_away.is_set()):
            raise Unanswered(Kind.STOPPED, "stopped while the device was answering", phase=self.phase)
        if time.monotonic() > self._end:
            raise Unanswered(Kind.TIMED_OUT, self._late, phase=self.phase)

    def _ended_while_silent(self) -> None:
        if not self.is_open and not self._channel.recv_ready():
            raise self._gone()

    def _gone(self) -> Unanswered:
        if self.phase is Phase.LOGIN and self._channel.get_transport().is_active():
            return Unanswered(Kind.REFUSED, "the device ends the terminal at once", phase=self.phase)
        return Unanswered(Kind.CUT_OFF, "the connection to the device has ended", phase=self.phase)
