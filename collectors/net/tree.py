"""Which way do frames go through the switches? One model of spanning tree, whoever tells it: SNMP, Linux, a command line.

Terms of IEEE 802.1D-2004 and 802.1Q-2018. What an agent says that cannot be so is left out, and named in `dirt`.
A tree says None for what it does not know: that is never a zero, an 'off' or a 'no'.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from collectors import TreePlan
from collectors.net.bridge_id import BridgeId, PortId

__all__ = [
    "CostMethod",
    "Dirt",
    "DirtKind",
    "ErrDisabled",
    "Guard",
    "Inconsistency",
    "Instance",
    "Protocol",
    "Region",
    "Role",
    "State",
    "Timers",
    "Tree",
    "TreePlan",
    "TreePort",
    "addresses_of",
    "derived_role",
    "is_calm",
    "is_own_id",
    "tree_label",
]

Protocol = Literal["stp", "rstp", "mstp", "pvst", "rapid-pvst", "unknown"]
# 'discarding' where blocking, listening and disabled are not told apart (802.1Q). 'blocking' is taken for it as well.
State = Literal[
    "disabled", "discarding", "blocking", "listening", "learning", "forwarding", "broken", "unknown"
]
Role = Literal["root", "designated", "alternate", "backup", "master", "disabled", "unknown"]
Guard = Literal["bpdu-guard", "bpdu-filter", "root-guard", "loop-guard"]
Inconsistency = Literal[
    "", "root", "loop", "type", "pvid", "pvst", "bpdu-guard", "bridge-assurance", "dispute", "other"
]
DirtKind = Literal[
    "no-id",
    "text-id",
    "swapped-id",
    "zero-root",
    "timers",
    "seconds",
    "time",
    "cost",
    "saturated",
    "row",
    "silent",
]
CostMethod = Literal["short", "long", ""]

# How often a port must have begun to forward before the tree's changes are laid to it.
_OFTEN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """In seconds (802.1D-2004, 17.14)."""

    max_age: float
    hello: float
    forward_delay: float

    @property
    def are_sound(self) -> bool:
        """2 · (forward delay - 1 s) ≥ max age ≥ 2 · (hello + 1 s) (802.1D-2004, 17.14).

        >>> Timers(max_age=20, hello=2, forward_delay=15).are_sound, Timers(max_age=20, hello=2, forward_delay=8).are_sound
        (True, False)
        """
        return 2 * (self.forward_delay - 1) >= self.max_age >= 2 * (self.hello + 1)

    @property
    def host_waits(self) -> float:
        """How long a new port of STP forwards nothing: 30 s by default."""
        return 2 * self.forward_delay

    @property
    def indirect_failure(self) -> float:
        """How long STP needs after a failure elsewhere: 50 s by default."""
        return self.max_age + 2 * self.forward_delay

    @property
    def neighbour_lost(self) -> float:
        """How long RSTP believes in a neighbour that says nothing: 6 s by default."""
        return 3 * self.hello

    @property
    def change_lasts(self) -> float:
        """How long a topology change is announced: 35 s by default."""
        return self.max_age + self.forward_delay

    def __str__(self) -> str:
        return f"{self.max_age:g}/{self.hello:g}/{self.forward_delay:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreePort:
    """A port in one tree.

    name: as `collectors.net.ports` names it, the same in all instances; index: its ifIndex, 0 when not known.
    number, priority: of its own identifier. cost: of the way in through it. designated_*: what the best message on
    its link says (cost: to the root, from the designated bridge). is_up: the link; None: not known. is_running:
    spanning tree runs on it. inconsistent: why it is held back, '' for not. changes: how often it began to forward.
    """

    name: str
    number: int
    index: int = 0
    priority: int | None = None
    state: State = "unknown"
    role: Role = "unknown"
    cost: int | None = None
    designated_root: BridgeId | None = None
    designated_cost: int | None = None
    designated_bridge: BridgeId | None = None
    designated_port: PortId | None = None
    is_up: bool | None = None
    is_running: bool | None = None
    is_edge: bool | None = None
    is_point_to_point: bool | None = None
    guards: tuple[Guard, ...] = ()
    inconsistent: Inconsistency = ""
    changes: int | None = None

    @property
    def is_held_back(self) -> bool:
        """Up, and yet it forwards nothing, for good: a port on its way (listening, learning) is none."""
        return self.is_up is True and self.state in {"discarding", "blocking", "broken"}

    @property
    def forwards(self) -> bool:
        return self.is_up is not False and self.state == "forwarding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One tree. name: '' for the only or the common one, 'vlan-10' per VLAN, 'mst-1' within a region.

    root_cost: to the root (for 'mst-N': within the region); root_port: the number of the port that leads there, 0 on the
    root itself. timers: in force; own: what it would set as root. changes: of the topology, since the start;
    since_change: seconds. looks: their numbers at several looks, the last of them `changes`; apart: seconds between the first and the last.
    change_from: the port that told the last change, '' when not known. vlans: that follow it, where known.
    """

    name: str = ""
    bridge: BridgeId | None = None
    root: BridgeId | None = None
    root_cost: int | None = None
    root_port: int | None = None
    timers: Timers | None = None
    own: Timers | None = None
    changes: int | None = None
    since_change: float | None = None
    looks: tuple[int, ...] = ()
    apart: float | None = None
    change_from: str = ""
    vlans: tuple[int, ...] = ()
    ports: tuple[TreePort, ...] = ()

    @property
    def is_root(self) -> bool:
        return self.root is not None and self.root == self.bridge

    def port(self, number: int) -> TreePort | None:
        """The port of this number."""
        return next((port for port in self.ports if port.number == number), None)

    def named(self, name: str) -> TreePort | None:
        """The port of this name."""
        return next((port for port in self.ports if name and port.name == name), None)

    @property
    def restless_port(self) -> str:
        """Where its changes come from: as it was told, else the port that began to forward as often as the tree changed."""
        if self.change_from:
            return self.change_from
        most = max(self.ports, key=lambda port: port.changes or 0, default=None)
        often = most.changes or 0 if most is not None else 0
        enough = (
            self.changes is not None and often >= _OFTEN and self.changes <= 2 * often <= 8 * self.changes
        )
        return most.name if most is not None and enough else ""

    @property
    def root_way(self) -> TreePort | None:
        """The port that leads to the root."""
        return self.port(self.root_port) if self.root_port else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Of MSTP (802.1Q-2018, 13.8). digest: in hexadecimal, lower case; '' where it is not told."""

    name: str
    revision: int
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrDisabled:
    """A port that the switch shut by itself. cause: in the switch's words ('bpduguard'), '' when not told."""

    port: str
    cause: str = ""
    vlan: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirt:
    """What was said and cannot be so, or not be told apart.

    kind: 'no-id' is no identifier at all, 'text-id' is one written as text, 'swapped-id' has its octets turned round,
    'zero-root' names nobody as the root; 'timers', 'seconds' (for hundredths), 'time', 'cost', 'saturated', 'row' (a whole
    row that is garbage), 'silent' (a part that was asked for and not told). what: the object; why: a few words of English.
    """

    what: str
    why: str = ""
    kind: DirtKind = "row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """All that one switch says of its trees.

    is_on: False: it runs none; None: what it says is of no use (then `dirt` says why) or not enough to tell.
    addresses: all MAC addresses that are known to be its own (base address, addresses in its identifiers).
    uptime: seconds. is_settling: it changed while it was read. plan: as `About` gives it (`about.spanning_tree`).
    """

    protocol: Protocol = "unknown"
    is_on: bool | None = None
    instances: tuple[Instance, ...] = ()
    region: Region | None = None
    cost_method: CostMethod = ""
    err_disabled: tuple[ErrDisabled, ...] = ()
    addresses: tuple[str, ...] = ()
    uptime: float | None = None
    is_settling: bool = False
    plan: TreePlan | None = None
    dirt: tuple[Dirt, ...] = ()

    def instance(self, name: str) -> Instance | None:
        """The instance of this name."""
        return next((one for one in self.instances if one.name == name), None)


def derived_role(  # noqa: PLR0913 - each is one thing that decides.
    number: int,
    priority: int | None,
    *,
    bridge: BridgeId | None,
    root_port: int | None,
    designated_bridge: BridgeId | None,
    designated_port: PortId | None,
    is_up: bool | None,
    state: State,
) -> Role:
    """The role of a port whose switch tells none (802.1D-2004, 17.7).

    Root: leads to the root; designated: its link's best message is its own; backup: it comes from another port of the
    same bridge; alternate: from another bridge. A port without a link, or switched off, has none; one that forwards is
    neither alternate nor backup, whatever else is said of it.

    >>> own, other = BridgeId(32768, 0, "00:00:5e:00:53:01"), BridgeId(32768, 0, "00:00:5e:00:53:02")
    >>> def role(designated, port, state="blocking"):
    ...     return derived_role(3, 128, bridge=own, root_port=1, designated_bridge=designated, designated_port=port,
    ...                         is_up=True, state=state)
    >>> role(own, PortId(128, 3)), role(own, PortId(128, 2)), role(other, PortId(128, 3)), role(other, None, "forwarding")
    ('designated', 'backup', 'alternate', 'unknown')
    """
    if is_up is False or state == "disabled":
        return "disabled"
    if root_port and number == root_port:
        return "root"
    if bridge is None or designated_bridge is None:
        return "unknown"
    forwards = state == "forwarding"
    if designated_bridge != bridge:
        return "unknown" if forwards else "alternate"
    if designated_port is None:
        return "designated" if forwards else "unknown"
    if forwards or _is_own(number, priority, designated_port):
        return "designated"
    return "backup"


def is_own_id(port: TreePort, said: PortId | None) -> bool:
    """Whether an identifier that was said is a port's own."""
    return said is not None and _is_own(port.number, port.priority, said)


