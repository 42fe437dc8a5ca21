"""Does the contract agree with itself? Every name that stands for something must stand for one thing.

It looks at plain data, valid or not, so that one reading names every mistake.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import chain
from typing import Any

from inventory.check_kerberos import unable_to_give_tickets, unasked_for_tickets
from inventory.check_names import Row, unable_to_look_up, unasked_for_names, words
from inventory.check_tunnels import ends_nowhere, unasked_tunnels
from inventory.platforms import ENABLES, NETWORK
from inventory.tree import Flaw, Path

__all__ = ["contradictions", "hints"]


def contradictions(
    data: object, *, areas: Collection[str] | None = None, playbooks: Collection[str] | None = None
) -> Iterator[Flaw]:
    """What does not fit together. areas, playbooks: those that exist, where the caller knows them."""
    rows = _all_rows(data)
    for key in ("contacts", "sites", "tunnels", "clauses"):
        yield from _twice(rows[key], "id")
    yield from _twice(chain(rows["hosts"], rows["outside"]), "id")
    yield from _twice(rows["zones"], "name")
    yield from _addresses(rows)
    yield from _uplinks(rows)
    yield from _phones(rows)
    yield from _references(rows)
    yield from _roots(rows)
    yield from unable_to_look_up(rows)
    yield from unable_to_give_tickets(rows, _nearest)
    yield from ends_nowhere(rows, _nearest)
    yield from _approvers(rows)
    yield from _only_of_network_devices(rows)
    yield from _reads_and_changes(rows)
    for path, clause in rows["clauses"]:
        yield from _unknown(path, clause, "diagnose", areas, "area that can be diagnosed")
        yield from _unknown(path, clause, "change", playbooks, "playbook")


def hints(data: object, *, platforms: Collection[str] | None = None) -> Iterator[Flaw]:
    """What is allowed and perhaps not meant. platforms: those that can be asked, where the caller knows them."""
    rows = _all_rows(data)
    mute = set()
    for path, row in chain(rows["hosts"], rows["outside"]):
        if row.get("dns") is None:
            mute.add(_name(row))
            if all(
                row.get(way) is None for way in ("ssh", "directory", "winrm", "snmp", "vpn", "path", "sip")
            ):
                what = "write how it is reached: 'ssh', 'dns', 'directory', 'winrm', 'snmp' or 'sip'"
                yield Flaw(path, "it cannot be asked anything", what)
        yield from _unpinned(path, row)
    for key, name in (("sites", "resolvers"), ("zones", "servers"), ("zones", "parents")):
        for path, row in rows[key]:
            for number, server in words(row, name):
                if server in mute:
                    at = (*path, name, number)
                    yield Flaw(at, f"'{server}' stands under '{name}' without 'dns'", "add 'dns: {}' to it")
    yield from _uncovered(rows)
    yield from unasked_for_names(rows)
    yield from unasked_for_tickets(rows)
    yield from unasked_tunnels(rows)
    for path, host in rows["hosts"] if platforms is not None else ():
        platform = _name(host, "platform")
        if platform is not None and host.get("ssh") is not None and platform not in (platforms or ()):
            what = f"there is no question yet to the platform '{platform}'"
            yield Flaw((*path, "platform"), what, _nearest(platform, platforms or (), "it will not be asked"))


def _unpinned(path: Path, row: dict[str, Any]) -> Iterator[Flaw]:
    ssh = row.get("ssh")
    if isinstance(ssh, dict) and ssh.get("host_keys", []) == []:
        what = "nobody has pinned the host's key, so nobody can log in"
        yield Flaw((*path, "ssh"), what, "see `secondline host pin`")
    for way, whose in (("directory", "controller"), ("winrm", "host")):
        reach = row.get(way)
        if isinstance(reach, dict) and reach.get("authorities", []) == []:
            what = f"nobody is named who signs the {whose}'s certificate, so nobody can log in"
            yield Flaw((*path, way), what, "add the authority's certificate in PEM under 'authorities'")
    sip = row.get("sip")
    if isinstance(sip, dict) and sip.get("transport") == "tls" and sip.get("authorities", []) == []:
        what = "nobody is named who signs its certificate, so nobody registers or calls there"
        yield Flaw((*path, "sip"), what, "add the authority's certificate in PEM under 'authorities'")


def _uncovered(rows: Mapping[str, list[Row]]) -> Iterator[Flaw]:
    hosts, roles, outside = (_named(rows, key) for key in ("hosts", "roles", "outside"))
    for path, host in rows["hosts"]:
        if _name(host) not in hosts and not any(role in roles for _, role in words(host, "roles")):
            yield Flaw(path, "no clause covers this host", "name it or one of its roles in a clause")
    for path, server in rows["outside"]:
        if _name(server) not in outside:
            yield Flaw(path, "no clause covers this server", "name it under 'outside' in a clause")


def _named(rows: Mapping[str, list[Row]], key: str) -> set[str]:
    """Everything that the clauses name under a key."""
    return {word for _, clause in rows["clauses"] for _, word in words(clause, key)}


def _all_rows(data: object) -> Mapping[str, list[Row]]:
    """The mappings of each list of the file, with their paths."""
    return {
        key: _rows(data, key)
        for key in ("contacts", "sites", "hosts", "outside", "zones", "tunnels", "clauses")
    }


def _rows(data: object, key: str) -> list[Row]:
    rows = data.get(key) if isinstance(data, dict) else None
    found = enumerate(rows) if isinstance(rows, list) else ()
    return [((key, number), row) for number, row in found if isinstance(row, dict)]


def _name(row: dict[str, Any], key: str = "id") -> str | None:
    name = row.get(key)
    return name if isinstance(name, str) else None


def _ids(rows: Iterable[Row]) -> set[str]:
    return {name for _, row in rows if (name := _name(row)) is not None}


def _twice(rows: Iterable[Row], key: str) -> Iterator[Flaw]:
    seen: dict[str, Path] = {}
    for path, row in rows:
        name = _name(row, key)
        if name is None:
            continue
        plain = name.lower().rstrip(".") if key == "name" else name
        before = seen.setdefault(plain, path)
        if before is not path:
            also = f"number {int(before[1]) + 1} of '{before[0]}'"
            yield Flaw((*path, key), f"'{name}' is already the {key} of {also}", f"give each its own {key}")


def _addresses(rows: Mapping[str, list[Row]]) -> Iterator[Flaw]:
    """One address is one host: within a site, and between the customer's network and the rest."""
    seen: dict[tuple[str | None, str], dict[str, Any]] = {}
    inside: dict[str, dict[str, Any]] = {}
    for path, host in rows["hosts"]:
        site, own = _name(host, "site"), set()
        for number, word in words(host, "addresses"):
            plain = _canonical(word)
            inside[plain] = host
            other = seen.setdefault((site, plain), host)
            if plain in own:
                yield _repeated(path, number, word)
            elif other is not host:
                what = f"{word} is already an address of '{other.get('id')}'"
                yield Flaw((*path, "addresses", number), what, "give it to one host of a site")
            own.add(plain)
    for path, server in rows["outside"]:
        own = set()
        for number, word in words(server, "addresses"):
            plain = _canonical(word)
            if plain in own:
                yield _repeated(path, number, word)
            elif plain in inside:
                what = f"{word} is the address of the host '{inside[plain].get('id')}'"
                yield Flaw((*path, "addresses", number), what, "remove it here or there")
            own.add(plain)


