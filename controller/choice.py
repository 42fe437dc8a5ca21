"""Is there such a thing at all? A word that names nothing is a mistake, and never an empty answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inventory.contract import Contract

__all__ = ["LANGUAGES", "ChoiceError", "must_be_known", "named", "one_each"]

LANGUAGES = ("de", "en")


class ChoiceError(Exception):
    """What was chosen is not there, or stands for several; the message names those that are."""


def must_be_known(kind: str, words: Iterable[str], known: Collection[str]) -> None:
    """Raises ChoiceError for the first word that is not known, with those that are."""
    for word in words:
        if word not in known:
            raise ChoiceError(f"there is no {kind} {word!r}: there are {', '.join(sorted(known))}")


def named(contract: Contract, wanted: str) -> tuple[str, ...]:
    """The ids of what an id, a name or an address stands for; what stands for nothing is given back."""
    if wanted in contract.targets:
        return (wanted,)
    name, address = wanted.lower().removesuffix("."), _address(wanted)
    found = (
        target.id
        for target in contract.targets.values()
        if name == target.name or address in target.addresses
    )
    return tuple(found) or (wanted,)


def one_each(contract: Contract, wanted: Iterable[str]) -> tuple[str, ...]:
    """The hosts that are meant, each once. Raises ChoiceError where one word stands for several."""
    found: dict[str, None] = {}
    for word in wanted:
        ids = named(contract, word)
        if len(ids) > 1:
            raise ChoiceError(f"{word!r} stands for {', '.join(ids)}: name the one that is meant")
        found[ids[0]] = None
    return tuple(found)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
