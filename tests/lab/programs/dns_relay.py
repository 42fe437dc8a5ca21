"""What stands before a name server and spoils what it says? A relay to the real one, with one bad habit.

dns_relay.py PORT slow SECONDS | mute TYPE | upward | no-newer-edns | no-capitals

PORT is that of the real server on 127.0.0.1. What the habit does not touch is passed on as it is, over UDP and TCP.
"""

from __future__ import annotations

import asyncio
import struct
import sys
from collections.abc import Callable

_SECONDS = 5.0
_OPT = 41
_ROOT_SERVER = b"\x01a\x0croot-servers\x03net\x00"

# From a question to what is asked instead (nothing: it is dropped), and from both to what is answered.
Spoil = Callable[[bytes], "bytes | None"]


def _question(message: bytes) -> tuple[int, int]:
    """Where the question's name ends, and the type that is asked for."""
    end = 12
    while message[end]:
        end += message[end] + 1
    return end + 1, struct.unpack_from("!H", message, end + 1)[0]


def _edns_version(message: bytes) -> int:
    """The version of the OPT record behind a question; -1 when there is none."""
    end, _ = _question(message)
    rest = message[end + 4 :]
    is_opt = rest[:1] == b"\x00" and struct.unpack_from("!H", rest, 1)[0] == _OPT
    return rest[6] if is_opt else -1


def _upward(message: bytes) -> bytes | None:
    """A referral to the root, for questions about the root."""
    end, _ = _question(message)
    if end != 13:
        return None
    head = message[:2] + struct.pack("!HHHHH", 0x8000, 1, 0, 1, 0)
    record = b"\x00" + struct.pack("!HHIH", 2, 1, 3600, len(_ROOT_SERVER)) + _ROOT_SERVER
    return head + message[12 : end + 4] + record


class Habit:
    """What is spoilt, and how."""

    def __init__(self, words: list[str]) -> None:
        self._words = words

    @property
    def wait(self) -> float:
        return float(self._words[1]) if self._words[0] == "slow" else 0.0

    def drops(self, question: bytes) -> bool:
        match self._words:
            case ["mute", kind]:
                return _question(question)[1] == int(kind)
            case ["no-newer-edns"]:
                return _edns_version(question) > 0
            case _:
                return False

    def says_itself(self, question: bytes) -> bytes | None:
        return _upward(question) if self._words == ["upward"] else None

    def spoilt(self, answer: bytes) -> bytes:
        if self._words != ["no-capitals"]:
            return answer
        end, _ = _question(answer)
        return answer[:12] + answer[12:end].lower() + answer[end:]


class _Once(asyncio.DatagramProtocol):
    """Hears one answer."""

    def __init__(self, question: bytes) -> None:
        self._question = question
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.sendto(self._question)  # type: ignore[attr-defined]

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - the Protocol's shape.
        if not self.answer.done():
            self.answer.set_result(data)


async def _ask_udp(port: int, question: bytes) -> bytes | None:
    loop = asyncio.get_running_loop()
    line, once = await loop.create_datagram_endpoint(lambda: _Once(question), remote_addr=("127.0.0.1", port))
    try:
        return await asyncio.wait_for(once.answer, _SECONDS)
    except (TimeoutError, OSError):
        return None
    finally:
        line.close()


async def _ask_tcp(port: int, question: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(struct.pack("!H", len(question)) + question)
    size = struct.unpack("!H", await reader.readexactly(2))[0]
    answer = await reader.readexactly(size)
    writer.close()
    return answer


async def _told(habit: Habit, question: bytes, ask: Callable[[bytes], object]) -> bytes | None:
    """What comes back on one question, in time."""
    if habit.drops(question):
        return None
    await asyncio.sleep(habit.wait)
    answer = habit.says_itself(question)
    if answer is None:
        answer = await ask(question)  # type: ignore[misc]
    return habit.spoilt(answer) if answer else None


class _Door(asyncio.DatagramProtocol):
    def __init__(self, port: int, habit: Habit) -> None:
        self._port, self._habit = port, habit
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, question: bytes, client: tuple[str, int]) -> None:
        answer = await _told(self._habit, question, lambda asked: _ask_udp(self._port, asked))
        if answer:
            self._transport.sendto(answer, client)  # type: ignore[attr-defined]


async def serve(port: int, habit: Habit) -> None:
    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            size = struct.unpack("!H", await reader.readexactly(2))[0]
            question = await reader.readexactly(size)
            answer = await _told(habit, question, lambda asked: _ask_tcp(port, asked))
            if answer:
                writer.write(struct.pack("!H", len(answer)) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        writer.close()

    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: _Door(port, habit), local_addr=("0.0.0.0", 53))  # noqa: S104
    server = await asyncio.start_server(stream, "0.0.0.0", 53)  # noqa: S104 - inside a lab namespace.
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    asyncio.run(serve(int(sys.argv[1]), Habit(sys.argv[2:])))
