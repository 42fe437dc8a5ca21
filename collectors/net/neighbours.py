"""Which devices are plugged into this one, and where?

LLDP first, then CDP, MikroTik's discovery and spanning tree, each with what it can know. A port without a link has no
neighbour: what an agent still keeps there is old, and left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import About, Finding, Snmp, collector, warn
from collectors.net.cdp import read_cdp, read_mikrotik
from collectors.net.designated import read_designated
from collectors.net.lldp import read_lldp
from collectors.net.neighbour import Announced, Neighbour, Station
from collectors.net.port_names import book_of, spelt
from collectors.net.ports import Port, Ports, read_names
from collectors.net.stations import read_stations

__all__ = ["NeighboursSeen", "neighbours"]

HEARS_ITSELF = warn(
    "net.hears-itself",
    "port {port} hears what the device itself sends from port {other}: a cable leads back to it",
    "Port {port} hört, was das Gerät selbst an Port {other} sendet: ein Kabel führt zu ihm zurück",
    do=(
        "Pull the cable between {port} and {other}, or the one that closes the loop behind them.",
        "Das Kabel zwischen {port} und {other} ziehen, oder das, das die Schleife dahinter schließt.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighboursSeen:
    """Who was heard, and who the device says it is.

    ports: their names, addresses and whether they are up. announced: what others hear of them. stations:
    learned by the bridge, where nobody announces himself. known_as, addresses: of the host
    in the contract.
    """

    ports: Ports
    neighbours: tuple[Neighbour, ...] = ()
    announced: tuple[Announced, ...] = ()
    stations: tuple[Station, ...] = ()
    known_as: str = ""
    addresses: tuple[str, ...] = ()


def judge(seen: NeighboursSeen) -> Iterator[Finding]:
    own = {spelt(one.id): one.port for one in seen.announced}
    for one in seen.neighbours:
        other = own.get(spelt(one.far_port), "")
        if one.source == "lldp" and one.chassis and one.chassis == seen.ports.chassis and one.port and other:
            yield HEARS_ITSELF(port=one.port, other=other)


@collector(
    "net.neighbours",
    asks=("Which devices are plugged in where?", "Welche Geräte hängen an welchem Port?"),
    judge=judge,
    deadline=120.0,
)
async def neighbours(host: Snmp, about: About) -> NeighboursSeen:
    """Read who announced himself on which port (LLDP, CDP, MNDP), and the designated bridges of spanning tree."""
    ports = await read_names(host)
    heard = await read_lldp(host, ports, book_of(ports))
    found = [
        *heard.neighbours,
        *await read_cdp(host, ports),
        *await read_mikrotik(host, ports, heard.numbered),
        *await read_designated(host, ports),
    ]
    known = ports.by_index
    is_silent = not any(one.source != "stp" for one in found)
    return NeighboursSeen(
        ports=ports,
        neighbours=tuple(one for one in found if one.shown and _is_live(one, known)),
        announced=heard.announced,
        stations=await read_stations(host, ports) if is_silent else (),
        known_as=about.name,
        addresses=about.addresses,
    )


def _is_live(one: Neighbour, known: Mapping[int, Port]) -> bool:
    port = known.get(one.index) if one.index is not None else None
    return port is None or port.is_up is not False
