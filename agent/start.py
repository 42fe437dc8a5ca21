"""What is a worker told? The one message with which it begins, without anything heavy to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import TypeAdapter

from agent.job import Job
from collectors.collector import About
from inventory.grant import Leave
from inventory.token import Pin

__all__ = ["START", "LdapWay", "SshWay", "Start", "WinrmWay", "doors_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SshWay:
    """How to log in: user, pinned host keys ('type base64'), and the secret (a private key or a password)."""

    user: str
    host_keys: tuple[str, ...]
    secret: str

    def __repr__(self) -> str:
        return f"SshWay(user={self.user!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapWay:
    """How to log in to a directory: user and password, the name its certificate must bear, who signs it (PEM)."""

    user: str
    secret: str
    name: str
    authorities: tuple[str, ...]
    starttls: bool = False

    def __repr__(self) -> str:
        return f"LdapWay(user={self.user!r}, name={self.name!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class WinrmWay:
    """How to log in to Windows: user and password, the name its certificate must bear, who signs it (PEM)."""

    user: str
    secret: str
    name: str
    authorities: tuple[str, ...]

    def __repr__(self) -> str:
        return f"WinrmWay(user={self.user!r}, name={self.name!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Everything that a worker is told.

    rates: how many questions a second a DNS server may be asked, as the contract says. shares: group name -> how many of its hosts at once. walls: what must stand before a host is asked: the kernel's
    wall as well, or Python's alone.
    """

    token: str
    keys: tuple[Pin, ...]
    agent: str
    seconds: float
    jobs: tuple[Job, ...]
    abouts: Mapping[str, About]
    ways: Mapping[str, SshWay]
    directories: Mapping[str, LdapWay] = field(default_factory=dict)
    windows: Mapping[str, WinrmWay] = field(default_factory=dict)
    rates: Mapping[str, int] = field(default_factory=dict)
    group_of: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, int] = field(default_factory=dict)
    walls: Literal["kernel", "python"] = "kernel"


START: TypeAdapter[Start] = TypeAdapter(Start)


def doors_for(start: Start, leave: Leave) -> frozenset[tuple[str, int]]:
    """The doors of the hosts that the agent lets be asked; what else a grant names stays shut."""
    hosts = {job.host for job in start.jobs}
    return frozenset((str(door.address), door.port) for door in leave.doors_of(hosts))
