"""Who lets a worker out, and to where? A small trusted process for each worker, which verifies the grant itself.

Forked from the nursery, it reads the order's start, verifies the grant, forks the worker, and stays. The worker's
calls that could reach something (`agent/kernel/`) wait until the porter has decided on them. It reads the address
out of the worker's memory once, and connects to its own copy of it: nothing that the worker changes meanwhile
counts. What is no door of the grant is told to the agent, on a channel that the worker does not have, and then the
worker is ended: it never learns what would have come of it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import resource
import select
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from agent import worker
from agent.kernel.calls import copy_of, die_with_parent, hide, read_memory
from agent.kernel.confine import Kernel, KernelError, confine, confine_porter, handed_over
from agent.kernel.notices import Notice, answer, hasten, let_pass, received
from agent.kernel.standing import standing
from agent.kernel.verdict import Breach, Carry, Dial, Doors, Pass, Quiet, decided
from agent.refusal import Hold
from agent.start import START, doors_for
from agent.wall import Wall
from agent.wire import pack, take
from collectors.collector import Collector
from inventory.grant import GrantRefusedError, verify

__all__ = ["Porter", "main"]

_NO_START, _REFUSED, _NO_WALL = 64, 77, 78
_PYTHON_ONLY = "python alone, as this agent is told to"


def main(
    channel: socket.socket,
    watch: socket.socket,
    wall: Wall,
    kernel: Kernel | KernelError,
    known: Mapping[str, Collector[Any]],
) -> int:
    """Serve one grant: become its porter, and fork its worker. The exit status is for the log only."""
    frame = take(channel)
    if frame is None or "start" not in frame[0]:
        return _NO_START
    start = START.validate_python(frame[0]["start"])
    try:
        leave = verify(start.token, start.keys, agent=start.agent)
        porter = Porter(watch, doors_for(start, leave), kernel if start.walls == "kernel" else None)
        porter.raise_worker(channel, lambda: worker.main(channel, wall, start, leave, known))
    except GrantRefusedError as error:
        return _refuse(channel, error.reason, str(error), _REFUSED)
    except KernelError as error:
        return _refuse(channel, Hold.NO_KERNEL_WALL, str(error), _NO_WALL)
    wall.admit(porter.doors)
    channel.close()
    return porter.serve()


def _refuse(channel: socket.socket, reason: str, detail: str, status: int) -> int:
    channel.sendall(pack({"event": "refused", "reason": reason, "detail": detail}))
    return status


class Porter:
    """A worker, its doors, and who watches both."""

    def __init__(self, watch: socket.socket, doors: Doors, kernel: Kernel | KernelError | None) -> None:
        self.doors = doors
        self._watch = watch
        self._kernel = kernel
        self._worker = self._process = self._calls = -1

    def raise_worker(self, channel: socket.socket, work: Callable[[], int]) -> None:
        """Fork the worker, and see its wall stand. Raises KernelError."""
        if isinstance(self._kernel, KernelError):
            raise self._kernel
        nowhere = os.open(os.devnull, os.O_RDWR)
        rules = confine_porter(self._kernel, (port for _, port in self.doors)) if self._kernel else -1
        ours, theirs = socket.socketpair()
        me = os.getpid()
        self._worker = os.fork()
        if self._worker == 0:
            status = _NO_WALL
            try:
                _leave_behind({channel.fileno(), theirs.fileno(), rules}, nowhere, me)
                if self._kernel:
                    confine(self._kernel, rules, theirs)
                status = work()
            finally:
                os._exit(status)
        theirs.close()
        os.close(nowhere)
        self._process = os.pidfd_open(self._worker)
        hide()
        with ours:
            if self._kernel:
                os.close(rules)
                self._calls = handed_over(self._worker, self._process, ours)
        self._tell({"walls": str(standing()) if self._kernel else _PYTHON_ONLY})

    def serve(self) -> int:
        """Decide on calls until the worker has ended; gives its exit status."""
        poll = select.poll()
        poll.register(self._process, select.POLLIN)
        poll.register(self._watch, select.POLLIN)
        if self._calls >= 0:
            hasten(self._calls)
            poll.register(self._calls, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if ready.get(self._calls, 0) & select.POLLIN:
                if (notice := received(self._calls)) is not None:
                    self._decide(notice)
            elif self._calls in ready:
                # No thread is left that could call.
                poll.unregister(self._calls)
            if self._watch.fileno() in ready:
                # The agent is gone.
                self._end_worker()
                poll.unregister(self._watch)
            if self._process in ready:
                return self._ended()

    def _decide(self, notice: Notice) -> None:
        name = self._kernel.filter.names.get(notice.number) if isinstance(self._kernel, Kernel) else None
        match decided(name, notice.args, self.doors, self._worker, partial(read_memory, self._worker)):
            case Dial() | Carry() as wanted:
                self._do(notice, wanted)
            case Pass():
                let_pass(self._calls, notice)
            case Quiet(error):
                answer(self._calls, notice, error=error)
            case Breach(what):
                self._tell({"breach": what})
                self._end_worker()

    def _do(self, notice: Notice, wanted: Dial | Carry) -> None:
        """Do a call in the worker's stead, on its own socket; one that may block, in a thread of its own."""
        try:
            sock = _socket_of(copy_of(self._process, wanted.socket))
        except OSError as error:
            answer(self._calls, notice, error=error.errno or errno.EBADF)
            return
        if fcntl.fcntl(sock, fcntl.F_GETFL) & os.O_NONBLOCK:
            self._finish(notice, wanted, sock)
        else:
            threading.Thread(target=self._finish, args=(notice, wanted, sock), daemon=True).start()

    def _finish(self, notice: Notice, wanted: Dial | Carry, sock: socket.socket) -> None:
        with sock:
            try:
                sent = _done(wanted, sock)
            except OSError as error:
                answer(self._calls, notice, error=error.errno or errno.EINVAL)
            else:
                answer(self._calls, notice, value=sent)

    def _ended(self) -> int:
        """Collect the worker. Raises nothing: it is over."""
        _, status = os.waitpid(self._worker, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == -signal.SIGSYS:
            self._tell({"breach": "a call by another table of call numbers"})
        return code if code >= 0 else 128 - code

    def _end_worker(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def _tell(self, what: Mapping[str, str]) -> None:
        with contextlib.suppress(OSError):
            self._watch.send(json.dumps(what).encode())


def _done(wanted: Dial | Carry, sock: socket.socket) -> int:
    """Connect or send; gives what the call is worth. Raises OSError."""
    match wanted:
        case Dial(_, family, door):
            if sock.family != family:
                raise OSError(
                    errno.EINVAL if family == socket.AF_INET else errno.EAFNOSUPPORT, "another family"
                )
            sock.connect(door)
            return 0
        case Carry(_, data, flags, door, is_cut):
            if is_cut and sock.type != socket.SOCK_STREAM:
                raise OSError(errno.EMSGSIZE, "a datagram that is too long")
            return sock.send(data, flags) if door is None else sock.sendto(data, flags, door)


def _socket_of(descriptor: int) -> socket.socket:
    """Take a descriptor for a socket; what is none is closed. Raises OSError."""
    try:
        return socket.socket(fileno=descriptor)
    except OSError:
        os.close(descriptor)
        raise


def _leave_behind(kept: set[int], nowhere: int, porter: int) -> None:
    """In the worker: keep nothing that others have opened, and do not outlive the porter."""
    die_with_parent(signal.SIGKILL)
    if os.getppid() != porter:
        os._exit(_NO_START)
    # What it would write to the agent's terminal, nobody should read.
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    last = 2
    for name in sorted(name for name in kept if name > 2):
        os.closerange(last + 1, name)
        last = name
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))
