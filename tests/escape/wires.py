"""How is the lab wired, and who counts? Namespaces on one bridge, a counter before every machine, a capture.

Every machine but the agent sits on an isolated port of the bridge: it hears the agent and nobody else. The agent
knows the way to the permitted machines without asking (a fixed neighbour), so that not even an ARP question of
its own reaches anybody. Whatever arrives at a machine that the contract does not name is therefore an escape.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.escape.capture import strangers
from tests.escape.places import (
    AGENT,
    BRIDGE,
    CABLE,
    CELLS,
    LINK_LOCAL,
    OTHER_CABLE,
    RESOLVER,
    ROUTED,
    TWIN,
    Cell,
)
from tests.lab import cells
from tests.lab.places import Place
from tests.lab.tools import LabError, run, until

__all__ = ["Seen", "Wires", "wired"]

_NET = "net"
# A capture is complete when it has this packet, to a permitted door that no attempt has.
_LAST, _MARKED = "that-is-all", "10.66.0.254"
# Nothing but what is sent on purpose: no neighbour discovery of an address of its own, no repeated reports.
_QUIET = (
    "net.ipv6.conf.all.accept_dad=0",
    "net.ipv6.conf.default.accept_dad=0",
    "net.ipv6.conf.default.addr_gen_mode=1",
    "net.ipv6.conf.default.router_solicitations=0",
    "net.ipv6.conf.default.mldv1_unsolicited_report_interval=1",
    "net.ipv6.conf.default.mldv2_unsolicited_report_interval=1",
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
    "net.ipv4.conf.all.accept_source_route=1",
    "net.ipv4.conf.default.accept_source_route=1",
    "net.ipv4.ping_group_range=0 0",
    "net.ipv4.tcp_fastopen=3",
)
# Counts every frame, and by address what is not permitted (`seen`) and what is (`asked`).
_TABLE = """\
table netdev witness {{
    set seen4 {{ type ipv4_addr; size 4096; flags dynamic; counter; }}
    set seen6 {{ type ipv6_addr; size 4096; flags dynamic; counter; }}
    set asked4 {{ type ipv4_addr; size 4096; flags dynamic; counter; }}
    set asked6 {{ type ipv6_addr; size 4096; flags dynamic; counter; }}
    counter elsewhere {{ }}
{chains}
}}
"""
_CHAIN = """\
    chain {hook}-{device} {{
        type filter hook {hook} device {device} priority 0;
{permitted}
        counter name elsewhere
        ether type ip update @seen4 {{ ip daddr }}
        ether type ip6 update @seen6 {{ ip6 daddr }}
    }}
