"""What identifiers do an agent's octets hold? Bridges write them in many ways; what can be told apart is, and named.

RFC 4188 asks for eight octets. Seen beside that: text, hexadecimal digits as text, the priority's octets turned round.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from collectors.net.bridge_id import BridgeId, PortId, bridge_id_of, bridge_id_written, port_id_of

__all__ = ["Octets", "are_swapped", "identifier_in", "port_identifier_in"]


@dataclass(frozen=True, slots=True)
class Octets:
    """One identifier as it was said. is_text: it was written as text. found: None when it is none at all."""

    found: BridgeId | None
    is_text: bool = False


def identifier_in(octets: bytes | None) -> Octets:
    """Read a designated root or bridge.

    >>> identifier_in(b"32768/18:E8:29:BA:73:BE").found, identifier_in(b"n/a").found
    (BridgeId(priority=32768, system=0, mac='18:e8:29:ba:73:be'), None)
    """
    if octets is None:
        return Octets(None)
    if len(octets) == 8:
        return Octets(bridge_id_of(octets))
    written = bridge_id_written(octets.rstrip(b"\0").decode("ascii", "replace"))
    return Octets(written, is_text=written is not None)


def port_identifier_in(octets: bytes | None) -> PortId | None:
    """Read a designated port: two octets, or four hexadecimal digits."""
    if octets is None:
        return None
    text = octets.rstrip(b"\0")
    if len(octets) != 2 and len(text) == 4:
        try:
            return port_id_of(bytes.fromhex(text.decode("ascii")))
        except ValueError:
            return None
    return port_id_of(octets)


def are_swapped(said: Iterable[BridgeId], *, mac: str, priority: int | None, may_be_a_vlan: bool) -> bool:
    """Whether an agent turns the two octets of a priority round.

    mac, priority: its own, as it says them elsewhere. It is proven by an identifier of its own; without one it is taken
    from numbers that nobody uses: no priority, and a system id that would be a priority. may_be_a_vlan: the system ids
    are VLANs, so that such numbers mean something.
    """
    ids = [one for one in said if one.is_station]
    own = [one for one in ids if one.mac == mac]
    if own and priority is not None:
        values = {one.priority + one.system for one in own}
        if priority in values:
            return False
        if any(one.swapped.priority + one.swapped.system == priority for one in own):
            return True
    odd = [one for one in ids if one.priority == 0 and one.system in range(0x10, 0x100, 0x10)]
    return bool(odd) and not may_be_a_vlan and all(one.priority == 0 for one in ids)
