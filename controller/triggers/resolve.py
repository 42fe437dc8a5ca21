"""Of which hosts does a ticket speak? A closed set out of the customer's own contract, or a question back.

Named by id, DNS name, address or telephone number is the surest; where none is, a site and what a host does count
("the router in Hamburg"). What could be several is never guessed: the ticket is asked. Text can choose among the
contract's hosts and cannot say anything else: no parameter, no address of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from controller.triggers.letter import read_letter
from controller.triggers.mentions import Mention, addresses_in, mentions_in, names_of, roles_in, sites_in
from controller.triggers.mood import Mood, hear
from controller.triggers.sentences import Part, sentences_in
from controller.triggers.vocabulary import vocabulary
from inventory.contract import Contract, Host

__all__ = ["Ambiguous", "Found", "Named", "NothingNamed", "Resolution", "Why", "resolve"]


class Why(StrEnum):
    """How a host came into the set: public and stable."""

    ID = "id"
    NAME = "name"
    ADDRESS = "address"
    NUMBER = "number"
    SPELLING = "spelling"
    SITE = "site"
    ROLE = "role"
    SERVES = "serves"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A host, why it is meant, and the ticket's words."""

    host: str
    why: Why
    words: str


@dataclass(frozen=True, slots=True)
class Named:
    """Exactly these hosts are meant."""

    found: tuple[Found, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(one.host for one in self.found)


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The words may mean each of these hosts: whoever wrote them is asked."""

    words: str
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NothingNamed:
    """No host is named: the symptom's own chain says who is asked."""


Resolution = Named | Ambiguous | NothingNamed


def resolve(contract: Contract, subject: str, text: str) -> Resolution:
    """The hosts that a ticket names; what it calls fine ("Kiel works") is not meant."""
    letter = read_letter(subject, text)
    parts = tuple(_parts(letter.subject, letter.fresh, letter.older if letter.forwarded else ""))
    sites: dict[str, str] = {}
    for part in parts:
        for site, words in sites_in(contract, part).items():
            sites.setdefault(site, words)
    exact: dict[str, Found] = {}
    for host, words in addresses_in(contract, f"{letter.subject}\n{letter.fresh}").items():
        exact[host] = Found(host=host, why=Why.ADDRESS, words=words)
    unclear: list[Mention] = []
    names = names_of(contract)
    for part in parts:
        for mention in mentions_in(names, part):
            one = _narrowed(contract, mention, sites)
            if len(one.hosts) == 1 and one.how is not Why.SPELLING.value:
                exact.setdefault(one.hosts[0], Found(host=one.hosts[0], why=Why(one.how), words=one.words))
            else:
                unclear.append(one)
    left = [one for one in unclear if not set(one.hosts) & exact.keys()]
    if left:
        return Ambiguous(left[0].words, left[0].hosts)
    return Named(tuple(exact.values())) if exact else _by_place(contract, parts, sites)


def _parts(*texts: str) -> Iterator[Part]:
    words = vocabulary()
    for text in texts:
        for sentence in sentences_in(text):
            yield from (part for part in sentence.parts if hear(words, part).mood is not Mood.FINE)


def _narrowed(contract: Contract, mention: Mention, sites: Mapping[str, str]) -> Mention:
    """A name that two hosts bear is clear where one site is named and one of them stands there."""
    there = tuple(host for host in mention.hosts if _site(contract, host) in sites)
    return (
        Mention(there, mention.words, mention.how) if len(mention.hosts) > 1 and len(there) == 1 else mention
    )


def _site(contract: Contract, host: str) -> str:
    target = contract.targets[host]
    return target.site if isinstance(target, Host) else ""


def _by_place(contract: Contract, parts: tuple[Part, ...], sites: Mapping[str, str]) -> Resolution:
    """A site and what a host does there; a site alone means its hosts and those that serve it.

    What a host does narrows nothing without a site, unless only one host does it: that the switch is at fault is
    what people guess, and the symptom's chain asks all of them.
    """
    found: dict[str, Found] = {}
    for part in parts:
        for words, roles, several in roles_in(part):
            doing = [h for h in contract.hosts if roles & set(h.roles) and (not sites or h.site in sites)]
            if sites and len(doing) > 1 and not several:
                return Ambiguous(words, tuple(h.id for h in doing))
            if len(doing) == 1 or (sites and several):
                found |= {h.id: Found(host=h.id, why=Why.ROLE, words=words) for h in doing}
    if found:
        return Named(tuple(found.values()))
    if not sites or len(sites) == len(contract.sites):
        return NothingNamed()
    here = [Found(host=h.id, why=Why.SITE, words=sites[h.site]) for h in contract.hosts if h.site in sites]
    return Named((*here, *_serving(contract, sites, {one.host for one in here})))


def _serving(contract: Contract, sites: Mapping[str, str], here: set[str]) -> Iterator[Found]:
    """Who stands elsewhere and serves a site: its resolvers, the other ends of its tunnels, the controllers."""
    words = next(iter(sites.values()))
    named = [host for site in contract.sites if site.id in sites for host in site.resolvers]
    for tunnel in contract.tunnels:
        ends = [end.host for end in tunnel.ends if end.host is not None]
        named += ends if here & set(ends) else []
    controllers = [h.id for h in contract.hosts if h.directory is not None]
    named += [] if here & set(controllers) else controllers
    for host in dict.fromkeys(named):
        if host not in here:
            yield Found(host=host, why=Why.SERVES, words=words)
