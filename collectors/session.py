"""How does a collector ask? The conversations it can have with a host, and the ways they end unanswered.

A collector sees only these Protocols. What implements them lives in `agent.sessions` (the real hosts) and
in `collectors.replay` (recorded evidence and test cases).
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar

from collectors.captured import Captured
from collectors.entry import Entry
from collectors.outside import Fit, IkeGate, OpenvpnGate, Path
from collectors.powershell import Powershell
from collectors.silence import Kind, Phase, Unanswered
from collectors.telephony import Caller, Sip
from collectors.varbind import Oid, Varbind

__all__ = [
    "Also",
    "Answer",
    "Caller",
    "Captured",
    "Certified",
    "Cli",
    "Directory",
    "DirectoryPing",
    "Edns",
    "Entry",
    "Fit",
    "Greeting",
    "IkeGate",
    "Kdc",
    "Kind",
    "Knocker",
    "OpenvpnGate",
    "Path",
    "Phase",
    "Ran",
    "Record",
    "Reply",
    "Resolver",
    "Scope",
    "Secured",
    "Shell",
    "Shown",
    "Sip",
    "Snmp",
    "TimeServer",
    "Transport",
    "Unanswered",
    "Varbind",
]

Transport = Literal["udp", "tcp"]
T = TypeVar("T")
# How far a search goes: the entry itself, what lies directly below it, or everything from it on.
Scope = Literal["base", "one", "subtree"]
# What a search shows beyond the usual.
Also = Literal["", "deleted", "descriptors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command on a host answered.

    stdout, stderr: text; bytes that are not UTF-8 appear as backslash escapes. raw: stdout as it came.
    code: exit status. began: the agent's clock (UTC) when the question was sent. took: seconds.
    """

    argv: tuple[str, ...]
    stdout: str
    stderr: str
    code: int
    began: datetime
    took: float
    raw: bytes = field(default=b"", repr=False, compare=False)


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

    async def pause(self, seconds: float) -> None:
        """Wait before something is looked at again; nothing is sent, and other questions to the host go on."""
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
class Edns:
    """What a message says in its OPT record (RFC 6891). flags: the bits beside DO; size: of a UDP packet that fits."""

    version: int = 0
    options: tuple[int, ...] = ()
    flags: int = 0
    size: int = 1232


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a DNS server answered (RFC 1035).

    rcode and flags are names as in dig ('NOERROR', 'AA'); server: the address asked. took: seconds since the
    packet went out that was answered. edns: False when the server answers only questions without EDNS.
    opt: the answer's own OPT record. size: of the whole message, in bytes. repeats: the name of the question as the
    answer repeats it, in its upper and lower case.
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
    opt: Edns | None = None
    size: int = 0
    repeats: str = ""


class Resolver(Protocol):
    """One DNS server, asked directly: no search list, no other server, no following of referrals."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The server's addresses that may be asked."""
        ...

    async def ask(  # noqa: PLR0913 - what one question can say.
        self,
        name: str,
        rtype: str,
        *,
        transport: Transport = "udp",
        recurse: bool = False,
        server: str = "",
        signed: bool = False,
        unchecked: bool = False,
        edns: Edns | None = None,
        chaos: bool = False,
    ) -> Answer:
        """Ask one question; `server` picks one of the addresses (the first when empty).

        What was asked before in this session is not asked again: it has the same answer, or the same silence.
        rtype: also 'IXFR=SERIAL' (RFC 1995), which asks for what is newer than a serial: nothing is handed over
        where that is the zone's own, and no more than the first two records are ever kept.
        A truncated UDP answer is given as it is (flag 'TC'): whoever asks decides about TCP.
        signed: with the signatures (the bit DO, RFC 3225); a server that answers only without EDNS gives none.
        unchecked: a resolver shall not verify them (the flag CD, RFC 4035, section 3.2.2).
        edns: sent exactly so; without it a server that minds EDNS is asked again without. chaos: in the class CH.
        Raises Unanswered.
        """
        ...

    async def together(self, *asking: Coroutine[Any, Any, T]) -> tuple[T, ...]:
        """Wait for several questions at once; the first that raises ends the others."""
        ...


