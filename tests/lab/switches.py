"""The ring: four switches that are Linux bridges with spanning tree, answer SNMP and speak LLDP; and one that is not theirs.

sw1 ─── sw2 ─── pc1          sw1 is meant to be the root, sw2 to take its place.
 │ ╲     │                   sw1, sw2: version 2c; sw3, sw4: version 3.
sw4 ─── sw3 ─── sw9          sw9 belongs to somebody else: no contract names it, and nobody may ask it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.lab import cells
from tests.lab.devices import Cable, argv_in, batch, cable, folder, password, start
from tests.lab.places import AGENT, FOREIGN, LEAVES, RING, Place
from tests.lab.tools import run, until

__all__ = [
    "CABLES",
    "PRIORITIES",
    "BridgePort",
    "ask",
    "contract_part",
    "ill",
    "lldp",
    "port",
    "ports",
    "restart_agent",
    "root_of",
    "settle",
    "start_ring",
    "start_snmp",
    "stations",
    "visits",
    "wait",
    "wait_known",
]

HERE = Path(__file__).resolve().parent
PC = LEAVES[0]
# Seconds: the shortest that fit each other, so that a tree is found again in ten (IEEE 802.1D-1998, 8.10.2).
_HELLO, _AGE, _DELAY = 1, 6, 4
# Priorities as an administrator sets them; the others keep the one that every switch has.
PRIORITIES = {"sw1": 4096, "sw2": 8192, "sw3": 32768, "sw4": 32768, FOREIGN.id: 61440}
CABLES: tuple[Cable, ...] = (
    (("sw1", "ge1"), ("sw2", "ge1")),
    (("sw2", "ge2"), ("sw3", "ge1")),
    (("sw3", "ge2"), ("sw4", "ge1")),
    (("sw4", "ge2"), ("sw1", "ge2")),
    (("sw1", "ge3"), ("sw3", "ge3")),
    (("sw3", "ge4"), (FOREIGN.id, "ge1")),
    (("sw2", "ge3"), (PC, "eth0")),
)
# Four switches and five cables: two ends hold back. Costs are equal, so that the lower priority, then address, decides.
_BLOCKED = {("sw3", "ge1"), ("sw4", "ge1")}
_FORWARDS, _BLOCKS = 3, 4
_SWITCHES = (*(box.id for box in RING), FOREIGN.id)
_USER = "secondline"
_PHRASES = ("authentication: {}", "privacy: {}")
_OF_V3 = ("sw3", "sw4")
_VISITS = "visits"


def _credential(switch: str) -> str:
    return f"{switch}.snmp"


def contract_part(switch: str) -> dict[str, Any]:
    """How the contract says that a switch is asked."""
    if switch in _OF_V3:
        return {"version": "3", "user": _USER, "credential": f"file:{_credential(switch)}"}
    return {"version": "2c", "credential": f"file:{_credential(switch)}"}


def start_ring(place: Place) -> None:
    """Wire the switches, and let them begin. `wait` tells when they have found their tree."""
    for ends in CABLES:
        cable(place, ends)
    for switch in _SWITCHES:
        batch(
            place,
            switch,
            [
                (
                    f"link add br0 address {_mac_of(switch)} type bridge stp_state 1 priority {PRIORITIES[switch]} "
                    f"hello_time {_HELLO * 100} max_age {_AGE * 100} forward_delay {_DELAY * 100}"
                ),
                *(f"link set {name} master br0" for name in _ports_of(switch)),
                "link set br0 up",
            ],
        )
    count = (
        f"table ip {_VISITS} {{ counter agent {{ }}\n chain c {{ type filter hook input priority -300; "
        f"ip saddr {AGENT.address} counter name agent; }}\n}}"
    )
    run("ip", "netns", "exec", place.netns(FOREIGN.id), "nft", "-f", "-", text=count)
    for box in RING:
        start_snmp(place, box.id)
    for switch in _SWITCHES:
        _start_lldp(place, switch)


def _ports_of(switch: str) -> Iterator[str]:
    for ends in CABLES:
        yield from (name for device, name in ends if device == switch)


def _mac_of(switch: str) -> str:
    """As an administrator reads it: the last figure is the switch's."""
    return f"02:77:00:00:00:0{switch[-1]}"


