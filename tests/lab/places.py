"""Who stands where in Musterbau's network? Names and addresses, and where this lab keeps its state."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "AD_ZONE",
    "AGENT",
    "BOXES",
    "DCS",
    "DESK",
    "DEVICES",
    "DNS1",
    "DNS2",
    "DNS3",
    "DNS4",
    "EDGE",
    "FOREIGN",
    "FS1",
    "GATES",
    "GATEWAY",
    "HOSTS",
    "HOST_NAMES",
    "HR1",
    "HUB",
    "LEAVES",
    "NOBODY",
    "PBX",
    "PC",
    "REC1",
    "REGISTRY",
    "REVERSE",
    "RING",
    "ROUTERS",
    "SERVERS",
    "SIGNED",
    "SIGNED_PARENT",
    "SPLIT",
    "TRIANGLE",
    "TUNNEL_LEAVES",
    "UID",
    "USER",
    "WAN",
    "ZONE",
    "Box",
    "Place",
]

USER = "secondline"
UID = 2477
ZONE = "musterbau.test"
AD_ZONE = f"ad.{ZONE}"
# Musterbau's second name, and the zone above it: both signed.
SIGNED_PARENT = "example"
SIGNED = f"musterbau.{SIGNED_PARENT}"
# Musterbau's shop: one zone inside, and another one of the same name at the provider.
SPLIT = "musterbau-shop.test"
REVERSE = "1.77.10.in-addr.arpa"
NET = "10.77.1"
GATEWAY = f"{NET}.1"
NOBODY = f"{NET}.250"


@dataclass(frozen=True, slots=True)
class Box:
    """One machine of the lab: a network namespace on the bridge."""

    id: str
    address: str
    name: str = ""


AGENT = Box("agent", f"{NET}.2")
DESK = Box("desk", f"{NET}.20", f"desk.{ZONE}")
HR1 = Box("hr1", f"{NET}.30", f"hr1.{ZONE}")
DNS1 = Box("dns1", f"{NET}.53", f"ns1.{ZONE}")
DNS2 = Box("dns2", f"{NET}.54", f"ns2.{ZONE}")
# Two more name servers, of other makes, and a resolver that verifies signatures.
DNS3 = Box("dns3", f"{NET}.55", f"ns3.{ZONE}")
DNS4 = Box("dns4", f"{NET}.56", f"ns4.{ZONE}")
REC1 = Box("rec1", f"{NET}.57", f"rec1.{ZONE}")
REGISTRY = Box("registry", f"{NET}.99", "ns.registry.test")
SERVERS = tuple(
    Box(name, f"{NET}.{last}", f"{name}.{ZONE}")
    for last, name in enumerate(("web1", "web2", "app1", "db1", "file1", "mgmt1", "pbx"), start=11)
)
# The telephone server.
PBX = SERVERS[-1]
# The domain controllers of the customer's Active Directory, and a member of the domain.
DCS = tuple(Box(f"dc{number}", f"{NET}.6{number}", f"dc{number}.{AD_ZONE}") for number in (1, 2))
FS1 = Box("fs1", f"{NET}.63", f"fs1.{AD_ZONE}")
# The gateways of both places, at the ends of the tunnels.
GATES = tuple(Box(f"vpn{number}", f"{NET}.9{number + 5}", f"vpn{number}.{ZONE}") for number in (1, 2))
HOSTS = (*SERVERS, *DCS, FS1, *GATES)
HOST_NAMES = tuple(box.id for box in HOSTS)
# The network: a ring of switches, and one beside it that no contract names.
RING = tuple(Box(f"sw{number}", f"{NET}.7{number}", f"sw{number}.{ZONE}") for number in range(1, 5))
FOREIGN = Box("sw9", f"{NET}.79", f"sw9.{ZONE}")
# A triangle of Open vSwitch.
TRIANGLE = tuple(Box(f"ov{number}", f"{NET}.8{number}", f"ov{number}.{ZONE}") for number in range(1, 4))
# Routers with a command line, and a narrow line between two more.
ROUTERS = tuple(Box(f"r{number}", f"{NET}.9{number}", f"r{number}.{ZONE}") for number in (1, 2))
EDGE = tuple(Box(f"gw{number}", f"{NET}.9{number + 3}", f"gw{number}.{ZONE}") for number in (1, 2))
DEVICES = (*RING, *TRIANGLE, *ROUTERS, *EDGE)
BOXES = (AGENT, DESK, HR1, DNS1, DNS2, DNS3, DNS4, REC1, REGISTRY, *HOSTS, *DEVICES, FOREIGN)
# What hangs on a device and has no way to anywhere else.
LEAVES = ("pc1", "ph1", "ph2")
# Behind the gateway in Köln, between both, and behind the one in Kiel.
PC, WAN, HUB = TUNNEL_LEAVES = ("pc2", "wan", "kiel")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one lab lives: its state folder and the prefix of its namespaces.

    kept: where that is which takes long to make, when not in the state folder.
    """

    state: Path
    prefix: str = "slab-"
    kept: Path | None = None

    @classmethod
    def of_environment(cls) -> Place:
        """SECONDLINE_LAB is the state folder, SECONDLINE_LAB_PREFIX the prefix: two labs need two of each."""
        prefix = os.environ.get("SECONDLINE_LAB_PREFIX", "slab-")
        usual = Path(tempfile.gettempdir()) / f"secondline-lab-{prefix.strip('-')}"
        return cls(Path(os.environ.get("SECONDLINE_LAB", usual)).absolute(), prefix)

    def netns(self, box: str) -> str:
        return f"{self.prefix}{box}"

    @property
    def home(self) -> Path:
        """The settings folder of the product, for SECONDLINE_HOME."""
        return self.state / "home"

    @property
    def contract(self) -> Path:
        return self.state / "musterbau.yaml"

    @property
    def credentials(self) -> Path:
        """The agent's key files, where the product looks for `file:NAME`."""
        return self.home / "credentials"

    @property
    def cache(self) -> Path:
        """What was made once and serves every lab: a folder that `down` leaves."""
        return self.kept or self.state / "cache"

    @property
    def ad(self) -> Path:
        """What the servers of the domain keep in /var/lib/samba, a folder each."""
        return self.state / "ad"

    @property
    def dns(self) -> Path:
        return self.state / "dns"
