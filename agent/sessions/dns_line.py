"""How does one DNS question travel? Its packets over UDP or TCP, and what the kernel says about them.

UDP sockets are connected, so the kernel drops what other addresses send and tells of a closed port.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agent.sessions.dns_packet import Query, Question, Sent, StrayError, answer_from, query_for
from agent.sessions.lateness import heard, within
from collectors.exchange import Exchange, facts_of
from collectors.session import Answer, Kind, Phase, Unanswered
from inventory.grant import Door

__all__ = ["KINDS", "Asking", "datagrams", "in_time", "new_socket", "stream"]

# So many packets that belong to no question end the asking: somebody is flooding.
_MOST_STRAYS = 64
# So many bytes are kept of a zone that is handed over: evidence that it is, and not the zone.
_OF_A_TRANSFER = 512

# What the kernel's errors on a line say of the host. Another one is ours.
KINDS = {
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
class Asking:
    """One question on its way: what was sent when, and what came back.

    edns: whether it says that it understands EDNS; both_ways: whether it may be asked without as well. sent: the queries that an answer may still come to.
    """

    door: Door
    question: Question
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=heard)
    edns: bool = True
    both_ways: bool = False
    phase: Phase = Phase.CONNECT
    wire: bytes = b""
    strays: int = 0
    tries: int = 0
    sent: list[tuple[Query, float]] = field(default_factory=list)

    @property
    def is_unheard(self) -> bool:
        """The question went out, and nothing at all came back."""
        return self.phase is Phase.ASK and not self.strays

    def next_query(self, *, plain: bool = False) -> Query:
        query = query_for(self.question, edns=self.edns and not plain)
        self.tries += 1
        self.sent.append((query, heard()))
        return query

    def exchange(
        self, answer: Answer | None = None, unanswered: tuple[Kind, Phase, str] | None = None
    ) -> Exchange:
        asked, is_cut = self.question, self.question.is_transfer and len(self.wire) > _OF_A_TRANSFER
        return Exchange(
            session="dns",
            question=("ask", str(self.door.address), asked.name, asked.rtype, asked.transport, asked.how),
            began=self.began,
            took=heard() - self.started,
            facts={"tries": self.tries, "strays": self.strays} | (facts_of(answer) if answer else {}),
            parts={"wire": self.wire[: _OF_A_TRANSFER if is_cut else None]} if self.wire else {},
            cut=is_cut,
            unanswered=unanswered,
        )

    def silence(self, seconds: float) -> Unanswered:
        """What it comes to when the time is up: silence, or nothing but packets that are no answer."""
        detail = f"no answer within {seconds:g} s"
        if not self.strays:
            return Unanswered(Kind.TIMED_OUT, detail, phase=self.phase)
        detail += f", but {self.strays} packets that do not repeat the question"
        return Unanswered(Kind.UNPARSABLE, detail, phase=self.phase)


def new_socket(door: Door, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET if door.address.version == 4 else socket.AF_INET6
    line = socket.socket(family, kind)
    line.settimeout(0)
    return line


async def datagrams(line: socket.socket, asking: Asking, *, also_plain: bool = False) -> Answer:
    """Send the question in one packet, and read packets until one answers it, be it an earlier try of it.

    also_plain: in a second packet without EDNS as well.
    """
    loop = asyncio.get_running_loop()
    # A connected UDP socket sends nothing yet: what fails here never left this machine.
    line.connect((str(asking.door.address), asking.door.port))
    line.send(asking.next_query().wire)
    if also_plain:
        line.send(asking.next_query(plain=True).wire)
    asking.phase = Phase.ASK
    while True:
        answer = _answer(await loop.sock_recv(line, 65535), asking)
        if answer is not None:
            return answer
        # Reading from a full socket never yields to the loop, and so neither to the deadline.
        await asyncio.sleep(0)


async def stream(line: socket.socket, asking: Asking) -> Answer:
    """Connect, send the question with its length, and read messages until one answers it."""
    loop = asyncio.get_running_loop()
    wire = asking.next_query().wire
    await loop.sock_connect(line, (str(asking.door.address), asking.door.port))
    asking.phase = Phase.ASK
    await loop.sock_sendall(line, len(wire).to_bytes(2, "big") + wire)
    while True:
        size = int.from_bytes(await _exactly(line, 2, asking), "big")
        answer = _answer(await _exactly(line, size, asking), asking)
        if answer is not None:
            return answer


async def _exactly(line: socket.socket, size: int, asking: Asking) -> bytes:
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


def _answer(raw: bytes, asking: Asking) -> Answer | None:
    """The answer in these bytes; nothing when they belong to another question."""
    asking.wire = raw
    for query, at in asking.sent:
        sent = Sent(
            server=str(asking.door.address),
            transport=asking.question.transport,
            began=asking.began,
            took=heard() - at,
        )
        try:
            return answer_from(raw, query, sent)
        except StrayError:
            continue
    asking.strays += 1
    if asking.strays >= _MOST_STRAYS:
        raise Unanswered(Kind.UNPARSABLE, f"{asking.strays} packets that do not repeat the question")
    return None


async def in_time(answering: Coroutine[None, None, Answer], seconds: float, asking: Asking) -> Answer | None:
    """The answer; nothing when the time is up. What the kernel says becomes `Unanswered`.

    An error that has another reason (the wall, no free file descriptor) is ours and stays itself.
    """
    try:
        async with within(seconds):
            return await answering
    except OSError as error:
        if isinstance(error, TimeoutError) and error.errno is None:
            return None
        kind = KINDS.get(error.errno or 0)
        if kind is None:
            raise
        raise Unanswered(kind, error.strerror or str(error), phase=asking.phase) from error
