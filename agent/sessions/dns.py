"""What does exactly this DNS server say? Packets to its pinned addresses, and to no other.

No configuration of the machine is read and no name is ever resolved: the server is one of the grant's doors.
Nothing is bound, no referral is followed, and nothing but single questions can be sent.
"""

from __future__ import annotations

import asyncio
import socket
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Sequence
from ipaddress import ip_address
from typing import Any, TypeVar

from agent.sessions.dns_line import Asking, datagrams, in_time, new_socket, stream
from agent.sessions.dns_packet import Question, query_for
from agent.sessions.lateness import heard
from collectors.exchange import Exchange, answer_of
from collectors.session import Answer, Edns, Kind, Transport, Unanswered
from inventory.grant import Door, GrantRefusedError, Leave, NotGranted

__all__ = ["DnsSession", "open_dns"]

T = TypeVar("T")

# A second, and a little: what leaves here evenly may arrive in a heap.
_SECOND = 1.05
# Seconds for a question to a server that did not answer the one before.
_WHEN_MUTE = 1.0
# Seconds for each try of a first question: a stub resolver waits five in all (resolv.conf), and so does a person.
_WHEN_NEW = 1.5
# What servers say to a question with EDNS that know nothing of it (RFC 6891, section 7), or not its version.
_MINDS_EDNS = frozenset({"FORMERR", "NOTIMP", "BADVERS"})
# So many questions in a row without any answer since the beginning, and no more are sent that way.
_ENOUGH = 2


class _Way:
    """One address over UDP or TCP: what has been heard there. silences: in a row; alone: held while nobody knows."""

    def __init__(self) -> None:
        self.is_heard = False
        self.silences = 0
        self.slowest = 0.0
        self.alone = asyncio.Lock()
        self.last: Unanswered | None = None


