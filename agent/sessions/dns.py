"""What does exactly this DNS server say? Packets to its pinned addresses, and to no other.

No configuration of the machine is read and no name is ever resolved: the server is one of the grant's doors.
UDP sockets are connected, so the kernel drops what other addresses send and tells of a closed port. Nothing
is bound, no referral is followed, and nothing but single questions can be sent.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

import dns.message

from agent.sessions.dns_packet import Sent, StrayError, answer_from, query_for
from collectors.exchange import Exchange, facts_of
from collectors.session import Answer, Kind, Phase, Transport, Unanswered
from inventory.grant import Door, GrantRefusedError, Leave

__all__ = ["DnsSession", "open_dns"]

# So many packets that belong to no question end the asking: somebody is flooding.
_MOST_STRAYS = 64

_KINDS = {
    errno.ECONNREFUSED: Kind.REFUSED,
    errno.ECONNRESET: Kind.CUT_OFF,
    errno.EPIPE: Kind.CUT_OFF,
    errno.ETIMEDOUT: Kind.TIMED_OUT,
    errno.EADDRNOTAVAIL: Kind.UNREACHABLE,
    errno.EACCES: Kind.UNREACHABLE,
    errno.EAFNOSUPPORT: Kind.UNREACHABLE,
    errno.EHOSTDOWN: Kind.UNREACHABLE,
    errno.EHOSTUNREACH: Kind.UNREACHABLE,
    errno.ENETDOWN: Kind.UNREACHABLE,
    errno.ENETUNREACH: Kind.UNREACHABLE,
    # A link-local address without its interface.
    errno.EINVAL: Kind.UNREACHABLE,
    errno.EPERM: Kind.UNREACHABLE,
}


@dataclass(slots=True)
class _Asking:
    """One question on its way: what was sent when, and what came back."""

    door: Door
    name: str
    rtype: str
    transport: Transport
    recurse: bool
    began: datetime
    started: float
    phase: Phase = Phase.CONNECT
    wire: bytes = b""
    strays: int = 0
    tries: int = 0

    def exchange(
        self, took: float, answer: Answer | None = None, unanswered: tuple[Kind, Phase, str] | None = None
    ) -> Exchange:
        recursion = "rd" if self.recurse else "norec"
        return Exchange(
            session="dns",
            question=("ask", str(self.door.address), self.name, self.rtype, self.transport, recursion),
            began=self.began,
            took=took,
            facts={"tries": self.tries, "strays": self.strays} | (facts_of(answer) if answer else {}),
            parts={"wire": self.wire} if self.wire else {},
            unanswered=unanswered,
        )


# Seconds for a question to a server that did not answer the one before.
_WHEN_MUTE = 1.0


class DnsSession:
    """A `Resolver` for one host.

    timeout: seconds for one try. tries: how often a UDP question is sent; TCP has the same time in all.
    rate: the most packets or connections a second to one address.
    """

    def __init__(
        self,
        doors: Sequence[Door],
        record: Callable[[Exchange], None],
        *,
        timeout: float = 3.0,
        tries: int = 2,
        rate: float = 50.0,
    ) -> None:
        self._doors = {str(door.address): door for door in doors}
        self._record = record
        self._timeout = timeout
        self._tries = tries
        self._gap = 1 / rate
        self._turns = dict.fromkeys(self._doors, 0.0)
        self._mute: set[tuple[Door, Transport]] = set()
        self._closed = False

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(self._doors)

    async def ask(
        self, name: str, rtype: str, *, transport: Transport = "udp", recurse: bool = False, server: str = ""
    ) -> Answer:
        """Ask one question and record it.

        Raises Unanswered; GrantRefusedError when `server` is not one of the addresses; ValueError when the
        name or the type is none.
        """
        door = self._door(server)
        query_for(name, rtype, recurse=recurse)
        if self._closed:
            raise Unanswered(Kind.STOPPED, "the session is closed")
        await self._turn(door)
        asking = _Asking(door, name, rtype, transport, recurse, datetime.now(UTC), _now())
        try:
            answer = await (self._over_udp(asking) if transport == "udp" else self._over_tcp(asking))
        except Unanswered as error:
            took = _now() - asking.started
            self._record(asking.exchange(took, unanswered=(error.kind, error.phase, error.detail)))
            raise
        except asyncio.CancelledError:
            stopped = (Kind.STOPPED, asking.phase, "the question was given up")
            self._record(asking.exchange(_now() - asking.started, unanswered=stopped))
            raise
        self._record(asking.exchange(answer.took, answer))
        return answer

    async def close(self) -> None:
        """Let no further question out; a question's socket lives no longer than the question."""
        self._closed = True

    def _door(self, server: str) -> Door:
        wanted = str(ip_address(server)) if server else next(iter(self._doors), "")
        if wanted not in self._doors:
            raise GrantRefusedError(f"{server or 'no address'} is not one of the addresses that may be asked")
        return self._doors[wanted]

    async def _turn(self, door: Door) -> None:
        """Wait until the next packet may go to this address."""
        key = str(door.address)
        at = max(_now(), self._turns[key])
        self._turns[key] = at + self._gap
        await asyncio.sleep(at - _now())

    async def _over_udp(self, asking: _Asking) -> Answer:
        tries, timeout = self._patience(asking)
        for number in range(tries):
            if number:
                await self._turn(asking.door)
            with _new_socket(asking.door, socket.SOCK_DGRAM) as line:
                try:
                    async with asyncio.timeout(timeout):
                        answer = await _datagrams(line, asking)
                except OSError as error:
                    _raise_unless_late(error, asking)
                else:
                    self._mute.discard((asking.door, asking.transport))
                    return answer
        self._mute.add((asking.door, asking.transport))
        raise Unanswered(Kind.TIMED_OUT, _silence(asking, tries * timeout), phase=Phase.ASK)

    async def _over_tcp(self, asking: _Asking) -> Answer:
        tries, timeout = self._patience(asking)
        with _new_socket(asking.door, socket.SOCK_STREAM) as line:
            try:
                async with asyncio.timeout(timeout * tries):
                    answer = await _stream(line, asking)
            except OSError as error:
                _raise_unless_late(error, asking)
            else:
                self._mute.discard((asking.door, asking.transport))
                return answer
        self._mute.add((asking.door, asking.transport))
        raise Unanswered(Kind.TIMED_OUT, _silence(asking, tries * timeout), phase=asking.phase)

    def _patience(self, asking: _Asking) -> tuple[int, float]:
        """How often and how long: a server that has just been silent for its whole time gets less."""
        if (asking.door, asking.transport) in self._mute:
            return 1, min(self._timeout, _WHEN_MUTE)
        return self._tries, self._timeout


