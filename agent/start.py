"""What is a worker told? The one message with which it begins, without anything heavy to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from agent.job import Job
from collectors.collector import About
from inventory.token import Pin

__all__ = ["START", "SshWay", "Start"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SshWay:
    """How to log in: user, pinned host keys ('type base64'), and the secret (a private key or a password)."""

    user: str
    host_keys: tuple[str, ...]
    secret: str

    def __repr__(self) -> str:
        return f"SshWay(user={self.user!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Everything that a worker is told. `shares`: group name -> how many of its hosts at once."""

    token: str
    keys: tuple[Pin, ...]
    agent: str
    seconds: float
    jobs: tuple[Job, ...]
    abouts: Mapping[str, About]
    ways: Mapping[str, SshWay]
    group_of: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, int] = field(default_factory=dict)


START: TypeAdapter[Start] = TypeAdapter(Start)
