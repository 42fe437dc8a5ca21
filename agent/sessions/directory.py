"""How do the event loop's questions reach a directory? Each waits in a thread, as ldap3 blocks."""

from __future__ import annotations

from concurrent.futures import Executor

from agent.sessions.ldap import DirectorySession, open_directory
from agent.sessions.opening import Record
from agent.sessions.thread import in_thread
from agent.start import LdapWay
from collectors.session import Also, Entry, Scope
from inventory.grant import Leave

__all__ = ["ThreadedDirectory"]


class ThreadedDirectory:
    """A `Directory` for one host."""

    def __init__(self, session: DirectorySession, threads: Executor) -> None:
        self._session, self._threads = session, threads

    @classmethod
    async def open(
        cls, leave: Leave, host: str, way: LdapWay, record: Record, threads: Executor
    ) -> ThreadedDirectory:
        """Log in. Raises Unanswered, GrantRefusedError."""
        return cls(await in_thread(threads, lambda: open_directory(leave, host, way, record)), threads)

    async def root(self, *attributes: str) -> Entry:
        return await in_thread(self._threads, lambda: self._session.ask_root(attributes))

    async def entry(self, name: str, *attributes: str) -> Entry | None:
        return await in_thread(self._threads, lambda: self._session.ask_entry(name, attributes))

    async def search(
        self,
        base: str,
        where: str,
        *attributes: str,
        scope: Scope = "subtree",
        most: int = 10_000,
        also: Also = "",
    ) -> tuple[Entry, ...]:
        return await in_thread(
            self._threads, lambda: self._session.ask_search(base, where, attributes, scope, most, also)
        )

    async def close(self) -> None:
        """End it at once, also under a thread that waits for it."""
        self._session.close()
