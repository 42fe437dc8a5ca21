"""Is this order lawful here? Grant, contract, signatures and memory, before anything is decided or opened.

The agent trusts the controller for nothing but the question: who signed the contract, whether it is the newest, and
whether the grant was used before is found out here, from the agent's own folder.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from agent import switch
from agent.memory import Memory
from agent.order import Order
from agent.post import Post
from agent.refusal import Hold, HoldError
from inventory.contract import Contract
from inventory.difference import difference
from inventory.grant import Leave, verify
from inventory.read import ContractError, digest, read
from inventory.signing import check_signatures

__all__ = ["Admitted", "admit", "look_at_switch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """An order that holds: its leave, and the contract as this agent reads it.

    changes: how often the customer's contract had changed by then.
    """

    leave: Leave
    contract: Contract
    changes: int


def admit(order: Order, post: Post, memory: Memory) -> Admitted:
    """Check an order wholly and take its grant as used.

    Raises GrantRefusedError, SignatureError or HoldError, each with the code of its reason.
    """
    leave = verify(order.token, post.controller, agent=post.name)
    look_at_switch(post, leave.grant.customer)
    contract = _contract_of(order, leave)
    _accept(order, leave, contract, post, memory)
    grant, now = leave.grant, time.time()
    changes = memory.spend(
        grant=grant.id, expires=grant.expires, customer=grant.customer, revision=grant.revision, now=now
    )
    return Admitted(leave=leave, contract=contract, changes=changes)


def look_at_switch(post: Post, customer: str) -> None:
    """Raises HoldError when work for this customer is stopped here."""
    if why := switch.thrown(post.folder, customer):
        raise HoldError(
            Hold.SWITCH, f"the agent {post.name} was told to stop ({why}): see 'secondline agent resume'"
        )


def _contract_of(order: Order, leave: Leave) -> Contract:
    """Read the contract that the grant was given under."""
    if digest(order.contract) != leave.grant.contract:
        raise HoldError(Hold.OTHER_TEXT, "the grant was given under another text of the contract")
    try:
        contract = read(order.contract)
    except ContractError as error:
        raise HoldError(Hold.UNREADABLE, f"the contract cannot be read: {error}") from None
    if (contract.customer, contract.revision) != (leave.grant.customer, leave.grant.revision):
        raise HoldError(Hold.OTHER_TEXT, "the grant names another customer or revision than the contract")
    return contract


def _accept(order: Order, leave: Leave, contract: Contract, post: Post, memory: Memory) -> None:
    """Look at the signatures, and at two people's where the contract permits more than the one known here."""
    customer, revision, sha256 = leave.grant.customer, leave.grant.revision, leave.grant.contract
    known = memory.known(customer)
    fresh = known is None or known.revision < revision
    widens = fresh and difference(_before(memory, customer), contract).widens
    check_signatures(order.contract, contract, order.signatures, post.pins, widens=widens)
    memory.accept(customer=customer, revision=revision, digest=sha256, text=order.contract)


def _before(memory: Memory, customer: str) -> Contract | None:
    """The contract that was known until now; one that cannot be read any more permits nothing."""
    text = memory.text_of(customer)
    try:
        return read(text) if text else None
    except ContractError:
        return None
