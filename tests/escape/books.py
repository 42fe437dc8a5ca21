"""What is in the store and at the agents? Contracts, signatures, ceilings and tickets for attempts on them.

Every attempt has a customer or an agent of its own, so that what it spoils is nobody else's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.post import Post
from controller.store.contracts import ContractState, add_contract
from controller.store.store import open_store
from controller.store.tickets import add_ticket
from inventory.read import read
from inventory.signing import Pins
from tests.escape.papers import public, text_of
from tests.escape.places import Spot
from tests.law import PINS, agents_for, sign

__all__ = ["Books", "host", "paper", "wide"]

# Takes nothing away, so that what is tried is not held by something else.
_WIDE = b"""\
customers = [%s]
networks = ["0.0.0.0/0", "::/0"]
ports = [22, 53, 80, 161, 389, 2222, 2223, 2224, 5060]
areas = ["linux", "dns", "hostile"]
"""


def wide(*customers: str) -> bytes:
    return _WIDE % ", ".join(f'"{name}"' for name in customers).encode()


def host(keys: Path, name: str, *addresses: str, site: str = "here", port: int = 22) -> dict[str, Any]:
    """A Linux host as a contract has it."""
    return {
        "id": name,
        "name": f"{name}.escape.test",
        "addresses": list(addresses),
        "site": site,
        "environment": "server",
        "roles": ["linux"],
        "platform": "linux",
        "ssh": {
            "port": port,
            "user": "root",
            "credential": "file:escape.key",
            "host_keys": [public(keys, "host")],
        },
    }


def paper(customer: str, hosts: Sequence[Mapping[str, Any]], **changes: object) -> dict[str, Any]:
    """A contract whose one clause covers Linux questions on its Linux hosts."""
    sites = dict.fromkeys(str(one["site"]) for one in hosts)
    return {
        "contract": f"E-{customer}",
        "customer": customer,
        "name": f"{customer} GmbH",
        "revision": 1,
        "valid": {"from": "2026-01-01", "until": "2099-12-31"},
        "sites": [{"id": site, "name": site, "agent": f"{customer}-{site}"} for site in sites],
        "hosts": list(hosts),
        "clauses": [{"id": "§1", "text": "Linux", "roles": ["linux"], "diagnose": ["linux"]}],
        **changes,
    }


@dataclass(frozen=True, slots=True)
class Books:
    """One home's store and agents."""

    home: Path

    @property
    def keys(self) -> Path:
        return self.home / "credentials"

    def honest(self, customer: str, number: int, **changes: object) -> dict[str, Any]:
        """A contract over one host, at the permitted address of this number; beside it one that no clause covers."""
        spot = Spot(number)
        other = host(self.keys, "hr", spot.proxy) | {"roles": ["personnel"]}
        return paper(customer, [host(self.keys, "own", spot.web), other], **changes)

    def enter(
        self,
        document: Mapping[str, Any],
        *,
        signatures: tuple[str, ...] | None = None,
        state: ContractState = ContractState.HOLDS,
    ) -> str:
        """Put a revision into the store, signed by two people where no signatures are given; gives its text."""
        text = text_of(document)
        with_them = sign(text) if signatures is None else signatures
        store = open_store(self.home)
        add_contract(
            store,
            customer=str(document["customer"]),
            revision=int(document["revision"]),
            text=text,
            signatures=with_them,
            state=state,
            added_by="test",
        )
        return text

    def agents(
        self, document: Mapping[str, Any], *, ceiling: bytes | None = None, pins: Pins = PINS
    ) -> dict[str, Post]:
        """Set up the agents of a contract's sites, under a ceiling that takes nothing away where none is given."""
        given = wide(str(document["customer"])) if ceiling is None else ceiling
        return agents_for(self.home, read(text_of(document)), ceiling=given, pins=pins)

    def ticket(self, customer: str, subject: str = "Alles steht", text: str = "") -> str:
        """Open a ticket; gives its number."""
        store = open_store(self.home)
        return str(add_ticket(store, customer=customer, subject=subject, text=text, requester="kunde"))
