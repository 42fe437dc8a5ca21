"""What would the contract be if the source were right? Compares them, and proposes; it changes nothing.

Roles come from a source only where the contract uses them already or somebody said which word is which role;
no clause, credential or host key ever does. What would make the contract contradict itself is left out and said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from inventory.contract import Contract, Host
from inventory.fields import WrongError
from inventory.sources.match import match, refuse
from inventory.sources.proposal import Added, Changed, Defaults, Proposal, Removed, site_of
from inventory.sources.seen import Found, Ip, Seen, Untaken
from inventory.sources.undisputed import undisputed

__all__ = ["propose"]


def propose(
    contract: Contract, found: Found, defaults: Defaults | None = None, *, remove_missing: bool = False
) -> Proposal:
    """Compare a source with a contract. Raises WrongError when a default is not right."""
    wish = defaults or Defaults()
    if wish.site:
        wish = replace(wish, site=site_of(contract, wish.site))
    elif len(contract.sites) == 1:
        wish = replace(wish, site=contract.sites[0].id)
    matches = match(contract, found.hosts)
    reader = _Reader(contract, wish)
    wishes, untaken = _wishes(reader, matches.known, matches.new)
    untaken = [*found.untaken, *matches.untaken, *untaken]
    named = {seen.name for seen, _ in (*matches.known, *matches.new)}
    missing = _missing(contract, {host.id for _, host in matches.known}, untaken)
    removed, kept = _removed(contract, missing) if remove_missing and found.whole and named else ([], [])
    gone = {host.id for host in removed}
    proposed, disputed = undisputed(contract, wishes, gone)
    after = _after(contract, {host.id: host for _, host in proposed}, gone)
    before = {host.id: host for host in contract.hosts}
    changed = [(seen, host) for seen, host in proposed if host.id in before and host != before[host.id]]
    same = tuple(host.id for _, host in proposed if host.id in before and host == before[host.id])
    notes = [*found.notes, *matches.notes, *reader.notes()]
    if remove_missing and missing and not (found.whole and named):
        notes.append("nothing is proposed for removal: the source could not be read wholly, or names no host")
    return Proposal(
        after=after,
        added=tuple(
            Added(place=seen.place, host=host, port=seen.port, user=seen.user)
            for seen, host in proposed
            if host.id not in before
        ),
        changed=tuple(Changed(place=seen.place, before=before[host.id], host=host) for seen, host in changed),
        removed=tuple(Removed(host=host) for host in removed),
        same=same,
        missing=tuple(host.id for host in missing if host.id not in gone),
        uncovered=tuple(host.id for _, host in proposed if host.id not in after.covers),
        untaken=(*untaken, *disputed, *kept),
        notes=tuple(notes),
    )


def _wishes(
    reader: _Reader, known: Iterable[tuple[Seen, Host]], new: Iterable[tuple[Seen, str]]
) -> tuple[list[tuple[Seen, Host]], list[Untaken]]:
    """Each host as the source would have it, or why not."""
    wishes: list[tuple[Seen, Host]] = []
    untaken: list[Untaken] = []
    every: tuple[tuple[Seen, Host | str], ...] = (*known, *new)
    for seen, what in every:
        try:
            host = reader.changed(seen, what) if isinstance(what, Host) else reader.added(seen, what)
            wishes.append((seen, host))
        except WrongError as wrong:
            untaken.append(refuse(seen, wrong))
    return wishes, untaken


class _Reader:
    """Turns what a source says of a host into a host of this contract."""

    def __init__(self, contract: Contract, defaults: Defaults) -> None:
        self._contract = contract
        self._defaults = defaults
        used = {role for host in contract.hosts for role in host.roles}
        self._roles: Mapping[str, str] = {**{role: role for role in used}, **defaults.roles}
        self._no_roles: Counter[str] = Counter()
        self._other_users: list[str] = []

    def added(self, seen: Seen, id_: str) -> Host:
        site = site_of(self._contract, seen.site) if seen.site else self._defaults.site
        if not site:
            raise WrongError("the source does not say at which site it stands", "say --site")
        return Host(
            id=id_,
            name=seen.name,
            addresses=seen.addresses,
            site=site,
            environment=seen.environment or self._defaults.environment,
            roles=self._roles_of(seen),
            platform=seen.platform or self._defaults.platform,
        )

    def changed(self, seen: Seen, host: Host) -> Host:
        """The host with all that the source knows better; what it does not say stays."""
        wish: dict[str, Any] = {
            "name": seen.name if _renames(seen, host) else host.name,
            "addresses": _addresses(host.addresses, seen.addresses),
            "site": site_of(self._contract, seen.site) if seen.site else host.site,
            "environment": seen.environment or host.environment,
            "roles": tuple(dict.fromkeys((*host.roles, *self._roles_of(seen)))),
            "platform": seen.platform or host.platform,
        }
        if host.ssh is not None:
            if seen.port is not None:
                wish["ssh"] = host.ssh.model_copy(update={"port": seen.port})
            if seen.user not in {"", host.ssh.user}:
                self._other_users.append(host.id)
        return host.model_copy(update=wish)

    def _roles_of(self, seen: Seen) -> tuple[str, ...]:
        self._no_roles.update(word for word in seen.groups if word not in self._roles)
        return tuple(dict.fromkeys(self._roles[word] for word in seen.groups if word in self._roles))

    def notes(self) -> Iterator[str]:
        """What was not taken over of many hosts alike."""
        for word, number in sorted(self._no_roles.items())[:20]:
            near = word.replace("_", "-").casefold()
            advice = f": --role {word}={near}" if near in self._roles else ""
            yield f"{word[:60]!r} (hosts: {number}) is no role of the contract{advice}"
        if len(self._no_roles) > 20:
            yield f"and {len(self._no_roles) - 20} more words of the source are no roles of the contract"
        if self._other_users:
            hosts = ", ".join(self._other_users[:10])
            yield f"the source logs in as another user ({hosts}): the contract's account stays"


def _renames(seen: Seen, host: Host) -> bool:
    """A short name says less than a whole one; only where the source knows our ids it is another name."""
    return "." in seen.name or (bool(seen.id) and seen.name != host.name.partition(".")[0])


def _addresses(has: tuple[Ip, ...], seen: tuple[Ip, ...]) -> tuple[Ip, ...]:
    """A source may know some of a host's addresses: those of a family are replaced only if one is new."""
    if set(seen) <= set(has):
        return has
    fresh = {address.version for address in seen if address not in has}
    families = dict.fromkeys(address.version for address in (*has, *seen))
    each = ((seen if family in fresh else has, family) for family in families)
    return tuple(dict.fromkeys(a for source, family in each for a in source if a.version == family))


