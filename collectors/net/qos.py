"""Which classes does a port send its packets in, and what became of them? The one model of all queueing policies.

A policy belongs to a port and a direction and is a tree of classes. Linux `tc`, CISCO-CLASS-BASED-QOS-MIB and
`show policy-map interface` are read into it; `qos_judge` looks at nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from collectors import Uplink
from collectors.net.dscp import VOICE
from collectors.net.rates import delta

__all__ = [
    "Change",
    "Counts",
    "Direction",
    "Policy",
    "PolicyPort",
    "Qos",
    "QosClass",
    "Remark",
    "change",
    "is_same_port",
    "went",
]

Direction = Literal["in", "out", "control-plane"]
_VOICE_NAMES = re.compile(
    r"(?i)(?:^|[-_. ])(?:voice|voip|rtp|ef|telephony|telefonie|sprache|llq)(?:$|[-_. 0-9])"
)
_SIGNAL_NAMES = re.compile(
    r"(?i)signal|sccp|(?:^|[-_. ])sip(?:$|[-_. 0-9])|(?:voice|voip|call)[-_. ]?(?:ctrl|control)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a class has counted so far. packets, bytes: offered to it, also those that it then dropped; drops: packets.

    policed: packets over the rate of its policer, or of its priority; depth: packets that wait. None: not counted.
    """

    packets: int
    bytes: int
    drops: int
    policed: int | None = None
    depth: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happened to a class between two looks; packets, bytes, drops and policed as in `Counts`."""

    seconds: float
    packets: int
    bytes: int
    drops: int
    policed: int = 0

    @property
    def rate(self) -> float:
        """What was offered, in bit/s."""
        return self.bytes * 8 / self.seconds

    @property
    def share(self) -> float:
        """Which part of the packets was dropped, from 0 to 1."""
        return self.drops / self.packets if self.packets else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QosClass:
    """One class. path: tells it from all others of its policy; parent: the path of the class above, '' at the top.

    rate: what it is promised, or its priority limits it to; ceiling: what it is shaped to; police: what a policer lets
    through; all in bit/s, None where there is none. is_priority: it is served before others. drops_early: WRED or RED.
    marks: the code points that surely go into it; None where that cannot be told. sets: the code point that it writes.
    was, now: at the two looks; None where it was not counted, or was another thing then.
    """

    path: str
    name: str
    parent: str = ""
    rate: int | None = None
    ceiling: int | None = None
    police: int | None = None
    is_priority: bool = False
    is_default: bool = False
    drops_early: bool = False
    marks: tuple[int, ...] | None = None
    sets: int | None = None
    was: Counts | None = None
    now: Counts | None = None
    bits: Literal[32, 64] = 64

    @property
    def is_voice(self) -> bool:
        """It is for voice: by what it takes, or by its name where that cannot be told."""
        if self.is_default:
            return False
        if self.marks is None:
            return bool(_VOICE_NAMES.search(self.name))
        # What takes unmarked packets as well is for everything.
        return bool(VOICE & {*self.marks}) and 0 not in self.marks

    @property
    def is_signalling(self) -> bool:
        """It is for the signalling of calls, by its name."""
        return not self.is_default and bool(_SIGNAL_NAMES.search(self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a port does in one direction. kind: its discipline, as 'htb' or 'policy-map'; name: as people know it.

    shape: what all classes together are shaped to, in bit/s, None where nothing shapes them.
    voice_goes: the path of the class into which packets marked EF go, '' where that is not known.
    is_certain: nothing else than what was read can put voice into a class of its own.
    """

    port: str
    direction: Direction
    kind: str
    name: str = ""
    shape: int | None = None
    classes: tuple[QosClass, ...] = ()
    voice_goes: str = ""
    is_certain: bool = False

    @property
    def leaves(self) -> tuple[QosClass, ...]:
        """The classes that hold packets: those above them only repeat what these count."""
        above = {one.parent for one in self.classes}
        return tuple(one for one in self.classes if one.path not in above)

    @property
    def voice(self) -> tuple[QosClass, ...]:
        """The classes for voice."""
        return tuple(one for one in self.leaves if one.is_voice)

    def below(self, parent: str) -> Iterator[QosClass]:
        return (one for one in self.classes if one.parent == parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPort:
    """A port by all its names. speed: bit/s, None where it does not say. has_queues: its way out knows classes.

    has_queues is None where that cannot be told, as for a discipline that is not read.
    """

    names: tuple[str, ...]
    speed: int | None = None
    has_queues: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A rule outside of all policies that writes another code point. where: the rule's place; port: '*' for all."""

    where: str
    port: str
    dscp: int
    to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Qos:
    """seconds: between the two looks. uplinks: what the contract says of ports to providers."""

    seconds: float
    ports: tuple[PolicyPort, ...]
    policies: tuple[Policy, ...]
    remarks: tuple[Remark, ...] = ()
    uplinks: tuple[Uplink, ...] = ()

    def uplink(self, port: str) -> Uplink | None:
        """What the contract says of a port."""
        return next((one for one in self.uplinks if is_same_port(one.port, port)), None)


def went(before: int, after: int, bits: Literal[32, 64]) -> int | None:
    """How far a counter went within seconds; None when it was set back, as by `clear counters`.

    >>> went(4_294_967_290, 10, 32), went(500, 3, 32), went(500, 3, 64)
    (16, None, None)
    """
    if after >= before:
        return after - before
    wrapped = delta(before, after, bits)
    # What went more than half around within seconds went backwards.
    return wrapped if before < 1 << bits and wrapped < 1 << (bits - 1) and bits == 32 else None


def change(one: QosClass, seconds: float) -> Change | None:
    """What happened to a class; None where its counters do not tell.

    Counters that contradict each other (bytes without packets, more drops than packets) tell nothing.
    """
    if one.was is None or one.now is None or seconds <= 0:
        return None
    packets = went(one.was.packets, one.now.packets, one.bits)
    size = went(one.was.bytes, one.now.bytes, one.bits)
    drops = went(one.was.drops, one.now.drops, one.bits)
    policed: int | None = 0
    if one.was.policed is not None and one.now.policed is not None:
        policed = went(one.was.policed, one.now.policed, one.bits)
    if packets is None or size is None or drops is None or policed is None:
        return None
    if max(drops, policed) > packets or (size > 0) != (packets > 0):
        return None
    return Change(seconds=seconds, packets=packets, bytes=size, drops=drops, policed=policed)


def is_same_port(one: str, other: str) -> bool:
    """Whether two names are of one port: in any case, and shortened as vendors do.

    >>> is_same_port("Gi0/1", "GigabitEthernet0/1"), is_same_port("ge0", "ge1"), is_same_port("eth0", "eth0")
    (True, False, True)
    """
    one, other = sorted((one.strip().lower(), other.strip().lower()), key=len)
    if one == other:
        return True
    short, long = (re.fullmatch(r"([a-z]{2,})([0-9][0-9/.:]*)", name) for name in (one, other))
    return bool(short and long and short[2] == long[2] and "/" in short[2] and long[1].startswith(short[1]))
