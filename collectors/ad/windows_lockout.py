"""Which machine locked an account of a Windows domain? As the security log of its controllers names it.

Events: 4740 (an account was locked; names the caller's computer), 4771 (Kerberos pre-authentication failed, status 0x18;
names the address), 4776 (NTLM, status 0xC000006A; names the workstation). Fields are read by their names in the event's
own XML, which no language changes. The account needs the group Event Log Readers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import AwareDatetime, TypeAdapter

from collectors import About, Finding, Kind, Powershell, Script, Unanswered, collector
from collectors.ad.windows import read_as

__all__ = ["Sender", "WrongPasswords", "by_short_name", "windows_lockout"]

_SCRIPT = Script.lying_in("collectors.ad", "windows_lockout.ps1")
_SERVICES = {4740: "lockout", 4771: "Kerberos", 4776: "NTLM"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A machine that sent wrong passwords of an account to one controller within a day.

    address, computer: as the log names it, '' where it does not. machine: its id, when the contract knows the address.
    """

    account: str
    address: str
    computer: str
    service: str
    count: int
    last: datetime
    machine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongPasswords:
    """is_logged: that this controller keeps who sent them. since: from when on its log tells; None: not known."""

    is_logged: bool
    since: datetime | None
    now: datetime | None
    senders: tuple[Sender, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Log:
    now: AwareDatetime
    since: AwareDatetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    event: int
    account: str
    computer: str
    address: str
    count: int
    last: AwareDatetime


_READ = TypeAdapter(tuple[_Log | _Event, ...])


def by_short_name(accounts: Sequence[str]) -> dict[str, str]:
    """How the ticket writes each account, by the name that logs know it by; the first way counts.

    >>> by_short_name(("Bob", "bob@ad.musterbau.test"))
    {'bob': 'Bob'}
    """
    return {name.partition("@")[0].lower(): name for name in reversed(accounts)}


def judge(_seen: WrongPasswords) -> Iterator[Finding]:
    """What one controller has logged is told together with the others'."""
    yield from ()


@collector(
    "ad.windows-lockout",
    asks=("Which machine locked the account?", "Welche Maschine hat das Konto gesperrt?"),
    judge=judge,
    platform="windows",
    role="domain-controller",
)
async def windows_lockout(host: Powershell, about: About) -> WrongPasswords:
    """Ask for the events of a day, of the accounts that the ticket speaks of and of no others."""
    short = by_short_name(about.accounts)
    found = read_as(_READ, await host.objects(_SCRIPT, accounts=tuple(short)))
    logs = [one for one in found if isinstance(one, _Log)]
    events = [one for one in found if isinstance(one, _Event)]
    if len(logs) != 1 or any(
        one.event not in _SERVICES or one.account.lower() not in short for one in events
    ):
        raise Unanswered(Kind.UNPARSABLE, "the host speaks of other events than it was asked for")
    known = _known(about)
    return WrongPasswords(
        # Who may not read the log gets no answer at all.
        is_logged=True,
        since=logs[0].since,
        now=logs[0].now,
        senders=tuple(
            Sender(
                account=short[one.account.lower()],
                address=one.address,
                computer=one.computer,
                service=_SERVICES[one.event],
                count=one.count,
                last=one.last,
                machine=known.get(one.address, "") or known.get(one.computer.lower(), ""),
            )
            for one in events
        ),
    )


def _known(about: About) -> dict[str, str]:
    """Ids of the contract's hosts by their addresses and short names."""
    servers = about.domain.hosts if about.domain else ()
    by_address = {address: one.id for one in servers for address in one.addresses}
    return by_address | {one.name.partition(".")[0].lower(): one.id for one in servers}
