"""What does a Windows controller demand of who logs in by LDAP, and whom has it turned away?

LDAPServerIntegrity (2: signing is demanded) and LdapEnforceChannelBinding (2: always) of the registry, and the events of
the log Directory Service: 2887 and 2889 (taken without signature), 2888 (turned away), 3039 (turned away for its channel
binding); Microsoft KB 4520412. Only 2889 and 3039 name a client, and only where LDAP is logged in detail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter

from collectors import Finding, Kind, Powershell, Script, Unanswered, collector
from collectors.ad.windows import read_as

__all__ = ["Signing", "windows_signing"]

_SCRIPT = Script.lying_in("collectors.ad", "windows_signing.ps1")
_REQUIRED = 2
_TAKEN, _TURNED_AWAY = (2887, 2889), (2888, 3039)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """demands: in the server's own words. takes_clear_text: None where that depends on the version of Windows.

    turned_away, unsigned: clients, or how many where nobody is named.
    """

    demands: str
    takes_clear_text: bool | None
    turned_away: tuple[str, ...]
    unsigned: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    integrity: int | None
    binding: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    event: int
    clients: tuple[str, ...]
    count: int


_READ = TypeAdapter(tuple[_Settings | _Event, ...])


def judge(_seen: Signing) -> Iterator[Finding]:
    """What one controller demands is judged beside the others."""
    yield from ()


@collector(
    "ad.windows-signing",
    asks=("What does Windows demand of LDAP log-ons?", "Was verlangt Windows bei LDAP-Anmeldungen?"),
    judge=judge,
    platform="windows",
    role="domain-controller",
)
async def windows_signing(host: Powershell) -> Signing:
    """Read two numbers of the registry, and the events of a day."""
    found = read_as(_READ, await host.objects(_SCRIPT))
    settings = [one for one in found if isinstance(one, _Settings)]
    events = [one for one in found if isinstance(one, _Event)]
    if len(settings) != 1 or any(one.event not in _TAKEN + _TURNED_AWAY for one in events):
        raise Unanswered(Kind.UNPARSABLE, "the host says something else than it was asked for")
    # Without the value Windows demands nothing, and since 2025 everything: then nothing is said of clear text.
    integrity, binding = settings[0].integrity, settings[0].binding
    return Signing(
        demands=f"LDAPServerIntegrity {_shown(integrity)}, LdapEnforceChannelBinding {_shown(binding)}",
        takes_clear_text=None if integrity is None else integrity < _REQUIRED,
        turned_away=_clients([one for one in events if one.event in _TURNED_AWAY]),
        unsigned=_clients([one for one in events if one.event in _TAKEN]),
    )


def _shown(value: int | None) -> str:
    return "-" if value is None else str(value)


def _clients(events: list[_Event]) -> tuple[str, ...]:
    """Those that are named; else how many there were."""
    named = tuple(sorted({client for one in events for client in one.clients}))
    count = sum(one.count for one in events)
    return named or ((f"{count}",) if count else ())
