"""How is a Linux host asked? Commands on paramiko, files on fabric, with every unsafe default closed.

Both output streams are drained under one deadline and capped; every question is recorded with its raw answer.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import paramiko

from agent.sessions.drain import ROOM, Draining, Unmet, is_usable, open_channel, start_shell
from agent.sessions.framing import MAX_ANSWER
from agent.sessions.login import CHANNEL, ENDS, Greeted, greet_first, log_in
from agent.sessions.opening import Record, opening
from agent.start import SshWay
from agent.turns import Pause
from collectors.exchange import Exchange, ran_of
from collectors.session import Kind, Phase, Ran, Unanswered
from inventory.grant import GrantRefusedError, Leave, NotGranted

if TYPE_CHECKING:
    import fabric

__all__ = ["SshSession", "open_ssh", "reach_ssh"]

_FILE = 16.0


async def reach_ssh(leave: Leave, host: str, record: Record, session: str = "shell") -> Greeted:
    """Come as far as a host's greeting. Raises Unanswered, or GrantRefusedError when the grant names no door."""
    doors = leave.doors(host, "ssh")
    if not doors:
        raise GrantRefusedError(NotGranted.NOT_NAMED, f"the grant opens no SSH door to {host!r}")
    with opening(record, session):
        return await greet_first(doors)


def open_ssh(at: Greeted, way: SshWay, record: Record, stop: threading.Event) -> SshSession:
    """Log in. Blocks. Raises Unanswered. `stop` ends whatever the session is waiting for."""
    with opening(record, "shell"):
        return SshSession(log_in(at, way), record, stop)


class SshSession:
    """A `Shell` over one SSH connection. Every question is recorded with its raw answer.

    Its questions block the thread that asks, for no longer than their deadline: a host that is asked has a
    thread of its own.
    """

    def __init__(self, client: paramiko.SSHClient, record: Record, stop: threading.Event) -> None:
        self._client = client
        self._record = record
        self._stop = stop
        # The `sh` that is told every command; a new one after an answer that was not whole.
        self._shell: paramiko.Channel | None = None
        # Why the host starts no shell, once it had a question's whole time for it.
        self._never: Unmet | None = None
        self.until = float("inf")

    async def run(self, *argv: str, deadline: float = 20.0) -> Ran:
        """See `collectors.session.Shell.run`."""
        left = min(deadline, self.until - time.monotonic())
        exchange = self._ask(argv, datetime.now(UTC), left)
        self._record(exchange)
        match exchange.unanswered:
            case (Kind.TIMED_OUT, Phase.LOGIN, _) if left == deadline:
                self._never = exchange.unanswered
        return ran_of(exchange)

    async def read(self, path: str) -> str:
        """See `collectors.session.Shell.read`."""
        ran = await self.run("cat", "--", path)
        if ran.code:
            raise Unanswered(Kind.UNPARSABLE, f"{path} cannot be read: {ran.stderr.strip()}")
        return ran.stdout

    async def fetch(self, path: str) -> bytes:
        """See `collectors.session.Shell.fetch`."""
        exchange = self._fetch(path, datetime.now(UTC))
        self._record(exchange)
        exchange.settle()
        return exchange.parts["content"]

    async def pause(self, seconds: float) -> None:
        """See `collectors.session.Shell.pause`."""
        await Pause(seconds)

    def close(self) -> None:
        """End the connection at once, also under a thread that waits for it."""
        transport = self._client.get_transport()
        if transport is not None:
            with contextlib.suppress(OSError):
                transport.sock.shutdown(socket.SHUT_RDWR)
        self._client.close()

    def _ask(self, argv: Sequence[str], began: datetime, deadline: float) -> Exchange:
        """Run one command and drain both streams under one deadline."""
        start, mark = time.monotonic(), secrets.token_hex(8)
        answer: Draining | None = None
        unmet: Unmet | None
        try:
            if self._never is not None:
                kind, phase, detail = self._never
                raise Unanswered(kind, detail, phase=phase)  # noqa: TRY301 - told as every other.
            kept, self._shell = self._shell, None
            shell = kept if kept is not None and is_usable(kept) else _started(self._client, deadline)
            answer = Draining(shell, start + deadline, self._stop, mark, first=shell is not kept)
            unmet = answer.ask(argv)
            if unmet is None:
                self._shell = shell
        except Unanswered as reason:
            unmet = (reason.kind, reason.phase, reason.detail)
        except (paramiko.SSHException, EOFError, OSError) as error:
            unmet = (Kind.CUT_OFF, Phase.ASK, f"the connection ends before the answer: {error}"[:300])
        return Exchange(
            session="shell",
            question=("run", *argv),
            began=began,
            took=time.monotonic() - start,
            facts={"code": answer.code} if answer else {},
            parts={"stdout": answer.stdout, "stderr": answer.stderr} if answer else {},
            cut=answer.cut if answer else False,
            unanswered=unmet,
        )

    def _fetch(self, path: str, began: datetime) -> Exchange:
        """Read one file over SFTP."""
        start, content = time.monotonic(), b""
        unmet: Unmet | None = None
        # Opening SFTP has waits without a limit in the library; closing the connection ends them.
        limit = max(0.1, min(_FILE, self.until - start))
        watchdog = threading.Timer(limit, self.close)
        watchdog.start()
        try:
            content = self._content(path)
        except ENDS as error:
            unmet = self._why_not(path, error, late=time.monotonic() > start + limit)
        finally:
            watchdog.cancel()
        cut = len(content) > MAX_ANSWER
        if cut:
            unmet = (Kind.CUT_OFF, Phase.ASK, f"{path} is larger than {MAX_ANSWER} bytes")
        return Exchange(
            session="shell",
            question=("fetch", path),
            began=began,
            took=time.monotonic() - start,
            parts={"content": content[:MAX_ANSWER]},
            cut=cut,
            unanswered=unmet,
        )

    def _content(self, path: str) -> bytes:
        """The file, or one byte more of it than is allowed."""
        try:
            return _over_sftp(self._client, path)
        except paramiko.ChannelException:
            if self._shell is None:
                raise
        # A host that allows one channel at a time (MaxSessions 1): the shell makes room.
        self._shell.close()
        self._shell = None
        time.sleep(ROOM)
        return _over_sftp(self._client, path)

    def _why_not(self, path: str, error: Exception, *, late: bool) -> Unmet:
        """Tell apart what a file is, what the host does not do, and a connection that ends."""
        transport = self._client.get_transport()
        match error:
            case PermissionError():
                kind, detail = Kind.UNPARSABLE, "may not be read by this account"
            case FileNotFoundError():
                kind, detail = Kind.UNPARSABLE, "is not there"
            case _ if late or isinstance(error, TimeoutError):
                kind, detail = Kind.TIMED_OUT, "is not handed out over SFTP in time"
            case paramiko.ChannelException():
                kind, detail = Kind.REFUSED, f"is not handed out over SFTP: {error.text}"
            case OSError() if transport is not None and transport.is_active():
                kind, detail = Kind.UNPARSABLE, f"is not handed out over SFTP: {error}"
            case _:
                kind, detail = Kind.CUT_OFF, f"is not handed out over SFTP: {error}"
        return kind, Phase.ASK, f"{path} {detail}"[:300]


