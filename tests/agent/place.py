"""Everything that decides about one order, as files: the agent's own folder, and what a courier brings."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from agent.admission import Admitted, admit
from agent.again import decide_again
from agent.job import Job
from agent.memory import Memory
from agent.order import Order
from agent.post import CEILING, Post, load_post, post_folder
from agent.refusal import HoldError
from inventory.contract import Clause, Contract
from inventory.grant import Door, Grant, GrantRefusedError, Target, seal
from inventory.read import digest, read
from inventory.signing import SignatureError, read_tokens
from inventory.token import TokenError, new_key, pin_of
from tests.law import agents_for, sign

__all__ = ["AGENT", "JOBS", "KEY", "PAPER", "Place"]

AGENT = "here-1"
KEY = new_key()
JOBS = tuple(
    Job(id=f"{host}/{name}", host=host, collector=name)
    for host, name in (("web1", "linux.load"), ("ns1", "dns.answers"), ("ns1", "linux.load"))
)
_SSH = {
    "user": "asks",
    "credential": "file:k",
    "host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBp2WmJZ3rwQV3V2eH2mTz1cQe0gTPo7c4w3oJjJQ7qQ"],
}
PAPER: Mapping[str, Any] = {
    "contract": "K-1",
    "customer": "k",
    "name": "Kunde GmbH",
    "revision": 3,
    "valid": {"from": "2026-01-01", "until": "2099-12-31"},
    "sites": [{"id": "s", "name": "Hier", "agent": AGENT}],
    "hosts": [
        {
            "id": name,
            "name": f"{name}.k.test",
            "addresses": addresses,
            "site": "s",
            "environment": "server",
            "platform": "linux",
            "roles": [role],
            "ssh": dict(_SSH, host_keys=list(_SSH["host_keys"])),
            "dns": {"port": 53},
        }
        for name, role, addresses in (("web1", "web", ["10.0.0.1", "fd00::1"]), ("ns1", "dns", ["10.0.0.2"]))
    ],
    "clauses": [
        {"id": "1", "text": "Linux", "roles": ["web"], "diagnose": ["linux"]},
        {"id": "2", "text": "DNS", "hosts": ["ns1"], "diagnose": ["dns"]},
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The files of one agent, and of one order for it. `forget` sets its memory back to when it was made."""

    home: Path
    memory: bytes

    @classmethod
    def made(cls, home: Path, **changes: object) -> Place:
        text = yaml.safe_dump({**PAPER, **changes}, allow_unicode=True)
        posts = agents_for(home, read(text), controller=(pin_of(KEY, "controller"),))
        place = cls(home=home, memory=posts[AGENT].memory.read_bytes())
        place.contract.write_text(text, "utf-8")
        place.signatures.write_text("".join(f"{token}\n" for token in sign(text)), "ascii")
        place.seal()
        return place

    @property
    def contract(self) -> Path:
        return self.home / "k.yaml"

    @property
    def signatures(self) -> Path:
        return self.home / "k.yaml.sig"

    @property
    def grant(self) -> Path:
        return self.home / "grant.jws"

    @property
    def ceiling(self) -> Path:
        return post_folder(self.home, AGENT) / CEILING

    @property
    def post(self) -> Post:
        return load_post(self.home, AGENT)

    @property
    def paper(self) -> Contract:
        return read(self.contract.read_text("utf-8"))

    def forget(self) -> None:
        (post_folder(self.home, AGENT) / "memory.sqlite3").write_bytes(self.memory)

    def seal(self, key: Mapping[str, Any] = KEY, **claims: object) -> None:
        """Put a grant there for everything that the contract of PAPER names, or with other claims."""
        now = int(time.time())
        whole: dict[str, Any] = {
            "id": secrets.token_hex(8),
            "run": "r",
            "ticket": "1",
            "customer": "k",
            "agent": AGENT,
            "contract": digest(self.contract.read_bytes()),
            "revision": 3,
            "deeds": tuple(dict.fromkeys(job.collector for job in JOBS)),
            "targets": {
                host["id"]: Target(addresses=tuple(host["addresses"]), ports={"ssh": 22, "dns": 53})
                for host in PAPER["hosts"]
            },
            "not_before": now - 5,
            "expires": now + 3600,
        }
        self.grant.write_text(seal(Grant(**{**whole, **claims}), key), "ascii")

    def order(self) -> Order:
        """What the files say. Raises TokenError or UnicodeDecodeError where a courier could not even send it."""
        return Order(
            token=self.grant.read_text("utf-8"),
            contract=self.contract.read_bytes().decode("utf-8"),
            signatures=read_tokens(self.signatures.read_bytes()),
            jobs=JOBS,
            seconds=60,
        )

    def admit(self) -> Admitted:
        """Raises what `agent.admission.admit` does."""
        post = self.post
        return admit(self.order(), post, Memory(post.memory))

    def opened(self) -> frozenset[tuple[str, Door]]:
        """Every question that the agent lets be asked, with the doors that this opens; none where it refuses."""
        try:
            admitted = self.admit()
        except (GrantRefusedError, HoldError, SignatureError, TokenError, UnicodeDecodeError):
            return frozenset()
        answers = decide_again(admitted, self.post.ceiling, JOBS, datetime.now(UTC))
        asked = [job for job, answer in answers.items() if isinstance(answer, Clause)]
        return frozenset((job.id, door) for job in asked for door in admitted.leave.doors_of({job.host}))
