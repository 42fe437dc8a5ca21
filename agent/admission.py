"""Is this order lawful here? Grant, contract, signatures and memory, before anything is decided or opened.

The agent trusts the controller for nothing but the question: who signed the contract, whether it is the newest, and
whether the grant was used before is found out here, from the agent's own folder.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from agent import switch
from agent.memory import Memory, older
from agent.order import Order
from agent.post import Post
from agent.refusal import Hold, HoldError
from inventory.contract import Contract
from inventory.grant import Leave, verify
from inventory.read import ContractError, digest, read
from inventory.revision.difference import difference
from inventory.signing import check_signatures

__all__ = ["Admitted", "admit", "learn", "look_at_switch", "rehearse"]


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
    grant, now = leave.grant, time.time()
    _signed(grant.contract, contract, order.signatures, post, memory)
    memory.accept(
        customer=grant.customer, revision=grant.revision, digest=grant.contract, text=order.contract
    )
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


def _signed(sha256: str, contract: Contract, signatures: tuple[str, ...], post: Post, memory: Memory) -> None:
    """Look at the signatures, and at two people's where the contract permits more than the one known here."""
    known = memory.known(contract.customer)
    if known is not None and known.revision > contract.revision:
        raise older(contract.customer, contract.revision, known.revision)
    fresh = known is None or known.revision < contract.revision
    widens = fresh and difference(_before(memory, contract.customer), contract).widens
    check_signatures(sha256, contract, signatures, post.pins, widens=widens)


def learn(text: str, contract: Contract, signatures: tuple[str, ...], post: Post) -> None:
    """Take in a revision before any order comes under it: what comes later is compared with it.

    Whatever is running for this customer ends. Raises SignatureError or HoldError.
    """
    memory, sha256 = Memory(post.memory), digest(text)
    _signed(sha256, contract, signatures, post, memory)
    memory.accept(customer=contract.customer, revision=contract.revision, digest=sha256, text=text)
    memory.changed(contract.customer)


def rehearse(text: str, contract: Contract, signatures: tuple[str, ...], post: Post) -> None:
    """Say what an order under this contract would be refused for, with the same errors as `admit`; spends nothing."""
    memory = Memory(post.memory)
    look_at_switch(post, contract.customer)
    _signed(digest(text), contract, signatures, post, memory)
    memory.look(customer=contract.customer, revision=contract.revision, now=time.time())


def _before(memory: Memory, customer: str) -> Contract | None:
    """The contract that was known until now; one that cannot be read any more permits nothing."""
    text = memory.text_of(customer)
    try:
        return read(text) if text else None
    except ContractError:
        return None