class Directory(Protocol):
    """A directory (LDAP, RFC 4511), logged in to over TLS with a verified certificate. Referrals are never followed."""

    async def root(self, *attributes: str) -> Entry:
        """What the server says about itself (rootDSE, RFC 4512 section 5.1)."""
        ...

    async def search(
        self,
        base: str,
        where: str,
        *attributes: str,
        scope: Scope = "subtree",
        most: int = 10_000,
        also: Also = "",
    ) -> tuple[Entry, ...]:
        """The entries that a filter (RFC 4515) finds, all of them, with just these attributes.

        most: more entries are `cut-off` and no answer. also: 'deleted' for tombstones as well (MS-ADTS
        3.1.1.3.4.1.14); 'descriptors' for owner, group and DACL in nTSecurityDescriptor (MS-ADTS 3.1.1.3.4.1.11).
        Raises Unanswered: `not-there` when there is no such base (or the account may not see it), `refused` when
        the server does not want to say, `cut-off` when it gives only a part.
        """
        ...

    async def entry(self, name: str, *attributes: str) -> Entry | None:
        """One entry by its distinguished name; None when it is not there, or the account may not see it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a server answered to one packet: its bytes. began: the agent's clock (UTC) at sending. took: seconds."""

    content: bytes
    began: datetime
    took: float


class DirectoryPing(Protocol):
    """What a client asks before it knows a domain controller (MS-ADTS 6.3.3, CLDAP); nobody logs in."""

    async def ping(self, domain: str) -> Reply:
        """The value of the attribute `netlogon` (MS-ADTS 6.3.1.9). Raises Unanswered."""
        ...


class Kdc(Protocol):
    """A Kerberos service; nobody logs in, and no try of any account is used up."""

    async def ask_ticket(self, realm: str, account: str) -> Reply:
        """What it answers to an AS-REQ without pre-authentication (RFC 4120, section 3.1): mostly a KRB-ERROR."""
        ...


class TimeServer(Protocol):
    """A time service (RFC 5905), asked as a client."""

    async def time(self) -> Reply:
        """The 48 bytes of its answer. Raises Unanswered."""
        ...


class Certified(Protocol):
    """A service under TLS that is only greeted: which certificate it shows, whether it can be trusted or not."""

    async def certificate(self) -> Reply:
        """The server's own certificate, in DER. Raises Unanswered."""
        ...


class Knocker(Protocol):
    """The TCP ports of a controller that members of its domain need: whether somebody answers, and nothing is said."""

    @property
    def ports(self) -> tuple[int, ...]:
        """Those that may be tried, in the contract's order."""
        ...

    async def knock(self, port: int) -> None:
        """Connect, and hang up. Raises Unanswered: `refused` when nothing listens, else `timed-out`, `unreachable` …"""
        ...


class Snmp(Protocol):
    """An SNMP agent, read with a credential that can write nothing (RFC 3416); names are numeric.

    context: 'vlan-10' asks what a switch says of one VLAN (v2c: COMMUNITY@10; v3: the context of that name).
    """

    async def get(self, *oids: Oid, context: str = "") -> tuple[Varbind, ...]:
        """Read single objects, in their order; one that is not there has a type that says so (`Smi.NO_SUCH_…`).

        What was read before in this session is read anew. Raises Unanswered.
        """
        ...

    async def walk(self, root: Oid, *, context: str = "", most: int = 20_000) -> tuple[Varbind, ...]:
        """Read everything below a name, in increasing order; empty when the agent says that there is nothing.

        most: more objects are `cut-off` and no answer. Raises Unanswered: `timed-out` when the agent falls silent in the
        middle, `unparsable` when the names do not increase. Nothing half is ever given.
        """
        ...

    async def pause(self, seconds: float) -> None:
        """Wait before something is read again; nothing is sent."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a network device showed: text without echo, paging, escapes and prompt. began: UTC. took: seconds."""

    command: str
    text: str
    began: datetime
    took: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """By which algorithms a connection is secured, by their names in SSH (RFC 4253, section 7.1)."""

    kex: str
    host_key: str
    cipher: str
    mac: str


class Cli(Protocol):
    """The command line of a network device, read only: it takes commands that show, and no others."""

    async def show(self, command: str, *, deadline: float = 30.0) -> Shown:
        """Show something ('show spanning-tree', 'display stp'), whole.

        What is not surely a command that only shows is a ValueError, and never sent (`collectors.showing`).
        Raises Unanswered: `not-there` when the device does not know the command, `refused` when the account may not,
        `timed-out`, `cut-off` when the line breaks or the answer is larger than the limit.
        """
        ...

    async def secured(self) -> Secured:
        """By which algorithms the device is spoken to; asks it nothing. Raises Unanswered."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait before something is shown again; nothing is sent."""
        ...


# What may stand as the parameters of a collector, before `about`.
SESSIONS = (
    Captured,
    Shell,
    Resolver,
    Greeting,
    Directory,
    DirectoryPing,
    Kdc,
    TimeServer,
    Certified,
    Knocker,
    IkeGate,
    OpenvpnGate,
    Path,
    Powershell,
    Snmp,
    Cli,
    Sip,
    Caller,
)
