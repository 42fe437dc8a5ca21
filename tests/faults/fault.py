"""What is one fault? Where it is, what the first cause must be called, how it comes and how it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.lab.lab import Lab

__all__ = ["Fault", "Pair", "broken", "heal", "nothing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong on one host.

    tags: the first cause must bear one of them. also: further hosts that the cause may be laid on, where
    a fault lies between two. a_note: nothing is broken, so it is to be found but never a cause. shows: true when the fault can be seen from outside, by the plain tools.
    note: what is not the real thing about it, if anything. words: what the diagnosis is told besides the ticket.
    of_network: the network is asked as well, which takes ten seconds more.
    """

    name: str
    area: str
    host: str
    tags: tuple[str, ...]
    inject: Callable[[Lab], None]
    undo: Callable[[Lab], None]
    shows: Callable[[Lab], bool]
    also: tuple[str, ...] = ()
    a_note: bool = False
    note: str = ""
    words: tuple[str, ...] = ()
    of_network: bool = False

    @property
    def faults(self) -> tuple[Fault, ...]:
        return (self,)

    def names(self, tag: str, host: str) -> bool:
        """Say whether a cause is this fault."""
        return tag in self.tags and host in (self.host, *self.also)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two faults at once that have nothing to do with each other, mostly on different hosts."""

    first: Fault
    second: Fault

    @property
    def name(self) -> str:
        return f"{self.first.name} + {self.second.name}"

    @property
    def area(self) -> str:
        return "pairs"

    @property
    def faults(self) -> tuple[Fault, ...]:
        return (self.first, self.second)


def broken(lab: Lab, faults: Sequence[Fault]) -> None:
    for fault in faults:
        fault.inject(lab)


def heal(lab: Lab, faults: Sequence[Fault]) -> None:
    """Undo the faults in reverse, and wait until the lab is healthy again."""
    for fault in reversed(faults):
        fault.undo(lab)
    lab.wait_healthy()


def nothing(_lab: Lab) -> None:
    """Do nothing."""
