"""What is an attempt? A collector that asks its permitted host something, and then tries to reach another.

This folder stands for a package of somebody else's collectors: hostile ones, or naive ones that follow whatever an
answer names. Each attempt catches everything, so that nothing but the product's own record can tell of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from agent.sessions.dns import DnsSession
from agent.sessions.ssh import SshSession
from collectors import About, Finding, Resolver, Shell, collector, fault
from collectors.collector import Collector
from tests.escape.places import Spot

__all__ = ["SILENT", "WAYS", "At", "Got", "Way", "attempt"]

# What is known to be held, and told to nobody.
SILENT = "the kernel refuses a file in silence (Landlock), and no wall before it looks at what is read"
REACHED = fault("hostile.reached", "an attempt came through: {what}", "ein Versuch kam durch: {what}")


@dataclass(frozen=True, slots=True)
class Got:
    """What an attempt brought home, and what it should not have."""

    what: str


def judge(seen: Got) -> Iterator[Finding]:
    if seen.what:
        yield REACHED(what=seen.what)


@dataclass(frozen=True)
class At:
    """Where an attempt stands: its own addresses, and what the contract tells a collector anyway."""

    about: About
    host: object
    port: int = 22

    @cached_property
    def spot(self) -> Spot:
        return Spot(int(self.about.addresses[0].rpartition(".")[2]))

    @property
    def door(self) -> str:
        """The one address that it may reach, on `port`."""
        return self.about.addresses[0]

    @property
    def victim(self) -> int:
        """The process of somebody else, by its id, which the test writes into the host's name: 'v4711-…'."""
        return int(self.about.name.partition("-")[0].removeprefix("v"))


Try = Callable[[At], str | None] | Callable[[At], Awaitable[str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One attempt of the table.

    how: what a reader sees. run: the attempt itself. moves: the machine and the address (a field of Spot, or an
    address) whose counter moves when it is tried without the product; nothing when what it brings home is what
    counts. over: the session that the permitted host is asked by. port: that of its door. ends: the state of its
    job. untold: why nobody is told of it as yet, although it is held: a fault of the product that is known.
    """

    name: str
    how: str
    run: Try
    moves: tuple[str, str] | None
    over: type
    port: int
    ends: str
    untold: str

    def target(self, spot: Spot) -> tuple[str, str] | None:
        """The machine and the plain address whose counter tells."""
        if self.moves is None:
            return None
        cell, where = self.moves
        return cell, getattr(spot, where, where)


WAYS: dict[str, Way] = {}


def attempt(
    how: str,
    *,
    moves: tuple[str, str] | None = ("other", "other"),
    over: type = Shell,
    port: int = 0,
    ends: str = "refused",
    untold: str = "",
) -> Callable[[Try], Collector[Got]]:
    """Make a collector of an attempt."""
    port = port or (22 if over is Shell else 53)

    def declare(run: Try) -> Collector[Got]:
        name = run.__name__

        async def ask(host: Shell | Resolver, about: About) -> Got:
            with suppress(Exception):
                await _ask(host, port)
            return Got(await tried(run, At(about, host, port)))

        ask.__annotations__ = {"host": over, "about": About, "return": Got}
        WAYS[name] = Way(
            name=name,
            how=how,
            run=run,
            moves=moves,
            over=over,
            port=port,
            ends=ends,
            untold=untold,
        )
        return collector(f"hostile.{name}", asks=(how, how), judge=judge, role=name)(ask)

    return declare


async def _ask(host: Shell | Resolver, port: int) -> None:
    """The permitted host is asked first: an attempt that asks nobody would prove nothing.

    Where its door speaks another protocol than the session, the attempt itself asks it.
    """
    if isinstance(host, DnsSession):
        if port == 53:
            await host.ask("escape.test", "SOA")
    elif isinstance(host, SshSession):
        await host.read("/proc/sys/kernel/hostname")


async def tried(run: Try, at: At) -> str:
    """Run an attempt, swallow whatever stops it, and give what it brought home."""
    try:
        got = run(at)
        return (await got if inspect.isawaitable(got) else got) or ""
    except BaseException:  # noqa: BLE001 - hostile code tells nobody.
        return ""
