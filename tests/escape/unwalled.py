"""Does an attempt reach what it aims at when nothing holds it? Each in a process of its own, without the product.

python -m tests.escape.unwalled CONTRACT : prints a JSON object, what every attempt brought home. Without this, no
packet in the counters would prove nothing: the attempt may just be wrong.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from agent.about import about_target
from agent.sessions.dns import DnsSession
from collectors import About
from inventory.contract import Contract
from inventory.grant import Door
from inventory.read import read
from tests.escape.catalogue import ways
from tests.escape.third_party.hostile.way import At, Way, tried

_PATIENCE = 8.0
_AT_ONCE = 6


@dataclass
class _Child:
    """An attempt under way."""

    way: Way
    pid: int
    inlet: int
    channel: tuple[socket.socket, socket.socket]
    until: float = field(default_factory=lambda: time.monotonic() + _PATIENCE)

    def is_over(self) -> bool:
        """Say whether it has ended; ends it when its time is up."""
        if time.monotonic() > self.until:
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            return True
        return os.waitpid(self.pid, os.WNOHANG) != (0, 0)

    def said(self) -> str:
        """What it brought home; one that became another program brings nothing."""
        os.set_blocking(self.inlet, False)
        try:
            return os.read(self.inlet, 1000).decode()
        except BlockingIOError:
            return ""
        finally:
            os.close(self.inlet)
            for line in self.channel:
                line.close()


def _start(contract: Contract, way: Way) -> _Child:
    inlet, outlet = os.pipe()
    # What a worker would find if another's channel were left open in it.
    channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        try:
            os.write(outlet, asyncio.run(_tried(way, about_target(contract, way.name))).encode())
        finally:
            os._exit(0)
    os.close(outlet)
    return _Child(way, pid, inlet, channel)


async def _tried(way: Way, about: About) -> str:
    """The attempt with a session of the product, which no grant and no wall belongs to."""
    door = Door(ip_address(about.addresses[0]), way.port)
    session = DnsSession([door], lambda _: None)
    return await tried(way.run, At(about, session, way.port))


def main() -> None:
    contract = read(Path(sys.argv[1]).read_text("utf-8"))
    waiting = [way for way in ways().values() if way.name in (sys.argv[2:] or ways())]
    running: list[_Child] = []
    got = {}
    while waiting or running:
        while waiting and len(running) < _AT_ONCE:
            running.append(_start(contract, waiting.pop(0)))
        for child in [child for child in running if child.is_over()]:
            running.remove(child)
            got[child.way.name] = child.said()
        time.sleep(0.01)
    print(json.dumps(got))


if __name__ == "__main__":
    main()
