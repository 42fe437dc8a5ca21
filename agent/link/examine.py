"""What holds at this agent, and what is wrong with it? Its law, the walls, its clock, and the way to its controller."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from agent import switch
from agent.kernel.standing import standing
from agent.link.broker import Broker
from agent.link.line import LineDownError, NotAnyMoreError
from agent.link.place import Place
from agent.link.web import Web
from agent.memory import Memory
from agent.post import load_post
from agent.refusal import HoldError

__all__ = ["CLOCK", "examine"]

# In seconds: a clock that differs by more than this is said.
CLOCK = 5.0


def examine(home: Path, name: str) -> Iterator[tuple[bool, str]]:
    """Line by line: whether it is well, and what it is. Nothing is changed by it."""
    try:
        post, place = load_post(home, name), Place.of(home, name)
        seat = place.seat()
        newest = Memory(post.memory).newest()
    except HoldError as error:
        yield False, str(error)
        return
    yield post.ceiling is not None, post.ceiling_trouble or "the ceiling is the one that was confirmed"
    yield True, f"memory: {newest:%Y-%m-%d %H:%M:%S} UTC is the newest moment seen"
    here = standing()
    demanded = post.walls == "kernel"
    for lack in here.missing:
        yield not demanded, f"second wall: {lack}"
    if not here.missing:
        yield True, f"second wall: seccomp, Landlock {here.landlock}"
    stopped = switch.all_thrown(post.folder)
    yield not stopped, f"stopped by {', '.join(stopped)}" if stopped else "no kill switch is thrown"
    yield from asyncio.run(_line(place, seat.id))


async def _line(place: Place, name: str) -> list[tuple[bool, str]]:
    """Whether the controller lets this seat in, and whose clock is right."""
    seat = place.seat()
    try:
        broker = Broker(seat, place.key(), Web(seat.web, place.authority), place.authority)
        await broker.open(lambda _: None)
        try:
            await broker.hello()
        finally:
            await broker.close()
    except (LineDownError, NotAnyMoreError, ValueError, OSError) as error:
        return [(False, f"controller: {error}")]
    off = broker.clock_off
    clock = f"clock: {off:+.1f} s to the controller's"
    return [(True, f"controller: it knows {name}"), (abs(off) <= CLOCK, clock)]
