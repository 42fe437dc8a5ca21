"""What does exactly this DNS server say? Packets to its pinned addresses, and to no other.

No configuration of the machine is read and no name is ever resolved: the server is one of the grant's doors.
Nothing is bound, no referral is followed, and nothing but single questions can be sent.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from agent.sessions.dns_line import Asking, datagrams, in_time, new_socket, now, stream
from agent.sessions.dns_packet import query_for
from collectors.exchange import Exchange
from collectors.session import Answer, Kind, Transport, Unanswered
from inventory.grant import Door, GrantRefusedError, Leave, NotGranted

__all__ = ["DnsSession", "open_dns"]

# A second, and a little: what leaves here evenly may arrive in a heap.
_SECOND = 1.05
# Seconds for a question to a server that did not answer the one before.
_WHEN_MUTE = 1.0
# What servers say to a question with EDNS that know nothing of it (RFC 6891, section 7), or not its version.
_MINDS_EDNS = frozenset({"FORMERR", "NOTIMP", "BADVERS"})


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
        rate: int = 50,
    ) -> None:
        self._doors = {str(door.address): door for door in doors}
        self._record = record
        self._timeout = timeout
        self._tries = tries
        # When the last packets went to each address, as many as may go in a second.
        self._sent = {address: deque[float](maxlen=rate) for address in self._doors}
        self._mute: set[tuple[Door, Transport]] = set()
        # Those that answer only without EDNS.
        self._plain: set[Door] = set()
        self._closed = False

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(self._doors)

    async def ask(  # noqa: PLR0913 - what one question can say.
        self,
        name: str,
        rtype: str,
        *,
        transport: Transport = "udp",
        recurse: bool = False,
        server: str = "",
        signed: bool = False,
        unchecked: bool = False,
    ) -> Answer:
        """Ask one question and record it.

        Raises Unanswered; GrantRefusedError when `server` is not one of the addresses; ValueError when the
        name or the type is none.
        """
        door = self._door(server)
        query_for(name, rtype, recurse=recurse, signed=signed, unchecked=unchecked)
        if self._closed:
            raise Unanswered(Kind.STOPPED, "the session is closed")
        await self._turn(door)
        asking = Asking(door, name, rtype, transport, recurse, signed, unchecked)
        try:
            answer = await self._answer(asking)
        except Unanswered as error:
            self._record(asking.exchange(unanswered=(error.kind, error.phase, error.detail)))
            raise
        except asyncio.CancelledError:
            stopped = (Kind.STOPPED, asking.phase, "the question was given up")
            self._record(asking.exchange(unanswered=stopped))
            raise
        self._record(asking.exchange(answer))
        return answer

    async def close(self) -> None:
        """Let no further question out; a question's socket lives no longer than the question."""
        self._closed = True

    def _door(self, server: str) -> Door:
        wanted = str(ip_address(server)) if server else next(iter(self._doors), "")
        if wanted not in self._doors:
            raise GrantRefusedError(
                NotGranted.NOT_NAMED,
                f"{server or 'no address'} is not one of the addresses that may be asked",
            )
        return self._doors[wanted]

    async def _turn(self, door: Door) -> None:
        """Wait until the next packet may go to this address."""
        sent = self._sent[str(door.address)]
        # Whoever waits may find that another has taken the turn meanwhile.
        while len(sent) == sent.maxlen and (wait := sent[0] + _SECOND - now()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(wait)
        sent.append(now())

    async def _answer(self, asking: Asking) -> Answer:
        """The answer; to the question without EDNS where that is what the server minds."""
        key = (asking.door, asking.transport)
        asking.edns = asking.door not in self._plain
        # A server that has just been silent for its whole time gets less.
        was_mute = key in self._mute
        tries, timeout = (1, min(self._timeout, _WHEN_MUTE)) if was_mute else (self._tries, self._timeout)
        answer = await self._send(asking, tries, timeout)
        if answer is not None and asking.edns and answer.rcode in _MINDS_EDNS:
            answer = await self._after_complaint(asking, answer)
        elif answer is None and asking.edns and not was_mute and asking.is_unheard:
            answer = await self._after_silence(asking)
        if answer is None:
            self._mute.add(key)
            raise asking.silence(tries * timeout)
        self._mute.discard(key)
        return answer

    async def _after_complaint(self, asking: Asking, complaint: Answer) -> Answer:
        wire = asking.wire
        plain = await self._once_more(asking, self._timeout, edns=False)
        if plain is None or plain.rcode == complaint.rcode:
            asking.wire = wire
            return complaint
        self._plain.add(asking.door)
        return plain

    async def _after_silence(self, asking: Asking) -> Answer | None:
        """Ask without EDNS; what is answered then is asked with it again, as packets get lost as well."""
        seconds = min(self._timeout, _WHEN_MUTE)
        plain = await self._once_more(asking, seconds, edns=False)
        if plain is None:
            return None
        again = await self._once_more(asking, seconds, edns=True)
        if again is None:
            self._plain.add(asking.door)
        return again or plain

    async def _once_more(self, asking: Asking, seconds: float, *, edns: bool) -> Answer | None:
        wire, asking.edns = asking.wire, edns
        await self._turn(asking.door)
        try:
            answer = await self._send(asking, 1, seconds)
        except Unanswered:
            answer = None
        if answer is None:
            asking.wire = wire
        return answer

    async def _send(self, asking: Asking, tries: int, patience: float) -> Answer | None:
        """The answer; nothing when the time is up. Raises Unanswered for everything else."""
        asking.sent.clear()
        if asking.transport == "tcp":
            with new_socket(asking.door, socket.SOCK_STREAM) as line:
                return await in_time(stream(line, asking), tries * patience, asking)
        # One socket for all tries: a slow server's answer to the first may come while the second waits.
        with new_socket(asking.door, socket.SOCK_DGRAM) as line:
            for number in range(tries):
                if number:
                    await self._turn(asking.door)
                answer = await in_time(datagrams(line, asking), patience, asking)
                if answer is not None:
                    return answer
        return None


async def open_dns(leave: Leave, host: str, record: Callable[[Exchange], None], *, rate: int) -> DnsSession:
    """Open the way to one host's DNS service; sends nothing yet. rate: questions a second to one address.

    Raises GrantRefusedError when the grant gives no way to it.
    """
    doors = leave.doors(host, "dns")
    if not doors:
        raise GrantRefusedError(NotGranted.NOT_NAMED, f"the grant gives no leave to ask {host!r} over DNS")
    return DnsSession(doors, record, rate=rate)