def start_snmp(place: Place, switch: str, readers: Sequence[str] = ()) -> None:
    """Let a switch answer. readers: who may ask, as in snmpd.conf(5); else with the secrets in the product's folder."""
    top = folder(place, switch)
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or str(Path(sys.executable).resolve())
    lines = [
        "agentAddress udp:161",
        f"sysName {switch}",
        "sysLocation Köln, Verteiler",
        "sysServices 2",
        *(readers or _readers(place, switch)),
        "master agentx",
        "agentXSocket tcp:127.0.0.1:705",
        f"pass_persist .1.3.6.1.2.1.17 {python} -I -S {HERE / 'programs' / 'bridge_mib.py'} br0",
    ]
    config = top / "snmpd.conf"
    config.touch(0o600)
    config.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    state = {"SNMP_PERSISTENT_DIR": str(top / "snmp"), "MIBS": ""}
    start(
        place,
        switch,
        "/usr/sbin/snmpd",
        "-f",
        "-Lo",
        "-C",
        "-c",
        str(config),
        "-p",
        "/run/snmpd.pid",
        env=state,
    )


def ask(place: Place, switch: str, *oids: str) -> tuple[str, ...]:
    """What a switch says from the agent's place; empty when it says nothing. Values as net-snmp shows them, without a type."""
    top = folder(place, switch) / "client"
    top.mkdir(exist_ok=True)
    config = top / "snmp.conf"
    config.touch(0o600)
    said = password(place, _credential(switch), *(_PHRASES if switch in _OF_V3 else ())).splitlines()
    phrases = [line.partition(": ")[2] for line in said]
    secrets = (
        (
            f"defSecurityName {_USER}",
            "defSecurityLevel authPriv",
            "defAuthType SHA-256",
            "defPrivType AES",
            f"defAuthPassphrase {phrases[0]}",
            f"defPrivPassphrase {phrases[-1]}",
            "defVersion 3",
        )
        if switch in _OF_V3
        else (f"defCommunity {said[0]}", "defVersion 2c")
    )
    config.write_text("".join(f"{line}\n" for line in secrets), "ascii")
    # Where it looks for its settings, so that no secret stands in a command line.
    env = ("env", f"SNMPCONFPATH={top}", f"SNMP_PERSISTENT_DIR={top}", "MIBS=")
    address = next(box.address for box in RING if box.id == switch)
    argv = ("snmpget", "-t", "1", "-r", "1", "-Oqv", address, *oids)
    done = run("ip", "netns", "exec", place.netns(AGENT.id), *env, *argv, check=False)
    return tuple(done.stdout.splitlines()) if done.returncode == 0 else ()


def _readers(place: Place, switch: str) -> list[str]:
    if switch not in _OF_V3:
        return [f"rocommunity {password(place, _credential(switch)).strip()}"]
    said = dict(line.split(": ", 1) for line in password(place, _credential(switch), *_PHRASES).splitlines())
    return [
        f"createUser {_USER} SHA-256 {said['authentication']} AES {said['privacy']}",
        f"rouser {_USER} priv",
    ]


def restart_agent(place: Place, switch: str, readers: Sequence[str] = ()) -> None:
    """Let a switch answer anew, and speak LLDP, whatever it did before."""
    for program in ("lldpd", "snmpd"):
        cells.end(place, switch, program)
    start_snmp(place, switch, readers)
    _start_lldp(place, switch)


def _start_lldp(place: Place, switch: str) -> None:
    top = folder(place, switch)
    # Where its own account may read it.
    (top / "run/lldpd.conf").write_text(
        f"configure lldp tx-interval 1\nconfigure lldp tx-hold 4\nconfigure system hostname {switch}\n"
        "configure lldp portidsubtype ifname\n",
        "ascii",
    )
    (top / "run/lldpd").mkdir(exist_ok=True)
    if switch != FOREIGN.id:
        # It gives up its way to the agent for a while when it comes too early.
        until(f"the agent of {switch} takes others in", partial(_takes_others, place, switch))
    own = () if switch == FOREIGN.id else ("-x", "-X", "tcp:127.0.0.1:705")
    argv = (
        "/usr/sbin/lldpd",
        "-d",
        "-u",
        "/run/lldpd.sock",
        *own,
        "-I",
        "ge*",
        "-O",
        "/run/lldpd.conf",
    )
    start(place, switch, *argv)