def _missing(contract: Contract, known: set[str], untaken: Iterable[Untaken]) -> list[Host]:
    """Hosts that the source has by no name and no address, not even among what could not be taken."""
    words = {
        part.partition("/")[0].casefold().rstrip(".")
        for entry in untaken
        for name in entry.names
        for part in name.split()
    }
    return [
        host
        for host in contract.hosts
        if host.id not in known
        and not words & {host.id, host.name, host.name.partition(".")[0], *map(str, host.addresses)}
    ]


def _removed(contract: Contract, missing: Iterable[Host]) -> tuple[list[Host], list[Untaken]]:
    """Those that nothing else in the contract needs, and why the others stay."""
    needed = dict(_needed(contract))
    roles = {role for clause in contract.clauses for role in clause.roles}
    left = Counter(role for host in contract.hosts for role in set(host.roles) & roles)
    number = len(contract.hosts)
    removed: list[Host] = []
    kept: list[Untaken] = []
    for host in missing:
        lone = next((role for role in sorted(set(host.roles) & roles) if left[role] == 1), "")
        why = needed.get(host.id) or (
            f"it is the last one with the role {lone!r} of a clause" if lone else ""
        )
        if number == 1:
            why = "it is the last one, and a contract needs one"
        if why:
            kept.append(
                Untaken(
                    place=host.id, problem=f"it is not in the source, and {why}", instead="remove it by hand"
                )
            )
            continue
        left.subtract(set(host.roles) & roles)
        number -= 1
        removed.append(host)
    return removed, kept


def _needed(contract: Contract) -> Iterator[tuple[str, str]]:
    for clause in contract.clauses:
        yield from ((host, f"clause {clause.id} names it") for host in clause.hosts)
    for site in contract.sites:
        yield from ((host, f"it is a resolver of the site {site.id!r}") for host in site.resolvers)
        if site.spanning_tree is not None:
            roots = (site.spanning_tree.root, site.spanning_tree.backup)
            yield from (
                (host, f"the spanning tree of the site {site.id!r} names it") for host in roots if host
            )
    for zone in contract.zones:
        for host in (*zone.servers, *zone.parents):
            yield host, f"the zone {zone.name!r} names it"
    for tunnel in contract.tunnels:
        for end in tunnel.ends:
            if end.host:
                yield end.host, f"the tunnel {tunnel.id!r} ends at it"


def _after(contract: Contract, proposed: Mapping[str, Host], gone: set[str]) -> Contract:
    had = {host.id for host in contract.hosts}
    stay = (proposed.get(host.id, host) for host in contract.hosts if host.id not in gone)
    hosts = (*stay, *(host for id_, host in proposed.items() if id_ not in had))
    return contract.model_copy(update={"hosts": hosts, "revision": contract.revision + 1})
