"""How does the agent get and end its workers? The agent's side of the nursery."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Protocol, Self

from agent.wire import MAX_FRAME

__all__ = ["Nursery", "Process", "Spawner"]

_START = 20.0


@dataclass(kw_only=True, eq=False)
class Process:
    """One worker: its channel, its porter's, and `gone`, which is set when its process tree is gone."""

    name: str
    channel: socket.socket
    watch: socket.socket
    pid: int = 0
    is_breached: bool = False
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    _told: list[dict[str, str]] = field(default_factory=list)

    async def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(sock=self.channel, limit=MAX_FRAME)

    def told(self) -> list[dict[str, str]]:
        """What the porter has said since the last time: `walls` that stand, or a `breach` of the second.

        The porter speaks before it answers the worker. So whoever asks this before believing the worker knows
        whatever was held back until then.
        """
        with contextlib.suppress(OSError):
            while self.watch.fileno() >= 0 and (packet := self.watch.recv(4096)):
                self._told.append(json.loads(packet))
        said, self._told = self._told, []
        return said

    def end(self) -> None:
        """Hear the porter's last words, and say that it is gone."""
        self._told = self.told()
        self.watch.close()
        self.gone.set()

    def kill(self) -> None:
        """End the worker's whole process group at once."""
        if self.pid and not self.gone.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)


class Spawner(Protocol):
    """Whoever gives workers."""

    async def spawn(self, name: str) -> Process:
        """Fork one worker. Raises OSError when that is not done (any more)."""
        ...


class Nursery:
    """The process that forks workers; start it early, it imports while others work."""

    def __init__(self, module: str = "agent.nursery") -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", module, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # Nothing of the agent's surroundings, and no plug-in that another package brings along.
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYDANTIC_DISABLE_PLUGINS": "__all__"},
        )
        theirs.close()
        self._workers: dict[str, Process] = {}
        self._spawned: dict[str, asyncio.Future[int]] = {}
        self._listening = False

    @property
    def lives(self) -> bool:
        """Whether it came up, and has not ended since."""
        return self._listening

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._control.setblocking(False)  # noqa: FBT003 - the standard library's signature.
        try:
            async with asyncio.timeout(_START):
                hello = await loop.sock_recv(self._control, 4096)
        except TimeoutError:
            hello = b""
        if not hello:
            self._process.kill()
            raise RuntimeError("the process that starts workers did not come up; what it said stands above")
        loop.add_reader(self._control, self._heard)
        self._listening = True
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listening:
            asyncio.get_running_loop().remove_reader(self._control)
        self.close()
        await asyncio.to_thread(self._process.wait)
        for process in self._workers.values():
            process.end()

    def close(self) -> None:
        """End the nursery, and with it every worker."""
        self._control.close()

    async def spawn(self, name: str) -> Process:
        """Fork one worker. Raises OSError when the nursery does not do it any more."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        watch, porters = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, watch):
            end.setblocking(False)  # noqa: FBT003 - the standard library's signature.
        born: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        process = Process(name=name, channel=ours, watch=watch)
        self._workers[name], self._spawned[name] = process, born
        try:
            with theirs, porters:
                ends = [theirs.fileno(), porters.fileno()]
                socket.send_fds(self._control, [json.dumps({"spawn": name}).encode()], ends)
            async with asyncio.timeout(_START):
                process.pid = await born
        except OSError:
            ours.close()
            watch.close()
            raise
        finally:
            self._spawned.pop(name, None)
        return process

    def _born(self, name: str, pid: int) -> None:
        born = self._spawned.get(name)
        if born is not None and not born.done():
            born.set_result(pid)
        else:
            # Nobody waits for it any more: its channel has ended, and so will it.
            self._workers[name].pid = pid
            self._workers[name].kill()

    def _heard(self) -> None:
        try:
            message = self._control.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            # The nursery is gone, and its workers with it: their channels have ended.
            asyncio.get_running_loop().remove_reader(self._control)
            self._listening = False
            for process in self._workers.values():
                process.kill()
                process.end()
            for born in self._spawned.values():
                if not born.done():
                    born.set_exception(ConnectionResetError("the nursery of workers has ended"))
            return
        told = json.loads(message)
        if "spawned" in told:
            self._born(told["spawned"], int(told["pid"]))
        elif "gone" in told and told["gone"] in self._workers:
            self._workers.pop(told["gone"]).end()
