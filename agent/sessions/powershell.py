"""How do the event loop's questions reach Windows? Each waits in a thread, as the libraries block."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Protocol

from agent.sessions.opening import Record
from agent.sessions.thread import in_thread
from agent.sessions.wsman import open_windows
from agent.start import WinrmWay
from collectors.powershell import Datum, Script
from inventory.grant import Leave

__all__ = ["ThreadedPowershell"]


class _Session(Protocol):
    """Scripts are sent to a shell, or functions of an endpoint are called."""

    def ask(self, script: Script, data: Mapping[str, Datum]) -> tuple[Mapping[str, object], ...]: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...


class ThreadedPowershell:
    """A `Powershell` for one host."""

    def __init__(self, session: _Session, threads: Executor) -> None:
        self._session, self._threads = session, threads

    @classmethod
    async def open(
        cls, leave: Leave, host: str, way: WinrmWay, record: Record, threads: Executor
    ) -> ThreadedPowershell:
        """Log in and open the shell. Raises Unanswered, GrantRefusedError."""
        return cls(await in_thread(threads, lambda: _opened(leave, host, way, record)), threads)

    async def objects(self, script: Script, **data: Datum) -> tuple[Mapping[str, object], ...]:
        try:
            return await in_thread(self._threads, lambda: self._session.ask(script, data))
        except asyncio.CancelledError:
            # Nobody waits for the answer any more; the thread is to notice.
            self._session.stop()
            raise

    async def close(self) -> None:
        """Close the shell, also when a thread still waits for an answer: it is told to stop."""
        await in_thread(self._threads, self._session.close)


def _opened(leave: Leave, host: str, way: WinrmWay, record: Record) -> _Session:
    if not way.endpoint:
        return open_windows(leave, host, way, record)
    from agent.sessions.endpoint import open_endpoint  # noqa: PLC0415 - most hosts have none.

    return open_endpoint(leave, host, way, record)
