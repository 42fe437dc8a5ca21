"""A SIP server that behaves as badly as a test wants. It follows RFC 3261 as far as its habit lets it, and is none.

A habit gets the request and gives what is said, each after so many seconds. What it heard stays in `heard`.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from collectors.voip.framing import Framing
from collectors.voip.headers import Headers
from collectors.voip.message import Message, Request, Response, Unreadable, read, write

__all__ = ["Habit", "OddSip", "Said", "answer", "ok"]

# Bytes, after seconds, and from another port than the one that was asked when `stranger` says so.
Said = tuple[float, bytes]
Habit = Callable[["OddSip", Request], Sequence[Said]]


def answer(
    asked: Request, code: int, reason: str = "Odd", *more: tuple[str, str], body: bytes = b""
) -> Response:
    """A right answer to a request."""
    kept = tuple(
        (name, f"{value};tag=odd" if name == "to" and ";tag=" not in value else value)
        for name, value in asked.headers.fields
        if name in {"via", "from", "to", "call-id", "cseq"}
    )
    return Response(code=code, reason=reason, headers=Headers((*kept, *more)), body=body)


def ok(_: OddSip, asked: Request) -> Sequence[Said]:
    return () if asked.method == "ACK" else ((0.0, write(answer(asked, 200, "OK"))),)


@dataclass
class OddSip:
    """The server. address, port: where it is asked; transport: 'udp' or 'tcp'."""

    habit: Habit = ok
    address: str = "127.9.3.9"
    transport: str = "udp"
    heard: list[Request] = field(default_factory=list)
    answered: list[Response] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Self:
        kind = socket.SOCK_DGRAM if self.transport == "udp" else socket.SOCK_STREAM
        self._line = socket.socket(socket.AF_INET, kind)
        self._line.bind((self.address, 0))
        if kind == socket.SOCK_STREAM:
            self._line.listen()
        self.port = self._line.getsockname()[1]
        self._stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._stranger.bind((self.address, 0))
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._serve if kind == socket.SOCK_DGRAM else self._serve_streams
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)
        self._line.close()
        self._stranger.close()

    def wait(self, until: Callable[[], bool], seconds: float = 3.0) -> bool:
        """Wait for something to be heard; False when it does not come in time."""
        end = time.monotonic() + seconds
        while not until() and time.monotonic() < end:
            time.sleep(0.005)
        return until()

    def methods(self) -> list[str]:
        """What it was asked, each once however often it was said."""
        said = {(one.via[0].branch, one.method): one.method for one in self.heard}
        return list(said.values())

    def from_elsewhere(self, wire: bytes) -> None:
        """Say something from another port than the one that is asked."""
        self._stranger.sendto(wire, self.client)

    def _serve(self) -> None:
        self._line.settimeout(0.02)
        waiting: list[tuple[float, bytes, tuple[str, int]]] = []
        while not self._stop.is_set():
            now = time.monotonic()
            for due in [one for one in waiting if one[0] <= now]:
                waiting.remove(due)
                self._line.sendto(due[1], due[2])
            try:
                wire, self.client = self._line.recvfrom(65_535)
            except TimeoutError:
                continue
            for delay, said in self._said(wire):
                waiting.append((time.monotonic() + delay, said, self.client))

    def _serve_streams(self) -> None:
        self._line.settimeout(0.02)
        while not self._stop.is_set():
            try:
                line, _ = self._line.accept()
            except TimeoutError:
                continue
            with line:
                self._stream(line)

    def _stream(self, line: socket.socket) -> None:
        line.settimeout(0.02)
        framing = Framing()
        while not self._stop.is_set():
            try:
                more = line.recv(65_535)
            except TimeoutError:
                continue
            except OSError:
                return
            if not more:
                return
            for wire in framing.cut(more):
                for delay, said in self._said(wire):
                    time.sleep(delay)
                    if not said:
                        return
                    try:
                        line.sendall(said)
                    except OSError:
                        return

    def _said(self, wire: bytes) -> Sequence[Said]:
        try:
            message: Message = read(wire)
        except Unreadable:
            return ()
        if isinstance(message, Response):
            self.answered.append(message)
            return ()
        self.heard.append(message)
        return self.habit(self, message)


def changed(response: Response, name: str, value: str) -> Response:
    """The same with one field said otherwise."""
    fields = tuple((key, value if key == name else text) for key, text in response.headers.fields)
    return replace(response, headers=Headers(fields))
