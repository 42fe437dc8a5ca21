"""Is there an SSH server at all? Connects and waits for its greeting, without costing a thread.

A host that accepts and stays silent, or that never ends its greeting, is told apart here from one that
speaks SSH, before any work is spent on it. RFC 4253, section 4.2: lines before the version line are allowed;
they are read and dropped here, within limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket

from agent.wall import WallError
from collectors import Kind, Phase, Unanswered
from inventory.grant import Door

__all__ = ["connect", "greeted"]

CONNECT = 5.0
GREET = 8.0
_MAX_LINES = 32
_MAX_LINE = 1024
_QUOTE = 120


async def connect(door: Door) -> socket.socket:
    """Open a TCP connection to a door. Raises Unanswered (phase `connect`)."""
    family = socket.AF_INET6 if door.address.version == 6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)  # noqa: FBT003 - the standard library's signature.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    where = f"{door.address} port {door.port}"
    try:
        async with asyncio.timeout(CONNECT):
            await asyncio.get_running_loop().sock_connect(sock, (str(door.address), door.port))
    except BaseException as error:
        sock.close()
        match error:
            case TimeoutError():
                raise _unmet(Kind.TIMED_OUT, f"no answer from {where} within {CONNECT:g} s") from None
            case ConnectionRefusedError():
                raise _unmet(Kind.REFUSED, f"{where} refuses connections") from None
            case WallError():
                raise
            case OSError():
                reason = errno.errorcode.get(error.errno or 0, str(error))
                raise _unmet(Kind.UNREACHABLE, f"{where} cannot be reached ({reason})") from None
            case _:
                raise
    return sock


def _unmet(kind: Kind, detail: str) -> Unanswered:
    return Unanswered(kind, detail, phase=Phase.CONNECT)


async def greeted(sock: socket.socket) -> None:
    """Wait until the server's version line stands next in the stream.

    Raises Unanswered (phase `greet`): `timed-out` when nothing is said, `unparsable` when what is said does
    not come to a version line.
    """
    said: list[bytes] = []
    try:
        async with asyncio.timeout(GREET):
            while (line := await _line_before_version(sock)) is not None:
                said.append(line)
                if len(said) > _MAX_LINES:
                    raise _no_greeting(said)
    except TimeoutError:
        if said or _peeked(sock):
            raise _no_greeting([*said, _peeked(sock)]) from None
        silence = f"the port accepts, then says nothing within {GREET:g} s"
        raise Unanswered(Kind.TIMED_OUT, silence, phase=Phase.GREET) from None
    except ConnectionError:
        # sshd says so when it has too many logins under way (MaxStartups), or does not want this address.
        detail = f"the connection is closed before the greeting{_quoted(said)}"
        raise Unanswered(Kind.CUT_OFF, detail, phase=Phase.GREET) from None


def _no_greeting(said: list[bytes]) -> Unanswered:
    lines = f"{len(said)} lines" if len(said) > 1 else "a line"
    return Unanswered(Kind.UNPARSABLE, f"{lines} and still no SSH greeting{_quoted(said)}", phase=Phase.GREET)


def _quoted(said: list[bytes]) -> str:
    """What the server says for itself: the first of its lines that says anything."""
    texts = (line.decode("utf-8", "backslashreplace").strip() for line in said)
    return next((f"; it says: {text[:_QUOTE]}" for text in texts if text), "")


def _peeked(sock: socket.socket) -> bytes:
    with contextlib.suppress(OSError):
        return sock.recv(_MAX_LINE, socket.MSG_PEEK)
    return b""


async def _line_before_version(sock: socket.socket) -> bytes | None:
    """Take the next line; None when it is the version line, which stays. Raises ConnectionError at the end."""
    while True:
        await _readable(sock)
        try:
            head = sock.recv(_MAX_LINE, socket.MSG_PEEK)
        except BlockingIOError:
            continue
        except OSError:
            head = b""
        if not head:
            raise ConnectionError
        if head.startswith(b"SSH-"):
            return None
        line, newline, _ = head.partition(b"\n")
        if newline or len(head) >= _MAX_LINE:
            return sock.recv(len(line) + len(newline))
        # Half a line: it stays readable, so look again a little later.
        await asyncio.sleep(0.05)


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sock, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sock)
