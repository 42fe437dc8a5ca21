"""Is the network of the lab healthy, does it speak of itself truly, and is nothing claimed while it moves or is full?"""

from __future__ import annotations

import sys

import pytest

from tests.faults.fault import Fault
from tests.faults.score import Row
from tests.faults.trial import diagnosed
from tests.lab import cells, routers, switches, triangle
from tests.lab.lab import TOP, Lab
from tests.lab.places import FOREIGN, RING, TRIANGLE
from tests.lab.tools import until

pytestmark = pytest.mark.lab

_ROOT, _STATES = "1.3.6.1.2.1.17.2.5.0", "1.3.6.1.2.1.17.2.15.1.3"
# The kernel's states, as BRIDGE-MIB counts them.
_AS_TOLD = {0: 1, 1: 3, 2: 4, 3: 5, 4: 2}
_SENDER = TOP / "tests" / "collectors" / "net" / "sender.py"


def _diagnosed(lab: Lab) -> Row:
    lab.learn_contract()
    nothing: tuple[Fault, ...] = ()
    return diagnosed(lab, nothing, "healthy", "healthy", 1)


def test_the_network_is_healthy(lab: Lab) -> None:
    for network in (switches, triangle, routers):
        assert tuple(network.ill(lab.place)) == ()


@pytest.mark.parametrize("switch", [box.id for box in RING])
def test_a_switch_tells_by_snmp_what_its_kernel_knows(lab: Lab, switch: str) -> None:
    ports = switches.ports(lab.place, switch)
    oids = [f"{_STATES}.{port.number}" for port in ports.values()]
    root, *states = switches.ask(lab.place, switch, _ROOT, *oids)
    assert root.strip('" ').replace(" ", "").lower() == switches.root_of(lab.place, switch).replace(".", "")
    assert [int(state) for state in states] == [_AS_TOLD[port.state] for port in ports.values()]


def test_open_vswitch_knows_the_lowest_as_its_root(lab: Lab) -> None:
    shown = [triangle.appctl(lab.place, box.id, "rstp/show", "br0") for box in TRIANGLE]
    assert [text.count("02:77:00:00:01:01") for text in shown] == [2, 1, 1]


def test_a_packet_to_the_foreign_switch_is_counted(lab: Lab) -> None:
    before = lab.visits_of_the_uncovered()
    try:
        script = (
            f"import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('{FOREIGN.address}', 161))"
        )
        lab.on("agent", sys.executable, "-I", "-c", script)
        until("the packet came", lambda: lab.visits_of_the_uncovered() == before + 1)
    finally:
        lab.on(FOREIGN.id, "nft", "reset", "counters", "table", "ip", "visits")
    assert switches.visits(lab.place) == 0


def test_nothing_is_claimed_while_the_tree_finds_its_way(lab: Lab) -> None:
    try:
        lab.on("sw1", "ip", "link", "set", "ge1", "down")
        until("sw3 lets sw2 in", lambda: switches.port(lab.place, "sw3", "ge1").state in {1, 2})
        row = _diagnosed(lab)
    finally:
        lab.on("sw1", "ip", "link", "set", "ge1", "up")
        switches.wait(lab.place)
        lab.wait_healthy()
    assert (row.first, row.first_cause, row.error) == (True, "", "")


def test_calls_beside_a_backup_that_fills_the_line_are_no_fault(lab: Lab) -> None:
    phone = routers.PHONES[0]
    try:
        for flow in (("46", "250", "200"), ("0", "600", "1200")):
            lab.spawn(phone, sys.executable, "-I", str(_SENDER), "10.78.3.2", "60", *flow)
        until("the backup overflows", lambda: _drops(lab) > 0, seconds=20)
        row = _diagnosed(lab)
        assert _drops(lab) > 100
    finally:
        cells.end(lab.place, phone, _SENDER.name)
        routers.shape(lab.place)
    assert (row.first, row.first_cause, row.error) == (True, "", "")


def _drops(lab: Lab) -> int:
    """What best effort lost."""
    gateway, name = routers.LINE
    shown = lab.on(gateway, "tc", "-s", "class", "show", "dev", name).stdout
    return int(shown.partition("class htb 1:30 ")[2].partition("dropped ")[2].split(",")[0])
