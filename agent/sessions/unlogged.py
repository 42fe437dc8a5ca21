"""How is a service asked to which nobody logs in? Its addresses in their order, until one answers; recorded once.

What is sent goes to doors of the grant and to nothing else.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from agent.sessions.dns_line import KINDS, new_socket
from agent.sessions.opening import Record
from collectors.exchange import Exchange, reply_of
from collectors.session import Kind, Phase, Reply, Unanswered
from inventory.grant import Door, GrantRefusedError, Leave, NotGranted

__all__ = ["OneWay", "Send", "asked_in_turn", "exactly", "shown_certificate", "unmet"]

Send = Callable[[Door], Awaitable[bytes]]


class OneWay:
    """One way in to a host, asked without a log-in."""

    session: str
    way: str

    def __init__(self, leave: Leave, host: str, record: Record) -> None:
        self._doors = leave.doors(host, self.way)
        if not self._doors:
            raise GrantRefusedError(NotGranted.NOT_NAMED, f"the grant opens no {self.way} door to {host!r}")
        self._record = record

    async def _asked(self, question: Sequence[str], send: Send, doors: Sequence[Door] = ()) -> Reply:
        """See `asked_in_turn`. doors: others than those of the session's own way."""
        return await asked_in_turn(doors or self._doors, self.session, question, send, self._record)

    async def close(self) -> None:
        """Nothing stays open."""


async def asked_in_turn(
    doors: Sequence[Door], session: str, question: Sequence[str], send: Send, record: Record
) -> Reply:
    """Ask the addresses in their order until one answers, and record it. Raises Unanswered."""
    began, start = datetime.now(UTC), time.monotonic()
    wire, missed = b"", None
    for door in doors:
        # What an answer says of the time is measured from the packet that it answers.
        began, start = datetime.now(UTC), time.monotonic()
        try:
            wire = await send(door)
        except Unanswered as reason:
            missed = missed or reason
        else:
            missed = None
            break
    exchange = Exchange(
        session=session,
        question=tuple(question),
        began=began,
        took=time.monotonic() - start,
        parts={"wire": wire} if wire else {},
        unanswered=(missed.kind, missed.phase, missed.detail) if missed else None,
    )
    record(exchange)
    return reply_of(exchange)


async def exactly(line: socket.socket, size: int) -> bytes:
    """So many bytes of a stream. Raises Unanswered when it ends before, OSError."""
    got = b""
    while len(got) < size:
        piece = await asyncio.get_running_loop().sock_recv(line, size - len(got))
        if not piece:
            raise Unanswered(Kind.CUT_OFF, f"closed after {len(got)} of {size} bytes")
        got += piece
    return got


async def shown_certificate(door: Door, seconds: float) -> bytes:
    """The certificate of a server under TLS, trusted or not: nothing is said to it. Raises Unanswered."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    phase = Phase.CONNECT
    line = new_socket(door, socket.SOCK_STREAM)
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(line, (str(door.address), door.port))
            phase = Phase.GREET
            _, writer = await asyncio.open_connection(sock=line, ssl=context, server_hostname="")
            found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            writer.transport.abort()
    except TimeoutError as error:
        # The kernel's own has a number, and is not ours.
        if error.errno is not None:
            raise unmet(error, phase) from error
        raise Unanswered(Kind.TIMED_OUT, f"no TLS within {seconds:g} s", phase=phase) from None
    except ssl.SSLError as error:
        raise Unanswered(Kind.UNPARSABLE, f"there is no TLS: {error.reason}", phase=phase) from None
    except OSError as error:
        raise unmet(error, phase) from error
    finally:
        line.close()
    if not found:
        raise Unanswered(Kind.UNPARSABLE, "TLS without a certificate", phase=phase)
    return bytes(found)


def unmet(error: OSError, phase: Phase) -> Unanswered:
    """What the kernel says of a line. An error of our own (the wall, no free descriptor) is raised as it is."""
    kind = KINDS.get(error.errno or 0)
    if kind is None:
        raise error
    return Unanswered(kind, error.strerror or str(error), phase=phase)
