"""What does a column of a table say, row by row? How everything that is read over SNMP begins."""

from __future__ import annotations

import re
from collections.abc import Mapping

from collectors import Oid, Snmp, Unanswered, Varbind
from collectors.net.bridge_id import mac_of
from collectors.plain import plain
from collectors.silence import Kind

__all__ = [
    "address_in",
    "address_of",
    "column",
    "counted",
    "numbers",
    "single",
    "texts",
    "truth",
    "unparsable",
]

_WRITTEN = re.compile(
    r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{4}(?:[.-][0-9a-f]{4}){2}|[0-9a-f]{12}|[0-9a-f]{6}-[0-9a-f]{6}",
    re.IGNORECASE,
)
# Addresses that several devices share by design: of a virtual router (RFC 9568 section 7.3, Cisco's HSRP and GLBP).
_SHARED = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:", "00:00:0c:9f:f", "00:07:b4:00:")


def unparsable(what: str) -> Unanswered:
    """The answer is not what it must be."""
    return Unanswered(Kind.UNPARSABLE, what)


async def column(host: Snmp, entry: Oid, number: int, *, context: str = "") -> dict[Oid, Varbind]:
    """One column of a table, by index; empty where the agent has none. Raises Unanswered."""
    name = (*entry, number)
    walked = await host.walk(name, context=context)
    return {one.oid[len(name) :]: one for one in walked if one.oid[: len(name)] == name}


async def numbers(host: Snmp, entry: Oid, number: int, *, context: str = "") -> dict[int, int]:
    """A column of numbers in a table with one number as its index; what is something else is left out."""
    found = await column(host, entry, number, context=context)
    return {
        index[0]: value
        for index, one in found.items()
        if len(index) == 1 and (value := one.number) is not None
    }


async def texts(host: Snmp, entry: Oid, number: int) -> dict[int, str]:
    """A column of texts in a table with one number as its index, fit to be shown."""
    found = await column(host, entry, number)
    return {index[0]: plain(one.text) for index, one in found.items() if len(index) == 1 and one.octets}


async def single(host: Snmp, *oids: Oid) -> Mapping[Oid, Varbind]:
    """Single objects, those that are there."""
    return {one.oid: one for one in await host.get(*oids) if one.value is not None}


def truth(value: int | None) -> bool | None:
    """A state of RFC 2863 that is 1 for up and 2 for down; None for all others."""
    return {1: True, 2: False}.get(value) if value is not None else None


def counted(value: int | None) -> int | None:
    """A number that a thing can have: above zero."""
    return value if value is not None and value > 0 else None


def address_of(octets: bytes | None) -> str:
    """The address of one station, however it is written; '' where it is none, or can be that of several.

    >>> address_of(bytes.fromhex("001B2C3D4E5F")), address_of(b"001b.2c3d.4e5f")
    ('00:1b:2c:3d:4e:5f', '00:1b:2c:3d:4e:5f')
    >>> address_of(bytes(6)), address_of(b"Gi0/1")
    ('', '')
    """
    if octets is None:
        return ""
    if len(octets) != 6:
        return address_in(octets.rstrip(b"\0").decode("ascii", "replace"))
    return _station(mac_of(octets))


def address_in(text: str) -> str:
    """The address that a text is, as `address_of` gives it."""
    text = text.strip()
    if not _WRITTEN.fullmatch(text):
        return ""
    return _station(mac_of(bytes.fromhex(re.sub(r"[^0-9a-fA-F]", "", text))))


def _station(mac: str) -> str:
    is_station = not int(mac[:2], 16) & 1 and mac != "00:00:00:00:00:00" and not mac.startswith(_SHARED)
    return mac if is_station else ""
