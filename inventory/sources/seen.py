"""What does a source say? Hosts as it has them, and what of it cannot be taken and why.

A source is somebody else's list: it proposes, and a person decides. Nothing in here has been compared with a
contract yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from inventory.contract import Environment

__all__ = ["MOST_HOSTS", "Found", "Ip", "Seen", "SourceError", "Untaken"]

Ip = IPv4Address | IPv6Address
# As many as the largest contract may have.
MOST_HOSTS = 100_000


class SourceError(Exception):
    """The source cannot be read at all; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One host of a source; what the source does not say is empty.

    place: where it stands there. groups: words that may be roles. site: as the source calls it.
    """

    place: str
    name: str
    addresses: tuple[Ip, ...]
    id: str = ""
    site: str = ""
    environment: Environment | None = None
    groups: tuple[str, ...] = ()
    platform: str = ""
    port: int | None = None
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Untaken:
    """Something that is in the source and is not proposed.

    names: by what a host of the contract can still be known to be in the source.
    """

    place: str
    problem: str
    instead: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.place}: {self.problem} — {self.instead}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All that one source says. notes: what a reader should know about how it was read.

    whole: whether every host in it could at least be named, so that who is not there is missing.
    """

    hosts: tuple[Seen, ...]
    untaken: tuple[Untaken, ...] = ()
    notes: tuple[str, ...] = ()
    whole: bool = True
