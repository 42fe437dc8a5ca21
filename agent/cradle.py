"""How does one process fork a worker a grant, and know when it is gone?

The control socket carries one JSON message a packet: `{"spawn": id}` comes in, with the worker's channel and its
porter's as file descriptors; `{"spawned": id, "pid": n}` and `{"gone": id, "status": n}` go out. When the control
socket ends, every worker is killed and the nursery ends: nobody outlives the agent.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent import porter
from agent.kernel.calls import adopt_orphans, die_with_parent
from agent.kernel.confine import Kernel, KernelError, prepared
from agent.wall import Wall
from agent.worker import CATALOGUE
from collectors.collector import Collector

__all__ = ["main"]


def main(wall: Wall, known: Mapping[str, Collector[Any]] = CATALOGUE.collectors) -> int:
    """Serve the control socket until it ends. known: the collectors that workers can ask."""
    kernel = prepared()
    # A worker whose porter has ended becomes ours, so that we know when it is gone.
    adopt_orphans()
    gc.freeze()
    gc.enable()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    # A Ctrl-C in the terminal goes to the whole group; ending is the agent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    cradle = _Cradle(control=control, wall=wall, kernel=kernel, known=known, pipe=(woken, wake))
    # An agent that ends early, with our messages unread, ends the control socket in its own way.
    with contextlib.suppress(ConnectionError):
        cradle.serve()
    cradle.end()
    return 0


@dataclass(kw_only=True)
class _Cradle:
    """alive: the groups of processes that run, by their leaders, the porters -> the workers' names."""

    control: socket.socket
    wall: Wall
    kernel: Kernel | KernelError
    known: Mapping[str, Collector[Any]]
    pipe: tuple[int, int]
    alive: dict[int, str] = field(default_factory=dict)
    status: dict[int, int] = field(default_factory=dict)

    def serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self.control, selectors.EVENT_READ)
            selector.register(self.pipe[0], selectors.EVENT_READ)
            self._say({"ready": os.getpid()})
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self.pipe[0] in ready:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self.pipe[0], 4096)
                    self._reap()
                if self.control in ready and not self._obey():
                    return

    def end(self) -> None:
        """End every worker, and return when they are gone."""
        for leader in self.alive:
            _kill_group(leader)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)

    def _obey(self) -> bool:
        """Fork one worker as asked; False when nobody asks any more."""
        message, descriptors, _, _ = socket.recv_fds(self.control, 4096, 2)
        if not message:
            return False
        name = json.loads(message)["spawn"]
        nursery = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_porter(nursery, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        # Here as well as in the child: whoever hears of the worker can end its group at once.
        os.setpgid(pid, pid)
        self.alive[pid] = name
        self._say({"spawned": name, "pid": pid})
        return True

    def _become_porter(self, nursery: int, channel: int, watch: int) -> None:
        """Never returns: the child is a porter, the leader of its own process group, and nothing else."""
        status = 70
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            die_with_parent(signal.SIGKILL)
            if os.getppid() == nursery:
                self.control.close()
                for end in self.pipe:
                    os.close(end)
                ours = (socket.socket(fileno=channel), socket.socket(fileno=watch))
                status = porter.main(*ours, self.wall, self.kernel, self.known)
        except BaseException:
            # Nobody else will say it: what follows ends the process at once.
            traceback.print_exc()
            raise
        finally:
            os._exit(status)

    def _reap(self) -> None:
        """Collect who has ended, and tell of every worker whose last process is gone."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = ended
                if pid in self.alive:
                    self.status[pid] = os.waitstatus_to_exitcode(status)
        for leader in tuple(self.status):
            if not _kill_group(leader):
                gone = {"gone": self.alive.pop(leader), "status": self.status.pop(leader)}
                with contextlib.suppress(OSError):
                    self._say(gone)

    def _say(self, message: Mapping[str, object]) -> None:
        self.control.send(json.dumps(message).encode())


def _kill_group(leader: int) -> bool:
    """End a whole group of processes; False when nobody is left in it."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