class DnsSession:
    """A `Resolver` for one host.

    timeout: seconds for one try. tries: how often a UDP question is sent; TCP has the same time in all.
    rate: the most packets or connections a second to one address.
    Until an address has answered, it is asked one question at a time; when it has, as many as the rate allows.
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
        self._ways: defaultdict[tuple[Door, Transport], _Way] = defaultdict(_Way)
        # Those that answer only without EDNS.
        self._plain: set[Door] = set()
        # Everything that was asked, and the lock of whoever asks it first.
        self._known: dict[tuple[Door, Question], Exchange] = {}
        self._asked: defaultdict[tuple[Door, Question], asyncio.Lock] = defaultdict(asyncio.Lock)
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
        edns: Edns | None = None,
        chaos: bool = False,
    ) -> Answer:
        """Ask one question, or remember what came of it, and record it.

        Raises Unanswered; GrantRefusedError when `server` is not one of the addresses; ValueError when the
        name or the type is none.
        """
        door = self._door(server)
        question = Question(
            name=name, rtype=rtype, transport=transport, recurse=recurse, signed=signed, unchecked=unchecked,
            edns=edns, chaos=chaos,
        )  # fmt: skip
        query_for(question)
        if self._closed:
            raise Unanswered(Kind.STOPPED, "the session is closed")
        async with self._asked[door, question]:
            known = self._known.get((door, question))
            if known is None:
                known = await self._exchange(Asking(door, question))
                self._known[door, question] = known
            else:
                self._record(known)
        return answer_of(known)

    async def together(self, *asking: Coroutine[Any, Any, T]) -> tuple[T, ...]:
        """Wait for several questions at once; the first that raises ends the others."""
        tasks = [asyncio.create_task(one) for one in asking]
        try:
            return tuple(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

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

    async def _exchange(self, asking: Asking) -> Exchange:
        """What was asked and answered, recorded. A question that was given up is recorded, and raises."""
        try:
            told = asking.exchange(await self._in_turn(asking))
        except Unanswered as error:
            told = asking.exchange(unanswered=(error.kind, error.phase, error.detail))
        except asyncio.CancelledError:
            stopped = (Kind.STOPPED, asking.phase, "the question was given up")
            self._record(asking.exchange(unanswered=stopped))
            raise
        self._record(told)
        return told

    async def _in_turn(self, asking: Asking) -> Answer:
        """Ask when it is time: alone while nothing was heard, and not at all where two questions came to nothing."""
        way = self._ways[asking.door, asking.question.transport]
        if self._is_heard(asking):
            return await self._answer(asking, way)
        async with way.alone:
            # While this one waited, another may have been answered: then there is no need to wait any longer.
            if not self._is_heard(asking):
                if way.silences >= _ENOUGH and way.last is not None:
                    raise Unanswered(way.last.kind, way.last.detail, phase=way.last.phase)
                return await self._answer(asking, way)
        return await self._answer(asking, way)

    def _is_heard(self, asking: Asking) -> bool:
        return self._ways[asking.door, asking.question.transport].is_heard

    async def _turn(self, door: Door) -> None:
        """Wait until the next packet may go to this address."""
        sent = self._sent[str(door.address)]
        # Whoever waits may find that another has taken the turn meanwhile.
        while len(sent) == sent.maxlen and (wait := sent[0] + _SECOND - heard()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(wait)
        sent.append(heard())

    async def _answer(self, asking: Asking, way: _Way) -> Answer:
        """The answer, and what it says of the way that it came."""
        await self._turn(asking.door)
        try:
            answer = await self._heard(asking, way)
        except Unanswered as error:
            # Something came back, be it unreadable or the news that the port is closed.
            way.is_heard = way.is_heard or error.kind is Kind.UNPARSABLE
            way.silences += error.kind is not Kind.UNPARSABLE
            way.last = error
            raise
        way.is_heard, way.silences = True, 0
        return answer

    async def _heard(self, asking: Asking, way: _Way) -> Answer:
        """The answer; to the question without EDNS where that is what the server minds."""
        is_exact = asking.question.edns is not None
        asking.edns = is_exact or asking.door not in self._plain
        tries, timeout = self._patience(way)
        # Whoever does not answer at all may mind EDNS, and is asked without it as well, at the second try.
        asking.both_ways = asking.edns and not is_exact and not way.is_heard and not way.silences
        answer = await self._send(asking, tries, timeout)
        if answer is None and asking.both_ways and asking.question.transport == "tcp" and asking.is_unheard:
            answer = await self._once_more(asking, min(self._timeout, _WHEN_MUTE), edns=False)
        if answer is None:
            raise asking.silence(tries * timeout)
        if asking.both_ways and not answer.edns:
            answer = await self._after_plain(asking, answer)
        elif asking.edns and not is_exact and answer.rcode in _MINDS_EDNS:
            answer = await self._after_complaint(asking, answer)
        way.slowest = max(way.slowest, answer.took)
        return answer

    def _patience(self, way: _Way) -> tuple[int, float]:
        """How often a question is sent, and how many seconds each has."""
        if way.silences:
            # Whoever has just been silent for a whole time gets less.
            return 1, min(self._timeout, max(_WHEN_MUTE, 2 * way.slowest))
        return self._tries, self._timeout if way.is_heard else min(self._timeout, _WHEN_NEW)

    async def _after_complaint(self, asking: Asking, complaint: Answer) -> Answer:
        wire = asking.wire
        plain = await self._once_more(asking, self._timeout, edns=False)
        if plain is None or plain.rcode == complaint.rcode:
            asking.wire = wire
            return complaint
        self._plain.add(asking.door)
        return plain

    async def _after_plain(self, asking: Asking, plain: Answer) -> Answer:
        """What is answered without EDNS is asked with it again, as packets get lost as well."""
        again = await self._once_more(asking, min(self._timeout, _WHEN_MUTE), edns=True)
        if again is None:
            self._plain.add(asking.door)
        return again or plain

    async def _once_more(self, asking: Asking, seconds: float, *, edns: bool) -> Answer | None:
        wire, asking.edns, was_both = asking.wire, edns, asking.both_ways
        asking.both_ways = False
        await self._turn(asking.door)
        try:
            answer = await self._send(asking, 1, seconds)
        except Unanswered:
            answer = None
        asking.both_ways = was_both
        if answer is None:
            asking.wire = wire
        return answer

    async def _send(self, asking: Asking, tries: int, patience: float) -> Answer | None:
        """The answer; nothing when the time is up. Raises Unanswered for everything else."""
        asking.sent.clear()
        if asking.question.transport == "tcp":
            with new_socket(asking.door, socket.SOCK_STREAM) as line:
                return await in_time(stream(line, asking), tries * patience, asking)
        # One socket for all tries: a slow server's answer to the first may come while the second waits.
        with new_socket(asking.door, socket.SOCK_DGRAM) as line:
            for number in range(tries):
                if number:
                    await self._turn(asking.door)
                if number and asking.both_ways:
                    await self._turn(asking.door)
                answer = await in_time(
                    datagrams(line, asking, also_plain=bool(number) and asking.both_ways), patience, asking
                )
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
