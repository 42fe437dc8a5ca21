"""How does a collector ask? The conversations it can have with a host, and the ways they end unanswered.

A collector sees only these Protocols. What implements them lives in `agent.sessions` (the real hosts) and
in `collectors.replay` (recorded evidence and test cases).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

__all__ = [
    "Answer",
    "Greeting",
    "Kind",
    "Phase",
    "Ran",
    "Record",
    "Resolver",
    "Shell",
    "Transport",
    "Unanswered",
]

Transport = Literal["udp", "tcp"]


class Kind(StrEnum):
    """The ways a question ends without an answer."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    HOST_KEY_CHANGED = "host-key-changed"
    CREDENTIALS_REJECTED = "credentials-rejected"
    TIMED_OUT = "timed-out"
    CUT_OFF = "cut-off"
    UNPARSABLE = "unparsable"
    STOPPED = "stopped"
    NO_ADDRESS = "no-address"


class Phase(StrEnum):
    """How far the conversation had come: reaching the port, greeting, logging in, asking."""

    CONNECT = "connect"
    GREET = "greet"
    LOGIN = "login"
    ASK = "ask"


class Unanswered(Exception):  # noqa: N818 - it is an outcome with a name, not an error of ours.
    """The host did not answer the question. Never replaced by an empty answer."""

    def __init__(self, kind: Kind, detail: str, *, phase: Phase = Phase.ASK) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.phase = phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command on a host answered.

    stdout, stderr: text; bytes that are not UTF-8 appear as backslash escapes.
    code: exit status. began: the agent's clock (UTC) when the question was sent. took: seconds.
    """

    argv: tuple[str, ...]
    stdout: str
    stderr: str
    code: int
    began: datetime
    took: float


class Shell(Protocol):
    """A POSIX command line, read-only by promise. Arguments are an array and never a shell string."""

    async def run(self, *argv: str, deadline: float = 20.0) -> Ran:
        """Run one command (C locale) and give its whole answer, whatever its exit status.

        Raises Unanswered: `timed-out` past the deadline (seconds), `cut-off` when the line breaks or the
        answer is larger than the limit.
        """
        ...

    async def read(self, path: str) -> str:
        """Give a text file's content. Raises Unanswered (`unparsable`) when it cannot be read."""
        ...

    async def fetch(self, path: str) -> bytes:
        """Give a file's bytes over SFTP. Raises Unanswered (`unparsable`) when it cannot be read."""
        ...


class Greeting(Protocol):
    """An SSH server that is only greeted: who it says it is, without anybody logging in."""

    async def host_key(self) -> str:
        """The key that the server proves to hold (RFC 4253, section 8), as 'type base64'. Raises Unanswered."""
        ...


@dataclass(frozen=True, slots=True)
class Record:
    """One resource record in presentation form, names in lower case with a final dot."""

    name: str
    type: str
    ttl: int
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a DNS server answered (RFC 1035).

    rcode and flags are names as in dig ('NOERROR', 'AA'); server: the address asked. took: seconds since the
    packet went out that was answered. edns: False when the server answers only questions without EDNS.
    """

    server: str
    transport: Transport
    rcode: str
    flags: frozenset[str]
    answer: tuple[Record, ...]
    authority: tuple[Record, ...]
    additional: tuple[Record, ...]
    began: datetime
    took: float
    edns: bool = True


class Resolver(Protocol):
    """One DNS server, asked directly: no search list, no other server, no following of referrals."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The server's addresses that may be asked."""
        ...

    async def ask(
        self, name: str, rtype: str, *, transport: Transport = "udp", recurse: bool = False, server: str = ""
    ) -> Answer:
        """Ask one question; `server` picks one of the addresses (the first when empty).

        A truncated UDP answer is given as it is (flag 'TC'): whoever asks decides about TCP.
        Raises Unanswered.
        """
        ...


# What may stand as the first parameter of a collector.
SESSIONS = (Shell, Resolver, Greeting)
