"""A router with a bottleneck of 2 Mbit/s between two hosts: namespaces of our own, real HTB, small senders.

Needs root. Everything is bounded: senders end by themselves, and the namespaces go with the test.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from collectors import Kind, Ran, Unanswered

SENDER = Path(__file__).with_name("sender.py")
# EF -> 1:10, AF31 -> 1:20, everything else -> 1:30.
CLASSES = ("10 500kbit 1", "20 500kbit 2", "30 1mbit 3")
EF, AF31 = "0xb8", "0x68"


def do(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True, timeout=20)


@dataclass(frozen=True)
class Bottleneck:
    """prefix: of the namespaces' names; the router sends to the far host through e1."""

    prefix: str

    @property
    def router(self) -> str:
        return f"{self.prefix}r"

    def tc(self, line: str) -> None:
        """Run tc on the router with the words of a line."""
        do("tc", "-n", self.router, *line.split())

    def queues(self, *, voice: str = EF, rate: str = "2mbit", classes: tuple[str, ...] = CLASSES) -> None:
        """Set up the tree. voice: the octet TOS that the filter for voice looks for."""
        subprocess.run(
            ["tc", "-n", self.router, "qdisc", "del", "dev", "e1", "root"], capture_output=True, check=False
        )
        self.tc("qdisc add dev e1 root handle 1: htb default 30")
        self.tc(f"class add dev e1 parent 1: classid 1:1 htb rate {rate} ceil {rate}")
        for minor, promised, prio in (line.split() for line in classes):
            self.tc(
                f"class add dev e1 parent 1:1 classid 1:{minor} htb rate {promised} ceil {rate} prio {prio}"
            )
            self.tc(f"qdisc add dev e1 parent 1:{minor} handle {minor}: pfifo limit 20")
        for order, tos, to in ((1, voice, 10), (2, AF31, 20)):
            self.tc(
                f"filter add dev e1 parent 1: protocol ip prio {order} u32 match ip dsfield {tos} 0xfc flowid 1:{to}"
            )

    @contextlib.contextmanager
    def sending(self, *flows: tuple[int, int, int]) -> Iterator[None]:
        """Send through the bottleneck while the block lasts, 20 seconds at most. Flows: DSCP, packets a second, bytes."""
        start = [
            "ip",
            "netns",
            "exec",
            f"{self.prefix}a",
            sys.executable,
            "-I",
            str(SENDER),
            "10.88.43.2",
            "20",
        ]
        senders = [subprocess.Popen([*start, *map(str, flow)]) for flow in flows]
        try:
            yield
        finally:
            for sender in senders:
                sender.terminate()
                sender.wait(timeout=10)


@contextlib.contextmanager
def bottleneck(prefix: str) -> Iterator[Bottleneck]:
    names = [f"{prefix}{name}" for name in "arb"]
    try:
        for name in names:
            do("ip", "netns", "add", name)
            do("ip", "-n", name, "link", "set", "lo", "up")
        _wire(*names)
        made = Bottleneck(prefix)
        made.queues()
        yield made
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False, timeout=20)


def _wire(near: str, router: str, far: str) -> None:
    do("ip", "netns", "exec", router, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    for host, port, net in ((near, "e0", 41), (far, "e1", 43)):
        do("ip", "-n", host, "link", "add", "e0", "type", "veth", "peer", "name", port, "netns", router)
        for name, device, last in ((host, "e0", 2), (router, port, 1)):
            do("ip", "-n", name, "addr", "add", f"10.88.{net}.{last}/24", "dev", device)
            do("ip", "-n", name, "link", "set", device, "up")
        do("ip", "-n", host, "route", "add", "default", "via", f"10.88.{net}.1")


@dataclass(frozen=True)
class HereShell:
    """The command line in a namespace, as an account without any rights. No SSH: commands and answers are real."""

    namespace: str

    async def run(self, *argv: str, deadline: float = 20.0) -> Ran:
        began = datetime.now(UTC)
        account = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "LC_ALL=C")
        done = await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", self.namespace, *account, *argv),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(done.communicate(), deadline)
        took = (datetime.now(UTC) - began).total_seconds()
        code = 127 if done.returncode is None else done.returncode
        return Ran(argv=argv, stdout=out.decode(), stderr=err.decode(), code=code, began=began, took=took)

    async def read(self, path: str) -> str:
        ran = await self.run("cat", "--", path)
        if ran.code:
            raise Unanswered(Kind.UNPARSABLE, path)
        return ran.stdout

    async def fetch(self, path: str) -> bytes:
        return (await self.read(path)).encode()

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
