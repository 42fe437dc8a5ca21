"""How do the event loop's questions reach a network device? Each waits in a thread, as paramiko and netmiko block."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Executor

from agent.sessions.cli_session import CliSession, open_cli
from agent.sessions.opening import Record
from agent.sessions.ssh import reach_ssh
from agent.sessions.thread import in_thread
from agent.start import SshWay
from collectors.dialect import Dialect
from collectors.session import Secured, Shown
from inventory.grant import Leave

__all__ = ["ThreadedCli"]


class ThreadedCli:
    """A `Cli` for one device."""

    def __init__(self, session: CliSession, threads: Executor) -> None:
        self._session, self._threads = session, threads

    @classmethod
    async def open(  # noqa: PLR0913, PLR0917 - what a device's session stands on.
        cls, leave: Leave, host: str, way: SshWay, dialect: Dialect, record: Record, threads: Executor
    ) -> ThreadedCli:
        """Come to the greeting without a thread, then log in. Raises Unanswered, GrantRefusedError."""
        at = await reach_ssh(leave, host, record, "cli")
        stop = threading.Event()
        try:
            session = await in_thread(threads, lambda: open_cli(at, way, dialect, record, stop))
        except asyncio.CancelledError:
            # Nobody waits for the log-in any more; the thread is to notice.
            stop.set()
            raise
        return cls(session, threads)

    async def show(self, command: str, *, deadline: float = 30.0) -> Shown:
        gone = threading.Event()
        try:
            return await in_thread(self._threads, lambda: self._session.show(command, deadline, gone))
        except asyncio.CancelledError:
            gone.set()
            raise

    async def pause(self, seconds: float) -> None:
        """See `collectors.session.Cli.pause`."""
        await asyncio.sleep(seconds)

    async def secured(self) -> Secured:
        return await in_thread(self._threads, self._session.secured)

    async def close(self) -> None:
        """Leave and hang up, also when a thread still waits for an answer: it is told to stop."""
        await in_thread(self._threads, self._session.close)
