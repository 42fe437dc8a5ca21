"""What can be wrong with spanning tree and the cables between switches? Faults in the ring.

Where a loop is opened, the cable that closes it carries BPDUs or LLDP alone: no frame ever goes round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.faults.fault import Fault
from tests.lab import cells, switches
from tests.lab.lab import Lab
from tests.lab.places import FOREIGN, RING
from tests.lab.tools import until

__all__ = ["FAULTS", "in_ring"]

Act = Callable[[Lab], None]
Sees = Callable[[Lab], bool]

_NAMES = tuple(box.id for box in RING)
_IF_MTU = "1.3.6.1.2.1.2.2.1.4"
_PC = "pc1"
_FORWARDS = 3
# Max age and twice the forward delay, and some.
_SLOWEST = 25.0
# Frames that every switch keeps to itself: spanning tree's, and LLDP's.
_BPDU, _LLDP = "ether daddr 01:80:c2:00:00:00", "ether type 0x88cc"
# Down, and up until it forwards: two changes every nine seconds, for nine minutes at most.
_FLAPS = "for i in $(seq 60); do ip link set eth0 down; sleep 0.3; ip link set eth0 up; sleep 8.6; done"


def in_ring(lab: Lab, what: str, holds: Callable[[], bool]) -> None:
    """Wait until something holds and no port is on its way any more; then let it be so for a while."""
    until(what, lambda: holds() and _is_still(lab), seconds=_SLOWEST, every=0.2)
    switches.settle(lab.place)


def _is_still(lab: Lab) -> bool:
    """No port listens or learns."""
    states = {one.state for name in _NAMES for one in switches.ports(lab.place, name).values()}
    return not states & {1, 2}


def mend(lab: Lab) -> None:
    """Wait until the ring is as it was."""
    switches.wait(lab.place, _SLOWEST)


def _bridge(switch: str, *setting: str) -> Act:
    return lambda lab: lab.void(switch, "ip", "link", "set", "br0", "type", "bridge", *setting)


def _roots(lab: Lab) -> set[str]:
    return {switches.root_of(lab.place, name) for name in _NAMES}


def _root_is(priority: int, switch: str) -> Sees:
    mac = f"02770000000{switch[-1]}"
    return lambda lab: _roots(lab) == {f"{priority:04x}.{mac}"}


def _priority(
    name: str,
    tag: str,
    shows: Sees,
    first: tuple[str, int],
    *more: tuple[str, int],
    also: tuple[str, ...] = (),
    follows: Sees | None = None,
) -> Fault:
    """Priorities are set anew: of the first switch, where the fault is, and of others. follows: what the tree does then."""

    def inject(lab: Lab) -> None:
        for switch, priority in (first, *more):
            _bridge(switch, "priority", str(priority))(lab)
        in_ring(lab, "the switches have the tree that follows", lambda: (follows or shows)(lab))

    def undo(lab: Lab) -> None:
        for switch, _ in (first, *more):
            _bridge(switch, "priority", str(switches.PRIORITIES[switch]))(lab)
        mend(lab)

    return Fault(
        name=name,
        area="switches",
        of_network=True,
        host=first[0],
        also=("", *also),
        tags=(tag,),
        inject=inject,
        undo=undo,
        shows=shows,
    )


def _own_priority(switch: str, priority: int) -> Sees:
    path = "/sys/class/net/br0/bridge/priority"
    return lambda lab: int(lab.on(switch, "cat", path).stdout) == priority


@dataclass(frozen=True, slots=True)
class _Filter:
    """Of all that goes through a port in one direction ('ingress', 'egress'), these frames alone pass."""

    switch: str
    port: str
    passing: tuple[str, ...] = ()
    hook: str = "ingress"

    @property
    def table(self) -> str:
        return f"fault-{self.port}-{self.hook}"

    def put(self, lab: Lab) -> None:
        rules = "".join(f"{one} accept\n" for one in self.passing)
        chain = f'chain c {{ type filter hook {self.hook} device "{self.port}" priority 0;\n{rules}drop\n}}'
        lab.on(self.switch, "nft", "-f", "-", text=f"table netdev {self.table} {{ {chain}\n}}\n")

    def remove(self, lab: Lab) -> None:
        lab.on(self.switch, "nft", "delete", "table", "netdev", self.table)


def _filtered(*filters: _Filter, until_seen: Sees) -> tuple[Act, Act]:
    """Filters, and what the tree looks like then; and how they go."""

    def inject(lab: Lab) -> None:
        for one in filters:
            one.put(lab)
        in_ring(lab, "the tree is what the filters make of it", lambda: until_seen(lab))

    def undo(lab: Lab) -> None:
        for one in filters:
            one.remove(lab)
        mend(lab)

    return inject, undo


def _forwards(switch: str, port: str) -> Sees:
    return lambda lab: switches.port(lab.place, switch, port).state == _FORWARDS


def _splits(lab: Lab) -> bool:
    return switches.root_of(lab.place, "sw4").endswith("4")


def _filter_fault(
    name: str,
    host: str,
    tag: str,
    acts: tuple[Act, Act],
    shows: Sees,
    *,
    also: tuple[str, ...],
    a_note: bool = False,
) -> Fault:
    return Fault(
        name=name,
        area="switches",
        of_network=True,
        host=host,
        also=also,
        tags=(tag,),
        inject=acts[0],
        undo=acts[1],
        shows=shows,
        a_note=a_note,
        note="only BPDUs or LLDP pass the cable, so that no frame goes round",
    )


def _flap(lab: Lab) -> None:
    forwards = partial(_forwards("sw2", "ge3"), lab)
    lab.spawn(_PC, "sh", "-c", _FLAPS, "flaps")
    until(f"the port of {_PC} does not forward", lambda: not forwards(), seconds=20)
    until(f"the port of {_PC} forwards", forwards, seconds=20)


def _no_flap(lab: Lab) -> None:
    cells.end(lab.place, _PC, "flaps")
    lab.on(_PC, "ip", "link", "set", "eth0", "up")
    mend(lab)


def _flaps(lab: Lab) -> bool:
    return bool(cells.running_pids(lab.place, _PC, "flaps"))


def _loop_back(lab: Lab) -> None:
    """A cable from a switch back to itself."""
    lab.on("sw2", "ip", "link", "add", "ge8", "type", "veth", "peer", "name", "ge9")
    for name in ("ge8", "ge9"):
        lab.on("sw2", "ip", "link", "set", name, "master", "br0", "up")
    in_ring(lab, "one end of the cable is blocked", lambda: switches.port(lab.place, "sw2", "ge9").state == 4)
    until(
        "the switch hears itself", lambda: {"ge8", "ge9"} <= switches.stations(lab.place, "sw2"), seconds=20
    )


def _no_loop_back(lab: Lab) -> None:
    lab.on("sw2", "ip", "link", "del", "ge8")
    mend(lab)


def _is_there(switch: str, port: str) -> Sees:
    return lambda lab: lab.on(switch, "ip", "link", "show", port, check=False).returncode == 0


def _mtu(lab: Lab, octets: int) -> None:
    lab.on("sw1", "ip", "link", "set", "ge3", "mtu", str(octets))
    index = lab.on("sw1", "cat", "/sys/class/net/ge3/ifindex").stdout.strip()
    told = partial(switches.ask, lab.place, "sw1", f"{_IF_MTU}.{index}")
    # The agent looks at its interfaces every few seconds only.
    until("the agent tells the new size", lambda: told() == (str(octets),), seconds=20, every=0.2)


def _is_jumbo(lab: Lab) -> bool:
    return "mtu 9000" in lab.on("sw1", "ip", "link", "show", "ge3").stdout


def _max_age(switch: str, hundredths: int) -> Sees:
    path = "/sys/class/net/br0/bridge/max_age"
    return lambda lab: int(lab.on(switch, "cat", path).stdout) == hundredths


def _long_age(lab: Lab) -> None:
    _bridge("sw1", "max_age", "2000")(lab)
    in_ring(lab, "all have the root's timers", lambda: all(_max_age(name, 2000)(lab) for name in _NAMES))


def _short_age(lab: Lab) -> None:
    _bridge("sw1", "max_age", "600")(lab)
    in_ring(lab, "all have the root's timers", lambda: all(_max_age(name, 600)(lab) for name in _NAMES))


def _tree(lab: Lab, switch: str, *, on: bool) -> None:
    _bridge(switch, "stp_state", "1" if on else "0")(lab)


def _tree_off(lab: Lab) -> None:
    _tree(lab, "sw4", on=False)
    in_ring(lab, "the ring is one through the switch", lambda: _sends_through(lab))


def _sends_through(lab: Lab) -> bool:
    """sw3 hears sw1 through a switch that takes no part."""
    return switches.port(lab.place, "sw3", "ge2").designated_bridge.endswith("1")


def _tree_on(lab: Lab) -> None:
    _tree(lab, "sw4", on=True)
    mend(lab)


def _hush(lab: Lab) -> None:
    switches.lldp(lab.place, "sw4", "configure", "lldp", "status", "rx-only")
    until("nobody hears sw4", partial(_is_hushed, lab), seconds=20, every=0.2)


def _speak(lab: Lab) -> None:
    switches.lldp(lab.place, "sw4", "configure", "lldp", "status", "rx-and-tx")
    mend(lab)


def _is_hushed(lab: Lab) -> bool:
    return not {"ge2"} & switches.stations(lab.place, "sw1") and "ge1" in switches.stations(lab.place, "sw4")


_NO_BPDU = _filtered(
    _Filter("sw3", "ge1", (_LLDP,)), _Filter("sw2", "ge2", (_LLDP,)), until_seen=_forwards("sw3", "ge1")
)
# What sw2 sends never comes out, LLDP as well.
_ONE_WAY = _filtered(
    _Filter("sw2", "ge2", hook="egress"),
    _Filter("sw2", "ge2", (_BPDU, _LLDP)),
    until_seen=lambda lab: _forwards("sw3", "ge1")(lab) and "ge1" not in switches.stations(lab.place, "sw3"),
)
_SPLIT = _filtered(
    *(
        _Filter(switch, port, (_LLDP,))
        for switch, port in (("sw4", "ge1"), ("sw4", "ge2"), ("sw1", "ge2"), ("sw3", "ge2"))
    ),
    until_seen=_splits,
)

FAULTS: tuple[Fault, ...] = (
    _filter_fault(
        "bpdus-filtered", "sw3", "net.loop-open", _NO_BPDU, _forwards("sw3", "ge1"), also=("sw2", "")
    ),
    _priority("rogue-root", "net.root-wrong", _root_is(0, FOREIGN.id), (FOREIGN.id, 0), also=("sw3",)),
    _priority("root-lost", "net.root-is-backup", _root_is(8192, "sw2"), ("sw1", 61440)),
    Fault(
        name="host-port-flaps",
        area="switches",
        of_network=True,
        host="sw2",
        tags=("net.tree-changes-storm",),
        inject=_flap,
        undo=_no_flap,
        shows=_flaps,
    ),
    _filter_fault("tree-split", "sw4", "net.roots-disagree", _SPLIT, _splits, also=("sw1", "sw3", "")),
    Fault(
        name="cable-to-itself",
        area="switches",
        of_network=True,
        host="sw2",
        tags=("net.hears-itself",),
        inject=_loop_back,
        undo=_no_loop_back,
        shows=_is_there("sw2", "ge8"),
    ),
    Fault(
        name="timers-unsound",
        area="switches",
        of_network=True,
        host="sw1",
        also=("sw2", "sw3", "sw4"),
        tags=("net.tree-timers-unsound",),
        inject=_long_age,
        undo=_short_age,
        shows=_max_age("sw4", 2000),
    ),
    _priority("root-by-chance", "net.root-default", _root_is(32768, "sw1"), ("sw1", 32768), ("sw2", 32768)),
    _priority(
        "backup-forgotten",
        "net.backup-not-next",
        _own_priority("sw2", 61440),
        ("sw2", 61440),
        follows=_forwards("sw3", "ge1"),
    ),
    Fault(
        name="tree-off",
        area="switches",
        of_network=True,
        host="sw4",
        tags=("net.tree-unusable",),
        inject=_tree_off,
        undo=_tree_on,
        shows=_sends_through,
        a_note=True,
    ),
    _filter_fault(
        "one-way",
        "sw2",
        "net.link-one-sided",
        _ONE_WAY,
        _forwards("sw3", "ge1"),
        also=("sw3", ""),
        a_note=True,
    ),
    Fault(
        name="lldp-hushed",
        area="switches",
        of_network=True,
        host="sw4",
        tags=("net.link-one-sided",),
        inject=_hush,
        undo=_speak,
        shows=_is_hushed,
        a_note=True,
    ),
    Fault(
        name="mtu-differs",
        area="switches",
        of_network=True,
        host="sw1",
        also=("sw3",),
        tags=("net.mtu-differs",),
        inject=partial(_mtu, octets=9000),
        undo=partial(_mtu, octets=1500),
        shows=_is_jumbo,
        a_note=True,
    ),
)
