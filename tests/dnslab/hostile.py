"""A server on loopback that answers whatever a test wants, byte for byte."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from ipaddress import ip_address
from typing import cast

import dns.message
import dns.rrset

from inventory.grant import Door
from tests.dnslab.real import free_port

__all__ = ["framed", "hostile", "reply"]

# From the question's bytes to what is sent back, each with the seconds to wait before it.
Behaviour = Callable[[bytes], Sequence[tuple[float, bytes]]]


def reply(question: bytes, change: Callable[[dns.message.Message], None] = lambda _: None) -> bytes:
    """A good answer to a question for www.test, after `change`."""
    message = dns.message.make_response(dns.message.from_wire(question))
    message.answer.append(dns.rrset.from_text("www.test.", 60, "IN", "A", "192.0.2.80"))
    change(message)
    return message.to_wire()


def framed(raw: bytes) -> bytes:
    """A message as TCP carries it."""
    return struct.pack(">H", len(raw)) + raw


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, behaviour: Behaviour, seen: list[bytes]) -> None:
        self._behaviour = behaviour
        self._seen = seen
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The loop's own class does not derive from the one that it documents.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        self._seen.append(data)
        loop = asyncio.get_running_loop()
        for wait, raw in self._behaviour(data):
            loop.call_later(wait, self._transport.sendto, raw, addr)


@contextlib.asynccontextmanager
async def hostile(
    behaviour: Behaviour, *, seen: list[bytes] | None = None, address: str = "127.0.0.1"
) -> AsyncIterator[Door]:
    """Answer UDP and TCP on one loopback port; over TCP the pieces are written as they are, then it closes.

    seen: collects the questions, without the length that TCP puts before them.
    """
    heard = seen if seen is not None else []
    port = free_port(address)

    talks: set[asyncio.Task[None]] = set()

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(cast("asyncio.Task[None]", asyncio.current_task()))
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), contextlib.closing(writer):
            size = int.from_bytes(await reader.readexactly(2), "big")
            question = await reader.readexactly(size)
            heard.append(question)
            for wait, raw in behaviour(question):
                await asyncio.sleep(wait)
                writer.write(raw)
                await writer.drain()

    loop = asyncio.get_running_loop()
    udp, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(behaviour, heard), local_addr=(address, port)
    )
    tcp = await asyncio.start_server(stream, address, port)
    try:
        yield Door(ip_address(address), port)
    finally:
        udp.close()
        tcp.close()
        await asyncio.gather(*talks)
        await tcp.wait_closed()