def _uplinks(rows: Mapping[str, list[Row]]) -> Iterator[Flaw]:
    """A port of a host is one uplink."""
    for path, host in rows["hosts"]:
        seen: set[str] = set()
        for at, uplink in _rows(host, "uplinks"):
            port = _name(uplink, "port")
            if port is not None and port.lower() in seen:
                yield Flaw(
                    (*path, *at, "port"), f"'{port}' is already an uplink of this host", "write it once"
                )
            seen.add((port or "").lower())


def _phones(rows: Mapping[str, list[Row]]) -> Iterator[Flaw]:
    """A number of a telephone server is one phone."""
    for path, host in rows["hosts"]:
        seen: set[str] = set()
        for at, phone in _rows(host.get("registrar"), "phones"):
            number = _name(phone, "number")
            if number in seen:
                yield Flaw(
                    (*path, "registrar", *at, "number"),
                    f"'{number}' is already a phone of this server",
                    "write it once",
                )
            seen.add(number or "")


def _repeated(path: Path, number: int, word: str) -> Flaw:
    return Flaw((*path, "addresses", number), f"{word} is written twice", "write it once")


def _canonical(word: str) -> str:
    if ":" not in word or "%" in word:
        return word
    try:
        return str(ip_address(word))
    except ValueError:
        return word


@dataclass(frozen=True, slots=True)
class _Known:
    """The names that a reference may use."""

    what: str
    names: set[str]
    elsewhere: set[str]
    advice: str = ""
    # Looking for a near name takes long among many: whoever has hundreds of wrong ones has another problem.
    patience: Iterator[int] = field(default_factory=lambda: iter(range(50)))

    def no_such(self, at: Path, word: str) -> Flaw:
        if word in self.elsewhere:
            return Flaw(at, f"'{word}' is no {self.what}", self.advice)
        near = () if next(self.patience, None) is None else self.names
        return Flaw(at, f"there is no {self.what} '{word}'", _nearest(word, near))


