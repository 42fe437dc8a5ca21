"""Does the contract agree with itself? Every name that stands for something must stand for one thing.

It looks at plain data, valid or not, so that one reading names every mistake.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from inventory.tree import Flaw, Path

__all__ = ["contradictions", "hints"]

Named = tuple[Path, dict[str, Any]]


def contradictions(
    data: object, *, areas: Collection[str] | None = None, playbooks: Collection[str] | None = None
) -> Iterator[Flaw]:
    """What does not fit together. areas, playbooks: those that exist, where the caller knows them."""
    for key in ("contacts", "sites", "clauses"):
        yield from _twice(_rows(data, key), "id")
    yield from _twice([*_rows(data, "hosts"), *_rows(data, "outside")], "id")
    yield from _twice(_rows(data, "zones"), "name")
    yield from _addresses(data)
    yield from _references(data)
    yield from _approvers(data)
    for path, clause in _rows(data, "clauses"):
        yield from _unknown(path, clause, "diagnose", areas, "area that can be diagnosed")
        yield from _unknown(path, clause, "change", playbooks, "playbook")


def hints(data: object) -> Iterator[Flaw]:
    """What is allowed and perhaps not meant."""
    everything = [*_rows(data, "hosts"), *_rows(data, "outside")]
    for path, row in everything:
        if row.get("ssh") is None and row.get("dns") is None:
            yield Flaw(path, "it cannot be asked anything", "write how it is reached: 'ssh' or 'dns'")
    mute = _ids((path, row) for path, row in everything if row.get("dns") is None)
    for key, name in (("sites", "resolvers"), ("zones", "servers"), ("zones", "parents")):
        for path, row in _rows(data, key):
            for at, server in _words(path, row, name):
                if server in mute:
                    yield Flaw(at, f"'{server}' stands under '{name}' without 'dns'", "add 'dns: {}' to it")
    yield from _uncovered(data)


def _uncovered(data: object) -> Iterator[Flaw]:
    named = _covered(data)
    for path, host in _rows(data, "hosts"):
        roles = {role for _, role in _words(path, host, "roles")}
        if not (_ids([(path, host)]) & named["hosts"] or roles & named["roles"]):
            yield Flaw(path, "no clause covers this host", "name it or one of its roles in a clause")
    for path, server in _rows(data, "outside"):
        if not _ids([(path, server)]) & named["outside"]:
            yield Flaw(path, "no clause covers this server", "name it under 'outside' in a clause")


def _covered(data: object) -> dict[str, set[str]]:
    rows = _rows(data, "clauses")
    keys = ("hosts", "roles", "outside")
    return {key: {word for path, clause in rows for _, word in _words(path, clause, key)} for key in keys}


def _rows(data: object, key: str) -> list[Named]:
    """The mappings of one list of the file, each with its path."""
    rows = data.get(key) if isinstance(data, dict) else None
    found = enumerate(rows) if isinstance(rows, list) else ()
    return [((key, number), row) for number, row in found if isinstance(row, dict)]


def _words(path: Path, row: dict[str, Any], key: str) -> Iterator[tuple[Path, str]]:
    """The strings of one list of a row, each with its path."""
    words = row.get(key)
    for number, word in enumerate(words if isinstance(words, list) else ()):
        if isinstance(word, str):
            yield (*path, key, number), word


def _ids(rows: Iterable[Named]) -> set[str]:
    return {row["id"] for _, row in rows if isinstance(row.get("id"), str)}


def _twice(rows: Iterable[Named], key: str) -> Iterator[Flaw]:
    seen: dict[str, Path] = {}
    for path, row in rows:
        name = row.get(key)
        if isinstance(name, str):
            plain = name.lower().rstrip(".") if key == "name" else name
            before = seen.setdefault(plain, path)
            if before != path:
                also = f"number {int(before[1]) + 1} of '{before[0]}'"
                yield Flaw(
                    (*path, key), f"'{name}' is already the {key} of {also}", f"give each its own {key}"
                )


def _addresses(data: object) -> Iterator[Flaw]:
    """One address is one host: within a site, and between the customer's network and the rest."""
    seen: dict[tuple[Any, str], str] = {}
    anywhere: dict[str, str] = {}
    for path, host in _rows(data, "hosts"):
        who = str(host.get("id"))
        for at, word in _words(path, host, "addresses"):
            plain = _canonical(word)
            before = seen.setdefault((host.get("site"), plain), f"{path[1]} {who}")
            anywhere[plain] = who
            if before != f"{path[1]} {who}":
                other = before.partition(" ")[2]
                yield Flaw(at, f"{word} is already an address of '{other}'", "give it to one host of a site")
        yield from _repeated(path, host, "addresses")
    for path, server in _rows(data, "outside"):
        for at, word in _words(path, server, "addresses"):
            if inside := anywhere.get(_canonical(word)):
                yield Flaw(at, f"{word} is the address of the host '{inside}'", "remove it here or there")
        yield from _repeated(path, server, "addresses")


