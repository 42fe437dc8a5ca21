"""Another process does it: every way to start one."""

from __future__ import annotations

import _posixsubprocess
import asyncio
import ctypes
import errno
import multiprocessing
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

from collectors import Resolver
from tests.escape.third_party.hostile.native import C, call, place
from tests.escape.third_party.hostile.way import At, attempt


def _knock(at: At) -> str:
    """What a shell is told: connect, and end."""
    return f"exec 3<>/dev/tcp/{at.spot.other}/22"


def _argv(at: At) -> list[str]:
    return ["/bin/bash", "-c", _knock(at)]


def _reach(where: str) -> None:
    line = socket.socket()
    line.settimeout(1)
    line.connect((where, 22))


def _child(at: At) -> None:
    """The child's part; never returns."""
    try:
        _reach(at.spot.other)
    finally:
        os._exit(0)


@attempt("fork")
def fork(at: At) -> None:
    pid = os.fork()
    if pid == 0:
        _child(at)
    os.waitpid(pid, 0)


@attempt("fork by the system call, which Python does not see")
def clone(at: At) -> None:
    pid = call(56, signal.SIGCHLD)
    if pid == 0:
        _child(at)
    os.waitpid(pid, 0)


@attempt("vfork by the system call")
def vfork(at: At) -> None:
    pid = call(56, signal.SIGCHLD | 0x4000)
    if pid == 0:
        _child(at)
    os.waitpid(pid, 0)


@attempt("clone3, with its arguments in memory; where there is none, clone, as the C library does it")
def clone3(at: At) -> None:
    arguments = struct.pack("=8Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    try:
        pid = call(435, place(arguments), 64)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        pid = call(56, signal.SIGCHLD)
    if pid == 0:
        _child(at)
    os.waitpid(pid, 0)


@attempt("exec: the worker becomes another program")
def execute(at: At) -> None:
    os.execv("/bin/bash", _argv(at))  # noqa: S606 - an attempt.


# Functions of the C library, looked up in time.
_execv, _fexecve, _posix_spawn, _system = C.execv, C.fexecve, C.posix_spawn, C.system


def _words(at: At) -> ctypes.Array[ctypes.c_char_p]:
    return (ctypes.c_char_p * 4)(b"bash", b"-c", _knock(at).encode(), None)


@attempt("exec by the C library, which Python does not see")
def c_execute(at: At) -> None:
    _execv(b"/bin/bash", _words(at))


@attempt("a program from memory (memfd and execveat)")
def program_from_memory(at: At) -> None:
    held = os.memfd_create("x")
    os.write(held, _BASH)
    _fexecve(held, _words(at), (ctypes.c_char_p * 1)(None))


# Read while it was imported, when it may still be read.
_BASH = Path("/bin/bash").read_bytes() if Path("/bin/bash").exists() else b""


@attempt("a program started below Python's own functions (_posixsubprocess)")
def below_subprocess(at: At) -> None:
    inlet, outlet = os.pipe()
    nothing = (-1, -1, -1, -1, -1, -1)
    start: Any = _posixsubprocess.fork_exec
    pid = start(
        _argv(at), [b"/bin/bash"], True, (outlet,), None, None, *nothing, inlet, outlet, False, False, 0,
        None, None, None, -1, None, False,
    )  # fmt: skip
    os.waitpid(pid, 0)


@attempt("posix_spawn")
def posix_spawn(at: At) -> None:
    os.waitpid(os.posix_spawn("/bin/bash", _argv(at), {}), 0)


@attempt("posix_spawn by the C library")
def c_posix_spawn(at: At) -> None:
    pid = ctypes.c_int()
    if _posix_spawn(ctypes.byref(pid), b"/bin/bash", None, None, _words(at), None) == 0:
        os.waitpid(pid.value, 0)


@attempt("os.system")
def os_system(at: At) -> None:
    os.system(f"bash -c '{_knock(at)}'")  # noqa: S605 - an attempt.


@attempt("the C library's system")
def c_system(at: At) -> None:
    _system(f"bash -c '{_knock(at)}'".encode())


@attempt("os.popen")
def popen(at: At) -> None:
    os.popen(f"bash -c '{_knock(at)}'").read()  # noqa: S605 - an attempt.


@attempt("subprocess")
def run(at: At) -> None:
    subprocess.run(_argv(at), check=False)


@attempt("subprocess with a library that is loaded first (LD_PRELOAD)")
def preloaded(at: At) -> None:
    subprocess.run(_argv(at), check=False, env={"LD_PRELOAD": "libpthread.so.0"})


@attempt("multiprocessing, by fork")
def multiprocessing_fork(at: At) -> None:
    working = multiprocessing.get_context("fork").Process(target=_reach, args=(at.spot.other,))
    working.start()
    working.join(5)


@attempt("multiprocessing, by a fresh interpreter")
def multiprocessing_spawn(at: At) -> None:
    context = multiprocessing.get_context("spawn")
    context.set_executable(sys.executable)
    working = context.Process(target=os.system, args=(f"bash -c '{_knock(at)}'",))
    working.start()
    working.join(10)


@attempt("pty.fork")
def pty_fork(at: At) -> None:
    pid, _ = pty.fork()
    if pid == 0:
        _child(at)
    os.waitpid(pid, 0)


@attempt("asyncio: a program", over=Resolver)
async def asyncio_program(at: At) -> None:
    program = await asyncio.create_subprocess_exec(*_argv(at))
    await program.wait()
