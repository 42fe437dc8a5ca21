"""How does a SIP message travel? Datagrams or a stream, to one address of the grant and from nowhere else.

UDP sockets are connected: the kernel drops what other addresses send, and tells of a closed port. Under TLS the
certificate must be for the host's name or for the domain (RFC 5922, section 7.1), and signed by the contract's authorities.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from abc import ABC, abstractmethod

from agent.sessions.dns_line import new_socket
from agent.sessions.unlogged import unmet
from agent.start import SipWay
from collectors.silence import Kind, Phase, Unanswered
from collectors.voip.framing import Framing
from collectors.voip.message import LARGEST, Message, Unreadable, read
from inventory.grant import Door

__all__ = ["SipLine", "connected"]

_CONNECT = 5.0
_MOST_AT_ONCE = 65_536


class SipLine(ABC):
    """An open way to the server. here, there: (address, port) of both ends. strays: what came and was no message."""

    is_reliable: bool

    def __init__(self, here: tuple[str, int], there: tuple[str, int]) -> None:
        self.here, self.there = here, there
        self.strays = 0
        self.last_stray = b""
        self.why_stray = ""

    @abstractmethod
    async def say(self, wire: bytes) -> None:
        """Send one message. Raises OSError, Unanswered."""

    @abstractmethod
    async def hear(self) -> tuple[Message, bytes]:
        """Wait for the next message, with its bytes. Raises OSError, Unanswered when no more can come."""

    @abstractmethod
    def whisper(self, wire: bytes) -> None:
        """Send without waiting, as a last word. Raises nothing."""

    @abstractmethod
    def close(self) -> None: ...

    def _strayed(self, wire: bytes, why: str) -> None:
        self.strays += 1
        self.last_stray, self.why_stray = wire[:2000], why


class _Datagrams(SipLine):
    is_reliable = False

    def __init__(self, line: socket.socket, door: Door) -> None:
        super().__init__(line.getsockname()[:2], (str(door.address), door.port))
        self._line = line

    async def say(self, wire: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._line, wire)

    async def hear(self) -> tuple[Message, bytes]:
        while True:
            wire = await asyncio.get_running_loop().sock_recv(self._line, LARGEST + 1)
            # What is nothing but line breaks keeps a way open through a NAT (RFC 5626, section 4.4.1).
            if wire.strip(b"\r\n\0"):
                try:
                    return read(wire), wire
                except Unreadable as error:
                    self._strayed(wire, error.reason)
            # Reading from a full socket never yields to the loop, and so neither to the deadline.
            await asyncio.sleep(0)

    def whisper(self, wire: bytes) -> None:
        with contextlib.suppress(OSError):
            self._line.send(wire)

    def close(self) -> None:
        self._line.close()


class _Stream(SipLine):
    is_reliable = True

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, here: tuple[str, int], door: Door
    ) -> None:
        super().__init__(here, (str(door.address), door.port))
        self._reader, self._writer = reader, writer
        self._framing = Framing()
        self._waiting: list[bytes] = []

    async def say(self, wire: bytes) -> None:
        self._writer.write(wire)
        await self._writer.drain()

    async def hear(self) -> tuple[Message, bytes]:
        while not self._waiting:
            more = await self._reader.read(_MOST_AT_ONCE)
            if not more:
                raise Unanswered(Kind.CUT_OFF, "the server ends the connection")
            pings = self._framing.pings
            try:
                self._waiting += self._framing.cut(more)
            except Unreadable as error:
                self._strayed(more, error.reason)
                raise Unanswered(Kind.UNPARSABLE, f"what it says is no SIP: {error.reason}") from None
            if self._framing.pings > pings:
                # A server that pings wants to hear a pong, or hangs up (RFC 5626, section 4.4.1).
                self.whisper(b"\r\n")
        wire = self._waiting.pop(0)
        try:
            return read(wire), wire
        except Unreadable as error:
            self._strayed(wire, error.reason)
            raise Unanswered(Kind.UNPARSABLE, f"what it says is no SIP: {error.reason}") from None

    def whisper(self, wire: bytes) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.write(wire)

    def close(self) -> None:
        # What was whispered last is still sent.
        self._writer.close()


async def connected(door: Door, way: SipWay) -> SipLine:
    """Open the way. Raises Unanswered (phase `connect` or `greet`)."""
    if way.transport == "udp":
        line = new_socket(door, socket.SOCK_DGRAM)
        try:
            line.connect((str(door.address), door.port))
        except OSError as error:
            line.close()
            raise unmet(error, Phase.CONNECT) from error
        return _Datagrams(line, door)
    line = new_socket(door, socket.SOCK_STREAM)
    phase = Phase.CONNECT
    try:
        async with asyncio.timeout(_CONNECT):
            await asyncio.get_running_loop().sock_connect(line, (str(door.address), door.port))
            here = line.getsockname()[:2]
            phase = Phase.GREET
            tls = _context(way) if way.transport == "tls" else None
            reader, writer = await asyncio.open_connection(
                sock=line, ssl=tls, server_hostname=way.name if tls else None, limit=_MOST_AT_ONCE
            )
        if tls is not None:
            _check_names(writer, way)
    except TimeoutError as error:
        line.close()
        if error.errno is not None:
            raise unmet(error, phase) from error
        raise Unanswered(Kind.TIMED_OUT, f"no connection within {_CONNECT:g} s", phase=phase) from None
    except ssl.SSLCertVerificationError as error:
        line.close()
        raise Unanswered(Kind.CERTIFICATE_REJECTED, error.verify_message, phase=Phase.GREET) from None
    except ssl.SSLError as error:
        line.close()
        raise Unanswered(Kind.UNPARSABLE, f"there is no TLS of ours: {error.reason}", phase=phase) from None
    except OSError as error:
        line.close()
        raise unmet(error, phase) from error
    except (Unanswered, asyncio.CancelledError):
        line.close()
        raise
    return _Stream(reader, writer, here, door)


def _context(way: SipWay) -> ssl.SSLContext:
    if not way.authorities:
        raise Unanswered(
            Kind.CERTIFICATE_REJECTED,
            "the contract names no authority that signs its certificate",
            phase=Phase.GREET,
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Which of two names it must bear is looked at below.
    context.check_hostname = False
    context.load_verify_locations(cadata="".join(way.authorities))
    return context


def _check_names(writer: asyncio.StreamWriter, way: SipWay) -> None:
    shown = writer.get_extra_info("peercert") or {}
    names = {(kind, value.lower()) for kind, value in shown.get("subjectAltName", ())}
    wanted = {way.name.lower(), way.domain.lower()}
    fits = any(
        (kind == "DNS" and (name in wanted or _is_covered(name, way.name.lower())))
        or (kind == "URI" and name.removeprefix("sips:").removeprefix("sip:") in wanted)
        for kind, name in names
    )
    if not fits:
        writer.transport.abort()
        said = ", ".join(sorted(name for _, name in names))[:200] or "nobody"
        what = f"the certificate is for {said}, and not for {way.name} or {way.domain}"
        raise Unanswered(Kind.CERTIFICATE_REJECTED, what, phase=Phase.GREET)


def _is_covered(pattern: str, name: str) -> bool:
    """Whether a wildcard is for the host's name; for a SIP domain none is valid (RFC 5922, section 7.2)."""
    return pattern.startswith("*.") and name.partition(".")[2] == pattern[2:]
