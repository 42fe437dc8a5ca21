"""Which host of the contract is the neighbour that was heard? Only what is one host's alone counts.

An address of hardware is surer than an address for management, and that is surer than a name. What several devices
announce (the factory's address of unmanaged gear, a name that nobody changed) tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from collectors.net.columns import address_in
from collectors.net.neighbour import Neighbour
from collectors.net.neighbours import NeighboursSeen

__all__ = ["Register", "register_of"]


@dataclass(frozen=True, slots=True)
class Register:
    """Hosts by their addresses of hardware, by addresses for management, and by name."""

    macs: Mapping[str, str]
    addresses: Mapping[str, str]
    names: Mapping[str, str]

    def host_of(self, one: Neighbour) -> str:
        """The id of the host that this neighbour is; '' for none of them."""
        for mac in (one.chassis, address_in(one.far_port)):
            if mac in self.macs:
                return self.macs[mac]
        for address in (*one.addresses, one.other_id):
            if address in self.addresses:
                return self.addresses[address]
        return next((self.names[name] for name in _spelt(one.name) if name in self.names), "")


def register_of(seen: Mapping[str, NeighboursSeen]) -> Register:
    """Make the register of all hosts that were asked."""
    heard = [one for facts in seen.values() for one in facts.neighbours if one.source != "stp"]
    addresses = _unique((a, host) for host, facts in seen.items() for a in facts.addresses)
    names = _unique((n, host) for host, facts in seen.items() for n in _names(facts))
    shared = _of_several((a, one) for one in heard for a in one.addresses)
    called = _of_several((n, one) for one in heard for n in _spelt(one.name))
    chassis = _unique((facts.ports.chassis, host) for host, facts in seen.items())
    macs = _unique((mac, host) for host, facts in seen.items() for mac in facts.ports.macs)
    return Register(
        macs={**macs, **chassis},
        addresses={a: host for a, host in addresses.items() if a not in shared},
        names={n: host for n, host in names.items() if n not in called},
    )


def _names(facts: NeighboursSeen) -> Iterator[str]:
    yield from dict.fromkeys((*_spelt(facts.ports.name), *_spelt(facts.known_as)))


def _spelt(name: str) -> tuple[str, ...]:
    """In full, and without its domain; an address is no name, and what was made illegible is none."""
    name = name.strip().lower().rstrip(".")
    first = name.partition(".")[0]
    if not name or not name[0].isalnum() or first.isdecimal():
        return ()
    return (name,) if first == name else (name, first)


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    several: set[str] = set()
    for key, host in pairs:
        if key and found.setdefault(key, host) != host:
            several.add(key)
    return {key: host for key, host in found.items() if key not in several}


def _of_several(pairs: Iterable[tuple[str, Neighbour]]) -> set[str]:
    """What devices with different addresses of hardware announce alike."""
    found: dict[str, str] = {}
    several: set[str] = set()
    for key, one in pairs:
        if one.chassis and found.setdefault(key, one.chassis) != one.chassis:
            several.add(key)
    return several
