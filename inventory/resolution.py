"""Where is a server that is known by name only? The rule by which looked-up addresses count, or do not.

Servers outside the customer's network change their addresses. The contract names who is asked for them
(`resolved_by`); they are asked once, as a run begins, and what this rule lets pass is pinned for the whole run. It is
pure: controller and agent apply it, each to what it heard itself.

It is strict. Who answers for a name could send us anywhere, so that one address inside refuses the whole name; of
several resolvers all must answer, and only what all of them say counts: one that lies can take away, never add.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from inventory.ceiling import Ceiling
from inventory.contract import Contract, Outside
from inventory.decide import Reason
from inventory.fields import WrongError, unicast

__all__ = [
    "Ip",
    "Pinned",
    "Said",
    "Settled",
    "Turned",
    "Unknown",
    "agreed",
    "looked_up",
    "names_of",
    "pin",
    "settle",
]

Ip = IPv4Address | IPv6Address
# What each resolver said of one name, by its id: the addresses, none where it says that there are none. A resolver
# that could not be asked, or whose answer was none, is missing: it never stands for an empty answer.
Said = Mapping[str, Sequence[str]]
# A grant carries them all; nobody needs more.
_MOST = 32


@dataclass(frozen=True, slots=True)
class Pinned:
    """The addresses at which the server may be asked for the whole run."""

    addresses: tuple[Ip, ...]


@dataclass(frozen=True, slots=True)
class Turned:
    """Refused. beyond: the name and the address, or why else."""

    reason: Reason
    beyond: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody could be asked, or there is no such address: unanswered."""

    detail: str


Settled = Pinned | Turned | Unknown


def looked_up(contract: Contract) -> dict[str, Outside]:
    """The servers of a contract that are known by name only and that a clause covers, by id."""
    return {one.id: one for one in contract.outside if one.resolved_by and one.id in contract.covers}


def names_of(contract: Contract, resolver: str) -> tuple[str, ...]:
    """The names that a resolver is asked for, each once."""
    served = (one.name for one in looked_up(contract).values() if resolver in one.resolved_by)
    return tuple(dict.fromkeys(served))


def settle(contract: Contract, target: str, said: Said, ceiling: Ceiling) -> Settled:
    """Say at which addresses a server may be asked that is known by name only. target: its id."""
    server = contract.targets[target]
    resolvers = server.resolved_by if isinstance(server, Outside) else ()
    answers = {name: tuple(said[name]) for name in resolvers if name in said}
    for text in dict.fromkeys(text for texts in answers.values() for text in texts):
        if turned := _turned(contract, server.name, text, ceiling):
            return turned
    if missing := [name for name in resolvers if name not in answers]:
        return Unknown(f"the address of {server.name} is not known: no answer from {', '.join(missing)}")
    if not any(answers.values()):
        return Unknown(f"{server.name} has no address, as {', '.join(answers)} says")
    addresses = agreed(answers)
    if not addresses:
        named = (
            f"{server.name}: {'; '.join(f'{who} says {_listed(texts)}' for who, texts in answers.items())}"
        )
        return Turned(Reason.RESOLVERS_DISAGREE, named[:500])
    if len(addresses) > _MOST:
        return Unknown(f"{server.name} has {len(addresses)} addresses; more than {_MOST} are not taken")
    return Pinned(addresses)


def _turned(contract: Contract, name: str, text: str, ceiling: Ceiling) -> Turned | None:
    """Why this address may not be asked."""
    beyond = f"name {name} with address {text}"
    address = _plain(text)
    own = {one for host in contract.hosts for one in host.addresses}
    gates = {one for site in contract.sites for one in site.gateways}
    if address is None or address in own | gates or ceiling.is_inside(address):
        return Turned(Reason.RESOLVES_INSIDE, beyond)
    return None if ceiling.holds_outside(address) else Turned(Reason.ABOVE_CEILING, beyond)


def agreed(said: Said) -> tuple[Ip, ...]:
    """The addresses that all resolvers name, in order."""
    sets = [{address for text in texts if (address := _plain(text))} for texts in said.values()]
    common = set[Ip]().union(*sets[:1]).intersection(*sets[1:])
    return tuple(sorted(common, key=lambda one: (one.version, int(one))))


def _plain(text: str) -> Ip | None:
    try:
        return unicast(text)
    except WrongError:
        return None


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts) or "nothing"


def pin(contract: Contract, addresses: Mapping[str, Sequence[Ip]]) -> Contract:
    """The contract with these addresses for the servers that are known by name only; others stay as they are."""
    outside = tuple(
        one.model_copy(update={"addresses": tuple(addresses[one.id])})
        if one.resolved_by and one.id in addresses
        else one
        for one in contract.outside
    )
    return contract.model_copy(update={"outside": outside})
