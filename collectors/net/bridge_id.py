"""Who is this bridge, and which port is that? The identifiers of spanning tree (IEEE 802.1D-2004, 9.2.5 and 9.2.7)."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = [
    "BridgeId",
    "PortId",
    "bridge_id_of",
    "bridge_id_written",
    "mac_of",
    "port_id_of",
    "port_id_of_number",
]

_MAC = r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{4}(?:[.-][0-9a-f]{4}){2}|[0-9a-f]{2}(?:\.[0-9a-f]{2}){5}|[0-9a-f]{12}"
# '32768/18:e8:29:ba:73:be', '0-00.00.00.00.00.00', '32769.00-1b-2c-3d-4e-5f', '4097-00e0.fc12.3456'.
_WRITTEN = re.compile(rf"(?P<priority>[0-9]{{1,5}})[/\-.: ]{{1,3}}(?P<mac>{_MAC})", re.IGNORECASE)
# '8000.001b2c3d4e5f' as Linux and Open vSwitch write it, or all sixteen digits at once; '0x8000.00:1b:…' of RouterOS.
_HEX = re.compile(
    rf"(?P<priority>[0-9a-f]{{4}})[.:-]?(?P<mac>[0-9a-f]{{12}})|0x(?P<prefixed>[0-9a-f]{{1,4}})[.:/-](?P<its>{_MAC})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, order=True)
class BridgeId:
    """The lower one wins. priority: 0 to 61440 in steps of 4096; system: 12 bits, a VLAN or an instance; mac: 'aa:bb:…'.

    >>> str(BridgeId(32768, 10, "00:11:22:33:44:55"))
    '32778/00:11:22:33:44:55'
    """

    priority: int
    system: int
    mac: str

    def __str__(self) -> str:
        return f"{self.priority + self.system}/{self.mac}"

    @property
    def is_zero(self) -> bool:
        """No station has this address: the agent has nothing to say, or spanning tree is off."""
        return self.mac == "00:00:00:00:00:00"

    @property
    def is_station(self) -> bool:
        """Whether a bridge can have this address: neither all zeros, nor of a group (IEEE 802-2014, 8.2)."""
        return not self.is_zero and not int(self.mac[:2], 16) & 1

    @property
    def is_default(self) -> bool:
        """Nobody chose its priority (802.1D-2004, table 17-2)."""
        return self.priority == 32768

    @property
    def swapped(self) -> BridgeId:
        """The same with the two octets of its priority the other way round, as some agents give it."""
        both = self.priority + self.system
        return _split((both & 0xFF) << 8 | both >> 8, self.mac)


@dataclass(frozen=True, slots=True, order=True)
class PortId:
    """priority: 0 to 240 in steps of 16; number: 12 bits (802.1D-2004, 9.2.7)."""

    priority: int
    number: int

    def __str__(self) -> str:
        return f"{self.priority}.{self.number}"


def bridge_id_of(octets: bytes) -> BridgeId | None:
    """Read the eight octets of an identifier; None for any other length.

    >>> bridge_id_of(bytes.fromhex("8001002F5C034480"))
    BridgeId(priority=32768, system=1, mac='00:2f:5c:03:44:80')
    >>> bridge_id_of(b"0/00:00:00:00:00:00") is None
    True
    """
    return _split(int.from_bytes(octets[:2], "big"), mac_of(octets[2:])) if len(octets) == 8 else None


def bridge_id_written(text: str) -> BridgeId | None:
    """Read an identifier that a person or an agent wrote as text; None when it is none.

    >>> str(bridge_id_written("32768/18:E8:29:BA:73:BE")), str(bridge_id_written("8000.18e829ba73be"))
    ('32768/18:e8:29:ba:73:be', '32768/18:e8:29:ba:73:be')
    """
    text = text.strip()
    if found := _HEX.fullmatch(text):
        return _split(int(found["priority"] or found["prefixed"], 16), _mac_in(found["mac"] or found["its"]))
    found = _WRITTEN.fullmatch(text)
    if found is None or int(found["priority"]) > 0xFFFF:
        return None
    return _split(int(found["priority"]), _mac_in(found["mac"]))


def _mac_in(text: str) -> str:
    return mac_of(bytes.fromhex(re.sub(r"[^0-9a-f]", "", text.lower())))


def mac_of(octets: bytes) -> str:
    """Write octets as an address.

    >>> mac_of(bytes.fromhex("001B2C3D4E5F"))
    '00:1b:2c:3d:4e:5f'
    """
    return octets.hex(":")


def port_id_of(octets: bytes) -> PortId | None:
    """Read the two octets of an identifier; None for any other length.

    >>> port_id_of(bytes.fromhex("83F1"))
    PortId(priority=128, number=1009)
    """
    return port_id_of_number(int.from_bytes(octets, "big")) if len(octets) == 2 else None


def port_id_of_number(value: int) -> PortId | None:
    """Read an identifier that is written as a number of 16 bits."""
    return PortId((value >> 12) * 16, value & 0xFFF) if 0 <= value <= 0xFFFF else None


def _split(both: int, mac: str) -> BridgeId:
    return BridgeId(both & 0xF000, both & 0xFFF, mac)
