"""How is a Linux host asked? Commands on paramiko, files on fabric, with every unsafe default closed.

Both output streams are drained under one deadline and capped; every question is recorded with its raw answer.
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import paramiko

from agent.sessions.drain import MARK, MAX_ANSWER, Draining, Unmet
from agent.sessions.gate import Gate
from agent.sessions.login import CHANNEL, log_in_to_first
from agent.sessions.threads import in_thread
from agent.start import SshWay
from collectors.exchange import Exchange, ran_of
from collectors.session import Kind, Phase, Ran, Unanswered
from inventory.grant import GrantRefusedError, Leave

if TYPE_CHECKING:
    import fabric

__all__ = ["SshSession", "open_ssh"]

_GRACE = 10.0
Record = Callable[[Exchange], None]


async def open_ssh(  # noqa: PLR0913 - each is one thing the session cannot be without.
    leave: Leave, host: str, way: SshWay, *, record: Record, gate: Gate, threads: ThreadPoolExecutor
) -> SshSession:
    """Log in to a host of the grant. Raises Unanswered, or GrantRefusedError when the grant names no door."""
    doors = leave.doors(host, "ssh")
    if not doors:
        raise GrantRefusedError(f"the grant opens no SSH door to {host!r}")
    began, start = datetime.now(UTC), time.monotonic()
    try:
        client = await log_in_to_first(doors, way, gate, threads)
    except Unanswered as reason:
        record(
            Exchange(
                session="shell",
                question=("open",),
                began=began,
                took=time.monotonic() - start,
                unanswered=(reason.kind, reason.phase, reason.detail),
            )
        )
        raise
    return SshSession(client, record, threads)


class SshSession:
    """A `Shell` over one SSH connection. Every question is recorded with its raw answer."""

    def __init__(self, client: paramiko.SSHClient, record: Record, threads: ThreadPoolExecutor) -> None:
        self._client = client
        self._record = record
        self._threads = threads

    async def run(self, *argv: str, deadline: float = 20.0) -> Ran:
        """See `collectors.session.Shell.run`."""
        stop = threading.Event()
        started = datetime.now(UTC)
        exchange = await self._recorded(
            ("run", *argv), started, lambda: self._ask(argv, started, deadline, stop), stop, deadline
        )
        return ran_of(exchange)

    async def read(self, path: str) -> str:
        """See `collectors.session.Shell.read`."""
        ran = await self.run("cat", "--", path)
        if ran.code:
            raise Unanswered(Kind.UNPARSABLE, f"{path} cannot be read: {ran.stderr.strip()}")
        return ran.stdout

    async def fetch(self, path: str) -> bytes:
        """See `collectors.session.Shell.fetch`."""
        started = datetime.now(UTC)
        exchange = await self._recorded(
            ("fetch", path), started, lambda: self._fetch(path, started), threading.Event(), CHANNEL * 2
        )
        exchange.settle()
        return exchange.parts["content"]

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, self._client.close)

    async def _recorded(
        self,
        question: tuple[str, ...],
        began: datetime,
        work: Callable[[], Exchange],
        stop: threading.Event,
        deadline: float,
    ) -> Exchange:
        def give_up() -> None:
            stop.set()

        try:
            exchange = await in_thread(self._threads, work, give_up, deadline + _GRACE)
        except Unanswered as reason:
            self._client.close()
            exchange = Exchange(
                session="shell",
                question=question,
                began=began,
                took=(datetime.now(UTC) - began).total_seconds(),
                unanswered=(reason.kind, reason.phase, reason.detail),
            )
        self._record(exchange)
        return exchange

    def _ask(self, argv: Sequence[str], began: datetime, deadline: float, stop: threading.Event) -> Exchange:
        """Run one command and drain both streams under one deadline. Blocking."""
        start = time.monotonic()
        mark = secrets.token_hex(8)
        channel = _channel(self._client)
        answer = Draining(channel, start + deadline, stop, mark)
        try:
            channel.exec_command(f"exec env LC_ALL=C {MARK}={mark} " + shlex.join(argv))
            unmet = answer.drain()
        except (paramiko.SSHException, EOFError, OSError) as error:
            unmet = (Kind.CUT_OFF, Phase.ASK, f"the connection ends before the answer: {error}"[:300])
        finally:
            channel.close()
        return Exchange(
            session="shell",
            question=("run", *argv),
            began=began,
            took=time.monotonic() - start,
            facts={"code": answer.code},
            parts={"stdout": bytes(answer.stdout), "stderr": bytes(answer.stderr)},
            cut=answer.cut,
            unanswered=unmet,
        )

    def _fetch(self, path: str, began: datetime) -> Exchange:
        """Read one file over SFTP. Blocking."""
        start, content, cut = time.monotonic(), b"", False
        unmet: Unmet | None = None
        try:
            with _connection(self._client).sftp() as sftp, sftp.open(path, "rb") as file:
                sftp.get_channel().settimeout(CHANNEL)
                content = file.read(MAX_ANSWER + 1)
            cut = len(content) > MAX_ANSWER
        except PermissionError:
            unmet = (Kind.UNPARSABLE, Phase.ASK, f"{path} may not be read by this account")
        except FileNotFoundError:
            unmet = (Kind.UNPARSABLE, Phase.ASK, f"{path} is not there")
        except (paramiko.SSHException, EOFError, OSError) as error:
            unmet = (Kind.CUT_OFF, Phase.ASK, f"{path} is not handed out over SFTP: {error}"[:300])
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


def _connection(client: paramiko.SSHClient) -> fabric.Connection:
    """A fabric connection around a client that is logged in already: no second login, no ssh_config."""
    import fabric  # noqa: PLC0415 - only where a file is fetched.

    config = fabric.Config(lazy=True)
    connection = fabric.Connection("pinned", config=config, connect_timeout=int(CHANNEL))
    connection.client = client
    connection.transport = client.get_transport()
    return connection


def _channel(client: paramiko.SSHClient) -> paramiko.Channel:
    transport = client.get_transport()
    if transport is None or not transport.is_active():
        raise Unanswered(Kind.CUT_OFF, "the connection has ended")
    try:
        return transport.open_session(timeout=CHANNEL)
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise Unanswered(Kind.CUT_OFF, f"the host opens no channel: {error}"[:300]) from None
