"""By what is a Windows host logged in to? By NTLM or by Kerberos, as the contract says, and never by both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from requests.auth import AuthBase
from requests_ntlm import HttpNtlmAuth

from agent.sessions.wsman_line import Dialler, Watch
from agent.start import WinrmWay
from inventory.grant import Leave

if TYPE_CHECKING:
    from agent.sessions.tickets import Tickets

__all__ = ["login_for", "tickets_for"]


def tickets_for(leave: Leave, host: str, way: WinrmWay) -> Tickets | None:
    """Where the log-in is by Kerberos, where its tickets come from. Raises GrantRefusedError."""
    if way.kerberos is None:
        return None
    # It loads libkrb5: only where it is wanted, and in a worker before its wall is sealed.
    from agent.sessions.tickets import Tickets  # noqa: PLC0415

    return Tickets(leave, way, host)


def login_for(way: WinrmWay, tickets: Tickets | None, dialler: Dialler, watch: Watch) -> AuthBase:
    """Either is bound to the TLS channel (RFC 5929)."""
    if tickets is None:
        return HttpNtlmAuth(way.user, way.secret)
    from agent.sessions.kerberos_login import KerberosLogin  # noqa: PLC0415 - see above.

    return KerberosLogin(tickets, dialler, watch)
