"""Several servers speak of a zone: what does each say of it, and how does the same fault become one finding?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from collectors import Fact, Finding, Tag
from collectors.dns.names import listed
from collectors.finding import inert

__all__ = ["Told", "by_zone", "once"]

# A tag with its facts; the zone and the servers come later.
Told = tuple[Tag, dict[str, Fact]]


class _OfZone(Protocol):
    @property
    def zone(self) -> str: ...


Z = TypeVar("Z", bound=_OfZone)


def by_zone(said: Mapping[str, Iterable[Z]]) -> defaultdict[str, dict[str, Z]]:
    """What each host says, by its id, turned into what is said of each zone by each host."""
    turned: defaultdict[str, dict[str, Z]] = defaultdict(dict)
    for host, ones in said.items():
        for one in ones:
            turned[one.zone][host] = one
    return turned


def once(zone: str, found: Iterable[tuple[str, Told]], server: Mapping[str, str]) -> Iterator[Finding]:
    """Each fault once, with the servers that have it; it is laid on a host where there is but one.

    found: the host of each server with what is wrong there. server: host -> the server's name.
    """
    alike: defaultdict[tuple[Tag, tuple[tuple[str, Fact], ...]], list[str]] = defaultdict(list)
    for host, (tag, facts) in found:
        alike[tag, tuple(facts.items())].append(host)
    for (tag, pairs), hosts in alike.items():
        told = {"zone": zone, "servers": listed(server[host] for host in hosts)} | dict(pairs)
        yield Finding(
            tag, {name: inert(fact) for name, fact in told.items()}, hosts[0] if len(hosts) == 1 else ""
        )
