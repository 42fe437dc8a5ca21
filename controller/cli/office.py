"""What does a command work with? Settings, store, credentials and desks of this installation, opened once."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from agent.credentials import Credentials
from controller.desks.desk import Desk
from controller.desks.named import desk_named
from controller.settings import Settings, load_settings
from controller.store.contracts import StoredContract, contract_at, current_contract
from controller.store.store import Store, open_store
from inventory.contract import Contract
from inventory.read import read

__all__ = ["NoContractError", "Office", "open_office"]


class NoContractError(Exception):
    """There is no contract for this customer: nothing may be touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Everything that a command needs, and who gives it."""

    settings: Settings
    store: Store
    credentials: Credentials
    who: str

    @asynccontextmanager
    async def desk(self, name: str = "") -> AsyncIterator[tuple[str, Desk]]:
        """The ticket system of this name, or the one that is set up."""
        wanted = name or self.settings.desk
        desk = desk_named(wanted, self.settings.desks, store=self.store, secret=self.credentials.resolve)
        try:
            yield wanted, desk
        finally:
            await desk.close()

    def contract_of(self, customer: str) -> tuple[StoredContract, Contract]:
        """The customer's present contract. Raises NoContractError, or ContractError when it cannot be read."""
        stored = self.text_of(customer)
        return stored, read(stored.text)

    def text_of(self, customer: str) -> StoredContract:
        """The customer's present contract, unread. Raises NoContractError."""
        stored = current_contract(self.store, customer)
        if stored is None:
            raise NoContractError(
                f"there is no contract for {customer!r}, so nothing may be touched: "
                "add it with 'secondline contract add FILE'"
            )
        return stored

    def contract_with(self, digest: str) -> Contract:
        """The very text under which a run was made."""
        stored = contract_at(self.store, digest)
        if stored is None:
            raise NoContractError("the contract of this run is no longer in the store")
        return read(stored.text)


def open_office() -> Office:
    """Open this installation. Raises SettingsError, StoreError, OSError."""
    settings = load_settings()
    return Office(
        settings=settings,
        store=open_store(settings.home),
        credentials=Credentials(settings.credentials),
        who=getpass.getuser(),
    )
