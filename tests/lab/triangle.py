"""The triangle: three Open vSwitch with rapid spanning tree, each with daemons and a database of its own.

ov1 ─── ov2        ov1 has the lowest priority and is the root.
  ╲                They switch in user space: no module of the kernel is needed.
    ov3
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial

from tests.lab.devices import Cable, argv_in, cable, folder, start, start_ssh
from tests.lab.places import TRIANGLE, UID, Place
from tests.lab.tools import run, until

__all__ = ["CABLES", "appctl", "ill", "roles", "start_triangle", "vsctl", "wait"]

CABLES: tuple[Cable, ...] = (
    (("ov1", "ge1"), ("ov2", "ge1")),
    (("ov2", "ge2"), ("ov3", "ge1")),
    (("ov3", "ge2"), ("ov1", "ge2")),
)
_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
# As a line of 100 Gbit/s has it (IEEE 802.1D-2004, table 17-3).
_COST = 200
_PORT = re.compile(r"^\s+(ge\d+)\s+(Root|Designated|Alternate|Backup|Disabled)\s+(\w+)", re.MULTILINE)


def start_triangle(place: Place) -> None:
    """Wire the switches, and let them begin. `wait` tells when they have found their tree."""
    for ends in CABLES:
        cable(place, ends)
    for box in TRIANGLE:
        database = folder(place, box.id) / "conf.db"
        (folder(place, box.id) / "run/openvswitch").mkdir(exist_ok=True)
        run("ovsdb-tool", "create", str(database), _SCHEMA)
        remote = "--remote=punix:/run/openvswitch/db.sock"
        start(place, box.id, "/usr/sbin/ovsdb-server", remote, "--pidfile", str(database))
    for box in TRIANGLE:
        until(f"the database of {box.id} answers", partial(_answers, place, box.id))
        vsctl(place, box.id, "--no-wait", "init")
        start(place, box.id, "/usr/sbin/ovs-vswitchd", "--pidfile", "unix:/run/openvswitch/db.sock")
    for number, box in enumerate(TRIANGLE, start=1):
        vsctl(
            place,
            box.id,
            *("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev", "rstp_enable=true"),
            *("fail_mode=standalone", f"other_config:rstp-priority={4096 * number}"),
            f"other_config:hwaddr=02:77:00:00:01:0{number}",
        )
        for name in _ports_of(box.id):
            setting = ("--", "set", "port", name, f"other_config:rstp-path-cost={_COST}")
            vsctl(place, box.id, "add-port", "br0", name, *setting)
        _let_read(place, box.id)
        start_ssh(place, box.id)


def _ports_of(switch: str) -> Iterator[str]:
    for ends in CABLES:
        yield from (name for device, name in ends if device == switch)


def _answers(place: Place, switch: str) -> bool:
    return run(*_argv(place, switch, "ovs-vsctl", "--no-wait", "show"), check=False).returncode == 0


def _let_read(place: Place, switch: str) -> None:
    """The product's account may ask, as its group may on the switches of the customer."""
    top = folder(place, switch) / "run/openvswitch"
    for path in (top, *top.iterdir()):
        os.chown(path, 0, UID)
        path.chmod(0o770 if path.is_dir() or path.is_socket() else 0o660)


def _argv(place: Place, switch: str, *argv: str) -> tuple[str, ...]:
    return ("ip", "netns", "exec", place.netns(switch), *argv_in(place, switch, argv))


def vsctl(place: Place, switch: str, *words: str) -> str:
    """What `ovs-vsctl` says on a switch."""
    return run(*_argv(place, switch, "ovs-vsctl", "--timeout=10", *words)).stdout


def appctl(place: Place, switch: str, *words: str) -> str:
    """What `ovs-appctl` says on a switch."""
    return run(*_argv(place, switch, "ovs-appctl", *words)).stdout


def roles(place: Place, switch: str) -> dict[str, tuple[str, str]]:
    """Role and state of each port: {'ge1': ('Root', 'Forwarding')}."""
    return {
        name: (role, state) for name, role, state in _PORT.findall(appctl(place, switch, "rstp/show", "br0"))
    }


def ill(place: Place) -> Iterator[str]:
    """What is not as it should be in the triangle."""
    wanted = {
        "ov1": {"ge1": ("Designated", "Forwarding"), "ge2": ("Designated", "Forwarding")},
        "ov2": {"ge1": ("Root", "Forwarding"), "ge2": ("Designated", "Forwarding")},
        "ov3": {"ge1": ("Alternate", "Discarding"), "ge2": ("Root", "Forwarding")},
    }
    for box in TRIANGLE:
        if (found := roles(place, box.id)) != wanted[box.id]:
            yield f"the ports of {box.id} are {found}"


def wait(place: Place, seconds: float = 40.0) -> None:
    """Until the tree is found. Raises LabError."""
    until("the triangle has its tree", lambda: not tuple(ill(place)), seconds=seconds, every=0.2)
