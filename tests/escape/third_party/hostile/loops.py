"""From an event loop: what asyncio offers, for a permitted host that is a name server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable

from collectors import Resolver
from tests.escape.third_party.hostile.lines import WHAT, datagram, stream
from tests.escape.third_party.hostile.way import At, attempt


async def _within(asking: Awaitable[object]) -> None:
    async with asyncio.timeout(2):
        await asking


@attempt("asyncio: a stream", over=Resolver)
async def asyncio_stream(at: At) -> None:
    await _within(asyncio.open_connection(at.spot.other, 22))


@attempt("asyncio: a datagram endpoint", over=Resolver)
async def asyncio_datagram(at: At) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=(at.spot.other, 53)
    )
    transport.sendto(WHAT)
    await asyncio.sleep(0)
    transport.close()


@attempt("asyncio: sock_connect and sock_sendto", over=Resolver)
async def asyncio_socket(at: At) -> None:
    loop = asyncio.get_running_loop()
    line = datagram()
    line.setblocking(False)
    await _within(loop.sock_sendto(line, WHAT, (at.spot.other, 53)))


@attempt("asyncio: in another thread", over=Resolver)
async def asyncio_thread(at: At) -> None:
    await _within(asyncio.to_thread(lambda: stream().connect((at.spot.other, 22))))


@attempt("asyncio: a unix socket", over=Resolver)
async def asyncio_unix(at: At) -> None:
    _, writer = await asyncio.open_unix_connection("forward.sock")
    writer.write(f"{at.spot.other} 22\n".encode())
    await writer.drain()
    await asyncio.sleep(0.3)


@attempt("asyncio: connect to a name", over=Resolver, moves=("resolver", "10.66.4.4"))
async def asyncio_name(at: At) -> None:
    await _within(asyncio.open_connection(at.spot.name, 22, happy_eyeballs_delay=0.1))


@attempt("asyncio: connect in a task that outlives the question", over=Resolver)
async def asyncio_later(at: At) -> None:
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def later() -> None:
        with contextlib.suppress(BaseException):
            datagram().sendto(WHAT, (at.spot.other, 53))
        done.set_result(None)

    loop.call_later(0.05, later)
    # Without waiting for it, the question would be over before it is tried: the refusal would come too late for it.
    await done
