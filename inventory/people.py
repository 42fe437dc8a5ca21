"""Are these two names one person's? Spellings of people: contacts of a contract, and names beside pinned keys."""

from __future__ import annotations

import unicodedata

from inventory.contract import Contract
from inventory.signing import Pins

__all__ = ["People", "plain_name"]


def plain_name(name: str) -> str:
    r"""A name as it is compared: without regard to case, to spaces, and to how its signs are composed.

    >>> plain_name("  Anna\u00a0WEBER ") == plain_name("anna weber")
    True
    """
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


class People:
    """Who is known by which names: one contact's id, name and e-mail address are one person, and so is one key."""

    def __init__(self, pins: Pins, contract: Contract) -> None:
        self.pins = pins
        keys: dict[str, set[str]] = {}
        for pin in (*pins.duty, *pins.engineers, *pins.customer):
            keys.setdefault(pin.public, set()).add(plain_name(pin.name))
        contacts = [{plain_name(c.id), plain_name(c.name), plain_name(c.email)} for c in contract.contacts]
        self._approving = frozenset(
            name
            for contact, names in zip(contract.contacts, contacts, strict=True)
            if "change" in contact.approves
            for name in names
        )
        self._groups = _joined([*keys.values(), *contacts])

    def knows(self, name: str) -> bool:
        """Whether this is the name of anybody whose key is pinned, or of a contact."""
        return bool(plain_name(name)) and plain_name(name) in self._groups

    def is_same(self, one: str, other: str) -> bool:
        a, b = plain_name(one), plain_name(other)
        return a == b or b in self._groups.get(a, ())

    def approves(self, name: str) -> bool:
        """Whether a contact of this very name may say yes to changes."""
        return plain_name(name) in self._approving


def _joined(sets: list[set[str]]) -> dict[str, frozenset[str]]:
    """Name -> all names of that person: sets that share a name are one person's. A missing name joins nobody."""
    found: dict[str, set[str]] = {}
    for names in sets:
        whole = names - {""}
        for name in tuple(whole):
            whole |= found.get(name, set())
        for name in whole:
            found[name] = whole
    return {name: frozenset(whole) for name, whole in found.items()}
