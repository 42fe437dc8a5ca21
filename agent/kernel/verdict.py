"""May this call be made? Pure: the call's name, its arguments, what they point to, and the doors of the grant."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

__all__ = ["Breach", "Carry", "Dial", "Pass", "Quiet", "Verdict", "decided"]

Peek = Callable[[int, int], bytes]
Doors = frozenset[tuple[str, int]]

_INT = 0xFFFFFFFF
# As much as one call may send through the porter: a whole datagram, and a part of a stream.
_MOST = 0xFFFF
_MOST_PIECES = 1024


@dataclass(frozen=True, slots=True)
class Dial:
    """The porter connects the socket to this door."""

    socket: int
    family: int
    door: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Carry:
    """The porter sends this, to a door or to whom the socket is connected already."""

    socket: int
    data: bytes
    flags: int
    door: tuple[str, int] | None
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Pass:
    """The kernel does it: its arguments are numbers, and cannot change any more."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """It fails with this error number. Harmless, and libraries try it."""

    error: int


@dataclass(frozen=True, slots=True)
class Breach:
    """It is not done, it is told, and the worker is ended."""

    what: str


Verdict = Dial | Carry | Pass | Quiet | Breach


def decided(name: str | None, args: tuple[int, ...], doors: Doors, worker: int, peek: Peek) -> Verdict:
    """Decide on one call. name: None when it is on no list. worker: the number of its process."""
    try:
        match name:
            case "connect":
                return _connect(args, doors, peek)
            case "sendto":
                return _sendto(args, doors, peek)
            case "sendmsg":
                return _sendmsg(args, doors, peek)
            case "kill" | "tgkill" if args[0] & _INT == worker:
                # To itself: so a C library ends its process.
                return Pass()
            case "prlimit64" if args[0] & _INT in {0, worker}:
                # Its own limits: some library may want to set one, and does without.
                return Quiet(errno.ENOSYS)
            case None:
                return Quiet(errno.ENOSYS)
            case _:
                return Breach(_in_words(name, args, peek))
    except OSError:
        return Quiet(errno.EFAULT)


def _connect(args: tuple[int, ...], doors: Doors, peek: Peek) -> Verdict:
    where = _address(peek, args[1], args[2] & _INT)
    if isinstance(where, str):
        return Breach(f"connect to {where}")
    if where is None:
        # To undo a connection, or an address that is cut short.
        return Quiet(errno.EPERM)
    family, door = where
    return Dial(args[0] & _INT, family, door) if door in doors else Breach(f"connect to {_spelt(door)}")


def _sendto(args: tuple[int, ...], doors: Doors, peek: Peek) -> Verdict:
    where = _address(peek, args[4], args[5] & _INT)
    if isinstance(where, str):
        return Breach(f"sendto {where}")
    if where is None:
        return Quiet(errno.EINVAL)
    if where[1] not in doors:
        return Breach(f"sendto {_spelt(where[1])}")
    data = peek(args[1], min(args[2], _MOST))
    return Carry(args[0] & _INT, data, args[3] & _INT, where[1], is_cut=args[2] > _MOST)


def _sendmsg(args: tuple[int, ...], doors: Doors, peek: Peek) -> Verdict:
    """Datagrams and streams as asyncio and others send them; nothing with options, nothing with descriptors."""
    name, length, pieces, count, _, control = struct.unpack("QI4xQQQQ", peek(args[1], 48))
    if control:
        return Breach("sendmsg with options or descriptors")
    door = None
    if name and length:
        where = _address(peek, name, length)
        if isinstance(where, str):
            return Breach(f"sendmsg to {where}")
        if where is None:
            return Quiet(errno.EINVAL)
        door = where[1]
        if door not in doors:
            return Breach(f"sendmsg to {_spelt(door)}")
    if count > _MOST_PIECES:
        return Quiet(errno.EMSGSIZE)
    rows = peek(pieces, 16 * count) if count else b""
    data, is_cut = b"", False
    for address, size in struct.iter_unpack("QQ", rows):
        room = _MOST - len(data)
        is_cut = is_cut or size > room
        data += peek(address, min(size, room)) if size and room else b""
    return Carry(args[0] & _INT, data, args[2] & _INT, door, is_cut)


def _address(peek: Peek, place: int, length: int) -> tuple[int, tuple[str, int]] | str | None:
    """Family and door of a socket address; in words when it can be no door; None when it is no address."""
    if length < 2 or length > 128:
        return None
    raw = peek(place, length)
    (family,) = struct.unpack_from("H", raw)
    match family:
        case socket.AF_UNSPEC:
            return None
        case socket.AF_INET:
            if length < 16:
                return None
            port, address = struct.unpack_from("!2xH4s", raw)
            return family, (str(IPv4Address(address)), port)
        case socket.AF_INET6:
            if length < 24:
                return None
            port, long = struct.unpack_from("!2xH4x16s", raw)
            (zone,) = struct.unpack_from("I", raw, 24) if length >= 28 else (0,)
            spelt = str(IPv6Address(long))
            return f"{spelt}%{zone} port {port}" if zone else (family, (spelt, port))
        case socket.AF_UNIX:
            return f"the local socket {raw[2:]!r}"
        case _:
            return f"an address of family {family}"


def _spelt(door: tuple[str, int]) -> str:
    return f"{door[0]} port {door[1]}"


def _in_words(name: str, args: tuple[int, ...], peek: Peek) -> str:
    match name:
        case "socket":
            return f"socket of family {args[0] & _INT}, type {args[1] & _INT}, protocol {args[2] & _INT}"
        case "setsockopt":
            return f"setsockopt {args[2] & _INT} of level {args[1] & _INT}"
        case "execve":
            return f"execve of {_text_at(peek, args[0])!r}"
        case _:
            return f"{name} ({', '.join(f'{word:#x}' for word in args[:3])})"


def _text_at(peek: Peek, place: int) -> str:
    """As much of a C string as is there, up to a hundred characters."""
    found = bytearray()
    while len(found) < 100:
        try:
            piece = peek(place + len(found), 1)
        except OSError:
            break
        if piece == b"\0":
            break
        found += piece
    return found.decode("utf-8", "replace")
