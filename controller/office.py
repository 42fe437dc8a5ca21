"""What do a command and a page work with? Settings, store, credentials and desks of this installation, opened once."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Self

from agent.credentials import CredentialError, Credentials
from agent.post import Post, load_post
from agent.refusal import Hold, HoldError
from controller.desks.desk import Desk, DeskError
from controller.desks.named import desk_named
from controller.settings import Settings, SettingsError, load_settings
from controller.store.contracts import StoredContract, contract_at, current_contract, waiting_contract
from controller.store.errors import StoreError
from controller.store.fence import for_all
from controller.store.living import under_way
from controller.store.server import Server
from controller.store.store import Store, open_store
from inventory.contract import Contract
from inventory.decide import Reason
from inventory.read import ContractError, read
from inventory.signing import Pins, SignatureError
from inventory.token import Pin

if TYPE_CHECKING:
    from agent.nursling import Nursery
    from controller.courier.courier import Courier
    from controller.desks.desk import Ticket
    from controller.outbox import Delivery
    from controller.work import Law

__all__ = ["NoContractError", "Office", "contract_kept", "customer_of", "open_office"]


def customer_of(ticket: Ticket, admitted: str = "") -> str:
    """The customer that a ticket names. admitted: for whom somebody was let in, where that was asked before.

    Raises NoContractError for a ticket that names none, or another one by now.
    """
    if not ticket.customer:
        raise NoContractError(f"ticket {ticket.id} names no customer: set it in the ticket, then ask again")
    if admitted and ticket.customer != admitted:
        raise NoContractError(f"ticket {ticket.id} names another customer by now: look at it again")
    return ticket.customer


class NoContractError(Exception):
    """There is no contract for this customer: nothing may be touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Everything that is needed to serve a person, and who that is. tell: where warnings are said."""

    settings: Settings
    store: Store
    credentials: Credentials
    who: str
    tell: Callable[[str], None]

    @property
    def person(self) -> str:
        """Who gives the command, by the name beside their key; the login where the settings name nobody."""
        return self.settings.people.get(self.who, self.who)

    @asynccontextmanager
    async def desk(self, name: str = "") -> AsyncIterator[tuple[str, Desk]]:
        """The ticket system of this name, or the one that is set up."""
        wanted = name or self.settings.desk
        desk = desk_named(wanted, self.settings.desks, store=self.store, secret=self.credentials.resolve)
        try:
            yield wanted, desk
        finally:
            await desk.close()

    def tidy(self) -> Self:
        """End what processes left behind that are gone, tell their tickets, and say so."""
        with for_all():
            desks = {desk for left in under_way(self.store) if (desk := self._settle(left))}
            if desks:
                asyncio.run(self.deliver(desks))
        return self

    def _settle(self, left: str) -> str:
        """End one run, if nobody works at it; gives the desk whose ticket is to be told."""
        from controller.settle import settle  # noqa: PLC0415 - it is hardly ever needed.

        try:
            run = settle(self.store, left, self._contract_or_none, self.settings.language)
        except (StoreError, OSError, LookupError, TypeError, ValueError) as error:
            # One run that cannot be ended must not be in the way of every command.
            self.tell(f"run {left} was left by its process and cannot be ended: {error}")
            return ""
        if run is None:
            return ""
        self.tell(f"run {left} for ticket {run.ticket} was left by its process: it is now {run.state}")
        return run.desk

    def _contract_or_none(self, digest: str) -> Contract | None:
        try:
            return self.contract_with(digest)
        except (NoContractError, ContractError):
            return None

    async def deliver(self, desks: Iterable[str]) -> tuple[Delivery, ...]:
        """Deliver what is due at these desks; gives what was tried.

        A desk that cannot be used is named, and keeps no other from getting its own.
        """
        from controller.publish import deliver  # noqa: PLC0415 - see above.

        tried: list[Delivery] = []
        for name in desks:
            try:
                async with self.desk(name) as (_, desk):
                    tried += await deliver(self.store, {name: desk})
            except (DeskError, CredentialError) as error:
                self.tell(f"what waits for the desk {name!r} stays in the outbox: {error}")
        return tuple(tried)

    def forget(self) -> None:
        """Delete evidence that is older than the contracts let it be, when that was not done today."""
        from controller.expire import expire_daily  # noqa: PLC0415 - see above.

        try:
            gone = expire_daily(self.store, datetime.now(UTC), self.who)
        except StoreError as error:
            self.tell(f"old evidence cannot be deleted: {error}")
            return
        if gone:
            self.tell(f"evidence of {len(gone)} old runs was deleted, as the contracts' keep_days say")

    def contract_of(self, customer: str) -> tuple[StoredContract, Contract]:
        """The customer's present contract. Raises NoContractError, or ContractError when it cannot be read."""
        stored = self.text_of(customer)
        return stored, _read(stored.text)

    def law_of(self, customer: str) -> tuple[StoredContract, Law]:
        """Everything that decides for this customer. Raises NoContractError, ContractError."""
        from controller.work import Law  # noqa: PLC0415 - loads every collector.

        stored, contract = self.contract_of(customer)
        waiting = waiting_contract(self.store, customer)
        posts = self.posts(contract)
        held = {name: why for name, post in posts.items() if (why := _held(post, stored, contract))}
        return stored, Law(
            contract=contract,
            waiting=_read(waiting.text) if waiting else None,
            ceilings={name: post.ceiling if isinstance(post, Post) else None for name, post in posts.items()},
            held=held,
        )

    def posts(self, contract: Contract) -> dict[str, Post | HoldError]:
        """The agents of a contract's sites under their own law, or why there is none."""
        found: dict[str, Post | HoldError] = {}
        for name in dict.fromkeys(site.agent for site in contract.sites):
            try:
                found[name] = load_post(self.settings.home, name)
            except HoldError as reason:
                found[name] = self._far(contract.customer, name) or reason
        return found

    def _far(self, customer: str, name: str) -> Post | HoldError | None:
        """The copy of the law of an agent elsewhere that a person has admitted; None when there is no such agent."""
        from controller.store.seats import SeatState, seats  # noqa: PLC0415 - where all agents are here, it is not needed.

        admitted = seats(self.store, customer=customer, agent=name, state=SeatState.ADMITTED)
        if not admitted:
            return None
        from controller.courier.mirror import mirrored  # noqa: PLC0415 - see above.

        try:
            return mirrored(self.settings.home, admitted[0])
        except HoldError as reason:
            return reason

    def courier(self, nursery: Nursery, contract: Contract) -> Courier:
        """How orders reach the agents of this contract: in this process, or wherever else they are."""
        from controller.courier.inprocess import InProcess  # noqa: PLC0415 - see above.

        near = InProcess(self.settings.home, self.credentials, nursery)
        posts = self.posts(contract)
        there = self.settings.home / "far"
        far = {
            name
            for name, post in posts.items()
            if isinstance(post, Post) and post.folder.is_relative_to(there)
        }
        if not far:
            return near
        from controller.courier.sites import Sites  # noqa: PLC0415 - see above.
        from controller.settings import controller_pin  # noqa: PLC0415

        named = frozenset((contract.customer, name) for name in far)
        return Sites(self.store, near, named, controller_pin(self.settings.home))

    def pins(self, contract: Contract, agents: Iterable[str]) -> Pins:
        """Whose signature counts at these agents: only keys that each of them pins. Raises HoldError."""
        posts = self.posts(contract)
        found = [posts[name] for name in agents]
        for post in found:
            if isinstance(post, HoldError):
                raise post
        pinned = [post.pins for post in found if isinstance(post, Post)]
        if not pinned:
            raise HoldError(Hold.NO_AGENT, "no agent serves these hosts")
        first = pinned[0]

        def everywhere(side: str) -> tuple[Pin, ...]:
            return tuple(
                pin for pin in getattr(first, side) if all(pin in getattr(one, side) for one in pinned)
            )

        return Pins(
            duty=everywhere("duty"),
            engineers=everywhere("engineers"),
            customer=everywhere("customer"),
            cosigned=first.cosigned,
        )

    def text_of(self, customer: str) -> StoredContract:
        """The customer's present contract, unread. Raises NoContractError."""
        stored = current_contract(self.store, customer)
        if stored is None and (waiting := waiting_contract(self.store, customer)):
            raise NoContractError(
                f"revision {waiting.revision} of {customer}'s contract waits for a second person, and before it there "
                f"is none, so nothing may be touched: 'secondline contract approve {customer}'"
            )
        if stored is None:
            raise NoContractError(
                f"there is no contract for {customer!r}, so nothing may be touched: "
                "add it with 'secondline contract add FILE'"
            )
        return stored

    def waiting_or_present(self, customer: str) -> tuple[StoredContract, Contract]:
        """The revision that waits for a second person, else the present one: agents are invited before one holds."""
        stored = waiting_contract(self.store, customer) or self.text_of(customer)
        return stored, read(stored.text)

    def contract_with(self, digest: str) -> Contract:
        """The very text under which a run was made."""
        return contract_kept(self.store, digest)


