"""Which of a host's services are open already? Each is opened when a question first needs it, once a host."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol, Self

from agent.sessions import probes
from agent.sessions.dns import open_dns
from agent.sessions.opening import Record
from agent.start import LdapWay, SipWay, SnmpWay, SshWay, WinrmWay
from collectors.dialect import DIALECTS, dialect_of
from collectors.exchange import Exchange
from collectors.powershell import Powershell
from collectors.session import (
    Caller,
    Certified,
    Cli,
    Directory,
    DirectoryPing,
    IkeGate,
    Kdc,
    Knocker,
    OpenvpnGate,
    Path,
    Resolver,
    Sip,
    Snmp,
    TimeServer,
    Unanswered,
)
from inventory.grant import GrantRefusedError, Leave, NotGranted

__all__ = ["LogIns", "Services"]


class _Closing(Protocol):
    async def close(self) -> None: ...


_PROBES: dict[type, Callable[[Leave, str, Record], _Closing]] = {
    IkeGate: probes.IkeSession,
    OpenvpnGate: probes.OpenvpnSession,
    Path: probes.PathSession,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIns:
    """With what a host's services are logged in to, as far as the contract names it. platform: whose command line it is."""

    directory: LdapWay | None = None
    windows: WinrmWay | None = None
    snmp: SnmpWay | None = None
    sip: SipWay | None = None
    ssh: SshWay | None = None
    platform: str = ""


class Services:
    """The sessions of one host that are asked in the event loop, by their Protocols."""

    def __init__(  # noqa: PLR0913 - what a host's sessions stand on.
        self,
        leave: Leave,
        host: str,
        log_ins: LogIns,
        threads: Executor,
        record: Callable[[Exchange], None],
        *,
        rate: int,
    ) -> None:
        """rate: how many questions a second its name server may be asked."""
        self._leave, self._host, self._record = leave, host, record
        self._log_ins, self._threads, self._rate = log_ins, threads, rate
        self._open: dict[type, _Closing | Unanswered] = {}
        self._end = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end.aclose()

    def not_open(self, kinds: Iterable[type]) -> tuple[type, ...]:
        """Those that nobody has tried to open yet."""
        return tuple(kind for kind in kinds if kind not in self._open)

    async def get(self, kind: type) -> object:
        """The session for a Protocol. Raises Unanswered, each time again when it could not be opened; GrantRefusedError."""
        if kind not in self._open:
            try:
                session = await self._opened(kind)
            except Unanswered as reason:
                # A host is tried once: the questions that come later have the same answer.
                self._open[kind] = reason
            else:
                self._end.push_async_callback(session.close)
                self._open[kind] = session
        found = self._open[kind]
        if isinstance(found, Unanswered):
            raise Unanswered(found.kind, found.detail, phase=found.phase)
        return found

    async def _opened(self, kind: type) -> _Closing:
        leave, host, record = self._leave, self._host, self._record
        if kind is Resolver:
            return await open_dns(leave, host, record, rate=self._rate)
        if kind is Snmp:
            return self._snmp()
        probe = _PROBES.get(kind)
        if probe is not None:
            return probe(leave, host, record)
        if kind in {Sip, Caller}:
            return self._telephony(kind)
        # What speaks LDAP and DER takes long to load: only where a controller is asked.
        from agent.sessions import packets  # noqa: PLC0415

        small: dict[type, Callable[[], _Closing]] = {
            DirectoryPing: lambda: packets.PingSession(leave, host, record),
            Kdc: lambda: packets.KdcSession(leave, host, record),
            TimeServer: lambda: packets.TimeSession(leave, host, record),
            Certified: lambda: packets.CertifiedSession(leave, host, record),
            Knocker: lambda: packets.KnockerSession(leave, host, record),
        }
        if kind in small:
            return small[kind]()
        if kind is Powershell:
            return await self._windows()
        if kind is Cli:
            return await self._command_line()
        if kind is not Directory:
            raise TypeError(f"nobody knows how to open a {kind.__name__}")
        if self._log_ins.directory is None:
            raise GrantRefusedError(
                NotGranted.NOT_NAMED, f"the contract names no log-in to the directory of {host!r}"
            )
        from agent.sessions.directory import ThreadedDirectory  # noqa: PLC0415

        return await ThreadedDirectory.open(leave, host, self._log_ins.directory, record, self._threads)

    async def _windows(self) -> _Closing:
        if self._log_ins.windows is None:
            raise GrantRefusedError(
                NotGranted.NOT_NAMED, f"the contract names no log-in to Windows on {self._host!r}"
            )
        from agent.sessions.powershell import ThreadedPowershell  # noqa: PLC0415

        return await ThreadedPowershell.open(
            self._leave, self._host, self._log_ins.windows, self._record, self._threads
        )

    def _telephony(self, kind: type) -> _Closing:
        if self._log_ins.sip is None:
            raise GrantRefusedError(NotGranted.NOT_NAMED, f"the contract names no SIP on {self._host!r}")
        from agent.sessions.sip import open_sip  # noqa: PLC0415
        from agent.sessions.sip_call import open_caller  # noqa: PLC0415

        opened = open_sip if kind is Sip else open_caller
        return opened(self._leave, self._host, self._log_ins.sip, self._record)

    def _snmp(self) -> _Closing:
        if self._log_ins.snmp is None:
            raise GrantRefusedError(
                NotGranted.NOT_NAMED, f"the contract names no SNMP agent on {self._host!r}"
            )
        from agent.sessions.snmp import open_snmp  # noqa: PLC0415

        return open_snmp(self._leave, self._host, self._log_ins.snmp, self._record)

    async def _command_line(self) -> _Closing:
        way, dialect = self._log_ins.ssh, dialect_of(self._log_ins.platform)
        if way is None:
            raise GrantRefusedError(
                NotGranted.NOT_NAMED, f"the contract names no SSH login for {self._host!r}"
            )
        if dialect is None:
            known = f"{self._log_ins.platform!r} is no network device that is known: {', '.join(DIALECTS)}"
            raise GrantRefusedError(NotGranted.NOT_NAMED, known)
        from agent.sessions.cli import ThreadedCli  # noqa: PLC0415

        return await ThreadedCli.open(self._leave, self._host, way, dialect, self._record, self._threads)
