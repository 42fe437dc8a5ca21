"""How does a test run the command a hundred times without loading it a hundred times?

A process that has loaded everything forks for each call: what runs is the command itself, in a process of its own with
its own arguments, environment, folder and streams. Tests of the start itself run the installed script.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["run"]

_TOP = Path(__file__).resolve().parents[1]
_MAX = 1 << 20
_LOCK = threading.Lock()
_STARTED: list[tuple[int, socket.socket, subprocess.Popen[bytes]]] = []


def run(
    words: Sequence[str], env: Mapping[str, str], *, text: bytes = b"", seconds: float = 120
) -> subprocess.CompletedProcess[bytes]:
    """Run `secondline WORDS` in this environment. Raises subprocess.TimeoutExpired; then it is gone."""
    with _LOCK:
        control = _control()
    stdin = os.memfd_create("stdin")
    os.write(stdin, text)
    os.lseek(stdin, 0, os.SEEK_SET)
    out, err = os.memfd_create("stdout"), os.memfd_create("stderr")
    ours, theirs = socket.socketpair()
    try:
        order = json.dumps({"words": list(words), "env": dict(env), "cwd": str(Path.cwd())}).encode()
        with theirs:
            socket.send_fds(control, [order], [stdin, out, err, theirs.fileno()])
        status = _ended(ours, words, seconds)
        return subprocess.CompletedProcess(list(words), status, _content(out), _content(err))
    finally:
        ours.close()
        for descriptor in (stdin, out, err):
            os.close(descriptor)


def _ended(ours: socket.socket, words: Sequence[str], seconds: float) -> int:
    ours.settimeout(seconds)
    heard, pid = b"", 0
    try:
        while part := ours.recv(100):
            heard += part
            pid = int(heard.split()[0]) if heard.endswith(b"\n") or b"\n" in heard else pid
    except TimeoutError:
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        raise subprocess.TimeoutExpired(list(words), seconds) from None
    return int(heard.split()[1])


def _content(descriptor: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(0)
        return file.read()


def _control() -> socket.socket:
    """The channel to this process's own zygote, which is started when it is first needed."""
    for pid, control, _ in _STARTED:
        if pid == os.getpid():
            return control
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        started = subprocess.Popen(
            [sys.executable, "-m", "tests.zygote", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=_TOP,
            stdin=subprocess.DEVNULL,
        )
    _STARTED.append((os.getpid(), ours, started))
    atexit.register(_end, ours, started)
    return ours


def _end(control: socket.socket, started: subprocess.Popen[bytes]) -> None:
    control.close()
    started.wait(timeout=10)


def _serve(control: socket.socket) -> None:
    _load()
    # Who has ended is not waited for: each call has a watcher of its own.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        order, descriptors, _, _ = socket.recv_fds(control, _MAX, 4)
        if not order:
            return
        if os.fork() == 0:
            control.close()
            _watch(json.loads(order), array.array("i", descriptors))
        for descriptor in descriptors:
            os.close(descriptor)


def _watch(order: Mapping[str, object], descriptors: array.array[int]) -> None:
    """Start the call, tell its number and then its status, and end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    stdin, out, err, told = descriptors
    pid = os.fork()
    if pid == 0:
        os.close(told)
        for source, target in ((stdin, 0), (out, 1), (err, 2)):
            os.dup2(source, target)
            os.close(source)
        _become(order)
    os.write(told, f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(order: Mapping[str, object]) -> None:
    """Be the command from here on."""
    words, env = order["words"], order["env"]
    assert isinstance(words, list)
    assert isinstance(env, dict)
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(str(order["cwd"]))
    sys.argv = ["secondline", *words]
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), "utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), "utf-8")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), "utf-8", "backslashreplace", line_buffering=True
    )
    status = 1
    try:
        from controller.cli.main import main  # noqa: PLC0415 - loaded before.

        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else bool(ended.code)
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end.
        import traceback  # noqa: PLC0415 - hardly ever.

        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


def _load() -> None:
    """Everything that a command might load."""
    from importlib import import_module  # noqa: PLC0415 - in the zygote only.

    from collectors.catalogue import catalogue  # noqa: PLC0415
    from controller.cli.app import EVERY, app_of  # noqa: PLC0415

    app_of(EVERY)
    catalogue()
    for name in (
        "agent.agent",
        "alembic.command",
        "controller.courier.inprocess",
        "controller.publish",
        "controller.run",
        "controller.office",
        "controller.store.migrations",
        "inventory.schema",
        "playbooks.catalogue",
        "rich.console",
        "rich.table",
        "sqlalchemy.dialects.sqlite",
    ):
        import_module(name)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
