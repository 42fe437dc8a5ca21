"""Which switch lies beyond a port where nobody announces himself? Spanning tree names the one that is nearer to the root.

BRIDGE-MIB (RFC 4188): the designated bridge of a link that is another one lies at the other end, or beyond switches that
do not take part. The other direction stays unsaid, so such a link is never held against its far end.
"""

from __future__ import annotations

from collectors import Oid, Snmp
from collectors.net.bridge_id import bridge_id_of, port_id_of
from collectors.net.columns import column, numbers
from collectors.net.neighbour import Neighbour
from collectors.net.ports import Ports

__all__ = ["read_designated"]

_PORT: Oid = (1, 3, 6, 1, 2, 1, 17, 2, 15, 1)
_DISABLED = 1


async def read_designated(host: Snmp, ports: Ports) -> tuple[Neighbour, ...]:
    """The designated bridges that are others. far_port: the number of the bridge port there. Raises Unanswered."""
    bridges, states = await column(host, _PORT, 8), await numbers(host, _PORT, 3)
    far = await column(host, _PORT, 9)
    known = ports.by_bridge_port
    found = []
    for index, one in sorted(bridges.items()):
        bridge = bridge_id_of(one.octets or b"")
        port = known.get(index[0]) if len(index) == 1 else None
        if bridge is None or port is None or not bridge.is_station or states.get(index[0]) == _DISABLED:
            continue
        if bridge.mac in ports.macs or port.is_up is not True:
            continue
        there = port_id_of(far[index].octets or b"") if index in far else None
        found.append(
            Neighbour(
                source="stp",
                port=port.name,
                index=port.index,
                chassis=bridge.mac,
                far_port=str(there.number) if there else "",
                capabilities=("bridge",),
            )
        )
    return tuple(found)
