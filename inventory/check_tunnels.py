"""Do the contract's tunnels end somewhere, and can anybody be asked about them? Like the other checks it looks at plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from inventory.check_names import Row, words
from inventory.tree import Flaw

__all__ = ["ends_nowhere", "unasked_tunnels"]


def ends_nowhere(
    rows: Mapping[str, list[Row]], nearest: Callable[[str, Iterable[str]], str]
) -> Iterator[Flaw]:
    """Ends at hosts that are not there, tunnels of one host with itself, and tunnels that only lead outside."""
    hosts, outside = (_ids(rows[key]) for key in ("hosts", "outside"))
    for path, tunnel in rows["tunnels"]:
        named = [(number, end.get("host")) for number, end in _ends(tunnel)]
        for number, host in named:
            if isinstance(host, str) and host not in hosts | outside:
                at = (*path, "ends", number, "host")
                yield Flaw(at, f"there is no host or outside server '{host}'", nearest(host, hosts | outside))
        known = [host for _, host in named if isinstance(host, str)]
        if len(known) == 2 and known[0] == known[1]:
            yield Flaw(
                (*path, "ends", 1, "host"), f"'{known[0]}' is the other end as well", "name another host"
            )
        elif known and all(host in outside for host in known):
            what = "both ends are outside the customer's network" if len(known) == 2 else "its end is outside"
            yield Flaw((*path, "ends"), what, "name one of the hosts at one end")


def unasked_tunnels(rows: Mapping[str, list[Row]]) -> Iterator[Flaw]:
    """Tunnels of which no end is covered by a clause with `diagnose: [vpn]`."""
    asked, roles = set[str](), set[str]()
    for _, clause in rows["clauses"]:
        if any(area == "vpn" for _, area in words(clause, "diagnose")):
            asked.update(word for _, word in words(clause, "hosts"))
            roles.update(word for _, word in words(clause, "roles"))
    asked.update(
        str(host.get("id")) for _, host in rows["hosts"] if roles & {word for _, word in words(host, "roles")}
    )
    for path, tunnel in rows["tunnels"]:
        ends = [host for _, end in _ends(tunnel) if isinstance(host := end.get("host"), str)]
        if ends and not asked.intersection(ends):
            what = "no clause lets an end of this tunnel be asked about it"
            yield Flaw(path, what, f"add 'vpn' to what a clause lets be diagnosed on '{ends[0]}'")


def _ends(tunnel: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    ends = tunnel.get("ends")
    found = enumerate(ends) if isinstance(ends, list) else ()
    return [(number, end) for number, end in found if isinstance(end, dict)]


def _ids(rows: Iterable[Row]) -> set[str]:
    return {name for _, row in rows if isinstance(name := row.get("id"), str)}
