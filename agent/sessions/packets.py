"""What do a controller's small services answer to one packet? CLDAP, Kerberos, NTP, and the certificate behind TLS.

Nobody logs in. A packet goes to the grant's doors and to nothing else; an answer that is not to our question is
not looked at.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
from collections.abc import Callable
from datetime import UTC, datetime

from agent.sessions.ber import cldap_netlogon, netlogon_query, ticket_request
from agent.sessions.dns_line import new_socket
from agent.sessions.lateness import within
from agent.sessions.opening import Record
from agent.sessions.unlogged import OneWay, exactly, shown_certificate, unmet
from collectors.session import Kind, Phase, Reply, Unanswered
from inventory.grant import Door, GrantRefusedError, Leave, NotGranted

__all__ = ["CertifiedSession", "KdcSession", "KnockerSession", "PingSession", "TimeSession"]

_TRIES = 2
_WAIT = 1.0
_LONG = 3.0
_MOST = 65_536
# How the ways to a controller's ports are called.
_CLIENT = "client-"


class PingSession(OneWay):
    """A `DirectoryPing`: the netlogon attribute over UDP (MS-ADTS 6.3.3)."""

    session, way = "ping", "cldap"

    async def ping(self, domain: str) -> Reply:
        """See `collectors.session.DirectoryPing.ping`."""
        number = secrets.randbelow(0x7FFFFFFF - 1) + 1
        query = netlogon_query(number, domain)

        async def send(door: Door) -> bytes:
            return await _datagram(door, query, lambda raw: cldap_netlogon(raw, number))

        return await self._asked(("ping", domain), send)


class TimeSession(OneWay):
    """A `TimeServer`: one client packet of NTP version 4 (RFC 5905, section 7.3)."""

    session, way = "time", "ntp"

    async def time(self) -> Reply:
        """See `collectors.session.TimeServer.time`."""
        # The server repeats what stands as our transmit time: it need be no time, only ours.
        mark = secrets.token_bytes(8)
        query = struct.pack("!B39x8s", 0b00_100_011, mark)

        def answered(raw: bytes) -> bytes | None:
            return raw[:48] if len(raw) >= 48 and raw[24:32] == mark and raw[0] & 7 == 4 else None

        return await self._asked(("time",), lambda door: _datagram(door, query, answered))


class KdcSession(OneWay):
    """A `Kdc` over TCP (RFC 4120, section 7.2.2): an answer of any length comes whole."""

    session, way = "kdc", "kerberos"

    async def ask_ticket(self, realm: str, account: str) -> Reply:
        """See `collectors.session.Kdc.ask_ticket`."""
        query = ticket_request(realm, account, datetime.now(UTC), secrets.randbelow(0x7FFFFFFF))

        async def send(door: Door) -> bytes:
            return await _on_stream(door, query)

        return await self._asked(("ask-ticket", realm, account), send)


class CertifiedSession(OneWay):
    """A `Certified` behind LDAP's TLS: whatever it shows is taken down, and nothing more is said."""

    session, way = "certificate", "ldap"

    async def certificate(self) -> Reply:
        """See `collectors.session.Certified.certificate`."""
        return await self._asked(("certificate",), _shown)


class KnockerSession(OneWay):
    """A `Knocker`: a port is connected to, and left at once. Its ways stand behind the directory's."""

    session, way = "knock", "ldap"

    def __init__(self, leave: Leave, host: str, record: Record) -> None:
        super().__init__(leave, host, record)
        ports = leave.grant.targets[host].ports
        self._ports = {ports[way]: leave.doors(host, way) for way in ports if way.startswith(_CLIENT)}
        if not self._ports:
            raise GrantRefusedError(NotGranted.NOT_NAMED, f"the grant names no port of {host!r} to be tried")

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(self._ports)

    async def knock(self, port: int) -> None:
        """See `collectors.session.Knocker.knock`; any of the host's addresses is enough."""
        if port not in self._ports:
            raise GrantRefusedError(NotGranted.NOT_NAMED, f"the grant does not name port {port}")
        await self._asked(("knock", f"{port}"), _touch, self._ports[port])


async def _touch(door: Door) -> bytes:
    """Nothing is said on either side."""
    with new_socket(door, socket.SOCK_STREAM) as line:
        try:
            async with asyncio.timeout(_LONG):
                await asyncio.get_running_loop().sock_connect(line, (str(door.address), door.port))
        except TimeoutError:
            raise Unanswered(Kind.TIMED_OUT, f"no answer within {_LONG:g} s", phase=Phase.CONNECT) from None
        except OSError as error:
            raise unmet(error, Phase.CONNECT) from error
    return b""


async def _datagram(door: Door, query: bytes, answered: Callable[[bytes], bytes | None]) -> bytes:
    """Send, and read until a packet answers it; twice, as packets get lost."""
    loop = asyncio.get_running_loop()
    phase, strays = Phase.CONNECT, 0
    with new_socket(door, socket.SOCK_DGRAM) as line:
        try:
            line.connect((str(door.address), door.port))
            for _ in range(_TRIES):
                line.send(query)
                phase = Phase.ASK
                try:
                    async with within(_WAIT):
                        while strays < 64:
                            found = answered(await loop.sock_recv(line, _MOST))
                            if found is not None:
                                return found
                            strays += 1
                            await asyncio.sleep(0)
                except TimeoutError:
                    continue
        except OSError as error:
            raise unmet(error, phase) from error
    if strays:
        raise Unanswered(Kind.UNPARSABLE, f"{strays} packets that do not answer the question", phase=phase)
    raise Unanswered(Kind.TIMED_OUT, f"no answer within {_TRIES * _WAIT:g} s", phase=phase)


async def _on_stream(door: Door, query: bytes) -> bytes:
    loop, phase = asyncio.get_running_loop(), Phase.CONNECT
    with new_socket(door, socket.SOCK_STREAM) as line:
        try:
            async with asyncio.timeout(_LONG):
                await loop.sock_connect(line, (str(door.address), door.port))
                phase = Phase.ASK
                await loop.sock_sendall(line, struct.pack("!I", len(query)) + query)
                (size,) = struct.unpack("!I", await exactly(line, 4))
                if size > _MOST:
                    raise Unanswered(Kind.UNPARSABLE, f"an answer of {size} bytes is announced")
                return await exactly(line, size)
        except TimeoutError:
            raise Unanswered(Kind.TIMED_OUT, f"no answer within {_LONG:g} s", phase=phase) from None
        except OSError as error:
            raise unmet(error, phase) from error


async def _shown(door: Door) -> bytes:
    return await shown_certificate(door, _LONG)
