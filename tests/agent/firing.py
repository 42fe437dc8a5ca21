"""The range as tests use it, and real targets beside it that count what reaches them."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.dnslab.real import free_port

__all__ = ["HERE", "THERE", "Hit", "Range", "Targets"]

HERE, THERE = "127.0.0.77", "127.0.0.78"
_TOP = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Hit:
    """How an attempt ended. breach: what the porter told of it, empty when nothing."""

    result: Any
    status: int
    breach: str
    reached: int


class Targets:
    """Listeners at the granted address and at another, over TCP, UDP, IPv6 and an abstract name."""

    def __init__(self) -> None:
        # A number that the kernel gives to nobody, as the same one is taken for TCP, UDP and IPv6.
        self.port = free_port(HERE)
        self.door = self._stream(socket.AF_INET, HERE, self.port)
        self.door_udp = self._bound(socket.AF_INET, socket.SOCK_DGRAM, HERE, self.port)
        self.door6 = self._stream(socket.AF_INET6, "::1", self.port)
        there, other = self._stream(socket.AF_INET, THERE), self._stream(socket.AF_INET, HERE)
        self.there, self.other = int(there.getsockname()[1]), int(other.getsockname()[1])
        there_udp = self._bound(socket.AF_INET, socket.SOCK_DGRAM, THERE, self.there)
        six = self._stream(socket.AF_INET6, "::1")
        self.six = int(six.getsockname()[1])
        named = socket.socket(socket.AF_UNIX)
        self.name = f"\0second-line-{os.getpid()}".encode()
        named.bind(self.name)
        named.listen()
        # A door that has room for nobody while it is crowded.
        crowd = self._stream(socket.AF_INET, HERE)
        crowd.listen(0)
        self.slow, self._slow = int(crowd.getsockname()[1]), crowd
        self.elsewhere = [there, other, there_udp, six, named]

    @property
    def doors(self) -> list[tuple[str, int]]:
        return [(HERE, self.port), ("::1", self.port), (HERE, self.slow)]

    @contextlib.contextmanager
    def crowded(self) -> Iterator[None]:
        """Fill the slow door's room, so that whoever comes next waits."""
        with contextlib.ExitStack() as crowd:
            for _ in range(4):
                sock = crowd.enter_context(socket.socket())
                sock.setblocking(False)
                sock.connect_ex((HERE, self.slow))
            yield

    def close(self) -> None:
        for sock in (self._slow, self.door, self.door_udp, self.door6, *self.elsewhere):
            sock.close()

    def reached(self) -> int:
        """How many connections and datagrams have come to where none may come, since the last time."""
        count = 0
        while ready := select.select(self.elsewhere, (), (), 0)[0]:
            for sock in ready:
                count += 1
                if sock.type == socket.SOCK_DGRAM:
                    sock.recv(65535)
                else:
                    sock.accept()[0].close()
        return count

    def _bound(self, family: int, kind: int, host: str, port: int = 0) -> socket.socket:
        sock = socket.socket(family, kind)
        sock.bind((host, port))
        return sock

    def _stream(self, family: int, host: str, port: int = 0) -> socket.socket:
        sock = self._bound(family, socket.SOCK_STREAM, host, port)
        sock.listen(64)
        return sock


@dataclass
class Range:
    """Runs attempts, each in a worker of its own."""

    targets: Targets = field(default_factory=Targets)
    _process: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.agent.behind_kernel"],
            cwd=_TOP,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.targets.close()
        for end in (self._process.stdin, self._process.stdout):
            if end is not None:
                with contextlib.suppress(BrokenPipeError):
                    end.close()
        self._process.wait(10)

    def tried(self, attempt: str, *, wall: bool = True) -> Hit:
        """attempt: the body of a function that returns what came of it."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("both were asked for")
        names = {
            "PORT": self.targets.port,
            "THERE_PORT": self.targets.there,
            "OTHER_PORT": self.targets.other,
            "SIX_PORT": self.targets.six,
            "HERE": HERE,
            "THERE": THERE,
            "NAME": self.targets.name,
        }
        known = "\n".join(f"{name} = {value!r}" for name, value in names.items())
        body = textwrap.indent(textwrap.dedent(attempt).strip(), "    ")
        code = f"{known}\ndef attempt():\n{body}\n"
        order = {"code": code, "doors": self.targets.doors, "wall": wall}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        breaches = [said["breach"] for said in told["said"] if "breach" in said]
        return Hit(told["result"], told["status"], "; ".join(breaches), self.targets.reached())
