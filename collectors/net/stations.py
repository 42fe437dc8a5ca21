"""Behind which port were which addresses learned? Asked only where nobody announces himself on any port.

BRIDGE-MIB (RFC 4188) and Q-BRIDGE-MIB (RFC 4363). A port that spanning tree holds back learns nothing, and what it kept from
before is no guide; a table that is large is not read to its end.
"""

from __future__ import annotations

from collectors import Kind, Oid, Snmp, Unanswered, Varbind
from collectors.net.columns import address_of, numbers
from collectors.net.neighbour import Station
from collectors.net.ports import Ports

__all__ = ["read_stations"]

_LEARNED: Oid = (1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 2)
_LEARNED_BY_VLAN: Oid = (1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 2)
_TREE_PORT: Oid = (1, 3, 6, 1, 2, 1, 17, 2, 15, 1)
_MOST = 5_000
# disabled, blocking and broken (dot1dStpPortState).
_HELD_BACK = frozenset({1, 2, 6})


async def read_stations(host: Snmp, ports: Ports) -> tuple[Station, ...]:
    """The addresses with the ports behind which they are. Raises Unanswered."""
    learned = await _walk(host, _LEARNED) or await _walk(host, _LEARNED_BY_VLAN)
    if not learned:
        return ()
    states, known = await numbers(host, _TREE_PORT, 3), ports.by_bridge_port
    found: dict[tuple[str, str], None] = {}
    for one in learned:
        number, arcs = one.number, one.oid[-6:]
        port = known.get(number) if number is not None and states.get(number) not in _HELD_BACK else None
        mac = address_of(bytes(arcs)) if max(arcs) < 256 else ""
        if port is not None and mac and mac not in ports.macs:
            found[mac, port.name] = None
    return tuple(Station(mac=mac, port=port) for mac, port in sorted(found))


async def _walk(host: Snmp, root: Oid) -> tuple[Varbind, ...]:
    try:
        walked = await host.walk(root, most=_MOST)
    except Unanswered as reason:
        if reason.kind is Kind.CUT_OFF:
            return ()
        raise
    return tuple(one for one in walked if len(one.oid) in {len(root) + 6, len(root) + 7})
