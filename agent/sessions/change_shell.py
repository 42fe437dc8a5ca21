"""How is a Linux host changed? One program with its arguments a channel, files whole or not at all, on a verified SSH connection.

A command is ended on the host itself when its time is over (`timeout`, of coreutils or busybox), so that nothing goes on
there after we have stopped waiting. A file is written beside the old one, to the disk, and takes its place by a rename.
"""

from __future__ import annotations

import contextlib
import errno
import math
import secrets
import shlex
import socket
import stat
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import paramiko
from paramiko.sftp import CMD_EXTENDED

from agent.deed import Deed
from agent.sessions.drain import open_channel
from agent.sessions.framing import MAX_ANSWER
from agent.sessions.login import CHANNEL, ENDS, Greeted, log_in
from agent.sessions.opening import Record, opening
from agent.start import SshWay
from collectors.exchange import Exchange, readable
from collectors.session import Kind, Phase
from playbooks.operation import Command, Write

__all__ = ["ChangeShell", "open_change_shell"]

# Seconds: after which what does not end is killed there; and until we stop waiting for that.
_KILL, _MORE = 5, 10.0
_SLICE = 0.1
# The exit status of `timeout` when it had to end the command, and when it had to kill it.
_LATE = {124, 137}


def open_change_shell(at: Greeted, way: SshWay, record: Record, stop: threading.Event) -> ChangeShell:
    """Log in with the account for changes. Blocks. Raises Unanswered."""
    with opening(record, "shell"):
        return ChangeShell(log_in(at, way), record, stop)


class ChangeShell:
    """One connection by which a host is changed. Blocks the thread that asks, within the operation's time."""

    def __init__(self, client: paramiko.SSHClient, record: Record, stop: threading.Event) -> None:
        self._client, self._record, self._stop = client, record, stop

    def run(self, command: Command) -> Deed:
        """Run one program. Its exit status says whether it did."""
        return self.run_argv(command.argv, stdin=command.stdin, codes=command.codes, seconds=command.seconds)

    def run_argv(
        self, argv: Sequence[str], *, stdin: str = "", codes: Sequence[int] = (0,), seconds: float = 30.0
    ) -> Deed:
        """The same, for what is no operation of a plan: the way back, which is armed before one."""
        began, start = datetime.now(UTC), time.monotonic()
        answer = _Answer()
        deed = self._run(answer, argv, stdin, codes, seconds)
        self._record(
            Exchange(
                session="shell",
                question=("run", *argv),
                began=began,
                took=time.monotonic() - start,
                facts={"code": answer.code},
                parts={"stdout": bytes(answer.out), "stderr": bytes(answer.err)},
                unanswered=(Kind.CUT_OFF, Phase.ASK, deed.detail) if deed.how in {"lost", "unsent"} else None,
            )
        )
        return deed

    def _run(
        self, answer: _Answer, argv: Sequence[str], stdin: str, codes: Sequence[int], seconds: float
    ) -> Deed:
        transport = self._client.get_transport()
        if transport is None or not transport.is_active():
            return Deed("unsent", "the connection has ended before it was sent")
        try:
            channel = open_channel(transport, CHANNEL)
        except ENDS as error:
            return Deed("unsent", f"the host opens no channel for it: {error}"[:300])
        with contextlib.closing(channel):
            try:
                channel.settimeout(CHANNEL)
                channel.exec_command(
                    shlex.join(("timeout", "-k", str(_KILL), str(math.ceil(seconds)), *argv))
                )
            except ENDS as error:
                return self._broken_off(transport, f"the host does not start it: {error}")
            try:
                answer.drain(channel, stdin.encode(), time.monotonic() + seconds + _KILL + _MORE, self._stop)
            except ENDS as error:
                return Deed("lost", f"the connection ends before the answer: {error}"[:300])
        return _judged(answer, argv[0], codes, seconds)

    @staticmethod
    def _broken_off(transport: paramiko.Transport, said: str) -> Deed:
        """A request that was refused on a connection that stands was not done; otherwise nobody knows."""
        return Deed("unsent" if transport.is_active() and "timed out" not in said else "lost", said[:300])

    def write(self, file: Write) -> Deed:
        """Give a file its content, or remove it; the owner stays. Never through a link."""
        began, start = datetime.now(UTC), time.monotonic()
        deed = self._write(file)
        self._record(
            Exchange(
                session="shell",
                question=("remove" if file.content is None else "write", file.path),
                began=began,
                took=time.monotonic() - start,
                parts={"content": (file.content or "").encode()},
                unanswered=(Kind.CUT_OFF, Phase.ASK, deed.detail) if deed.how in {"lost", "unsent"} else None,
            )
        )
        return deed

    def _write(self, file: Write) -> Deed:
        try:
            sftp = self._client.open_sftp()
        except ENDS as error:
            return Deed("unsent", f"the host takes no files over SFTP: {error}"[:300])
        with contextlib.closing(sftp):
            channel = sftp.get_channel()
            if channel is not None:
                channel.settimeout(CHANNEL)
            placing = _Placing(sftp, file)
            try:
                return placing.place()
            except ENDS as error:
                if placing.is_committing:
                    known = isinstance(error, OSError) and error.errno in {errno.EACCES, errno.ENOENT}
                    how, said = ("failed" if known else "lost"), "it is not known to be in its place"
                    return Deed(
                        "failed" if how == "failed" else "lost", f"{file.path}: {said}: {error}"[:300]
                    )
                placing.clean()
                return Deed("unsent", f"{file.path} cannot be written: {error}"[:300])

    def close(self) -> None:
        """End the connection at once, also under a thread that waits for it."""
        transport = self._client.get_transport()
        if transport is not None:
            with contextlib.suppress(OSError):
                transport.sock.shutdown(socket.SHUT_RDWR)
        self._client.close()


