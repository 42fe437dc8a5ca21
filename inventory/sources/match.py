"""Which host of the contract does a source mean? By id, by name, or none: never by a guess.

A source that writes a host's short name means the host of that id, or whose name begins so. Two hosts of a
source that mean the same one are refused both: nobody here can know which of them is right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from inventory.contract import Contract, Host
from inventory.fields import WrongError
from inventory.sources.proposal import site_of
from inventory.sources.seen import Seen, Untaken
from inventory.sources.word import id_of

__all__ = ["Matches", "match", "refuse"]


@dataclass(frozen=True, slots=True)
class Matches:
    """Known hosts with what the source says of them, new ones with the id they would get, and the rest."""

    known: tuple[tuple[Seen, Host], ...]
    new: tuple[tuple[Seen, str], ...]
    untaken: tuple[Untaken, ...]
    notes: tuple[str, ...]


def refuse(seen: Seen, wrong: WrongError) -> Untaken:
    names = (seen.name, seen.id, *map(str, seen.addresses))
    place = seen.place if seen.name in seen.place.lower() else f"{seen.place} ({seen.name})"
    return Untaken(place=place, problem=wrong.problem, instead=wrong.instead, names=names)


def match(contract: Contract, hosts: Iterable[Seen]) -> Matches:
    """Find each host's counterpart; every host of the source is in exactly one of the three."""
    index = _Index(contract)
    once, untaken = _each_once(hosts)
    known: dict[str, list[Seen]] = defaultdict(list)
    fresh: list[Seen] = []
    for seen in once:
        try:
            host = index.host(seen)
        except WrongError as wrong:
            untaken.append(refuse(seen, wrong))
            continue
        if host is None:
            fresh.append(seen)
        else:
            known[host.id].append(seen)
    for host_id, several in known.items():
        if len(several) > 1:
            named = ", ".join(seen.name for seen in several[:5])
            shared = WrongError(f"{named} all stand for {host_id!r}", "leave one in the source")
            untaken += (refuse(seen, shared) for seen in several)
    new, refused, notes = _ids(contract, fresh)
    pairs = tuple((several[0], index.by_id[host]) for host, several in known.items() if len(several) == 1)
    return Matches(pairs, tuple(new), (*untaken, *refused), tuple(notes))


def _each_once(hosts: Iterable[Seen]) -> tuple[list[Seen], list[Untaken]]:
    """Those whose name and id nobody else in the source has."""
    several: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    every = list(hosts)
    for seen in every:
        several["name", seen.name].append(seen)
        if seen.id:
            several["id", seen.id].append(seen)
    once: list[Seen] = []
    untaken: list[Untaken] = []
    for seen in every:
        same = several["name", seen.name] if len(several["name", seen.name]) > 1 else ()
        same = same or (several["id", seen.id] if seen.id else ())
        if len(same) > 1:
            places = ", ".join(other.place[:60] for other in same[:5])
            wrong = WrongError(f"it is in the source {len(same)} times ({places})", "leave one of them there")
            untaken.append(refuse(seen, wrong))
        else:
            once.append(seen)
    return once, untaken


class _Index:
    """The contract's hosts by all that they may be called."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.by_id = {host.id: host for host in contract.hosts}
        self.by_name: dict[str, list[Host]] = defaultdict(list)
        self.by_first: dict[str, list[Host]] = defaultdict(list)
        for host in contract.hosts:
            self.by_name[host.name].append(host)
            self.by_first[host.name.partition(".")[0]].append(host)

    def host(self, seen: Seen) -> Host | None:
        """The one that is meant, or None for a new one. Raises WrongError where it may be several."""
        if seen.id in self.by_id:
            return self.by_id[seen.id]
        found = {host.id: host for host in self._named(seen)}
        if len(found) > 1 and seen.site:
            site = site_of(self.contract, seen.site)
            found = {host.id: host for host in found.values() if host.site == site}
        if len(found) > 1:
            raise WrongError(
                f"{seen.name!r} stands for {', '.join(list(found)[:5])}",
                "write the whole name, or the site, in the source",
            )
        return next(iter(found.values()), None)

    def _named(self, seen: Seen) -> Iterable[Host]:
        if seen.name in self.by_name:
            yield from self.by_name[seen.name]
            return
        first, dot, _ = seen.name.partition(".")
        if dot:
            # The contract may have the short name of what the source calls by its whole name.
            yield from self.by_name.get(first, ())
            return
        yield from self.by_first.get(first, ())
        if first in self.by_id:
            yield self.by_id[first]


def _ids(contract: Contract, fresh: list[Seen]) -> tuple[list[tuple[Seen, str]], list[Untaken], list[str]]:
    """An id for each new host. Which one does not depend on the order in which the source has them."""
    taken = set(contract.targets) | {seen.id for seen in fresh if seen.id}
    wanted: dict[str, list[Seen]] = defaultdict(list)
    untaken: list[Untaken] = []
    for seen in fresh:
        try:
            wanted[seen.id or id_of(seen.name)].append(seen)
        except WrongError as wrong:
            untaken.append(refuse(seen, wrong))
    new: list[tuple[Seen, str]] = []
    notes: list[str] = []
    for short, several in wanted.items():
        for seen in several:
            if seen.id:
                mine = "" if seen.id in contract.targets else seen.id
            elif len(several) == 1 and short not in taken:
                mine = short
            else:
                mine = (
                    seen.name if len(seen.name) <= 64 and seen.name not in taken and _is_id(seen.name) else ""
                )
                if mine:
                    notes.append(
                        f"{seen.name}: the id {short!r} would stand for two, so the id is the whole name"
                    )
            if mine:
                new.append((seen, mine))
            else:
                other = WrongError(f"the id {short!r} stands for something else", "give it another name")
                untaken.append(refuse(seen, other))
    return new, untaken, notes


def _is_id(name: str) -> bool:
    try:
        id_of(name)
    except WrongError:
        return False
    return name[0].isalnum() and name[-1].isalnum()
