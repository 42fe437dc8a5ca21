"""Can anything leave this process but to the grant's hosts? The first wall: Python audit hooks (PEP 578).

`raise_wall` is called before any library is imported. From then on every connect, send, bind, name look-up and
process start is denied, in every thread. `Wall.seal` puts a second hook beside the first, which opens the doors
of one grant and denies much more: other kinds of sockets, signals, files to write, native code, and what looks
for the hook itself. It rests on nothing that can be changed: no global name, no attribute, no built-in function
that somebody could exchange; all that it needs is bound when it is made, and nobody else holds it.

What it is for: it says in whose question something happened, and names the target in plain words, before the
kernel is asked at all. It holds Python code that goes astray or was led astray. It does not hold code that is out
to break it: native code that is loaded already can write to this process's memory, and starts processes without
an audit event (`_posixsubprocess`). For that there is the second wall, the kernel's: `agent/kernel/`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from ipaddress import ip_address

from agent.wall_rules import LOOK_UP, NEVER, PROCESS, REACH, Args, Rule, rules_for

__all__ = ["Tell", "Wall", "WallError", "raise_wall"]

# Hears of every attempt: its kind (`connect`, `send`, `bind` ...), and its event and target in words.
Tell = Callable[[str, str], None]


class WallError(PermissionError):
    """Something tried to reach what the grant does not name, or to do what a worker never needs."""


class Wall:
    """The wall of one process: closed, then sealed to one set of (address, port)."""

    __slots__ = ("_porters", "_sealed")

    def __init__(self) -> None:
        self._sealed = False
        self._porters: frozenset[tuple[str, int]] = frozenset()

    def admit(self, doors: frozenset[tuple[str, int]]) -> None:
        """Open these doors to a porter, whose code is ours alone, and nothing else; it is never sealed."""
        self._porters = doors

    def seal(self, doors: frozenset[tuple[str, int]], tell: Tell) -> None:
        """Open exactly these (address, port), for good; `tell` hears of every attempt at anything else."""
        if self._sealed:
            raise WallError("the wall is sealed already: a worker serves one grant")
        sys.addaudithook(
            _sealed(frozenset((str(ip_address(address)), port) for address, port in doors), tell)
        )
        # Opens nothing: from here on the hook above denies all that this one did.
        self._sealed = True

    def closed(self, event: str, args: Args) -> None:
        """The hook of a process that has no grant yet: libraries are imported, and workers are forked."""
        if self._sealed:
            return
        if event in REACH and (args[1] is None or args[1] in self._porters):
            return
        if event == "socket.getaddrinfo" and _is_literal(args[0]):
            return
        kind = REACH.get(event) or LOOK_UP.get(event) or PROCESS.get(event)
        if event in {"socket.bind", "socket.getaddrinfo"}:
            kind = event
        if kind and event != "os.fork":
            raise WallError(f"there is no grant yet: {event} with {args!r:.200}")


def _is_literal(host: object) -> bool:
    """A look-up of a plain address asks nobody."""
    try:
        ip_address(str(host))
    except ValueError:
        return False
    return True


def _sealed(the_doors: frozenset[tuple[str, int]], the_tell: Tell) -> Callable[[str, Args], None]:
    """Make the hook of a process that serves a grant."""

    def hook(  # noqa: PLR0913, PLR0917 - all that it needs is bound here.
        event: str,
        args: Args,
        never: Mapping[str, str] = NEVER,
        rules: Mapping[str, Rule] = rules_for(the_doors),
        tell: Tell = the_tell,
        error: type[BaseException] = WallError,
    ) -> None:
        kind = never.get(event)
        target: object = args
        if kind is None:
            if (rule := rules.get(event)) is not None:
                kind, is_fine, which = rule
                if is_fine(args):
                    return
                target = args[which]
            elif event.startswith("ctypes."):
                kind = "native"
            else:
                return
        words = f"{event}: {target!r:.200}"
        try:
            tell(kind, words)
        finally:
            raise error(f"outside the grant: {kind}, {words}")

    return hook


def raise_wall() -> Wall:
    """Install the hook in this process and everything that it forks."""
    wall = Wall()
    sys.addaudithook(wall.closed)
    return wall
