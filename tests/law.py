"""A law for tests: two people who sign, and agents whose ceiling is as wide as a contract needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from agent.memory import make_memory
from agent.post import Post, load_post, post_folder, write_post
from controller.settings import controller_pin
from inventory.ceiling import Ceiling, ways
from inventory.contract import Contract
from inventory.read import read
from inventory.signing import Pins, sign_contract
from inventory.token import Pin, new_key, pin_of

__all__ = ["ANNA", "BOB", "PINS", "WIDE", "agents_for", "ceiling_for", "set_up", "sign", "sign_file", "wide"]

# The duty manager and her colleague; made anew with every run of the tests.
ANNA, BOB = new_key(), new_key()
PINS = Pins(duty=(pin_of(ANNA, "Anna Weber"), pin_of(BOB, "Bob Ek")))


def wide(
    *customers: str,
    areas: tuple[str, ...] = (),
    playbooks: tuple[str, ...] = ("dns.restart", "linux.clean", "dns.restart_resolver"),
) -> Ceiling:
    """A ceiling that takes nothing away from these customers' contracts."""
    return Ceiling.model_validate(
        {
            "customers": customers,
            "networks": ("0.0.0.0/0", "::/0"),
            "ports": tuple(range(1, 65536)),
            "media": ("1024-21024", "21025-41025", "41026-61026", "61027-65535"),
            "areas": areas or ("linux", "dns", "voip"),
            "playbooks": playbooks,
        }
    )


# For contracts that are not about ceilings.
WIDE = wide("musterbau", "fleet", "k", "kunde")


def ceiling_for(contract: Contract, before: Ceiling | None = None) -> bytes:
    """The narrowest ceiling that takes nothing away from a contract, nor from what was allowed before."""
    targets = contract.targets.values()
    lists: dict[str, set[str | int]] = {
        "customers": {contract.customer},
        "networks": {f"{one}/{one.max_prefixlen}" for target in targets for one in target.addresses},
        "ports": {22, 53, *(port for target in targets for port in ways(target).values())},
        "media": {
            f"{reach.media[0]}-{reach.media[1]}"
            for target in targets
            if (reach := target.sip) is not None and reach.media is not None
        },
        "areas": {area for clause in contract.clauses for area in clause.diagnose},
        "playbooks": {playbook for clause in contract.clauses for playbook in clause.change},
    }
    known = before.model_dump(mode="json") if before else {}
    # Lists of plain words and numbers read alike in JSON and TOML.
    return "".join(
        f"{key} = {json.dumps(sorted({*values, *known.get(key, ())}))}\n" for key, values in lists.items()
    ).encode()


def agents_for(
    home: Path,
    contract: Contract,
    *,
    pins: Pins = PINS,
    ceiling: bytes | None = None,
    controller: tuple[Pin, ...] = (),
    walls: Literal["kernel", "python"] = "kernel",
) -> dict[str, Post]:
    """Set up the agent of every site, where there is none, and give them all."""
    posts = {}
    for name in dict.fromkeys(site.agent for site in contract.sites):
        folder = post_folder(home, name)
        before = load_post(home, name).ceiling if folder.exists() else None
        write_post(
            folder,
            name=name,
            controller=controller or (controller_pin(home),),
            pins=pins,
            ceiling=ceiling_for(contract, before) if ceiling is None else ceiling,
            walls=walls,
        )
        posts[name] = load_post(home, name)
        if not posts[name].memory.exists():
            make_memory(posts[name].memory)
    return posts


def sign(text: str, *keys: Mapping[str, Any]) -> tuple[str, ...]:
    """Signatures of a contract, of both people when no keys are given."""
    contract = read(text)
    return tuple(sign_contract(text, contract, key) for key in keys or (ANNA, BOB))


def sign_file(file: Path, *keys: Mapping[str, Any]) -> None:
    """Put the signatures beside a contract's file, as `secondline contract sign` does."""
    tokens = sign(file.read_text("utf-8"), *keys)
    file.with_name(f"{file.name}.sig").write_text("".join(f"{token}\n" for token in tokens), "ascii")


def set_up(home: Path, file: Path) -> None:
    """Everything that must be there before a contract can be added: its signatures, and its agents."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    sign_file(file)
    agents_for(home, read(file.read_text("utf-8")))