def _over_sftp(client: paramiko.SSHClient, path: str) -> bytes:
    with _connection(client).sftp() as sftp:
        sftp.get_channel().settimeout(CHANNEL)
        with sftp.open(path, "rb") as file:
            return bytes(file.read(MAX_ANSWER + 1))


def _connection(client: paramiko.SSHClient) -> fabric.Connection:
    """A fabric connection around a client that is logged in already: no second login, no ssh_config."""
    import fabric  # noqa: PLC0415 - only where a file is fetched.

    config = fabric.Config(lazy=True)
    connection = fabric.Connection("pinned", config=config, connect_timeout=int(CHANNEL))
    connection.client = client
    connection.transport = client.get_transport()
    return connection


def _started(client: paramiko.SSHClient, seconds: float) -> paramiko.Channel:
    """Open a channel, and have a shell started on it. Raises Unanswered."""
    transport = client.get_transport()
    if transport is None or not transport.is_active():
        raise Unanswered(Kind.CUT_OFF, "the connection has ended")
    if seconds <= 0:
        raise Unanswered(Kind.TIMED_OUT, "the time for this question was over before it could be asked")
    try:
        channel = open_channel(transport, min(CHANNEL, seconds))
        start_shell(channel)
    except paramiko.ChannelException as error:
        detail = f"the host opens no channel for a shell: {error.text}"[:300]
        raise Unanswered(Kind.REFUSED, detail, phase=Phase.LOGIN) from None
    except ENDS as error:
        if transport.is_active() and "timeout" in str(error).lower():
            raise Unanswered(Kind.TIMED_OUT, "the host opens no channel in time", phase=Phase.LOGIN) from None
        raise Unanswered(Kind.CUT_OFF, f"the connection ends before a shell: {error}"[:300]) from None
    return channel