def _only_of_network_devices(rows: Mapping[str, list[Row]]) -> Iterator[Flaw]:
    """What an 'ssh' says that only some platforms have."""
    for path, host in rows["hosts"]:
        ssh, platform = host.get("ssh"), _name(host, "platform")
        if not isinstance(ssh, dict) or platform is None:
            continue
        if ssh.get("enable") is not None and platform not in ENABLES:
            what = f"the platform '{platform}' asks for no second password"
            yield Flaw(
                (*path, "ssh", "enable"), what, f"leave it out; these ask for one: {', '.join(ENABLES)}"
            )
        if ssh.get("legacy") is True and platform not in NETWORK:
            what = "outdated algorithms are only for network devices"
            yield Flaw((*path, "ssh", "legacy"), what, "leave it out, and update the host's SSH service")


def _reads_and_changes(rows: Mapping[str, list[Row]]) -> Iterator[Flaw]:
    """Who only reads and who changes are not one account with one secret."""
    for path, host in rows["hosts"]:
        for way in ("ssh", "directory"):
            reach = host.get(way)
            change = reach.get("change") if isinstance(reach, dict) else None
            if not isinstance(reach, dict) or not isinstance(change, dict):
                continue
            named = [(one.get("user"), one.get("credential")) for one in (reach, change)]
            if named[0] == named[1] and None not in named[0]:
                yield Flaw(
                    (*path, way, "change"),
                    "changes are made with the account that only reads",
                    "name another account, or another credential, for changes",
                )


def _references(rows: Mapping[str, list[Row]]) -> Iterator[Flaw]:
    hosts, outside = _ids(rows["hosts"]), _ids(rows["outside"])
    sites = _Known("site", _ids(rows["sites"]), set())
    roles = {role for _, host in rows["hosts"] for _, role in words(host, "roles")}
    servers = _Known("host or outside server", hosts | outside, set())
    for path, host in rows["hosts"]:
        site = _name(host, "site")
        if site is not None and site not in sites.names:
            yield sites.no_such((*path, "site"), site)
    tables = (
        ("sites", "resolvers", servers),
        ("zones", "servers", servers),
        ("zones", "parents", servers),
        ("outside", "resolved_by", servers),
        ("clauses", "hosts", _Known("host", hosts, outside, "name it under 'outside'")),
        ("clauses", "outside", _Known("outside server", outside, hosts, "name it under 'hosts'")),
        ("clauses", "roles", _Known("role that a host has", roles, hosts, "name it under 'hosts'")),
    )
    for key, name, known in tables:
        for path, row in rows[key]:
            for number, word in words(row, name):
                if word not in known.names:
                    yield known.no_such((*path, name, number), word)


def _roots(rows: Mapping[str, list[Row]]) -> Iterator[Flaw]:
    """The planned roots of spanning tree are two of the site's own hosts."""
    stands = {name: _name(host, "site") for _, host in rows["hosts"] if (name := _name(host)) is not None}
    known = _Known("host", set(stands), _ids(rows["outside"]), "name one of the site's switches")
    for path, site in rows["sites"]:
        plan = site.get("spanning_tree")
        names = {key: _name(plan, key) for key in ("root", "backup")} if isinstance(plan, dict) else {}
        for key, name in names.items():
            at = (*path, "spanning_tree", key)
            if name is None:
                continue
            if name not in stands:
                yield known.no_such(at, name)
            elif stands[name] != _name(site):
                yield Flaw(at, f"'{name}' stands at another site", "name one of the site's switches")
            elif key == "backup" and name == names["root"]:
                yield Flaw(at, f"'{name}' is the root itself", "name another switch, or leave it out")


def _nearest(word: str, names: Iterable[str], otherwise: str = "write one that exists, or add it") -> str:
    near = difflib.get_close_matches(word, list(names)[:5000], 1)
    return f"did you mean '{near[0]}'?" if near else otherwise


def _approvers(rows: Mapping[str, list[Row]]) -> Iterator[Flaw]:
    """A change that the customer must approve needs somebody there who may."""
    people = (row.get("approves") for _, row in rows["contacts"])
    if any(isinstance(approves, list) and "change" in approves for approves in people):
        return
    for path, clause in rows["clauses"]:
        if clause.get("change") and clause.get("approval", "both") in ("customer", "both"):
            at = (*path, "approval") if "approval" in clause else path
            yield Flaw(
                at,
                "the customer must approve these changes, and no contact may",
                "add 'approves: [change]' to a contact",
            )


def _unknown(
    path: Path, clause: dict[str, Any], key: str, known: Collection[str] | None, what: str
) -> Iterator[Flaw]:
    if known is None:
        return
    for number, word in words(clause, key):
        if word not in known:
            at = (*path, key, number)
            yield Flaw(at, f"there is no {what} '{word}'", _nearest(word, known))
