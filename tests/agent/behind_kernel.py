"""A range: runs pieces of code as a worker would run them, behind the kernel's wall alone, or behind none.

Started as a process of its own; reads one JSON order a line (code, doors, wall), answers with one JSON line:
`result` (what the code returned), `status` (how its process ended), `said` (what the porter told).
The first wall is absent on purpose, and `ctypes` is at hand: what is tried here is the kernel's wall.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import select  # noqa: F401
import signal
import socket
import struct
import sys
import threading  # noqa: F401 - for the pieces of code.
import time  # noqa: F401
from typing import Any

from agent.kernel.calls import seccomp_library
from agent.kernel.confine import prepared
from agent.porter import Porter

_LIBC = ctypes.CDLL(None, use_errno=True)
_SECCOMP = seccomp_library()
_OPEN: list[socket.socket] = []
# An attempt that takes longer, in seconds, is given up with its whole process tree.
_LONGEST = 3


def sys_call(name: str, *words: object) -> int:
    """Call the kernel by its number, past every library: the result, or minus the error's number."""
    if _SECCOMP is None:
        raise RuntimeError("libseccomp is missing")
    number = _SECCOMP.seccomp_syscall_resolve_name(name.encode())
    wide = [ctypes.c_long(word) if isinstance(word, int) else word for word in words]
    done = int(_LIBC.syscall(ctypes.c_long(number), *wide))
    return done if done >= 0 else -ctypes.get_errno()


def opened(family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM) -> int:
    """The descriptor of a new socket, which stays open."""
    _OPEN.append(socket.socket(family, kind))
    return _OPEN[-1].fileno()


def inet(host: str, port: int) -> bytes:
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, socket.inet_aton(host))


def inet6(host: str, port: int, zone: int = 0) -> bytes:
    packed = socket.inet_pton(socket.AF_INET6, host)
    return (
        struct.pack("=H", socket.AF_INET6) + struct.pack("!HI16s", port, 0, packed) + struct.pack("I", zone)
    )


def message(where: bytes, data: bytes, control: bytes = b"") -> tuple[bytes, tuple[object, ...]]:
    """A `struct msghdr`, and what must be kept while it is used."""
    name, text = ctypes.create_string_buffer(where), ctypes.create_string_buffer(data)
    more = ctypes.create_string_buffer(control)
    piece = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(text), len(data)))
    head = struct.pack(
        "QI4xQQQQi4x",
        ctypes.addressof(name) if where else 0,
        len(where),
        ctypes.addressof(piece),
        1,
        ctypes.addressof(more) if control else 0,
        len(control),
        0,
    )
    return head, (name, text, piece, more)


def _work(code: str, channel: socket.socket) -> int:
    space: dict[str, Any] = dict(globals())
    try:
        exec(code, space)  # noqa: S102 - this is what the range is for.
        result = space["attempt"]()
    except OSError as error:
        result = f"{type(error).__name__} {errno.errorcode.get(error.errno or 0)}"
    channel.sendall(json.dumps(result).encode())
    return 0


def _tried(code: str, doors: list[tuple[str, int]], *, wall: bool) -> dict[str, Any]:
    watch, porters = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours, theirs = socket.socketpair()
    kernel = prepared() if wall else None
    porter = Porter(porters, frozenset((host, port) for host, port in doors), kernel)
    porter.raise_worker(theirs, lambda: _work(code, theirs))
    theirs.close()
    status = porter.serve()
    porters.close()
    said = []
    while packet := watch.recv(4096):
        said.append(json.loads(packet))
    text = b""
    while piece := ours.recv(1 << 16):
        text += piece
    return {"result": json.loads(text) if text else None, "status": status, "said": said}


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        back, out = os.pipe()
        pid = os.fork()
        if pid == 0:
            # The process that becomes the porter.
            os.setpgid(0, 0)
            signal.alarm(_LONGEST)
            doors = [(host, port) for host, port in order["doors"]]
            with os.fdopen(out, "w") as told:
                json.dump(_tried(order["code"], doors, wall=order["wall"]), told)
            os._exit(0)
        os.close(out)
        with os.fdopen(back) as told:
            text = told.read()
        os.waitpid(pid, 0)
        sys.stdout.write((text or json.dumps({"result": "it hangs", "status": -1, "said": []})) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    prepared()
    main()
