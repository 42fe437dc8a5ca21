"""Who answers instead of the right server? Small servers that behave badly, or that only count.

stand_in.py tarpit PORT | cut-off PORT | count PORT FILE | forward UPSTREAM | damage TARGET SECONDS
    stand_in.py peek TARGET PORT      what a port says within a second
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def tarpit(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send lines that are no SSH greeting, for ever (RFC 4253, 4.2 permits them before it)."""
    number = 0
    try:
        while True:
            number += 1
            writer.write(f"{number:x} please wait\r\n".encode())
            await writer.drain()
            await asyncio.sleep(0.2)
    except OSError:
        writer.close()


async def cut_off(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close at once, before a greeting."""
    writer.close()


def counter(file: Path) -> Serve:
    """Greet as sshd does, close, and write down how many ever came."""
    seen = 0

    def note(number: int) -> None:
        file.write_text(f"{number}\n", encoding="ascii")

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen += 1
        note(seen)
        writer.write(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        writer.close()
        await asyncio.sleep(0)

    note(0)
    return serve


async def listen(port: int, serve: Serve) -> None:
    server = await asyncio.start_server(serve, "0.0.0.0", port)  # noqa: S104 - inside a lab namespace.
    async with server:
        await server.serve_forever()


def relay_udp(upstream: str) -> None:
    """Ask the upstream server what each client asks, and hand the answer back (DNS over UDP)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("0.0.0.0", 53))  # noqa: S104 - inside a lab namespace.
        while True:
            question, client = door.recvfrom(65535)
            threading.Thread(target=_answer, args=(door, upstream, question, client), daemon=True).start()


def _answer(door: socket.socket, upstream: str, question: bytes, client: tuple[str, int]) -> None:
    answer = _ask_udp(upstream, question)
    if answer:
        door.sendto(answer, client)


def _ask_udp(upstream: str, data: bytes) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(3)
        line.sendto(data, (upstream, 53))
        try:
            return line.recv(65535)
        except OSError:
            return b""


def _relay_tcp(upstream: str) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(upstream, 53)
        await asyncio.wait(
            [
                asyncio.ensure_future(_pipe(reader, far_writer)),
                asyncio.ensure_future(_pipe(far_reader, writer)),
            ],
            return_when=asyncio.FIRST_COMPLETED,
        )
        far_writer.close()
        writer.close()

    return serve


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65535):
        sink.write(data)
        await sink.drain()


async def forward(upstream: str) -> None:
    threading.Thread(target=relay_udp, args=(upstream,), daemon=True).start()
    await listen(53, _relay_tcp(upstream))


def damage(target: str, seconds: float) -> None:
    """Send VXLAN frames whose congestion mark is impossible (RFC 6040, 4.2): the receiver counts an error."""
    inner_ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20, 0, 0, 64, 17, 0, bytes(4), bytes(4))
    frame = bytes.fromhex("0a0000000001") + bytes.fromhex("0a0000000002") + b"\x08\x00" + inner_ip
    packet = struct.pack("!II", 0x08000000, 7 << 8) + frame
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 3)
        while True:
            line.sendto(packet, (target, 4789))
            time.sleep(seconds)


def peek(target: str, port: int) -> str:
    """What a server says of itself within a second of being reached."""
    said = b""
    end = time.monotonic() + 1
    with socket.create_connection((target, port), timeout=3) as line:
        while (left := end - time.monotonic()) > 0:
            line.settimeout(left)
            try:
                more = line.recv(4096)
            except TimeoutError:
                break
            if not more:
                break
            said += more
    return said.decode("utf-8", "backslashreplace")


def main(argv: list[str]) -> None:
    match argv:
        case ["tarpit", port]:
            asyncio.run(listen(int(port), tarpit))
        case ["cut-off", port]:
            asyncio.run(listen(int(port), cut_off))
        case ["count", port, file]:
            asyncio.run(listen(int(port), counter(Path(file))))
        case ["forward", upstream]:
            asyncio.run(forward(upstream))
        case ["damage", target, seconds]:
            damage(target, float(seconds))
        case ["peek", target, port]:
            sys.stdout.write(peek(target, int(port)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
