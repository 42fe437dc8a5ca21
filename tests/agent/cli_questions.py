"""Questions to network devices for tests of the agent, and a nursery whose catalogue holds them beside the product's own.

One asks as a collector should, one asks for what no session sends.
"""

from agent.wall import raise_wall

WALL = raise_wall()

import sys  # noqa: E402 - the wall comes first.
from collections.abc import Iterator  # noqa: E402
from dataclasses import dataclass  # noqa: E402

from agent import cradle, worker  # noqa: E402
from collectors import Cli, Finding, collector  # noqa: E402


@dataclass(frozen=True, slots=True)
class Said:
    """What a device showed."""

    text: str


def judge(_: Said) -> Iterator[Finding]:
    yield from ()


@collector("net.plain", asks=("Plain?", "Einfach?"), judge=judge)
async def plain(host: Cli) -> Said:
    """Show the clock, twice."""
    await host.show("show clock")
    return Said((await host.show("show clock")).text)


@collector("net.slow", asks=("Slow?", "Langsam?"), judge=judge, deadline=1.0)
async def slow(host: Cli) -> Said:
    """Ask for what hangs, and let the collector's own time run out."""
    return Said((await host.show("show version")).text)


@collector("net.wants-more", asks=("More?", "Mehr?"), judge=judge)
async def wants_more(host: Cli) -> Said:
    """Ask for the configuration."""
    return Said((await host.show("show running-config")).text)


ALL = {one.name: one for one in (plain, slow, wants_more)}

if __name__ == "__main__":
    sys.exit(cradle.main(WALL, worker.CATALOGUE.collectors | ALL))