"""
# An older nft knows no `destroy`.
_ANEW = "add table netdev witness\ndelete table netdev witness\n"
_PERMIT = """\
        {net} {what} update @asked{version} {{ {ip} daddr }} accept
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one counter saw: packets by address, permitted or not, and all frames that were not permitted."""

    escaped: Counter[str]
    asked: Counter[str]
    frames: int


@dataclass(frozen=True, slots=True)
class Wires:
    """The lab's network while it is up."""

    place: Place

    def argv_in(self, cell: str, *argv: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.place.netns(cell), *argv)

    def inside(self, cell: str, *argv: str, text: str | None = None) -> str:
        return run(*self.argv_in(cell, *argv), text=text).stdout

    def spawn(self, cell: str, *argv: str) -> int:
        """Start a program that runs until the lab ends."""
        return cells.spawn(self.place, cell, argv, self.log(cell))

    def log(self, cell: str) -> Path:
        return self.place.state / "log" / f"{cell}.log"

    def listens(self, cell: str, port: int, kind: str = "t") -> Callable[[], bool]:
        return lambda: bool(self.inside(cell, "ss", f"-Hl{kind}n", f"sport = :{port}").strip())

    def count(self) -> dict[str, Seen]:
        """What every counter has seen since they were last set to nothing: by machine, and what left the agent."""
        return {name: self._table(name) for name in [cell.id for cell in (*CELLS, TWIN)]}

    def _table(self, cell: str) -> Seen:
        listed = json.loads(self.inside(cell, "nft", "-j", "list", "table", "netdev", "witness"))
        escaped: Counter[str] = Counter()
        asked: Counter[str] = Counter()
        frames = 0
        for item in listed["nftables"]:
            if "counter" in item:
                frames += item["counter"]["packets"]
            elif "set" in item:
                into = escaped if item["set"]["name"].startswith("seen") else asked
                for element in item["set"].get("elem", ()):
                    into[element["elem"]["val"]] += element["elem"]["counter"]["packets"]
        return Seen(escaped, asked, frames)

    def forget(self) -> None:
        """Set every counter to nothing."""
        for cell in (*CELLS, TWIN):
            self._count_at(cell)

    def _count_at(self, cell: Cell) -> None:
        self.inside(cell.id, "nft", "-f", "-", text=_ANEW + _counters(cell))

    def still(self) -> bool:
        """Nothing comes of its own: the counters, set to nothing, stay there for a moment."""
        self.forget()
        time.sleep(0.3)
        return not any(seen.frames for seen in self.count().values())

    @contextmanager
    def captured(self, file: Path) -> Iterator[None]:
        """Capture what leaves the agent, and what comes to it, on both of its cables."""
        capture = subprocess.Popen(
            self.argv_in(AGENT.id, "tcpdump", "-i", "any", "-n", "-U", "--immediate-mode", "-B", "32768", "-s", "256", "-Z", "root", "-w", str(file)),
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert capture.stderr is not None
        try:
            while "listening on" not in (line := capture.stderr.readline()):
                if not line:
                    raise LabError("tcpdump ended before it began")
            yield
            self.inside(AGENT.id, "bash", "-c", f"echo {_LAST} >/dev/udp/{_MARKED}/22")
            until("the capture has everything", lambda: _LAST.encode() in file.read_bytes(), seconds=20)
        finally:
            capture.send_signal(signal.SIGINT)
            _, said = capture.communicate(timeout=10)
        if "0 packets dropped by kernel" not in said:
            raise LabError(f"the capture is not whole: {said}")

    def strangers(self, file: Path) -> Counter[str]:
        """Whom the agent sent something to that is not permitted, as the capture has it."""
        return strangers(file, CABLE)


def _counters(cell: Cell) -> str:
    if cell is not AGENT:
        return _TABLE.format(chains=_chain("ingress", "eth0", _permits(cell)))
    permits = "".join(_permits(one) for one in CELLS)
    # Nothing is permitted on the other cable.
    return _TABLE.format(chains=_chain("egress", "eth0", permits) + _chain("egress", "eth1", ""))


def _chain(hook: str, device: str, permitted: str) -> str:
    return _CHAIN.format(hook=hook, device=device, permitted=permitted)


def _permits(cell: Cell) -> str:
    if not cell.ports:
        return ""
    lines = []
    what = f"meta l4proto {{ tcp, udp }} th dport {{ {', '.join(map(str, cell.ports))} }}"
    for net in cell.nets:
        ip, version = ("ip6", 6) if ":" in net else ("ip", 4)
        # What the kernel says by itself to a permitted machine whose answer came late.
        late = "icmpv6" if version == 6 else "icmp"
        lines.append(f"        {ip} daddr {net} {late} type destination-unreachable accept\n")
        lines.append(_PERMIT.format(net=f"{ip} daddr {net}", what=what, version=version, ip=ip))
    return "".join(lines)


@contextmanager
def wired(place: Place) -> Iterator[Wires]:
    """Bring the network up, and take everything down again."""
    if os.geteuid():
        raise LabError("the escape lab makes network namespaces: run it as root")
    wires = Wires(place)
    try:
        _make(wires)
        yield wires
    finally:
        cells.clear(place)


def _make(wires: Wires) -> None:
    place = wires.place
    everybody = (*CELLS, TWIN)
    for name in (_NET, *(cell.id for cell in everybody)):
        run("ip", "netns", "add", place.netns(name))
        cells.cgroup(place, name).mkdir(parents=True, exist_ok=True)
        run("ip", "netns", "exec", place.netns(name), "sysctl", "-q", "-w", *_QUIET)
    lines = ["link set lo up", "link add br0 type bridge mcast_snooping 0", "link set br0 addrgenmode none"]
    for cell in CELLS:
        lines += [
            f"link add {cell.id} type veth peer name eth0 index {CABLE} address {cell.mac} netns {place.netns(cell.id)}",
            f"link set {cell.id} master br0 addrgenmode none up",
        ]
        if cell is not AGENT:
            lines.append(f"link set {cell.id} type bridge_slave isolated on")
    lines += [f"addr add {BRIDGE}/16 dev br0", "link set br0 up"]
    run("ip", "-n", place.netns(_NET), "-batch", "-", text="\n".join(lines))
    run("ip", "-n", place.netns(AGENT.id), "link", "add", "eth1", "index", str(OTHER_CABLE), "type", "veth", "peer", "name", "eth0",
        "address", TWIN.mac, "netns", place.netns(TWIN.id))  # fmt: skip
    for cell in everybody:
        run("ip", "-n", place.netns(cell.id), "-batch", "-", text="\n".join(_addresses(cell)))
        wires._count_at(cell)
    until("the network is quiet", wires.still, seconds=20)


def _addresses(cell: Cell) -> list[str]:
    width = 24 if cell is TWIN else 16
    address = "10.99.0.1" if cell is TWIN else cell.address
    lines = [
        "link set lo up",
        "link set eth0 addrgenmode none up",
        f"addr add {address}/{width} dev eth0",
        f"addr add {cell.address6}/64 dev eth0 nodad",
    ]
    lines += [f"route add local {net} dev lo" for net in cell.nets]
    if cell is AGENT:
        lines += ["link set eth1 addrgenmode none up", "addr add 10.99.0.2/24 dev eth1"]
        lines += ["route add default via 10.66.255.21"]
        for other in ROUTED:
            lines += _way_to(other)
    elif cell is TWIN:
        lines.append(f"neigh replace 10.99.0.2 lladdr {AGENT.mac} dev eth0 nud permanent")
    else:
        lines += _neighbour(AGENT)
    if cell.id == "six":
        lines.append(f"addr add {LINK_LOCAL}/64 dev eth0 nodad")
        lines.append(f"neigh replace fe80::66:2 lladdr {AGENT.mac} dev eth0 nud permanent")
    if cell is AGENT:
        lines.append("addr add fe80::66:2/64 dev eth0 nodad")
    if cell.id == "resolver":
        lines.append(f"addr add {RESOLVER}/32 dev eth0")
    if cell.id == "names":
        # BIND answers from addresses that an interface has, and from no others.
        lines += [f"addr add 10.66.8.{number}/32 dev eth0" for number in range(1, 251)]
    return lines


def _way_to(cell: Cell) -> list[str]:
    ways = _neighbour(cell)
    for net in cell.nets:
        ways.append(f"route add {net} via {cell.address6 if ':' in net else cell.address}")
    return ways


def _neighbour(cell: Cell) -> list[str]:
    return [
        f"neigh replace {address} lladdr {cell.mac} dev eth0 nud permanent"
        for address in (cell.address, cell.address6)
    ]