class _Answer:
    """Both streams of a command, capped, and its exit status; -1 without one."""

    def __init__(self) -> None:
        self.out, self.err, self.code = bytearray(), bytearray(), -1
        self.is_late = False

    def drain(self, channel: paramiko.Channel, stdin: bytes, end: float, stop: threading.Event) -> None:
        channel.settimeout(_SLICE)
        left = stdin
        is_said = False
        while not (
            channel.exit_status_ready() and not channel.recv_ready() and not channel.recv_stderr_ready()
        ):
            if time.monotonic() > end or stop.is_set():
                self.is_late = True
                return
            if not is_said:
                with contextlib.suppress(TimeoutError):
                    left = left[channel.send(left) :] if left else b""
                if not left:
                    channel.shutdown_write()
                    is_said = True
            if channel.closed and not channel.exit_status_ready():
                return
            self._take(channel)
        self.code = channel.recv_exit_status()

    def _take(self, channel: paramiko.Channel) -> None:
        took = False
        if channel.recv_ready():
            self.out += channel.recv(65536)[: MAX_ANSWER - len(self.out)]
            took = True
        if channel.recv_stderr_ready():
            self.err += channel.recv_stderr(65536)[: MAX_ANSWER - len(self.err)]
            took = True
        if not took:
            channel.status_event.wait(_SLICE / 5)


def _judged(answer: _Answer, program: str, codes: Sequence[int], seconds: float) -> Deed:
    said = readable(bytes(answer.err or answer.out)).strip()[:200]
    if answer.is_late:
        return Deed("lost", f"{program} has not ended within {seconds:g} s, and may still be under way")
    if answer.code < 0:
        return Deed("lost", f"{program} ended without an exit status")
    if answer.code in codes:
        return Deed("done")
    if answer.code in _LATE:
        return Deed("failed", f"{program} did not end within {seconds:g} s and was ended")
    return Deed("failed", f"{program} ended with exit status {answer.code}: {said}".rstrip(": "))


class _Placing:
    """One file on its way to its place. is_committing: from then on it may be there."""

    def __init__(self, sftp: paramiko.SFTPClient, file: Write) -> None:
        self._sftp, self._file = sftp, file
        folder, _, name = file.path.rpartition("/")
        self._folder = folder or "/"
        self._fresh = f"{folder}/.{name}.{secrets.token_hex(6)}"
        self._is_there = False
        self.is_committing = False

    def place(self) -> Deed:
        """Raises what the library raises."""
        sftp, file = self._sftp, self._file
        if (real := sftp.normalize(self._folder)) != self._folder:
            return Deed("unsent", f"{self._folder} is a link to {real}: nothing is written through it")
        old = self._old()
        if old is not None and not stat.S_ISREG(old.st_mode or 0):
            return Deed("unsent", f"{file.path} is no plain file: nothing is written through it")
        if file.content is None:
            self.is_committing = old is not None
            if old is not None:
                sftp.remove(file.path)
            return Deed("done")
        with sftp.open(self._fresh, "wx") as fresh:
            self._is_there = True
            # Nobody else reads it before it has its own mode.
            fresh.chmod(0o600)
            fresh.write(file.content.encode())
            fresh.flush()
            mine = fresh.stat()
            if old is not None and (old.st_uid, old.st_gid) != (mine.st_uid, mine.st_gid):
                fresh.chown(old.st_uid or 0, old.st_gid or 0)
            fresh.chmod(file.mode)
            self._to_disk(fresh)
        self.is_committing = True
        sftp.posix_rename(self._fresh, file.path)
        return Deed("done")

    def clean(self) -> None:
        """Leave nothing beside the file."""
        if self._is_there:
            with contextlib.suppress(*ENDS):
                self._sftp.remove(self._fresh)

    def _old(self) -> paramiko.SFTPAttributes | None:
        try:
            return self._sftp.lstat(self._file.path)
        except FileNotFoundError:
            return None

    def _to_disk(self, fresh: paramiko.SFTPFile) -> None:
        """OpenSSH's extension (PROTOCOL, 4.3); another server puts it there when it pleases."""
        with contextlib.suppress(OSError, paramiko.SFTPError):
            self._sftp._request(CMD_EXTENDED, "fsync@openssh.com", fresh.handle)  # type: ignore[attr-defined]  # noqa: SLF001 - the library offers no other way.
