"""Can anything leave this process but to the grant's hosts? The first wall: a Python audit hook.

`raise_wall` is called before any library is imported. From then on every connect, send, bind, name look-up
and process start is denied, in every thread, until `Wall.seal` names the doors of one grant; it can be
called once. An audit hook cannot be removed (PEP 578).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

__all__ = ["Wall", "WallError", "raise_wall"]

_PROCESS = frozenset(
    {
        "subprocess.Popen",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.system",
        "pty.spawn",
    }
)
_LOOK_UP = frozenset(
    {
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.getnameinfo",
    }
)


class WallError(PermissionError):
    """Something tried to reach what the grant does not name, or to start a process."""


class Wall:
    """The state behind the hook: closed, then sealed to one set of (address, port)."""

    __slots__ = ("_doors", "_may_fork", "_told")

    def __init__(self) -> None:
        self._doors: frozenset[tuple[str, int]] | None = None
        self._may_fork = True
        self._told: Callable[[str], None] = lambda _: None

    def seal(self, doors: frozenset[tuple[str, int]], told: Callable[[str], None]) -> None:
        """Open exactly these (address, port), for good; `told` hears of every attempt at another."""
        if self._doors is not None:
            raise WallError("the wall is sealed already: a worker serves one grant")
        self._doors = frozenset((str(ip_address(address)), port) for address, port in doors)
        self._may_fork = False
        self._told = told

    def check(self, event: str, args: tuple[Any, ...]) -> None:
        """The hook itself: returns, or raises WallError."""
        if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
            if args[1] is not None and not self._is_door(args[1]):
                self._deny(event, args[1])
        elif event == "socket.bind":
            self._deny(event, args[1])
        elif event in _LOOK_UP:
            if not _is_literal(args[0]):
                self._deny(event, args[0])
        elif event in _PROCESS and not (event == "os.fork" and self._may_fork):
            self._deny(event, args[0] if args else "")

    def _is_door(self, address: object) -> bool:
        if self._doors is None or not isinstance(address, tuple) or len(address) < 2:
            return False
        host, port = address[0], address[1]
        if not isinstance(host, str) or not isinstance(port, int):
            return False
        try:
            # A zone id or an IPv4-mapped form is another spelling, and no spelling but the plain one is a door.
            return (str(ip_address(host)), port) in self._doors
        except ValueError:
            return False

    def _deny(self, event: str, what: object) -> None:
        text = f"{event} to {what!r:.200}"
        self._told(text)
        raise WallError(f"outside the grant: {text}")


def _is_literal(host: object) -> bool:
    """A look-up of a plain address asks nobody."""
    if isinstance(host, tuple) and host:
        host = host[0]
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    try:
        ip_address(str(host))
    except ValueError:
        return False
    return True


def raise_wall() -> Wall:
    """Install the hook in this process and everything that it forks."""
    wall = Wall()
    sys.addaudithook(wall.check)
    return wall
