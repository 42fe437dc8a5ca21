"""A controller and an agent in one process, over real hosts: what orders of every kind are made from."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from agent.agent import Agent
from agent.credentials import Credentials
from agent.job import Job, Outcome
from agent.nursling import Nursery
from agent.order import Event, Order
from agent.post import load_post
from inventory.contract import Contract
from inventory.grant import Grant, Target, seal
from inventory.read import digest, read
from inventory.token import new_key, pin_of
from tests.fleet import Fleet
from tests.home import contract_over
from tests.law import agents_for, sign

__all__ = ["AGENT", "KEY", "PIN", "Desk", "Heard", "is_alive", "job", "performed"]

AGENT = "here-1"
KEY = new_key()
PIN = pin_of(KEY, "controller")


@dataclass
class Heard:
    """Every event of an order, and the outcomes by job."""

    events: list[Event] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: Event) -> None:
        self.events.append(event)
        if event.what == "started":
            self.started.set()

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """One outcome a job; a second one for the same job would be a defect, and raises ValueError."""
        found: dict[str, Outcome] = {}
        for event in self.events:
            if event.result is not None:
                if event.result.job.id in found:
                    raise ValueError(f"{event.result.job.id} is answered twice")
                found[event.result.job.id] = event.result.outcome
        return found

    def pids(self, what: str) -> list[int]:
        return [int(event.detail) for event in self.events if event.what == what]


@dataclass
class Desk:
    """The controller's part: contract, grants and orders for one agent."""

    paper: Mapping[str, Any]
    credentials: Path

    @classmethod
    def over(cls, fleet: Fleet, folder: Path) -> Desk:
        """A contract over a fleet, and the agent's folder with the fleet's key."""
        credentials = folder / "credentials"
        credentials.mkdir(mode=0o700)
        key = credentials / "fleet.key"
        key.touch(mode=0o600)
        key.write_text(fleet.private_key.read_text())
        return cls(contract_over(fleet), credentials)

    @property
    def text(self) -> str:
        return yaml.safe_dump(dict(self.paper), allow_unicode=True)

    @property
    def contract(self) -> Contract:
        return read(self.text)

    @property
    def home(self) -> Path:
        return self.credentials.parent

    def agent(self, nursery: Nursery) -> Agent:
        """The agent of the contract's site, under its own law; its memory stays from one to the next."""
        agents_for(self.home, self.contract, controller=(PIN,))
        return self.started(nursery)

    def started(self, nursery: Nursery) -> Agent:
        """The agent as its folder has it."""
        return Agent(load_post(self.home, AGENT), Credentials(self.credentials), nursery)

    def grant(self, *jobs: Job, **other: object) -> Grant:
        """A grant for these jobs as the contract has them; `other` replaces claims."""
        now = int(time.time())
        contract = self.contract
        claims: dict[str, Any] = {
            "id": secrets.token_hex(8),
            "run": "r",
            "ticket": "1",
            "customer": contract.customer,
            "agent": AGENT,
            "contract": digest(self.text),
            "revision": contract.revision,
            "deeds": tuple(dict.fromkeys(job.collector for job in jobs)),
            "targets": other.get("targets") or {job.host: self.target(job.host) for job in jobs},
            "shares": {clause.id: 50 for clause in contract.clauses},
            "not_before": now,
            "expires": now + 120,
        }
        return Grant(**{**claims, **other})

    def target(self, host: str) -> Target:
        item = self.contract.targets[host]
        ports = {"ssh": reach.port} if (reach := getattr(item, "ssh", None)) else {}
        ports |= {"dns": item.dns.port} if item.dns else {}
        return Target(addresses=tuple(str(address) for address in item.addresses), ports=ports)

    def order(
        self,
        *jobs: Job,
        key: Mapping[str, Any] = KEY,
        text: str | None = None,
        signatures: tuple[str, ...] | None = None,
        seconds: float = 60.0,
        **other: object,
    ) -> Order:
        """An order as a controller gives it, or one with claims, key or contract exchanged."""
        token = seal(self.grant(*jobs, **other), key)
        contract = self.text if text is None else text
        signed = sign(self.text) if signatures is None else signatures
        return Order(token=token, contract=contract, signatures=signed, jobs=jobs, seconds=seconds)


def job(host: str, collector: str = "linux.load") -> Job:
    return Job(id=f"{host}/{collector}", host=host, collector=collector)


async def performed(agent: Agent, order: Order) -> Heard:
    heard = Heard()
    await agent.perform(order, heard.tell)
    return heard


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
