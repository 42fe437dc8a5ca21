"""What does whoever types mean? Words of the command line, found in the contract and the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from inventory.contract import Contract

__all__ = ["check_known", "targets_named"]


def targets_named(contract: Contract, wanted: str) -> tuple[str, ...]:
    """The ids of all that an id, a name or an address stands for.

    What the contract does not know stands for itself, so that it is refused and not left out.
    """
    plain = wanted.lower().rstrip(".")
    if wanted in contract.targets:
        return (wanted,)
    found = (
        target.id
        for target in contract.targets.values()
        if plain == target.name or plain in {str(address) for address in target.addresses}
    )
    return tuple(found) or (wanted,)


def check_known(kind: str, asked: Iterable[str], known: Collection[str]) -> None:
    """An unknown word is a mistake of whoever types, and is named before anything is asked."""
    for word in asked:
        if word not in known:
            raise typer.BadParameter(f"there is no {kind} {word!r}: there are {', '.join(sorted(known))}")
