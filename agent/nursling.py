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
from typing import Self

from agent.wire import MAX_FRAME

__all__ = ["Nursery", "Process"]

_START = 20.0


@dataclass(kw_only=True)
class Process:
    """One worker: its channel, and `gone`, which is set when its process tree is gone."""

    name: str
    channel: socket.socket
    pid: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(sock=self.channel, limit=MAX_FRAME)

    def kill(self) -> None:
        """End the worker's whole process group at once."""
        if self.pid and not self.gone.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)


class Nursery:
    """The process that forks workers; start it early, it imports while others work."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "agent.nursery", str(theirs.fileno())],
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
            raise RuntimeError("the nursery of workers did not start: run 'secondline agent doctor'")
        loop.add_reader(self._control, self._heard)
        self._listening = True
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listening:
            asyncio.get_running_loop().remove_reader(self._control)
        self.close()
        await asyncio.to_thread(self._process.wait)

    def close(self) -> None:
        """End the nursery, and with it every worker."""
        self._control.close()

    async def spawn(self, name: str) -> Process:
        """Fork one worker. Raises OSError when the nursery does not do it any more."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)  # noqa: FBT003 - the standard library's signature.
        born: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        process = Process(name=name, channel=ours)
        self._workers[name], self._spawned[name] = process, born
        try:
            with theirs:
                socket.send_fds(self._control, [json.dumps({"spawn": name}).encode()], [theirs.fileno()])
            async with asyncio.timeout(_START):
                process.pid = await born
        except OSError:
            ours.close()
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
                process.gone.set()
            for born in self._spawned.values():
                if not born.done():
                    born.set_exception(ConnectionResetError("the nursery of workers has ended"))
            return
        told = json.loads(message)
        if "spawned" in told:
            self._born(told["spawned"], int(told["pid"]))
        elif "gone" in told and told["gone"] in self._workers:
            self._workers.pop(told["gone"]).gone.set()
