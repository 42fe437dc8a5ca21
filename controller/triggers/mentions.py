"""Which words of a ticket are names of the contract? Ids, DNS names, addresses, numbers, sites, what hosts do.

People write DC01 as "DC 1", "dc-01" and "Dc1": a name is compared without marks, and its numbers without zeros. A
name that looks misspelt is no name: it is asked about.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from ipaddress import ip_address

from controller.triggers.sentences import Part, plain
from controller.triggers.vocabulary import apart, pattern, span, vocabulary
from inventory.contract import Contract, Host

__all__ = ["Mention", "Names", "addresses_in", "mentions_in", "names_of", "roles_in", "sites_in"]

# A name is written in so many words at most: "srv file 01".
_MOST_WORDS = 4
# Shorter ones are too near to others to be a slip, or to be put together from words.
_SHORTEST_SLIP = 4
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})(?![\w:]|\.\d)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:nebenstelle|durchwahl|apparat|telefon|nummer|extension|ext|phone|tel|nst|dw)")
# After one of these, a plain word is a host's name ("the server mail").
_CALLED = frozenset(
    {
        "server",
        "host",
        "rechner",
        "maschine",
        "system",
        "geraet",
        "asset",
        "inventarnummer",
        "inventar",
        "machine",
        "device",
        "vm",
        "node",
        "switch",
        "router",
        "pc",
        "client",
        "notebook",
        "laptop",
    }
)
_DIGITS = re.compile(r"\d+")
_SITE_WORDS = frozenset(
    {"gmbh", "ag", "head", "office", "zentrale", "lager", "werk", "standort", "filiale", "site", "branch"}
)


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that may be the name of each of these hosts. how: 'id', 'name', 'number' or 'spelling'."""

    hosts: tuple[str, ...]
    words: str
    how: str


@dataclass(frozen=True, slots=True)
class Names:
    """A contract's names in the form in which they are compared."""

    ids: Mapping[str, tuple[str, ...]]
    names: Mapping[str, tuple[str, ...]]
    phones: Mapping[str, tuple[str, ...]]

    def of(self, key: str) -> tuple[tuple[str, ...], str]:
        both = dict.fromkeys((*self.ids.get(key, ()), *self.names.get(key, ())))
        return tuple(both), "id" if key in self.ids else "name"


def addresses_in(contract: Contract, text: str) -> dict[str, str]:
    """The hosts whose addresses a text has, with them."""
    found: dict[str, str] = {}
    for one in _ADDRESS.finditer(text):
        try:
            address = ip_address(one[0])
        except ValueError:
            continue
        found |= {t.id: one[0] for t in contract.targets.values() if address in t.addresses}
    return found


def mentions_in(names: Names, part: Part) -> Iterator[Mention]:
    """The hosts that a part names, the longest names first; no word counts twice."""
    used: set[int] = set()
    for length in range(_MOST_WORDS, 0, -1):
        for start in range(len(part.words) - length + 1):
            places = range(start, start + length)
            if used.isdisjoint(places) and (mention := _mention(names, part, places)) is not None:
                used.update(places)
                yield mention
    for length in range(_MOST_WORDS - 1, 0, -1):
        for start in range(len(part.words) - length + 1):
            places = range(start, start + length)
            slips = _slips(names, "".join(part.words[n] for n in places)) if used.isdisjoint(places) else ()
            if slips:
                used.update(places)
                yield Mention(slips, " ".join(part.written[n] for n in places), "spelling")


def _mention(names: Names, part: Part, places: range) -> Mention | None:
    words = [part.words[n] for n in places]
    shown = " ".join(part.written[n] for n in places)
    before = part.words[places[0] - 1] if places[0] else ""
    key = _key("".join(words))
    if key in names.phones and len(words) == 1 and _NUMBER.fullmatch(before):
        return Mention(names.phones[key], f"{part.written[places[0] - 1]} {shown}", "number")
    hosts, how = names.of(key)
    # A word of letters alone, or a number, is mostly something else than a host.
    telling = len(key) > 1 and bool(_DIGITS.search(key)) and not key.isdigit()
    telling |= len(words) > 1 and len(key) >= _SHORTEST_SLIP
    telling |= "." in shown or before in _CALLED
    return Mention(hosts, shown, how) if hosts and telling else None


def _slips(names: Names, word: str) -> tuple[str, ...]:
    """The hosts whose names differ from a word by one letter, and by no digit."""
    key = _key(word)
    letters, digits = _DIGITS.sub("", key), _DIGITS.findall(key)
    if not digits or len(letters) < _SHORTEST_SLIP:
        return ()
    near = {
        host: None
        for table in (names.ids, names.names)
        for name, hosts in table.items()
        if _DIGITS.findall(name) == digits and apart(_DIGITS.sub("", name), letters) == 1
        for host in hosts
    }
    return tuple(near)


def sites_in(contract: Contract, part: Part) -> dict[str, str]:
    """The sites that a part names, with its words."""
    found: dict[str, str] = {}
    text = f" {part.text} "
    for site in contract.sites:
        # "Hamburg, head office" is called Hamburg.
        first = plain(re.split(r"[,;(/]", site.name)[0])
        for name in dict.fromkeys(
            (" ".join(re.findall(r"[^\W_]+", first)), plain(site.id).replace("-", " "))
        ):
            if len(name) > 2 and name not in _SITE_WORDS and f" {name} " in text:
                start = text.count(" ", 0, text.index(f" {name} "))
                found[site.id] = " ".join(part.written[start : start + name.count(" ") + 1])
    return found


def roles_in(part: Part) -> Iterator[tuple[str, frozenset[str], bool]]:
    """What hosts do, as a part says it: the words, the roles that contracts have for it, and whether all are meant."""
    text = vocabulary().corrected(part).text
    for one, every, roles in _roles():
        for said, several in ((every, True), (one, False)):
            if (found := said.search(text)) is not None:
                yield " ".join(part.written[n] for n in span(text, found)), roles, several
                break


@cache
def _roles() -> tuple[tuple[re.Pattern[str], re.Pattern[str], frozenset[str]], ...]:
    read = tomllib.loads(
        resources.files("controller.triggers").joinpath("roles.toml").read_text(encoding="utf-8")
    )
    return tuple((pattern(r["one"]), pattern(r["all"]), frozenset(r["roles"])) for r in read.values())


def names_of(contract: Contract) -> Names:
    """Read a contract's names once for all of a ticket's parts."""
    ids: dict[str, dict[str, None]] = {}
    names: dict[str, dict[str, None]] = {}
    phones: dict[str, dict[str, None]] = {}
    for target in contract.targets.values():
        ids.setdefault(_key(target.id), {})[target.id] = None
        for name in (target.name, target.name.partition(".")[0]):
            names.setdefault(_key(name), {})[target.id] = None
        for phone in target.registrar.phones if isinstance(target, Host) and target.registrar else ():
            phones.setdefault(_key(phone.number), {})[target.id] = None
    return Names(*({key: tuple(group) for key, group in table.items()} for table in (ids, names, phones)))


def _key(name: str) -> str:
    """A name as it is compared: without marks, and its numbers without zeros before them."""
    bare = re.sub(r"[\W_]", "", plain(name))
    return _DIGITS.sub(lambda number: number[0].lstrip("0") or "0", bare)