def _takes_others(place: Place, switch: str) -> bool:
    shown = run("ip", "netns", "exec", place.netns(switch), "ss", "-Hltn", "sport = :705")
    return bool(shown.stdout.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgePort:
    """A port as the kernel shows it. state: 0 disabled, 1 listening, 2 learning, 3 forwarding, 4 blocking."""

    number: int
    state: int
    cost: int
    designated_bridge: str


def ports(place: Place, switch: str) -> dict[str, BridgePort]:
    """The ports of a switch, by name."""
    script = (
        "cd /sys/class/net && for p in br0/brif/*; do p=${p##*/}; cd $p/brport && "
        'echo "$p $(cat port_no) $(cat state) $(cat path_cost) $(cat designated_bridge)"; cd ../..; done'
    )
    shown = run("ip", "netns", "exec", place.netns(switch), "sh", "-c", script).stdout
    return {
        name: BridgePort(number=int(number, 16), state=int(state), cost=int(cost), designated_bridge=bridge)
        for name, number, state, cost, bridge in (line.split() for line in shown.splitlines())
    }


def port(place: Place, switch: str, name: str) -> BridgePort:
    return ports(place, switch)[name]


def root_of(place: Place, switch: str) -> str:
    """Whom a switch takes for the root: '1000.027700000001'."""
    path = "/sys/class/net/br0/bridge/root_id"
    return run("ip", "netns", "exec", place.netns(switch), "cat", path).stdout.strip()


def ill(place: Place) -> Iterator[str]:
    """What is not as it should be in the ring."""
    wanted = f"{PRIORITIES['sw1']:04x}.{_mac_of('sw1').replace(':', '')}"
    blocked: set[tuple[str, str]] = set()
    for box in RING:
        if (root := root_of(place, box.id)) != wanted:
            yield f"{box.id} takes {root} for the root"
        for name, one in ports(place, box.id).items():
            if one.state not in {_FORWARDS, _BLOCKS}:
                yield f"{name} of {box.id} is in state {one.state}"
            if one.state == _BLOCKS:
                blocked.add((box.id, name))
    if blocked != _BLOCKED:
        yield f"blocked in the ring: {sorted(blocked)}"


def wait(place: Place, seconds: float = 30.0) -> None:
    """Until the tree is found, LLDP knows all neighbours, and SNMP says so. Raises LabError."""
    until("the ring has its tree", lambda: not tuple(ill(place)), seconds=seconds, every=0.2)
    wait_known(place)


def wait_known(place: Place) -> None:
    """Until LLDP knows all neighbours and SNMP says so, whatever the tree is; its last change is long ago then. Raises LabError."""
    for box in RING:
        until(
            f"LLDP on {box.id} knows its neighbours",
            partial(_knows_all, place, box.id),
            seconds=20,
            every=0.2,
        )
        # Its program begins with the first question, and counts from then on.
        until(f"{box.id} speaks of its tree", partial(_says_root, place, box.id), seconds=20, every=0.2)
    settle(place)


def _says_root(place: Place, switch: str) -> bool:
    return bool(ask(place, switch, "1.3.6.1.2.1.17.2.5.0"))


def _knows_all(place: Place, switch: str) -> bool:
    here = [ends for ends in CABLES for device, _ in ends if device == switch and PC not in dict(ends)]
    return len(stations(place, switch)) == len(here)


def settle(place: Place) -> None:
    """Date the last change of each switch back, and forget how many there were: the tree is found, and nobody waits an hour."""
    for box in RING:
        for pid in cells.running_pids(place, box.id, "bridge_mib.py"):
            os.kill(pid, signal.SIGUSR1)


def lldp(place: Place, switch: str, *words: str) -> str:
    """What `lldpcli` says on a switch; empty when nobody is there to ask."""
    argv = ("lldpcli", "-u", "/run/lldpd.sock", *words)
    return run(*argv_in(place, switch, argv), check=False).stdout


def stations(place: Place, switch: str) -> frozenset[str]:
    """The ports on which LLDP knows a neighbour."""
    shown = lldp(place, switch, "-f", "keyvalue", "show", "neighbors", "summary")
    return frozenset(line.split(".")[1] for line in shown.splitlines() if line.startswith("lldp."))


def visits(place: Place) -> int:
    """How many packets the agent ever sent to the switch that is not the customer's."""
    shown = run(
        "ip", "netns", "exec", place.netns(FOREIGN.id), "nft", "-j", "list", "counter", "ip", _VISITS, "agent"
    )
    return sum(one["counter"]["packets"] for one in json.loads(shown.stdout)["nftables"] if "counter" in one)
