"""Tunnels: two gateways with the world between them, what lies behind each, and packets that go through all the time.

pc ─── vpn1 ═══ wan ═══ vpn2 ─── kiel     IPsec (shared key, certificates), OpenVPN, WireGuard: four tunnels between
(Köln)                          (Kiel)    the same two gateways, each with networks of its own; see `gates.py`.
The agent's machine is in Köln as well: it reaches Kiel through the tunnels alone, and both gateways beside them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.lab import gates
from tests.lab.cells import spawn
from tests.lab.devices import Cable, batch, cable
from tests.lab.places import AGENT, GATES, HUB, PC, WAN, Place
from tests.lab.tools import LabError, run, until

__all__ = [
    "FAR_ADDRESSES",
    "TUNNELS",
    "contract_part",
    "echoes",
    "ill",
    "start_talk",
    "start_tunnels",
    "wait",
]

TALKER = Path(__file__).resolve().parent / "programs" / "talker.py"
TUNNELS = tuple(gates.NETWORKS[GATES[0].id])
_KINDS = {"lager": "ipsec", "werk": "ipsec", "kiel": "openvpn", "buero": "wireguard"}
_NAMES = {"lager": "lager", "werk": "werk", "kiel": "kiel", "buero": "wg0"}
_CABLES: tuple[Cable, ...] = (
    ((PC, "eth0"), (GATES[0].id, "lan")),
    ((GATES[0].id, "wan"), (WAN, "koeln")),
    ((WAN, "kiel"), (GATES[1].id, "wan")),
    ((GATES[1].id, "lan"), (HUB, "eth0")),
)
_WORLD = {GATES[0].id: ("198.51.100.1", "203.0.113.0/24"), GATES[1].id: ("203.0.113.1", "198.51.100.0/24")}
# Older than this (seconds), an answer says nothing of now.
_FRESH = 3.0


def _base(gate: str, tunnel: str) -> str:
    return gates.NETWORKS[gate][tunnel].rpartition(".")[0]


FAR_ADDRESSES = {tunnel: f"{_base(GATES[1].id, tunnel)}.2" for tunnel in TUNNELS}


def start_tunnels(place: Place) -> None:
    """Lay the cables and ways; the gateways' services come with the hosts, `wait` tells when all four tunnels carry."""
    for ends in _CABLES:
        cable(place, ends)
    batch(place, WAN, ["addr add 198.51.100.1/24 dev koeln", "addr add 203.0.113.1/24 dev kiel"])
    for box in GATES:
        router, beyond = _WORLD[box.id]
        batch(
            place,
            box.id,
            [
                *(f"addr add {address}/24 dev wan" for address in gates.PUBLIC[box.id]),
                f"route add {beyond} via {router}",
                *(f"addr add {_base(box.id, tunnel)}.1/25 dev lan" for tunnel in TUNNELS),
            ],
        )
    for leaf, box in ((PC, GATES[0]), (HUB, GATES[1])):
        here, there = box.id, gates.FAR[box.id]
        batch(
            place,
            leaf,
            [
                "link set lo up",
                *(f"addr add {_base(here, tunnel)}.2/25 dev eth0" for tunnel in TUNNELS),
                *(
                    f"route add {gates.NETWORKS[there][tunnel]} via {_base(here, tunnel)}.1 src {_base(here, tunnel)}.2"
                    for tunnel in TUNNELS
                ),
            ],
        )
    _bring_in_agent(place)
    for name in (*(box.id for box in GATES), WAN):
        setting = (
            "net.ipv4.ip_forward=1",
            "net.ipv4.conf.all.rp_filter=0",
            "net.ipv4.conf.default.rp_filter=0",
        )
        run("ip", "netns", "exec", place.netns(name), "sysctl", "-qw", *setting)
    start_talk(place)


def _bring_in_agent(place: Place) -> None:
    """The agent's machine gets an address in each network of Köln, and the way to Kiel."""
    first = GATES[0]
    batch(
        place,
        AGENT.id,
        [line for tunnel in TUNNELS for line in _agent_lines(first.id, first.address, tunnel)],
    )
    batch(
        place,
        first.id,
        [f"route add {_base(first.id, tunnel)}.130/32 via {AGENT.address}" for tunnel in TUNNELS],
    )


def _agent_lines(gate: str, address: str, tunnel: str) -> Iterator[str]:
    own = f"{_base(gate, tunnel)}.130"
    yield f"addr add {own}/32 dev eth0"
    yield f"route add {gates.NETWORKS[gates.FAR[gate]][tunnel]} via {address} src {own}"


def start_talk(place: Place) -> None:
    """Let the machine in Köln ask those in Kiel twice a second whether they are there."""
    argv = (sys.executable, "-I", "-S", str(TALKER), str(_told(place)), *FAR_ADDRESSES.values())
    spawn(place, PC, argv, place.state / "log" / "talker.log")


def _told(place: Place) -> Path:
    return place.state / "tunnels.json"


def echoes(place: Place) -> dict[str, bool]:
    """Which tunnels carry packets there and back just now, seen from behind the gateway in Köln."""
    try:
        told = json.loads(_told(place).read_text("ascii"))
    except (FileNotFoundError, json.JSONDecodeError):
        told = {}
    now = time.time()
    return {tunnel: now - told.get(address, 0) < _FRESH for tunnel, address in FAR_ADDRESSES.items()}


def ill(place: Place) -> Iterator[str]:
    """What is not as it should be with the tunnels."""
    for tunnel, lives in echoes(place).items():
        if not lives:
            yield f"nothing comes back through the tunnel {tunnel}"


def wait(place: Place, seconds: float = 40.0) -> None:
    """Until nothing is ill. Raises LabError."""
    try:
        until("the tunnels carry", lambda: not tuple(ill(place)), seconds=seconds, every=0.1)
    except LabError as error:
        raise LabError(f"{error}: {'; '.join(ill(place))}") from None


def contract_part() -> list[dict[str, Any]]:
    """The tunnels as the customer knows them."""
    return [
        {
            "id": tunnel,
            "kind": _KINDS[tunnel],
            "ends": [
                {
                    "host": box.id,
                    "addresses": [gates.PUBLIC[box.id][1 if tunnel == "werk" else 0]],
                    "connection": _NAMES[tunnel],
                    "networks": [gates.NETWORKS[box.id][tunnel]],
                }
                for box in GATES
            ],
        }
        for tunnel in TUNNELS
    ]


def reach_of(box: str) -> dict[str, Any]:
    """Which VPN services of a gateway may be tried by a stranger."""
    if box == GATES[0].id:
        return {"vpn": {"ike": 500, "ike_nat": 4500, "openvpn": 1194}}
    return {"vpn": {"ike": 500, "ike_nat": 4500}} if box == GATES[1].id else {}


def behind() -> dict[str, Any]:
    """The machine in Kiel, which is reached through the tunnels alone: nothing runs on it, and its ways are measured."""
    return {
        "id": HUB,
        # In a zone of its own, which nobody here answers for.
        "name": f"{HUB}.filiale.test",
        "addresses": list(FAR_ADDRESSES.values()),
        "site": "koeln",
        "environment": "client",
        "roles": ["gateway"],
        "platform": "other",
        "path": {"port": 33434},
    }
