"""Who is at the other end of a port? One form for what LLDP, CDP, MikroTik's discovery and spanning tree tell.

A device says of itself what it likes: nobody is contacted because of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Announced", "Capability", "Neighbour", "Source", "Station"]

Source = Literal["lldp", "cdp", "mikrotik", "stp"]
Capability = Literal["repeater", "bridge", "access-point", "router", "phone", "docsis", "station", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A device that was heard on a port.

    port, index: the local port (name as in `collectors.net.ports`, and ifIndex); '' and None where it cannot be told.
    chassis: its address, '' where it gives none that is one station's; other_id: its other identifier. name: sysName;
    system: sysDescr or platform. far_port: its port as it names it; far_descr: that port's description. addresses: for
    its management. duplex, native: of its port, by CDP.
    """

    source: Source
    port: str
    index: int | None
    chassis: str = ""
    other_id: str = ""
    name: str = ""
    system: str = ""
    far_port: str = ""
    far_descr: str = ""
    addresses: tuple[str, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    duplex: Literal["", "half", "full"] = ""
    native: int | None = None

    @property
    def shown(self) -> str:
        """How a person knows it best."""
        return self.name or self.chassis or self.other_id or next(iter(self.addresses), "")

    @property
    def carries_others(self) -> bool:
        """A switch, a router or an access point; a telephone with a port for a computer is none."""
        return bool({"bridge", "router", "access-point", "repeater"} & {*self.capabilities}) and not (
            {"phone", "docsis"} & {*self.capabilities}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What the device itself announces for one of its ports (lldpLocPortId), and the port that it is."""

    id: str
    port: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """An address that the bridge has learned behind a port."""

    mac: str
    port: str
