"""Does a VPN gateway answer whoever knocks, and how large may a packet to a host be? One packet a question; nobody logs in.

What is sent goes through a connected socket to a door of the grant, and to nothing else.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime

from agent.sessions.dns_line import new_socket
from agent.sessions.lateness import within
from agent.sessions.opening import Record
from agent.sessions.unlogged import OneWay, exactly, unmet
from agent.sessions.vpn_packets import answers_ike, answers_openvpn, ike_init, openvpn_reset
from collectors.exchange import Exchange, fit_of
from collectors.session import Fit, Kind, Phase, Reply, Unanswered
from inventory.grant import Door, GrantRefusedError, Leave, NotGranted

__all__ = ["IkeSession", "OpenvpnSession", "PathSession"]

_WAIT = 2.0
_MOST = 65_536
_STRAYS = 32
# RFC 3948, section 2.2: before IKE on the port that ESP has as well.
_MARKER = bytes(4)
# A packet may be lost, and a host says only so often in a second that nobody listens.
_TRIES, _PATIENCE = 2, 1.2
_UDP4, _UDP6 = 28, 48
# linux/in.h, linux/in6.h: never cut up, and do not believe what is known of the way; keep what is said of an error.
_DISCOVER4, _DISCOVER6, _ALWAYS = 10, 23, 3
_ERRORS4, _ERRORS6 = 11, 25
# linux/errqueue.h, sock_extended_err: its third number is the size that fits.
_ERROR = struct.Struct("=IBBBBII")


class IkeSession(OneWay):
    """An `IkeGate`."""

    session = way = "ike"

    def __init__(self, leave: Leave, host: str, record: Record) -> None:
        super().__init__(leave, host, record)
        self._nat = leave.doors(host, "ike-nat")

    @property
    def has_nat_port(self) -> bool:
        return bool(self._nat)

    async def begin(self, *, nat: bool = False) -> Reply:
        """See `collectors.session.IkeGate.begin`."""
        if nat and not self._nat:
            raise GrantRefusedError(
                NotGranted.NOT_NAMED, "the grant does not name the port behind translation"
            )
        if nat:
            return await self._asked(("ike", "nat"), _ike_nat, self._nat)
        return await self._asked(("ike", "first"), _ike)


class OpenvpnSession(OneWay):
    """An `OpenvpnGate`."""

    session = way = "openvpn"

    def __init__(self, leave: Leave, host: str, record: Record) -> None:
        super().__init__(leave, host, record)
        self._send = _openvpn_tcp if leave.doors(host, "openvpn-tcp") else _openvpn_udp

    async def reset(self) -> Reply:
        """See `collectors.session.OpenvpnGate.reset`."""
        return await self._asked(("openvpn",), self._send)


async def _ike(door: Door) -> bytes:
    query, number = ike_init()
    return await _datagram(door, query, lambda raw: raw if answers_ike(raw, number) else None)


async def _ike_nat(door: Door) -> bytes:
    query, number = ike_init()

    def answered(raw: bytes) -> bytes | None:
        return raw[4:] if raw[:4] == _MARKER and answers_ike(raw[4:], number) else None

    return await _datagram(door, _MARKER + query, answered)


async def _openvpn_udp(door: Door) -> bytes:
    query, number = openvpn_reset()
    return await _datagram(door, query, lambda raw: raw if answers_openvpn(raw, number) else None)


async def _openvpn_tcp(door: Door) -> bytes:
    query, _ = openvpn_reset()
    loop, phase = asyncio.get_running_loop(), Phase.CONNECT
    with new_socket(door, socket.SOCK_STREAM) as line:
        try:
            async with asyncio.timeout(_WAIT * 2):
                await loop.sock_connect(line, (str(door.address), door.port))
                phase = Phase.ASK
                await loop.sock_sendall(line, struct.pack("!H", len(query)) + query)
                (size,) = struct.unpack("!H", await exactly(line, 2))
                return await exactly(line, size)
        except TimeoutError:
            raise Unanswered(Kind.TIMED_OUT, f"no answer within {_WAIT * 2:g} s", phase=phase) from None
        except OSError as error:
            raise unmet(error, phase) from error


async def _datagram(door: Door, query: bytes, answered: Callable[[bytes], bytes | None]) -> bytes:
    """Send one packet, and read until one answers it. What is there and answers nothing is kept in the words of the silence."""
    loop, stray = asyncio.get_running_loop(), b""
    phase = Phase.CONNECT
    with new_socket(door, socket.SOCK_DGRAM) as line:
        try:
            line.connect((str(door.address), door.port))
            line.send(query)
            phase = Phase.ASK
            async with within(_WAIT):
                for _ in range(_STRAYS):
                    raw = await loop.sock_recv(line, _MOST)
                    found = answered(raw)
                    if found is not None:
                        return found
                    stray = stray or raw
        except TimeoutError:
            pass
        except OSError as error:
            raise unmet(error, phase) from error
    if stray:
        shown = f"{stray[:48].hex()}{'…' if len(stray) > 48 else ''} ({len(stray)} bytes)"
        raise Unanswered(Kind.UNPARSABLE, f"what came is no answer: {shown}", phase=phase)
    raise Unanswered(Kind.TIMED_OUT, f"no answer within {_WAIT:g} s", phase=phase)


class PathSession:
    """A `Path`: UDP to a port where nobody listens. The kernel tells what came back, and no rights are needed."""

    def __init__(self, leave: Leave, host: str, record: Record) -> None:
        doors = leave.doors(host, "path")
        if not doors:
            raise GrantRefusedError(NotGranted.NOT_NAMED, f"the grant opens no path door to {host!r}")
        self._doors = {str(door.address): door for door in doors}
        self._record = record

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(self._doors)

    async def fits(self, address: str, size: int) -> Fit:
        """See `collectors.session.Path.fits`."""
        if address not in self._doors:
            raise GrantRefusedError(NotGranted.NOT_NAMED, f"the grant does not name {address}")
        began, start = datetime.now(UTC), time.monotonic()
        found, missed = Fit(size=size, outcome="silent"), None
        try:
            for _ in range(_TRIES):
                found = await _sent(self._doors[address], size)
                if found.outcome != "silent":
                    break
        except Unanswered as reason:
            missed = reason
        exchange = Exchange(
            session="path",
            question=("fits", address, f"{size}"),
            began=began,
            took=time.monotonic() - start,
            facts={"outcome": found.outcome, "mtu": found.mtu},
            unanswered=(missed.kind, missed.phase, missed.detail) if missed else None,
        )
        self._record(exchange)
        return fit_of(exchange)

    async def close(self) -> None:
        """Nothing stays open."""


async def _sent(door: Door, size: int) -> Fit:
    """Send one packet that must not be cut up, and hear what the kernel is told of it."""
    is_new = door.address.version == 6
    level, discover, errors = (
        (socket.IPPROTO_IPV6, _DISCOVER6, _ERRORS6) if is_new else (socket.IPPROTO_IP, _DISCOVER4, _ERRORS4)
    )
    with new_socket(door, socket.SOCK_DGRAM) as line:
        try:
            line.setsockopt(level, discover, _ALWAYS)
            line.setsockopt(level, errors, 1)
            line.connect((str(door.address), door.port))
            line.send(bytes(size - (_UDP6 if is_new else _UDP4)))
            async with within(_PATIENCE):
                await asyncio.get_running_loop().sock_recv(line, _MOST)
        except TimeoutError:
            return Fit(size=size, outcome="silent")
        except OSError as error:
            # Nobody listens there: the host says so, and so the packet came.
            if error.errno == errno.ECONNREFUSED:
                return Fit(size=size, outcome="arrived")
            if error.errno == errno.EMSGSIZE:
                return Fit(size=size, outcome="too-big", mtu=_said(line, level, errors))
            raise unmet(error, Phase.ASK) from error
    # Somebody listens after all, and answers.
    return Fit(size=size, outcome="arrived")


def _said(line: socket.socket, level: int, errors: int) -> int:
    """What a router said of this packet, 0 where nothing is kept. The kernel's own memory may be minutes old, and never grows."""
    try:
        _, told, _, _ = line.recvmsg(0, 512, socket.MSG_ERRQUEUE)
    except OSError:
        return 0
    found = [
        _ERROR.unpack_from(data)[5]
        for kind, number, data in told
        if (kind, number) == (level, errors) and len(data) >= _ERROR.size
    ]
    return int(found[0]) if found else 0
