"""Can every server be found that is known by name only? Who looks names up must be there, and be asked.

Like the other checks of a contract it looks at plain data, valid or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from inventory.tree import Flaw, Path

__all__ = ["Row", "unable_to_look_up", "unasked_for_names", "words"]

Row = tuple[Path, dict[str, Any]]


def words(row: Mapping[str, Any], key: str) -> list[tuple[int, str]]:
    """The strings of one list of a row, each with its position."""
    listed = row.get(key)
    if not isinstance(listed, list):
        return []
    return [(number, word) for number, word in enumerate(listed) if isinstance(word, str)]


def unable_to_look_up(rows: Mapping[str, list[Row]]) -> Iterator[Flaw]:
    """Resolvers that cannot look a name up, and places where a server must have addresses."""
    servers = {
        row["id"]: row for _, row in (*rows["hosts"], *rows["outside"]) if isinstance(row.get("id"), str)
    }
    agents = {row.get("id"): row.get("agent") for _, row in rows["sites"]}
    here = rows["sites"][0][1].get("agent") if rows["sites"] else None
    for path, row in rows["outside"]:
        seen: set[str] = set()
        for number, word in words(row, "resolved_by"):
            at = (*path, "resolved_by", number)
            if word in seen:
                yield Flaw(at, f"'{word}' is written twice", "write it once")
            elif word in servers:
                yield from _unfit(at, word, servers[word], agents.get(servers[word].get("site"), here), here)
            seen.add(word)
    named_only = {row.get("id") for _, row in rows["outside"] if words(row, "resolved_by")}
    for key, name in (("sites", "resolvers"), ("zones", "servers"), ("zones", "parents")):
        for path, row in rows[key]:
            for number, word in words(row, name):
                if word in named_only:
                    what = (
                        f"'{word}' has no addresses in the contract, and who stands under '{name}' needs them"
                    )
                    yield Flaw((*path, name, number), what, "write its 'addresses' instead of 'resolved_by'")


def _unfit(at: Path, name: str, server: Mapping[str, Any], agent: object, here: object) -> Iterator[Flaw]:
    if words(server, "resolved_by"):
        what = f"'{name}' is known by name only itself"
        yield Flaw(at, what, "name a server that has addresses in the contract")
    elif server.get("dns") is None:
        yield Flaw(at, f"'{name}' answers no DNS questions", "add 'dns: {}' to it, or name another")
    elif agent != here:
        what = f"'{name}' is reached by the agent '{agent}', and servers outside by '{here}'"
        yield Flaw(at, what, "name a server that the first site's agent reaches")


def unasked_for_names(rows: Mapping[str, list[Row]]) -> Iterator[Flaw]:
    """Resolvers that no clause lets anybody ask, so that the name is never looked up."""
    roles = {row.get("id"): {role for _, role in words(row, "roles")} for _, row in rows["hosts"]}
    asking = [row for _, row in rows["clauses"] if "dns" in _all(row, ("diagnose",))]
    named = {name for row in asking for name in _all(row, ("hosts", "outside"))}
    by_role = {role for row in asking for role in _all(row, ("roles",))}
    for path, row in rows["outside"]:
        for number, word in words(row, "resolved_by"):
            if word not in named and not roles.get(word, set()) & by_role:
                what = f"no clause lets '{word}' be asked for 'dns', so the name is not looked up"
                yield Flaw(
                    (*path, "resolved_by", number), what, "cover it by a clause with 'diagnose: [dns]'"
                )


def _all(row: Mapping[str, Any], keys: Iterable[str]) -> set[str]:
    return {word for key in keys for _, word in words(row, key)}
