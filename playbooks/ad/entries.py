"""Which entry of the directory is meant, and what stands in it? What the changes of the directory share."""

from __future__ import annotations

from dataclasses import dataclass

from collectors import Directory, Entry, Kind, Unanswered

__all__ = ["Controller", "User", "account", "escaped", "settings_of"]

from playbooks.wanted import Account, Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """account: its short name (sAMAccountName)."""

    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """controller: its whole DNS name."""

    controller: Zone


def escaped(text: str) -> str:
    """A value in a filter (RFC 4515, section 3)."""
    return "".join(f"\\{ord(sign):02x}" if sign in "\\*()\0" else sign for sign in text)


async def account(host: Directory, base: str, name: str, *attributes: str) -> Entry | None:
    """The one account of this short name; None when there is none. Raises Unanswered."""
    short = name.rpartition("\\")[2]
    found = await host.search(base, f"(sAMAccountName={escaped(short)})", *attributes)
    if len(found) > 1:
        raise Unanswered(Kind.UNPARSABLE, f"{len(found)} accounts are called {short}")
    return found[0] if found else None


async def settings_of(host: Directory, base: str, controller: str, *attributes: str) -> Entry | None:
    """The object that says how a controller replicates (nTDSDSA), by the controller's DNS name."""
    sites = f"CN=Sites,CN=Configuration,{base}"
    servers = await host.search(sites, f"(&(objectClass=server)(dNSHostName={escaped(controller)}))", "cn")
    if len(servers) != 1:
        return None
    return await host.entry(f"CN=NTDS Settings,{servers[0].dn}", *attributes)