def _repeated(path: Path, row: dict[str, Any], key: str) -> Iterator[Flaw]:
    seen = set()
    for at, word in _words(path, row, key):
        if _canonical(word) in seen:
            yield Flaw(at, f"{word} is written twice", "write it once")
        seen.add(_canonical(word))


def _canonical(word: str) -> str:
    if word.isdecimal() or "%" in word:
        return word
    try:
        return str(ip_address(word)) if ":" in word else word
    except ValueError:
        return word


@dataclass(frozen=True, slots=True)
class _Known:
    """The names that a reference may use."""

    what: str
    names: set[str]
    elsewhere: set[str]
    advice: str = ""


def _references(data: object) -> Iterator[Flaw]:
    hosts, outside = _ids(_rows(data, "hosts")), _ids(_rows(data, "outside"))
    sites = _Known("site", _ids(_rows(data, "sites")), set())
    roles = {role for path, host in _rows(data, "hosts") for _, role in _words(path, host, "roles")}
    servers = _Known("host or outside server", hosts | outside, set())
    for path, host in _rows(data, "hosts"):
        if isinstance(host.get("site"), str):
            yield from _refer((*path, "site"), host["site"], sites)
    tables = (
        ("sites", "resolvers", servers),
        ("zones", "servers", servers),
        ("zones", "parents", servers),
        ("clauses", "hosts", _Known("host", hosts, outside, "name it under 'outside'")),
        ("clauses", "outside", _Known("outside server", outside, hosts, "name it under 'hosts'")),
        ("clauses", "roles", _Known("role that a host has", roles, hosts, "name it under 'hosts'")),
    )
    for key, name, known in tables:
        for path, row in _rows(data, key):
            for at, word in _words(path, row, name):
                yield from _refer(at, word, known)


def _refer(at: Path, word: str, known: _Known) -> Iterator[Flaw]:
    if word in known.names:
        return
    if word in known.elsewhere:
        yield Flaw(at, f"'{word}' is no {known.what}", known.advice)
        return
    yield Flaw(at, f"there is no {known.what} '{word}'", _nearest(word, known.names))


def _nearest(word: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(names)[:5000], 1)
    return f"did you mean '{near[0]}'?" if near else "write one that exists, or add it"


def _approvers(data: object) -> Iterator[Flaw]:
    """A change that the customer must approve needs somebody there who may."""
    people = (row.get("approves") for _, row in _rows(data, "contacts"))
    if any(isinstance(approves, list) and "change" in approves for approves in people):
        return
    for path, clause in _rows(data, "clauses"):
        if clause.get("change") and clause.get("approval", "both") in {"customer", "both"}:
            at = (*path, "approval") if "approval" in clause else path
            yield Flaw(
                at,
                "the customer must approve these changes, and no contact may",
                "add 'approves: [change]' to a contact",
            )


def _unknown(
    path: Path, clause: dict[str, Any], key: str, known: Collection[str] | None, what: str
) -> Iterator[Flaw]:
    for at, word in _words(path, clause, key) if known is not None else ():
        if word not in (known or ()):
            yield Flaw(at, f"there is no {what} '{word}'", _nearest(word, known or ()))
