"""Is the tree of real bridges read as it is: whole, cut, and with somebody else as the root?"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator

import pytest

from collectors import About, Kind, TreePlan, Unanswered
from collectors.collector import Collector
from collectors.net.host_bridges import HostBridges
from collectors.net.linux_bridge import linux_bridge
from collectors.net.open_vswitch import open_vswitch
from collectors.net.tree import Instance, Tree
from tests.lab.loose_switches import CommandLine, Switches, can_have_ovs, switches
from tests.lab.tools import until

pytestmark = [pytest.mark.lab, pytest.mark.slow]

PREFIX = f"b{os.getpid()}-"
ABOUT = About(
    id="sw1",
    name="sw1.musterbau.test",
    addresses=("192.0.2.11",),
    platform="linux",
    environment="network",
    spanning_tree=TreePlan(root="sw1"),
)
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
needs_ovs = pytest.mark.skipif(not can_have_ovs(), reason="Open vSwitch is not installed")


async def _asked(question: Collector[HostBridges], host: CommandLine) -> HostBridges:
    return await question.ask(host, ABOUT)


def kernel(place: Switches, name: str, *as_who: str) -> HostBridges:
    return asyncio.run(_asked(linux_bridge, place.shell(name, *as_who)))


def vswitch(place: Switches, name: str, *as_who: str) -> HostBridges:
    return asyncio.run(_asked(open_vswitch, place.shell(name, *as_who)))


def tree(seen: HostBridges, name: str = "br0") -> Tree:
    return next(one.tree for one in seen.bridges if one.name == name)


def instance(seen: HostBridges) -> Instance:
    (one,) = tree(seen).instances
    return one


def ways(seen: HostBridges) -> dict[str, tuple[str, str]]:
    """Role and state of each port, by name."""
    return {port.name: (port.role, port.state) for port in instance(seen).ports}


def after(
    place: Switches,
    holds: Callable[[dict[str, HostBridges]], bool],
    ask: Callable[[Switches, str], HostBridges] = kernel,
    seconds: float = 60.0,
) -> dict[str, HostBridges]:
    """What is read of every switch once something holds; the last reading, where it never does."""
    end = time.monotonic() + seconds
    while True:
        seen = {name: ask(place, name) for name in place.names}
        if holds(seen) or time.monotonic() > end:
            return seen
        time.sleep(0.3)


def settled(seen: dict[str, HostBridges]) -> bool:
    ports = [port for one in seen.values() for port in instance(one).ports if port.is_up]
    roots = {instance(one).root for one in seen.values()}
    # A designated port of RSTP whose neighbour is an alternate one waits for twice the forward delay, in discarding.
    at_rest = all(
        port.state == "forwarding" or (port.role in {"alternate", "backup"} and port.is_held_back)
        for port in ports
        if port.is_running
    )
    is_moving = any(tree(one).is_settling for one in seen.values())
    return at_rest and not is_moving and len(roots) == 1


def with_a_gap(seen: dict[str, HostBridges]) -> bool:
    return settled(seen) and any(port.is_held_back for one in seen.values() for port in instance(one).ports)


def cost_adds_up(one: Instance) -> bool:
    """What the designated bridge pays, and the way to it: exactly the cost to the root (802.1D-2004, 17.6)."""
    way = one.root_way
    if way is None:
        return one.root_cost == 0
    return (
        way.designated_cost is not None
        and way.cost is not None
        and (one.root_cost == way.designated_cost + way.cost)
    )


def fits_together(seen: dict[str, HostBridges], *, cut: bool = False) -> None:
    """Both ends of each cable say the same of it, and exactly one end of the three is shut."""
    trees = {name: instance(one) for name, one in seen.items()}
    names = {one.bridge: name for name, one in trees.items()}
    for name, one in trees.items():
        assert cost_adds_up(one), name
        for port in one.ports:
            if port.is_up and port.role != "designated" and port.designated_port is not None:
                assert port.designated_bridge is not None
                other = trees[names[port.designated_bridge]]
                there = other.port(port.designated_port.number)
                assert (there and there.name, there and there.role) == (f"p-{name}", "designated")
    shut = [port for one in trees.values() for port in one.ports if port.is_held_back]
    assert len(shut) == (0 if cut else 1)


@pytest.fixture(scope="module")
def ring() -> Iterator[Switches]:
    with switches(PREFIX, ("sw1", "sw2", "sw3")) as place:
        place.join("sw1", "sw2")
        place.join("sw2", "sw3")
        place.join("sw3", "sw1")
        yield place


def test_a_ring_of_kernel_bridges_is_read_as_it_is(ring: Switches) -> None:
    seen = after(ring, with_a_gap)
    fits_together(seen)
    assert instance(seen["sw1"]).is_root
    assert str(instance(seen["sw3"]).root) == "4096/02:88:00:00:00:01"
    assert ways(seen["sw3"]) == {"p-sw1": ("root", "forwarding"), "p-sw2": ("alternate", "blocking")}
    assert tree(seen["sw3"]).protocol == "stp"
    assert tree(seen["sw3"]).plan == TreePlan(root="sw1")
    assert instance(seen["sw3"]).timers is not None
    assert str(instance(seen["sw3"]).timers) == "6/1/4"
    # The same for an account that has no rights at all.
    assert ways(kernel(ring, "sw3", *NOBODY)) == ways(seen["sw3"])


def test_a_ring_that_is_cut_opens_its_other_way(ring: Switches) -> None:
    after(ring, with_a_gap)
    ring.ip("sw3", "link", "set", "p-sw1", "down")
    try:
        seen = after(ring, lambda seen: settled(seen) and ways(seen["sw3"])["p-sw2"][1] == "forwarding")
        fits_together(seen, cut=True)
        assert ways(seen["sw3"]) == {"p-sw1": ("disabled", "disabled"), "p-sw2": ("root", "forwarding")}
        # The other end of the cable: its own side is up, its link is not.
        assert ways(seen["sw1"])["p-sw3"] == ("disabled", "disabled")
        assert {port.is_up for port in instance(seen["sw1"]).ports} == {True, False}
    finally:
        ring.ip("sw3", "link", "set", "p-sw1", "up")


def test_a_foreign_root_is_seen_by_everybody(ring: Switches) -> None:
    after(ring, with_a_gap)
    ring.bridge("rogue", 99, priority=0)
    ring.join("rogue", "sw3")
    try:
        seen = after(ring, lambda seen: with_a_gap(seen) and instance(seen["rogue"]).is_root)
        fits_together(seen)
        assert {str(instance(one).root) for one in seen.values()} == {"0/02:88:00:00:00:63"}
        way = instance(seen["sw3"]).root_way
        assert way is not None
        assert way.name == "p-rogue"
    finally:
        ring.remove("rogue")


def test_a_guarded_port_keeps_a_better_root_out_and_says_so(ring: Switches) -> None:
    after(ring, with_a_gap)
    ring.on("sw3", "bridge", "link", "set", "dev", "p-sw2", "root_block", "on")
    ring.on("sw3", "bridge", "link", "set", "dev", "p-sw1", "root_block", "on")
    try:
        seen = after(
            ring, lambda seen: {port.inconsistent for port in instance(seen["sw3"]).ports} == {"root"}
        )
        ports = instance(seen["sw3"]).ports
        assert [(port.inconsistent, port.guards) for port in ports] == [("root", ("root-guard",))] * 2
        assert instance(seen["sw3"]).is_root, "it takes itself for the root, as nobody else may be it"
    finally:
        for name in ("p-sw2", "p-sw1"):
            ring.on("sw3", "bridge", "link", "set", "dev", name, "root_block", "off")


def test_a_guarded_port_that_only_just_came_up_is_not_taken_for_one_that_is_held(ring: Switches) -> None:
    """Nobody with a better root is at its other end."""
    after(ring, with_a_gap)
    ring.on("sw1", "bridge", "link", "set", "dev", "p-sw2", "root_block", "on")
    ring.ip("sw1", "link", "set", "p-sw2", "down")
    ring.ip("sw1", "link", "set", "p-sw2", "up")
    # The bridge hears of it a moment later.
    state = "/sys/class/net/p-sw2/brport/state"
    until("the bridge takes the port up", lambda: ring.on("sw1", "cat", state).strip() != "0")
    try:
        waiting = kernel(ring, "sw1")
        port = instance(waiting).named("p-sw2")
        assert port is not None
        assert (port.state, port.inconsistent) in {("listening", ""), ("learning", "")}
    finally:
        ring.on("sw1", "bridge", "link", "set", "dev", "p-sw2", "root_block", "off")


def test_a_port_that_its_guard_shut_is_named(ring: Switches) -> None:
    after(ring, with_a_gap)
    ring.on("sw3", "bridge", "link", "set", "dev", "p-sw1", "guard", "on")
    try:
        seen = after(ring, lambda seen: bool(tree(seen["sw3"]).err_disabled))
        (shut,) = tree(seen["sw3"]).err_disabled
        assert (shut.port, shut.cause) == ("p-sw1", "bpduguard")
    finally:
        ring.on("sw3", "bridge", "link", "set", "dev", "p-sw1", "guard", "off")
        ring.ip("sw3", "link", "set", "p-sw1", "down")
        ring.ip("sw3", "link", "set", "p-sw1", "up")


def test_a_bridge_without_spanning_tree_runs_none(ring: Switches) -> None:
    ring.ip("sw1", "link", "add", "plain0", "type", "bridge")
    try:
        seen = kernel(ring, "sw1")
        assert [one.name for one in seen.bridges] == ["br0", "plain0"]
        assert tree(seen, "plain0").is_on is False
    finally:
        ring.ip("sw1", "link", "del", "plain0")


def test_a_host_without_any_bridge_says_so() -> None:
    with switches(f"{PREFIX}n") as place:
        place.box("host")
        assert kernel(place, "host") == HostBridges()


@pytest.fixture(scope="module")
def triangle() -> Iterator[Switches]:
    with switches(f"{PREFIX}o") as place:
        for number, name in enumerate(("ov1", "ov2", "ov3"), 1):
            place.vswitch(name)
            place.vbridge(name, number, priority=4096 * number)
        place.vjoin("ov1", "ov2")
        place.vjoin("ov2", "ov3")
        place.vjoin("ov3", "ov1")
        yield place


@needs_ovs
def test_a_triangle_of_open_vswitch_is_read_as_it_is(triangle: Switches) -> None:
    seen = after(triangle, with_a_gap, vswitch)
    fits_together(seen)
    assert str(instance(seen["ov3"]).root) == "4096/02:88:00:00:01:01"
    assert ways(seen["ov3"]) == {"p-ov1": ("root", "forwarding"), "p-ov2": ("alternate", "discarding")}
    assert tree(seen["ov3"]).protocol == "rstp"
    assert str(instance(seen["ov3"]).timers) == "20/2/15"


@needs_ovs
def test_a_triangle_that_is_cut_opens_its_other_way(triangle: Switches) -> None:
    after(triangle, with_a_gap, vswitch)
    triangle.ip("ov3", "link", "set", "p-ov1", "down")
    try:
        seen = after(
            triangle,
            lambda seen: settled(seen) and ways(seen["ov3"])["p-ov2"] == ("root", "forwarding"),
            vswitch,
        )
        fits_together(seen, cut=True)
        assert ways(seen["ov3"]) == {"p-ov1": ("disabled", "discarding"), "p-ov2": ("root", "forwarding")}
    finally:
        triangle.ip("ov3", "link", "set", "p-ov1", "up")


@needs_ovs
def test_a_foreign_root_is_seen_by_all_of_open_vswitch(triangle: Switches) -> None:
    after(triangle, with_a_gap, vswitch)
    triangle.vsctl("ov3", "set", "bridge", "br0", "other_config:rstp-priority=0")
    try:
        seen = after(triangle, lambda seen: with_a_gap(seen) and instance(seen["ov3"]).is_root, vswitch)
        fits_together(seen)
        assert {str(instance(one).root) for one in seen.values()} == {"0/02:88:00:00:01:03"}
    finally:
        triangle.vsctl("ov3", "set", "bridge", "br0", "other_config:rstp-priority=12288")


@needs_ovs
def test_who_may_not_ask_open_vswitch_is_refused(triangle: Switches) -> None:
    with pytest.raises(Unanswered) as caught:
        vswitch(triangle, "ov1", *NOBODY)
    assert caught.value.kind is Kind.REFUSED


@needs_ovs
def test_the_last_word_of_a_daemon_that_has_ended_is_not_taken_for_the_present() -> None:
    with switches(f"{PREFIX}d") as place:
        place.vswitch("ov1")
        place.vbridge("ov1", 1, priority=4096)
        assert instance(vswitch(place, "ov1")).is_root
        place.daemons[-1].terminate()
        with pytest.raises(Unanswered) as caught:
            after(place, lambda _: False, vswitch, seconds=5)
        assert caught.value.kind is Kind.NOT_THERE


@needs_ovs
def test_stp_of_open_vswitch_is_read_and_its_ports_outside_the_tree_are_said_to_be_so() -> None:
    with switches(f"{PREFIX}s") as place:
        for number, name in enumerate(("ov1", "ov2"), 1):
            place.vswitch(name)
            place.vbridge(name, number, priority=4096 * number, protocol="stp")
        place.vjoin("ov1", "ov2")
        place.ip("ov2", "link", "add", "h1", "type", "veth", "peer", "name", "h2")
        place.vsctl(
            "ov2", "add-port", "br0", "h1", "--", "set", "port", "h1", "other_config:stp-enable=false"
        )
        place.vsctl("ov2", "add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=netdev")
        seen = after(place, settled, vswitch)
        assert {str(instance(one).root) for one in seen.values()} == {"4096/02:88:00:00:01:01"}
        assert tree(seen["ov2"]).protocol == "stp"
        assert [(port.name, port.is_running) for port in instance(seen["ov2"]).ports] == [
            ("h1", False),
            ("p-ov1", True),
        ]
        assert tree(seen["ov2"], "br-int").is_on is False