def _is_own(number: int, priority: int | None, said: PortId) -> bool:
    """Whether a port's identifier is the one that was said; numbers above 4095 reach into the priority (NX-OS).

    The number alone is enough: agents tell the priority in other units.
    """
    if priority is None or number <= 0xFFF:
        return number & 0xFFF == said.number
    return (priority << 8) + number & 0xFFFF == (said.priority << 8) + said.number


def addresses_of(instances: Iterable[Instance], *others: str) -> tuple[str, ...]:
    """The addresses by which neighbours may know a switch: those of its identifiers, and others of its own."""
    own = {one.bridge.mac for one in instances if one.bridge is not None}
    return tuple(sorted(own | {other for other in others if other}))


def tree_label(name: str) -> str:
    """An instance as people speak of it, in any language: 'CST' is the common one.

    >>> tree_label(""), tree_label("vlan-10"), tree_label("mst-1")
    ('CST', 'VLAN 10', 'MSTI 1')
    """
    sort, _, number = name.partition("-")
    return {"vlan": f"VLAN {number}", "mst": f"MSTI {number}"}.get(sort, name or "CST")


def is_calm(tree: Tree, one: Instance) -> bool:
    """Whether an instance is at rest: what it says belongs together, and can be held against what others say.

    A change is over when twice its announcement has passed (70 s by default), as by then the tree has found its way.
    """
    if tree.is_settling or any(port.state in {"listening", "learning"} and port.is_up for port in one.ports):
        return False
    lasts = one.timers.change_lasts if one.timers is not None else 35.0
    return one.since_change is None or not one.changes or one.since_change > 2 * lasts
