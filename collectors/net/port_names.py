"""Which port is meant by 'Gi1/0/3', 'GigabitEthernet 1/0/3', 'bridge/ether2' or an address? Agents and cables disagree.

A name only finds a port where no other port of the device could be meant by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from collectors.net.columns import address_in
from collectors.net.ports import Port, Ports

__all__ = ["PortBook", "book_of", "spelt"]

# What vendors call a sort of port, longest first, and one short form for each.
_SORTS = (
    ("ge", r"gigabitethernet|gigabit|gige|gi|ge"),
    ("te", r"ten-?gigabitethernet|tengige|xgigabitethernet|xge|xe|te"),
    ("2.5g", r"two(?:point)?fivegige(?:thernet)?|twogigabitethernet|tw"),
    ("25g", r"twenty-?fivegige(?:thernet)?|twe"),
    ("40g", r"forty-?gig(?:abitethernet|e)|fo|xlge"),
    ("100g", r"hundred-?gig(?:abitethernet|e)|hu"),
    ("fe", r"fastethernet|fa|fe"),
    ("eth", r"ethernet|eth|et|e"),
    ("po", r"port-?channel|po"),
    ("bagg", r"bridge-aggregation|bagg"),
    ("mgmt", r"management|mgmt|ma"),
)
_SORT = re.compile(
    "|".join(f"(?P<s{n}>{words})(?=[-_ ]?[0-9])" for n, (_, words) in enumerate(_SORTS)), re.IGNORECASE
)
# 'bridge/bond/sfp1': a way through the bridge, down to the port.
_WAY = re.compile(r"(?:[a-z][\w .-]*/)+(?P<port>[a-z][\w .-]*)", re.IGNORECASE)


@lru_cache(maxsize=65_536)
def spelt(text: str) -> str:
    """One form for all ways of writing the name of a port.

    >>> spelt("GigabitEthernet 1/0/3"), spelt("Gi1/0/3"), spelt("ge-1/0/3"), spelt("bridge/ether2"), spelt("eth1/0/4")
    ('ge1/0/3', 'ge1/0/3', 'ge1/0/3', 'ether2', 'eth1/0/4')
    """
    text = text.strip().lower()
    if (way := _WAY.fullmatch(text)) is not None:
        text = way["port"]
    if (sort := _SORT.match(text)) is not None:
        short = next(_SORTS[int(name[1:])][0] for name, found in sort.groupdict().items() if found)
        text = short + text[sort.end() :].lstrip("-_ ")
    return re.sub(r"\s+", "", text)


@dataclass(frozen=True, slots=True)
class PortBook:
    """A device's ports by what they are called; each book has only what is unique in it."""

    books: tuple[Mapping[str, Port], ...]
    macs: Mapping[str, Port]

    def named(self, *texts: str) -> Port | None:
        """The port that the first of these texts means which means one."""
        for text in texts:
            for book in self.books:
                if text and (port := book.get(spelt(text))) is not None:
                    return port
        return None

    def cable(self, port: Port) -> Port | None:
        """The port that the cable is in: itself, or the one that it is a unit of ('ge-0/0/0.0'); None for no such port."""
        whole = self.named(port.name.rpartition(".")[0])
        return port if port.takes_cable else whole if whole is not None and whole.takes_cable else None

    def at(self, *texts: str) -> Port | None:
        """The port that one of these addresses is of; aggregates have their members' addresses and are left out."""
        found = (self.macs.get(address_in(text)) for text in texts)
        return next((port for port in found if port is not None), None)


def book_of(ports: Ports) -> PortBook:
    """Sort the ports by name (ifName), description (ifDescr) and alias (ifAlias), and by address."""
    parts: tuple[Callable[[Port], str], ...] = (lambda p: p.name, lambda p: p.descr, lambda p: p.alias)
    return PortBook(
        tuple(_unique((spelt(part(port)), port) for port in ports.ports) for part in parts),
        _unique((port.mac, port) for port in ports.ports if port.takes_cable),
    )


def _unique(pairs: Iterable[tuple[str, Port]]) -> Mapping[str, Port]:
    found: dict[str, Port] = {}
    twice: set[str] = set()
    for key, port in pairs:
        if key and found.setdefault(key, port) is not port:
            twice.add(key)
    return {key: port for key, port in found.items() if key not in twice}
