"""Can everybody who logs in by Kerberos get a ticket? Who gives them must be there, be of the realm, and be asked.

Like the other checks of a contract it looks at plain data, valid or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from inventory.check_names import Row, words
from inventory.tree import Flaw, Path

__all__ = ["unable_to_give_tickets", "unasked_for_tickets"]

_Logins = Iterator[tuple[Path, Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]]


def unable_to_give_tickets(
    rows: Mapping[str, list[Row]], nearest: Callable[[str, Iterable[str]], str]
) -> Iterator[Flaw]:
    """KDCs that are none, and accounts of another realm. nearest: what might have been meant by a name."""
    hosts = {row["id"]: row for _, row in rows["hosts"] if isinstance(row.get("id"), str)}
    outside = {row.get("id") for _, row in rows["outside"]}
    agents = {row.get("id"): row.get("agent") for _, row in rows["sites"]}
    for path, host, winrm, login in _logins(rows):
        realm, here = login.get("realm"), agents.get(host.get("site"))
        yield from _account(path[:-1], winrm.get("user"), realm)
        seen: set[str] = set()
        for number, word in words(login, "kdcs"):
            at = (*path, "kdcs", number)
            if word in seen:
                yield Flaw(at, f"'{word}' is written twice", "write it once")
            elif word in hosts:
                yield from _unfit(at, hosts[word], realm, agents.get(hosts[word].get("site")), here)
            elif word in outside:
                what = f"'{word}' stands outside, and tickets come from a host of the contract"
                yield Flaw(at, what, "name a domain controller under 'hosts'")
            else:
                yield Flaw(at, f"there is no host '{word}'", nearest(word, hosts))
            seen.add(word)


def unasked_for_tickets(rows: Mapping[str, list[Row]]) -> Iterator[Flaw]:
    """KDCs that no clause lets anybody ask, so that they give no ticket."""
    roles = {row.get("id"): {role for _, role in words(row, "roles")} for _, row in rows["hosts"]}
    asking = [row for _, row in rows["clauses"] if "ad" in {area for _, area in words(row, "diagnose")}]
    named = {name for row in asking for _, name in words(row, "hosts")}
    by_role = {role for row in asking for _, role in words(row, "roles")}
    for path, _, _, login in _logins(rows):
        for number, word in words(login, "kdcs"):
            if word not in named and not roles.get(word, set()) & by_role:
                what = f"no clause lets '{word}' be asked for 'ad', so it gives no ticket"
                yield Flaw((*path, "kdcs", number), what, "cover it by a clause with 'diagnose: [ad]'")


def _logins(rows: Mapping[str, list[Row]]) -> _Logins:
    """Path of the block, host, its winrm, the block."""
    for path, host in rows["hosts"]:
        winrm = host.get("winrm")
        login = winrm.get("kerberos") if isinstance(winrm, dict) else None
        if isinstance(winrm, dict) and isinstance(login, dict):
            yield (*path, "winrm", "kerberos"), host, winrm, login


def _account(path: Path, user: object, realm: object) -> Iterator[Flaw]:
    if not isinstance(user, str) or not isinstance(realm, str):
        return
    name, at, suffix = user.rpartition("@")
    if not at or not name or suffix.upper() != realm.upper():
        what = f"'{user}' is no account of the realm {realm}"
        yield Flaw((*path, "user"), what, f"write its log-on name and the realm, like 'reader@{realm}'")


def _unfit(at: Path, host: Mapping[str, Any], realm: object, agent: object, here: object) -> Iterator[Flaw]:
    name, directory = host.get("id"), host.get("directory")
    if not isinstance(directory, dict):
        what = f"'{name}' is no domain controller of the contract"
        yield Flaw(at, what, "add 'directory' to it, or name another")
        return
    domain = directory.get("domain")
    if isinstance(domain, str) and isinstance(realm, str) and domain.rstrip(".").upper() != realm.upper():
        what = f"'{name}' is a controller of {domain}, and not of the realm {realm}"
        yield Flaw(at, what, "name a controller of the realm")
    if agent != here:
        what = f"'{name}' is reached by the agent '{agent}', and this host by '{here}'"
        yield Flaw(at, what, "name a controller that the same agent reaches")
