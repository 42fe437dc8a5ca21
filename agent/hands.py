"""Who does the operations of a plan? A worker of its own for one host: it has the accounts for changes, and asks nothing.

It does what the agent names by number, out of the plan that the grant was given for: neither can make it do anything
else. In come `act` (what, step) and `stop`; out go `acted` (how, detail, with its exchanges) for each, and `done`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, assert_never

from agent import deadman
from agent.codec import exchange_head
from agent.deed import Deed
from agent.sessions.change_shell import ChangeShell, open_change_shell
from agent.sessions.ssh import reach_ssh
from agent.sessions.thread import in_thread
from agent.start import Start
from agent.wall import WallError
from agent.wire import Frame, receive
from collectors.exchange import Exchange
from collectors.session import Unanswered
from inventory.grant import GrantRefusedError, Leave
from playbooks.operation import Attributes, Command, Configure, Operation, Write
from playbooks.plan import Part, Plan

if TYPE_CHECKING:
    from agent.sessions.change_cli import ChangeCli
    from agent.sessions.ldap import DirectorySession

__all__ = ["make_ready", "serve"]

# How long the sleeper may take to begin, in seconds.
_ARMED = 3.0


def make_ready(plan: Plan) -> None:
    """Load what could not be loaded behind the wall."""
    if any(isinstance(one, Configure) for part in plan.parts for one in part.operations):
        import_module("agent.sessions.change_cli")


async def serve(
    start: Start, leave: Leave, plan: Plan, reader: asyncio.StreamReader, tell: Callable[[Frame], None]
) -> None:
    """Do what is named, one after the other, until there is nothing more."""
    host = start.jobs[0].host
    part = next(one for one in plan.parts if one.host == host)
    hands = _Hands(start, leave, part)
    try:
        while (frame := await receive(reader)) is not None and "act" in frame[0]:
            deed = await hands.act(frame[0])
            heads, parts = [], []
            for exchange in hands.talk:
                head, raw = exchange_head(exchange)
                heads.append(head)
                parts.extend(raw)
            hands.talk.clear()
            said = {"event": "acted", "how": deed.how, "detail": deed.detail, "exchanges": heads}
            tell((said, tuple(parts)))
        if frame is None:
            os._exit(75)
    finally:
        hands.close()


class _Hands:
    """One host's sessions for changes, each opened when it is first needed."""

    def __init__(self, start: Start, leave: Leave, part: Part) -> None:
        self._start, self._leave, self._part = start, leave, part
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="change")
        self._stop = threading.Event()
        self._end = contextlib.ExitStack()
        self._shell: ChangeShell | None = None
        self._directory: DirectorySession | None = None
        self._cli: ChangeCli | None = None
        self.talk: list[Exchange] = []

    def close(self) -> None:
        self._stop.set()
        self._end.close()

    async def act(self, said: dict[str, Any]) -> Deed:
        """what: 'open' (come in, and do nothing), 'do', 'undo', 'arm', 'disarm' or 'fired'; step: from 1."""
        what, number = str(said["act"]), int(said.get("step", 0))
        step = self._part.steps[number - 1] if number else None
        mark = str(said.get("mark", ""))
        try:
            match what:
                case "open":
                    return await self._all((), self._part.operations)
                case "do" if step is not None:
                    return await self._all((step.do,))
                case "undo" if step is not None:
                    return await self._all(step.undo)
                case "arm" if step is not None:
                    return await self._arm(number, mark, float(said["seconds"]))
                case "disarm" if step is not None:
                    return await self._disarm(number, mark)
                case "fired":
                    return await self._run(deadman.has_fired(mark))
                case _:
                    return Deed("unsent", f"{what!r} is nothing that is done here")
        except (Unanswered, GrantRefusedError, WallError) as reason:
            return Deed("unsent", str(reason) or type(reason).__name__)

    async def _all(self, wanted: Sequence[Operation], ways: Sequence[Operation] = ()) -> Deed:
        """One after the other; the first that is not done ends it, and one after the first is never `unsent`."""
        for one in ways:
            await self._opened(one)
        for number, one in enumerate(wanted):
            deed = await self._do(one)
            if deed.how != "done":
                partly = number and deed.how == "unsent"
                return Deed("failed", deed.detail) if partly else deed
        return Deed("done")

    async def _do(self, one: Operation) -> Deed:
        await self._opened(one)
        match one:
            case Command() if self._shell is not None:
                shell, command = self._shell, one
                return await in_thread(self._threads, lambda: shell.run(command))
            case Write() if self._shell is not None:
                files, file = self._shell, one
                return await in_thread(self._threads, lambda: files.write(file))
            case Attributes(entry=entry, values=values) if self._directory is not None:
                directory = self._directory
                return await in_thread(self._threads, lambda: directory.change(entry, values))
            case Configure(lines=lines) if self._cli is not None:
                cli = self._cli
                return await in_thread(self._threads, lambda: cli.configure(lines))
            case _:
                return Deed("unsent", "there is no way in for it")

    async def _opened(self, one: Operation) -> None:
        """Come in as this operation needs it. Raises Unanswered, GrantRefusedError."""
        match one:
            case Command() | Write():
                await self._open_shell()
            case Attributes():
                await self._open_directory()
            case Configure():
                await self._open_cli()
            case _:
                assert_never(one)

    async def _open_shell(self) -> ChangeShell:
        if self._shell is None:
            host, way = self._part.host, self._start.ways[self._part.host]
            at = await reach_ssh(self._leave, host, self.talk.append)
            self._shell = await in_thread(
                self._threads, lambda: open_change_shell(at, way, self.talk.append, self._stop)
            )
            self._end.callback(self._shell.close)
        return self._shell

    async def _open_directory(self) -> None:
        if self._directory is None:
            from agent.sessions.ldap import open_directory  # noqa: PLC0415 - it takes long to load.

            host = self._part.host
            way = self._start.directories[host]
            self._directory = await in_thread(
                self._threads, lambda: open_directory(self._leave, host, way, self.talk.append)
            )
            self._end.callback(self._directory.close)

    async def _open_cli(self) -> None:
        if self._cli is None:
            from agent.sessions.change_cli import open_change_cli  # noqa: PLC0415 - it takes long to load.

            host, way = self._part.host, self._start.ways[self._part.host]
            platform = self._start.abouts[host].platform
            at = await reach_ssh(self._leave, host, self.talk.append, "cli")
            self._cli = await in_thread(
                self._threads, lambda: open_change_cli(at, way, platform, self.talk.append, self._stop)
            )
            self._end.callback(self._cli.close)

    async def _run(self, argv: tuple[str, ...]) -> Deed:
        shell = await self._open_shell()
        return await in_thread(self._threads, lambda: shell.run_argv(argv))

    async def _disarm(self, number: int, mark: str) -> Deed:
        """The way back will not be taken any more; what was laid down for it goes."""
        deed = await self._run(deadman.disarming(mark))
        if deed.how == "done":
            await self._run(deadman.tidying(self._undo(number), mark))
        return deed

    def _undo(self, number: int) -> tuple[Operation, ...]:
        """What takes back this step and all before it."""
        return tuple(one for step in reversed(self._part.steps[:number]) for one in step.undo)

    async def _arm(self, number: int, mark: str, seconds: float) -> Deed:
        """Have the host itself take back this step and all before it, after so many seconds, unless it is disarmed."""
        undo = self._undo(number)
        if not all(isinstance(one, Command | Write) for one in undo):
            return Deed("unsent", "no way back can be armed on this kind of device")
        shell = await self._open_shell()
        systemd = (await self._run(("test", "-d", "/run/systemd/system"))).how == "done"
        try:
            argv = deadman.arming(undo, mark, seconds, systemd=systemd)
        except deadman.BackError as error:
            return Deed("unsent", str(error))
        for file in deadman.saved(undo, mark):
            deed = await in_thread(self._threads, partial(shell.write, file))
            if deed.how != "done":
                return Deed("unsent", f"what would be put back cannot be laid down: {deed.detail}")
        deed = await self._run(argv)
        if deed.how != "done":
            return deed
        end = asyncio.get_running_loop().time() + _ARMED
        while (deed := await self._run(deadman.is_armed(mark))).how == "failed":
            if asyncio.get_running_loop().time() > end:
                return Deed("failed", "the process that would take the way back does not come up")
            await asyncio.sleep(0.1)
        return deed
