"""What does the next revision of a contract look like as text? The old one, with a few places changed.

A contract is its author's: comments, order and layout stay. The new text is read again and must say exactly
what was proposed; where the old layout does not let itself be changed so, the contract is written anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from inventory.contract import Contract
from inventory.read import ContractError, read
from inventory.sources.edit import CannotEditError, edited
from inventory.sources.proposal import Proposal
from inventory.sources.render import render

__all__ = ["Revision", "revise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """anew: whether the contract had to be written anew, so that comments and order are lost.

    comments_lost: whether comments were lost with lists that are now others.
    """

    text: str
    anew: bool
    comments_lost: bool


def revise(text: str, before: Contract, proposal: Proposal) -> Revision:
    """Write the proposal into the contract's text. `before` is what the text says."""
    try:
        written, lost = edited(text, proposal)
        if _says(written, proposal.after):
            return Revision(text=written, anew=False, comments_lost=lost)
    except CannotEditError:
        pass
    written, _ = edited(render(before), proposal)
    if read(written) != proposal.after:
        raise RuntimeError("a contract written anew must say what it was written from")
    return Revision(text=written, anew=True, comments_lost=False)


def _says(text: str, contract: Contract) -> bool:
    try:
        return read(text) == contract
    except ContractError:
        return False