def contract_kept(store: Store, digest: str) -> Contract:
    """The very text under which a run was made. Raises NoContractError, ContractError."""
    stored = contract_at(store, digest)
    if stored is None:
        raise NoContractError("the contract of this run is no longer in the store")
    return _read(stored.text)


@lru_cache(maxsize=8)
def _read(text: str) -> Contract:
    """Read a contract: one over ten thousand hosts takes seconds, and holds until there is another text."""
    return read(text)


def _held(
    post: Post | HoldError, stored: StoredContract, contract: Contract
) -> HoldError | SignatureError | None:
    """Why an agent would refuse everything under this contract today."""
    from agent.admission import rehearse  # noqa: PLC0415 - see above.

    if isinstance(post, HoldError):
        return post
    if post.ceiling is None:
        return HoldError(Reason.NO_CEILING, post.ceiling_trouble)
    try:
        rehearse(stored.text, contract, stored.signatures, post)
    except (HoldError, SignatureError) as reason:
        return reason
    return None


def open_office(tell: Callable[[str], None]) -> Office:
    """Open this installation for whoever is logged in to this machine. Raises SettingsError, StoreError, OSError."""
    settings = load_settings()
    return Office(
        settings=settings,
        store=open_store(settings.home, server_of(settings)),
        credentials=Credentials(settings.credentials),
        who=getpass.getuser(),
        tell=tell,
    )


def server_of(settings: Settings) -> Server | None:
    """Where the database of these settings is, when it is no file of the home. Raises SettingsError."""
    said = settings.store
    if said is None:
        return None
    try:
        password = Credentials(settings.credentials).resolve(said.password) if said.password else ""
    except CredentialError as error:
        raise SettingsError(f"[store] password: {error}") from None
    return Server(url=said.url, password=password, ca=str(said.ca) if said.ca else "")
