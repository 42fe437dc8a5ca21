"""Routers: two with a command line as network devices have it, and two at the ends of a narrow line that calls go over.

r1 ─── r2                      FRRouting; who logs in is in `vtysh`.
ph1 ─── gw1 ═══ gw2 ─── ph2    2 Mbit/s between them: HTB, calls (EF) first, signalling (AF31) next, then the rest.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from functools import partial

from tests.lab.devices import Cable, batch, cable, folder, start, start_ssh
from tests.lab.places import EDGE, LEAVES, ROUTERS, Place
from tests.lab.tools import run, until

__all__ = [
    "CLASSES",
    "LINE",
    "PHONES",
    "Classes",
    "classes_of",
    "ill",
    "shape",
    "start_login",
    "start_routers",
    "wait",
]

PHONES = LEAVES[1:]
# The narrow line: the router at its beginning, and the port there.
LINE = (EDGE[0].id, "wan")
_CABLES: tuple[Cable, ...] = (
    (("r1", "ge0"), ("r2", "ge0")),
    ((PHONES[0], "eth0"), ("gw1", "lan")),
    (("gw1", "wan"), ("gw2", "wan")),
    ((PHONES[1], "eth0"), ("gw2", "lan")),
)
_ADDRESSES = {
    ("gw1", "lan"): "10.78.1.1/24",
    ("gw1", "wan"): "10.78.2.1/24",
    ("gw2", "wan"): "10.78.2.2/24",
    ("gw2", "lan"): "10.78.3.1/24",
    (PHONES[0], "eth0"): "10.78.1.2/24",
    (PHONES[1], "eth0"): "10.78.3.2/24",
}
_ROUTES = {
    PHONES[0]: "default via 10.78.1.1",
    PHONES[1]: "default via 10.78.3.1",
    "gw1": "10.78.3.0/24 via 10.78.2.2",
    "gw2": "10.78.1.0/24 via 10.78.2.1",
}
# Class: kbit/s, place in the queue, and which DSCP goes there (in the whole octet).
Classes = Mapping[str, tuple[int, int, int | None]]
CLASSES: Classes = {"10": (500, 1, 0xB8), "20": (500, 2, 0x68), "30": (1000, 3, None)}


def start_routers(place: Place) -> None:
    """Wire them, and let them begin. `wait` tells when the routers know each other's networks."""
    for ends in _CABLES:
        cable(place, ends)
    for number, box in enumerate(ROUTERS, start=1):
        _start_router(place, box.id, number)
    for device in (*(box.id for box in EDGE), *PHONES):
        batch(
            place,
            device,
            [f"addr add {at} dev {name}" for (who, name), at in _ADDRESSES.items() if who == device],
        )
    for device, way in _ROUTES.items():
        batch(place, device, [f"route replace {way}"])
    for box in EDGE:
        run("ip", "netns", "exec", place.netns(box.id), "sysctl", "-qw", "net.ipv4.ip_forward=1")
        start_ssh(place, box.id)
    shape(place)


def _start_router(place: Place, router: str, number: int) -> None:
    run("ip", "netns", "exec", place.netns(router), "sysctl", "-qw", "net.ipv4.ip_forward=1")
    own = folder(place, router) / "run/frr"
    own.mkdir(exist_ok=True)
    shutil.chown(own, "frr", "frr")
    own.chmod(0o755)
    (own / "frr.conf").write_text(
        f"hostname {router}\n"
        f"interface ge0\n ip address 10.78.9.{number}/30\n ip ospf hello-interval 1\n ip ospf dead-interval 4\n"
        " ip ospf network point-to-point\n"
        f"interface lo\n ip address 10.78.10.{number}/32\n"
        "router ospf\n network 10.78.9.0/30 area 0\n network 10.78.10.0/24 area 0\n",
        "ascii",
    )
    common = (
        "-f",
        "/run/frr/frr.conf",
        "--vty_socket",
        "/run/frr",
        "-z",
        "/run/frr/zserv.api",
        "--log",
        "stdout",
        "-P",
        "0",
    )
    for program in ("zebra", "ospfd"):
        start(place, router, f"/usr/lib/frr/{program}", *common, "-i", f"/run/frr/{program}.pid")
        if program == "zebra":
            until(f"zebra on {router} takes others in", (own / "zserv.api").exists)
    start_login(place, router)


def start_login(place: Place, router: str) -> None:
    """Let the product log in, into the router's command line."""
    start_ssh(place, router, login="/usr/bin/vtysh", groups=("frr", "frrvty"))


def shape(place: Place, classes: Classes = CLASSES, kbits: int = 2000) -> None:
    """Put the narrow line's queues in place, as they should be or as given; what was there before goes. kbits: of all together."""
    gateway, name = LINE
    tc = partial(run, "tc", "-n", place.netns(gateway))
    tc("qdisc", "del", "dev", name, "root", check=False)
    tc("qdisc", "add", "dev", name, "root", "handle", "1:", "htb", "default", "30")
    most = f"{kbits}kbit"
    tc("class", "add", "dev", name, "parent", "1:", "classid", "1:1", "htb", "rate", most, "ceil", most)
    for number, (rate, first, octet) in classes.items():
        words = ("htb", "rate", f"{rate}kbit", "ceil", most, "prio", f"{first}")
        tc("class", "add", "dev", name, "parent", "1:1", "classid", f"1:{number}", *words)
        tc(
            "qdisc",
            "add",
            "dev",
            name,
            "parent",
            f"1:{number}",
            "handle",
            f"{number}:",
            "pfifo",
            "limit",
            "20",
        )
        if octet is not None:
            match = ("u32", "match", "ip", "dsfield", f"{octet:#x}", "0xfc", "flowid", f"1:{number}")
            tc("filter", "add", "dev", name, "parent", "1:", "protocol", "ip", "prio", f"{first}", *match)


def classes_of(place: Place) -> str:
    """What `tc` shows of the classes on the narrow line."""
    gateway, name = LINE
    return run("tc", "-n", place.netns(gateway), "class", "show", "dev", name).stdout


def ill(place: Place) -> Iterator[str]:
    """What is not as it should be with the routers."""
    if not _knows_other(place, ROUTERS[0].id):
        yield f"{ROUTERS[0].id} has no way to the network of {ROUTERS[1].id}"
    if classes_of(place).count("class htb") != len(CLASSES) + 1:
        yield f"the line at {LINE[0]} has other classes"


def _knows_other(place: Place, router: str) -> bool:
    return "10.78.10.2" in run("ip", "-n", place.netns(router), "route").stdout


def wait(place: Place, seconds: float = 60.0) -> None:
    """Until nothing is ill. Raises LabError."""
    until("the routers know each other's networks", lambda: not tuple(ill(place)), seconds=seconds, every=0.2)