async def open_dns(leave: Leave, host: str, record: Callable[[Exchange], None]) -> DnsSession:
    """Open the way to one host's DNS service; sends nothing yet.

    Raises GrantRefusedError when the grant gives no way to it.
    """
    doors = leave.doors(host, "dns")
    if not doors:
        raise GrantRefusedError(f"the grant gives no leave to ask {host!r} over DNS")
    return DnsSession(doors, record)


def _silence(asking: _Asking, seconds: float) -> str:
    strays = f", and {asking.strays} packets that answer another question" if asking.strays else ""
    return f"no answer within {seconds:g} s{strays}"


def _now() -> float:
    return asyncio.get_running_loop().time()


def _new_socket(door: Door, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET if door.address.version == 4 else socket.AF_INET6
    line = socket.socket(family, kind)
    line.settimeout(0)
    return line


async def _datagrams(line: socket.socket, asking: _Asking) -> Answer:
    """Send the question in one packet, and read packets until one answers it."""
    loop = asyncio.get_running_loop()
    query = query_for(asking.name, asking.rtype, recurse=asking.recurse)
    asking.tries += 1
    # A connected UDP socket sends nothing yet: what fails here never left this machine.
    line.connect((str(asking.door.address), asking.door.port))
    line.send(query.to_wire())
    asking.phase = Phase.ASK
    while True:
        answer = _answer(await loop.sock_recv(line, 65535), query, asking)
        if answer is not None:
            return answer
        # Reading from a full socket never yields to the loop, and so neither to the deadline.
        await asyncio.sleep(0)


async def _stream(line: socket.socket, asking: _Asking) -> Answer:
    """Connect, send the question with its length, and read messages until one answers it."""
    loop = asyncio.get_running_loop()
    query = query_for(asking.name, asking.rtype, recurse=asking.recurse)
    asking.tries += 1
    await loop.sock_connect(line, (str(asking.door.address), asking.door.port))
    asking.phase = Phase.ASK
    await loop.sock_sendall(line, query.to_wire(prepend_length=True))
    while True:
        size = int.from_bytes(await _exactly(line, 2, asking), "big")
        answer = _answer(await _exactly(line, size, asking), query, asking)
        if answer is not None:
            return answer


async def _exactly(line: socket.socket, size: int, asking: _Asking) -> bytes:
    loop = asyncio.get_running_loop()
    got = b""
    while len(got) < size:
        piece = await loop.sock_recv(line, size - len(got))
        await asyncio.sleep(0)
        if not piece:
            asking.wire = got or asking.wire
            raise Unanswered(Kind.CUT_OFF, f"closed after {len(got)} of {size} bytes", phase=Phase.ASK)
        got += piece
    return got


def _answer(raw: bytes, query: dns.message.QueryMessage, asking: _Asking) -> Answer | None:
    """The answer in these bytes; nothing when they belong to another question."""
    asking.wire = raw
    sent = Sent(
        server=str(asking.door.address),
        transport=asking.transport,
        began=asking.began,
        took=_now() - asking.started,
    )
    try:
        return answer_from(raw, query, sent)
    except StrayError:
        asking.strays += 1
        if asking.strays >= _MOST_STRAYS:
            detail = f"{asking.strays} packets that answer another question"
            raise Unanswered(Kind.UNPARSABLE, detail) from None
        return None


def _raise_unless_late(error: OSError, asking: _Asking) -> None:
    """Turn what the kernel says into `Unanswered`; return when only our own deadline has passed.

    An error that has another reason (the wall, no free file descriptor) is ours and stays itself.
    """
    if isinstance(error, TimeoutError) and error.errno is None:
        return
    kind = _KINDS.get(error.errno or 0)
    if kind is None:
        raise error
    raise Unanswered(kind, error.strerror or str(error), phase=asking.phase) from error
